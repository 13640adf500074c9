"""What in a folder of runs can go."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# What an unfinished run keeps to go on from, and a finished one does not need: rows on their way.
# The keys beside them say what a run with more input need not read again.
_LEFT = ("stages/*/*.rows.arrow", "spool")


def removable(root: Path) -> Iterator[dict[str, Any]]:
    """Runs that were set aside, that failed or were stopped, and left-over intermediate files.

    A run that another process is in, or that succeeded, is not among them.
    """
    for folder in sorted(root.iterdir() if root.is_dir() else []):
        record = folder / "run.json"
        if not record.is_file() or _in_use(folder):
            continue
        state = json.loads(record.read_text(encoding="utf-8"))["state"]
        if "~" in folder.name:
            yield _found(folder, "set aside by --fresh")
        elif state != "succeeded":
            yield _found(folder, f"{state}; running it again would go on where it stopped")
        else:
            for found in (path for pattern in _LEFT for path in sorted(folder.glob(pattern))):
                yield _found(found, "intermediate files of a finished run")


def remove(found: dict[str, Any]) -> dict[str, Any]:
    """Remove what `removable` found."""
    path = Path(found["path"])
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return {**found, "removed": True}


def _found(path: Path, reason: str) -> dict[str, Any]:
    files = path.rglob("*") if path.is_dir() else [path]
    size = sum(file.stat().st_size for file in files if file.is_file())
    return {"path": str(path), "reason": reason, "bytes": size}


def _in_use(folder: Path) -> bool:
    lock = folder / ".lock"
    if not lock.exists():
        return False
    with open(lock, encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
