"""What a step depends on beside its parameters: files that they name, and code of the user's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from penstock.data.files import File, fingerprint
from penstock.ops.base import Read, Write
from penstock.recipe.load import Step, parameters


def outside(step: Step) -> list[str]:
    """Digests of the files that a step depends on: a list or model that a parameter names, and the
    file of an operator that is not penstock's."""
    found = []
    if not isinstance(step.operator, Read | Write):
        scratch = step.operator.scratch
        named = _strings([v for k, v in parameters(step.operator).items() if k not in scratch])
        found = [fingerprint(files) for files in map(_files, named) if files]
    place = step.name.rpartition(":")[0]
    if place:
        module = sys.modules.get(type(step.operator).__module__)
        source = place if place.endswith(".py") else getattr(module, "__file__", None)
        found += [fingerprint(_files(source))] if source else []
    return found


def _strings(values: Any) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _strings(value)


def _files(address: str) -> list[File]:
    """The file, or the files of the folder or pattern, that a text names; none where it is just a
    text."""
    if not address or len(address) > 4096 or "\0" in address or "\n" in address:
        return []
    try:
        path = Path(address)
        files = [path]
        if path.is_dir():
            files = sorted(path.rglob("*"))
        elif has_magic(address):
            files = sorted(map(Path, glob(address, recursive=True)))
        return [File(str(one), one.stat().st_size) for one in files if one.is_file()]
    except OSError:  # too long for a name: a text
        return []
