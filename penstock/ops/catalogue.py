"""Finding operators by name: the name is the path, and nothing is registered anywhere."""

import ast
import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from penstock.errors import MissingError, UsageError
from penstock.ops.base import Operator
from penstock.text.nearest import did_you_mean

_FOLDER = Path(__file__).parent
ENTRY_POINTS = "penstock.operators"


@dataclass(frozen=True)
class Entry:
    """An operator as `penstock ops` lists it."""

    name: str
    file: Path
    summary: str


def names() -> list[str]:
    """The names of all operators of this package, read from the folder alone.

    >>> "filter.word_count" in names()
    True
    """
    return [
        f"{kind.name}.{module.name}"
        for kind in pkgutil.iter_modules([str(_FOLDER)])
        if kind.ispkg
        for module in pkgutil.iter_modules([str(_FOLDER / kind.name)])
    ]


def entry(name: str) -> Entry:
    """The file and summary of one of this package's operators, without importing it."""
    file = _FOLDER / (name.replace(".", "/") + ".py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return Entry(name, file, (ast.get_docstring(tree) or "").partition("\n")[0])


def class_name(name: str) -> str:
    """The class that a file of operators must define.

    >>> class_name("filter.word_count")
    'WordCount'
    """
    return "".join(part.capitalize() for part in name.rpartition(".")[2].split("_"))


def find(name: str, where: str = "") -> type[Operator]:
    """The operator class of a name.

    `kind.name` is this package's, `dist:kind.name` another package's by its entry point,
    `package.module:Class` a class that can be imported, and `./file.py:Class` one in a file of the
    user's. Raises UsageError, with the nearest name, when there is none.
    """
    if ":" in name:
        return _foreign(name, where)
    if name not in names():
        hint = did_you_mean(name, names()) or "`penstock ops` lists the operators"
        if not hint.startswith("did you mean"):
            hint = "`penstock ops` lists the operators"
        raise UsageError(f"no operator `{name}`", where=where, hint=hint)
    return _class(importlib.import_module(f"penstock.ops.{name}"), class_name(name), name, where)


def check_needs(name: str, operator: type[Operator], where: str = "") -> None:
    """Raise MissingError when a package that an operator needs is not installed."""
    missing = [need for need in operator.needs if importlib.util.find_spec(need) is None]
    if missing:
        raise MissingError(
            f"`{name}` needs {', '.join(missing)}, which is not installed",
            where=where,
            hint=f"pip install '{f'penstock[{operator.extra}]' if operator.extra else missing[0]}'",
        )


def _foreign(name: str, where: str) -> type[Operator]:
    place, _, attribute = name.rpartition(":")
    for point in entry_points(group=ENTRY_POINTS, name=attribute):
        if point.dist is not None and point.dist.name == place:
            return _checked(point.load(), name, where)
    if place.endswith(".py"):
        return _class(_file_module(Path(place), name, where), attribute, name, where)
    try:
        module = importlib.import_module(place)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"no operator `{name}`: {error}",
            where=where,
            hint="write ./file.py:Class, package.module:Class, or dist:kind.name",
        ) from error
    return _class(module, attribute, name, where)


def _file_module(file: Path, name: str, where: str) -> ModuleType:
    if not file.is_file():
        raise MissingError(f"no operator `{name}`: no file {file}", where=where)
    spec = importlib.util.spec_from_file_location(f"penstock_user_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _class(module: ModuleType, attribute: str, name: str, where: str) -> type[Operator]:
    found = getattr(module, attribute, None)
    if found is None:
        classes = [key for key, value in vars(module).items() if isinstance(value, type)]
        raise UsageError(
            f"no class `{attribute}` in `{name}`",
            where=where,
            hint=did_you_mean(attribute, classes, label="classes"),
        )
    return _checked(found, name, where)


def _checked(found: object, name: str, where: str) -> type[Operator]:
    if not (isinstance(found, type) and issubclass(found, Operator)):
        raise UsageError(
            f"`{name}` is not an operator",
            where=where,
            hint="an operator is a frozen dataclass over Map, Filter, Group, Read or Write",
        )
    return found
