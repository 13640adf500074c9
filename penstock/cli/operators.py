"""Operators as `penstock ops` shows them, from their docstrings and fields alone."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from penstock.cli.table import table
from penstock.data.atomic import write_text
from penstock.errors import UsageError
from penstock.ops.base import Filter, Group, Map, Read, Survey, Write
from penstock.ops.catalogue import entry, find
from penstock.specs.build import schema, type_name

_SHAPES = {
    "Read": Read,
    "Map": Map,
    "Filter": Filter,
    "Group": Group,
    "Survey": Survey,
    "Write": Write,
}


def listing(found: Sequence[dict[str, str]]) -> str:
    """One line an operator."""
    return table([[op["name"], op["summary"]] for op in found], ["operator", ""], left=2)


def describe(name: str) -> dict[str, Any]:
    """All there is to know about one operator, and `page`, the same as text."""
    cls = find(name)
    shape = next(shape for shape, base in _SHAPES.items() if issubclass(cls, base))
    parameters = [
        {
            "name": field.name,
            "type": type_name(field),
            "default": None if field.default is dataclasses.MISSING else field.default,
            "required": field.default is dataclasses.MISSING,
        }
        for field in dataclasses.fields(cls)
    ]
    document = inspect.getdoc(cls) or ""
    source = inspect.getsourcefile(cls) or ""
    rows = [
        [one["name"], one["type"], "required" if one["required"] else one["default"]]
        for one in parameters
    ]
    head = f"{name} ({shape.lower()})"
    known = table(rows, ["parameter", "type", "default"], left=3) if rows else "no parameters"
    page = "\n\n".join([head, document, known, source])
    return {
        "name": name,
        "shape": shape.lower(),
        "summary": document.partition("\n")[0] or entry(name).summary,
        "document": document,
        "parameters": parameters,
        "schema": schema(cls),
        "version": cls.version,
        "file": source,
        "page": page,
    }


def ejected(name: str | None, to: Path | None) -> dict[str, str]:
    """Copy an operator's file to be changed; `page` says how a recipe names the copy.

    Raises UsageError where no operator is named, or the file is there already.
    """
    if name is None:
        raise UsageError("which operator?", hint="penstock ops eject filter.word_count")
    cls = find(name)
    source = Path(inspect.getsourcefile(cls) or "")
    target = to or Path(f"{name.rpartition('.')[2]}.py")
    if target.exists():
        raise UsageError(f"{target} is there already", hint="name another file with --to")
    write_text(target, source.read_text("utf-8"))
    written = f"{'' if target.is_absolute() else './'}{target}:{cls.__name__}"
    page = f"{target}\nin a recipe: `- {written}` in place of `- {name}`"
    return {"file": str(target), "step": written, "page": page}
