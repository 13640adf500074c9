"""Write documents as JSON Lines."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from penstock.ops.base import Write, Writer

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Jsonl(Write):
    """One JSON Lines file for each shard, published at `path` when the run has succeeded.

    Without a `path` the dataset stays in the run folder. Binary columns are written as Base64,
    times as ISO 8601.

    >>> Jsonl(path="out/web-en").compression
    'none'
    """

    path: str = ""
    compression: Literal["none", "gzip"] = "none"

    @property
    def suffix(self) -> str:
        """`.jsonl` or `.jsonl.gz`."""
        return ".jsonl.gz" if self.compression == "gzip" else ".jsonl"

    def open(self, file: Path, schema: pa.Schema) -> Writer:  # noqa: ARG002 - JSON has none
        """A writer of one JSON Lines file."""
        return _JsonlWriter(file, self.compression == "gzip")


class _JsonlWriter(Writer):
    def __init__(self, file: Path, compress: bool) -> None:
        self._raw: IO[bytes] = open(file, "wb")  # noqa: SIM115 - closed in close()
        # Without name and time in its header the same rows make the same bytes.
        self._file: Any = gzip.GzipFile("", "wb", 6, self._raw, mtime=0) if compress else self._raw

    def write(self, rows: pa.RecordBatch) -> None:
        for row in rows.to_pylist():
            line = json.dumps(row, ensure_ascii=False, default=plain)
            self._file.write(line.encode("utf-8", "surrogatepass") + b"\n")

    def close(self) -> None:
        self._file.close()
        self._raw.close()


def plain(value: Any) -> str:
    """What JSON has no form for: bytes as Base64, times as ISO 8601."""
    import base64

    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value.isoformat())
