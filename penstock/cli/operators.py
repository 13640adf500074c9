"""Operators as `penstock ops` shows them, from their docstrings and fields alone."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any

from penstock.cli.table import table
from penstock.ops.base import Filter, Group, Map, Read, Write
from penstock.ops.catalogue import entry, find
from penstock.specs.build import type_name

_SHAPES = {"Read": Read, "Map": Map, "Filter": Filter, "Group": Group, "Write": Write}


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
        "version": cls.version,
        "file": source,
        "page": page,
    }
