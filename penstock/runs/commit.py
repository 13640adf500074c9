"""Shard-atomic output: what no marker names does not exist."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xxhash

from penstock.data.atomic import write_json


def file_digest(path: Path) -> str:
    """The xxh3-128 digest of a file, in hex."""
    digest = xxhash.xxh3_128()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def commit(run: Path, marker: str, files: Mapping[str, Path], report: Mapping[str, Any]) -> None:
    """Write `done/<marker>`, which names every file of a finished shard with size and digest.

    The files must be in place already. `report` is what the run adds up at its end.
    """
    named = {
        role: {
            "path": str(path.relative_to(run)),
            "bytes": path.stat().st_size,
            "digest": file_digest(path),
        }
        for role, path in files.items()
    }
    write_json(run / "done" / marker, {"files": named, "report": dict(report)})


def committed(run: Path, marker: str) -> dict[str, Any] | None:
    """What `done/<marker>` says, or None when the shard must be done again.

    A marker whose files are missing or of another size does not count.
    """
    try:
        record = json.loads((run / "done" / marker).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    for file in record["files"].values():
        path = run / file["path"]
        if not path.is_file() or path.stat().st_size != file["bytes"]:
            return None
    return record  # type: ignore[no-any-return]
