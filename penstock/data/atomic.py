"""Files that are there whole or not at all."""

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from penstock.errors import MissingError, PenstockError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; at a clean end it becomes `path`.

    Raises MissingError when the disk is full and PenstockError when the folder is not writable;
    the temporary file is removed either way.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with open(temporary, "rb") as stream:
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove the temporary files that a process killed while it wrote has left in a folder."""
    for temporary in folder.rglob(".*.tmp"):
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file in one step, readable by people."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Say in the user's words that a disk is full or a folder cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise MissingError(
                f"no space left on the disk that holds {path.parent}",
                hint="make room (`penstock clean` removes old runs) and run the same command again:"
                " it goes on where it stopped",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise PenstockError(
                f"no permission to write {path}",
                hint="choose another folder with --out, or PENSTOCK_RUNS for all runs",
            ) from error
        raise
