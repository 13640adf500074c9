"""A spec file: YAML in, plain data with line numbers out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.errors import MissingError, UsageError
from penstock.text.nearest import did_you_mean, nearest

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Spec:
    """What a YAML file says: plain data, and where each part of it stands.

    `lines` maps the path of a key or item, such as ("steps", 2, "filter.word_count"), to its
    1-based line. `file` is "" for a spec that was made in Python.
    """

    data: dict[str, Any]
    file: str = ""
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def where(self, *path: str | int) -> str:
        """`file:line` of the innermost part of `path` that stands in the file."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return f"{self.file}:{self.lines[path[:end]]}"
        return self.file

    @property
    def folder(self) -> Path:
        """The folder that relative paths of a shipped sample are looked up in."""
        return Path(self.file).parent if self.file else Path()

    @property
    def kind(self) -> str:
        """The `kind` of the file: recipe, train, flow, endpoint or compare."""
        return str(self.data.get("kind", ""))

    @property
    def name(self) -> str:
        """The `name` of the file, or the file's own name."""
        return str(self.data.get("name") or Path(self.file).stem or self.kind)


def read_spec(path: str | Path, kinds: Sequence[str]) -> Spec:
    """Read a YAML file and check that it is a mapping of one of the known kinds.

    Raises MissingError when there is no such file, and UsageError (with the line) when it is not
    YAML, not a mapping, or of an unknown kind.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingError(f"no file {path}", hint=_similar_file(path))
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not a text file", hint="a spec is YAML in UTF-8; see `penstock new`"
        ) from error
    spec = parse_spec(text, str(path))
    kind = spec.data.get("kind")
    if kind not in kinds:
        said = f"unknown kind `{kind}`" if kind else "the file does not say its `kind`"
        hint = did_you_mean(str(kind), kinds, label="kinds")
        raise UsageError(said, where=spec.where("kind"), hint=hint)
    return spec


def parse_spec(text: str, file: str = "") -> Spec:
    """Parse YAML 1.2 text into a Spec.

    >>> spec = parse_spec("kind: recipe\\nsteps:\\n  - read.jsonl: {path: a}\\n", "r.yaml")
    >>> spec.where("steps", 0, "read.jsonl")
    'r.yaml:3'
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        problem = (error.problem or "it cannot be parsed").splitlines()[0]
        raise UsageError(
            f"this is not valid YAML: {problem}",
            where=f"{file}{line}",
            hint="check the indentation, the colons and the quotes on this line",
        ) from error
    except YAMLError as error:
        raise UsageError(f"this is not valid YAML: {error}", where=file) from error
    lines: dict[KeyPath, int] = {(): 1}
    data = _plain(tree, (), lines)
    if not isinstance(data, dict):
        raise UsageError(
            "a spec is a mapping of keys to values", where=file, hint="start with `kind: recipe`"
        )
    return Spec(data, file, lines)


def parse_value(text: str) -> Any:
    """The value of a `--set key=value` in YAML's own reading.

    >>> parse_value("80"), parse_value("[en, zh]"), parse_value("2e-4")
    (80, ['en', 'zh'], 0.0002)
    """
    from ruamel.yaml import YAML

    return _plain(YAML(typ="rt").load(text), (), {})


def split_setting(setting: str) -> tuple[list[str], Any]:
    """Split `a.b=c` into its path and its value.

    >>> split_setting("filter.word_count.min=80")
    (['filter', 'word_count', 'min'], 80)
    """
    key, equals, value = setting.partition("=")
    if not equals or not key:
        raise UsageError(f"--set {setting} has no value", hint="write --set key=value")
    return key.split("."), parse_value(value)


def set_key(spec: Spec, path: Sequence[str], value: Any, known: Sequence[str]) -> Spec:
    """A copy of the spec in which one (nested) key has another value.

    `known` are the keys that may stand at the top; a key that is not one of them is an error.
    """
    if path[0] not in known:
        hint = did_you_mean(path[0], known, label="keys")
        raise UsageError(f"--set: no key `{path[0]}` in {spec.file or 'this spec'}", hint=hint)
    return Spec(_replaced(spec.data, path, value), spec.file, spec.lines)


def _replaced(data: Any, path: Sequence[str], value: Any) -> Any:
    head, *rest = path
    if not isinstance(data, dict):
        raise UsageError(f"--set: `{head}` is set inside a value that has no keys")
    return {**data, head: _replaced(data.get(head) or {}, rest, value) if rest else value}


def _plain(node: Any, path: KeyPath, lines: dict[KeyPath, int]) -> Any:
    """Turn ruamel's commented containers into plain ones, noting the line of every part."""
    place: Any = getattr(node, "lc", None)
    if isinstance(node, dict):
        for key in node:
            lines[*path, str(key)] = place.key(key)[0] + 1
        return {str(key): _plain(value, (*path, str(key)), lines) for key, value in node.items()}
    if isinstance(node, list):
        for index in range(len(node)):
            lines[*path, index] = place.item(index)[0] + 1
        return [_plain(value, (*path, index), lines) for index, value in enumerate(node)]
    return _scalar(node)


def _scalar(node: Any) -> Any:
    """ruamel keeps how a scalar was written; only its value matters here."""
    for plain in (bool, int, float, str):
        if isinstance(node, plain):
            return plain(node)
    return node


def _similar_file(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder} either"
    close = nearest(path.name, [entry.name for entry in folder.iterdir()])
    return f"did you mean {folder / close}?" if close else f"look in {folder.resolve()}"
