"""Write documents as JSON Lines."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from penstock.ops.base import Write, Writer

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = {"none": ".jsonl", "gzip": ".jsonl.gz", "zstd": ".jsonl.zst"}


@dataclass(frozen=True)
class Jsonl(Write):
    """One JSON Lines file for each shard, published at `path` when the run has succeeded.

    Without a `path` the dataset stays in the run folder. Binary columns are written as Base64,
    times as ISO 8601. With `shard_size` (such as `256MB`) the files of neighbouring shards are
    joined until they are that large.

    >>> Jsonl(path="out/web-en", compression="zstd").suffix
    '.jsonl.zst'
    """

    path: str = ""
    compression: Literal["none", "gzip", "zstd"] = "none"
    shard_size: str | int | None = None

    def __post_init__(self) -> None:
        from penstock.text.sizes import parse_size

        if self.shard_size is not None and parse_size(self.shard_size) <= 0:
            raise ValueError("`shard_size` should be more than nothing")

    @property
    def suffix(self) -> str:
        """`.jsonl`, `.jsonl.gz` or `.jsonl.zst`."""
        return SUFFIXES[self.compression]

    def open(self, file: Path, schema: pa.Schema) -> Writer:
        """A writer of one JSON Lines file."""
        return _JsonlWriter(file, schema, self.compression)

    def join(self, parts: Sequence[Path], file: Path) -> None:
        """The files one behind the other: gzip members and zstd frames follow on each other."""
        with open(file, "wb") as target:
            for part in parts:
                with open(part, "rb") as source:
                    shutil.copyfileobj(source, target, 1 << 20)


class _JsonlWriter(Writer):
    def __init__(self, file: Path, schema: pa.Schema, compression: str) -> None:
        self._raw: IO[bytes] = open(file, "wb")  # noqa: SIM115 - closed in close()
        self._file = _packed(self._raw, compression)
        keys = [json.dumps(name, ensure_ascii=False).replace("%", "%%") for name in schema.names]
        self._line = ("{" + ", ".join(f"{key}: %b" for key in keys) + "}\n").encode()

    def write(self, rows: pa.RecordBatch) -> None:
        # Column by column, and never more than a row of it at a time: what is written once should
        # not be allocated twice.
        values = zip(*map(_encoded, rows.columns), strict=True)
        self._file.write(b"".join([self._line % row for row in values]))

    def close(self) -> None:
        self._file.close()
        self._raw.close()


def plain(value: Any) -> str:
    """What JSON has no form for: bytes as Base64, times as ISO 8601, numbers as their digits."""
    import base64

    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _encoded(column: pa.Array) -> Iterable[bytes]:
    """The values of a column as json.dumps writes them; by orjson where that is the same."""
    import orjson
    import pyarrow as pa

    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return map(orjson.dumps, column.to_numpy(zero_copy_only=False))
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return map(orjson.dumps, column.to_pylist())
    if pa.types.is_floating(kind) and _without_exponent(column):
        return map(orjson.dumps, column.to_pylist())
    return (
        json.dumps(value, ensure_ascii=False, default=plain).encode()
        for value in column.to_pylist()
    )


def _without_exponent(column: pa.Array) -> bool:
    """Whether numbers are written without an exponent, of which there are several ways."""
    import numpy as np

    size = np.abs(column.drop_null().to_numpy(zero_copy_only=False).astype(float))
    return bool(np.all((size == 0) | ((size >= 1e-4) & (size < 1e15))))


def _packed(raw: IO[bytes], compression: str) -> Any:
    if compression == "gzip":
        # Without name and time in its header the same rows make the same bytes.
        return gzip.GzipFile("", "wb", 6, raw, mtime=0)
    if compression == "zstd":
        import pyarrow as pa

        return pa.CompressedOutputStream(pa.PythonFile(raw, mode="w"), "zstd")
    return raw
