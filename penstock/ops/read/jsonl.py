"""Read documents from JSON Lines."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, cast

from penstock.data.shards import Shard
from penstock.errors import UsageError
from penstock.ops.base import Lost, Read

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.files import File

SAMPLE_ROWS = 1000
MAX_LINE = 64 << 20
RESERVED = ("id", "source", "offset")


@dataclass(frozen=True)
class Jsonl(Read):
    """One document for each line (https://jsonlines.org), plain or gzip.

    The columns are those of the first 1,000 lines of the first file; name them in `columns` (such
    as ``{text: string, score: double}``) where these do not show all. A line that is not JSON, or
    does not fit the columns, is quarantined.

    >>> Jsonl(path="pages/*.jsonl.gz").text
    'text'
    """

    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".jsonl.gz", ".ndjson")
    splittable: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")

    path: str | tuple[str, ...]
    text: str = "text"
    columns: dict[str, str] | None = None

    def schema(self, files: list[File]) -> pa.Schema:
        """The columns named in `columns`, or found in the sample."""
        import pyarrow as pa

        for file in files:
            _refuse_array(file)
        if self.columns is not None:
            named = [(self._name(key), _type(key, kind)) for key, kind in self.columns.items()]
            return pa.schema(named)
        return self._found(files[0])

    def records(self, shard: Shard) -> Iterator[Mapping[str, Any] | Lost]:
        """The lines whose first byte stands in the shard."""
        name = os.path.basename(shard.file.address)
        with _opened(shard.file) as stream:
            for offset, line in _lines(stream, shard):
                if isinstance(line, str):
                    yield Lost(f"{name}:{offset}", offset, error=line)
                elif line.strip():
                    yield self._document(line, offset, f"{name}:{offset}")

    def _document(self, line: bytes, offset: int, name: str) -> Mapping[str, Any] | Lost:
        try:
            row = json.loads(line)
        except ValueError as error:  # not JSON, or not UTF-8
            return Lost(name, offset, error=f"not JSON: {error}", raw=line)
        if not isinstance(row, dict):
            return Lost(name, offset, error="not a JSON object", raw=line)
        row = {self._name(key): value for key, value in row.items()}
        own = row.get("id")
        return {**row, "id": name if own is None else str(own), "offset": offset}

    def _name(self, key: str) -> str:
        return "text" if key == self.text else key

    def _found(self, file: File) -> pa.Schema:
        import pyarrow as pa

        rows: list[dict[str, Any]] = []
        with _opened(file) as stream:
            for _, line in _lines(stream, Shard(0, file, 0, file.size)):
                row = _row(line)
                if row is not None:
                    rows.append({self._name(key): value for key, value in row.items()})
                if len(rows) == SAMPLE_ROWS:
                    break
        keys = dict.fromkeys(key for row in rows for key in row)
        return pa.schema(
            [pa.field(key, _column_type(key, rows, file)) for key in keys if key not in RESERVED]
        )


def _refuse_array(file: File) -> None:
    """A whole array in one file is a mistake worth telling before every line of it is refused."""
    with _opened(file) as stream:
        try:
            first = stream.read(64).lstrip()
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return  # told with its offset when it is read
    if first.startswith(b"["):
        raise UsageError(
            f"{file.address} is a JSON array, not JSON Lines",
            hint="write one object a line, for example with `jq -c '.[]'`; a training takes arrays"
            " as they are",
        )


def _row(line: bytes | str) -> dict[str, Any] | None:
    """A line of the sample; None for one that is quarantined when it is read."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _column_type(key: str, rows: list[dict[str, Any]], file: File) -> pa.DataType:
    import pyarrow as pa

    try:
        found = pa.array([row.get(key) for row in rows]).type
    except UnicodeEncodeError:  # a lone surrogate in one of them, which is quarantined when read
        found = pa.string()
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        seen = sorted({type(row[key]).__name__ for row in rows if row.get(key) is not None})
        raise UsageError(
            f"column `{key}` holds values of several types: {', '.join(seen)}",
            where=file.address,
            hint=f"say which it is: columns: {{{key}: string, …}}; the rows of another type are"
            " then quarantined",
        ) from error
    return pa.string() if pa.types.is_null(found) else found


def _type(key: str, kind: str) -> pa.DataType:
    import pyarrow as pa

    try:
        return pa.type_for_alias(kind)
    except ValueError as error:
        raise UsageError(
            f"columns: `{kind}` is not a type (for `{key}`)",
            hint="types: string, bool, int64, double, binary, timestamp[us]",
        ) from error


def _opened(file: File) -> BinaryIO:
    raw = file.open()
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if file.address.endswith(".gz") else raw


def _lines(stream: BinaryIO, shard: Shard) -> Iterator[tuple[int, bytes | str]]:
    """Lines with their byte offsets, or what is wrong with one.

    The line that `start` cuts belongs to the shard before. Offsets in a gzip file are those of the
    text inside, which is one shard as a whole.
    """
    offset = shard.start
    if shard.start:
        stream.seek(shard.start - 1)
        offset += len(stream.readline()) - 1
    while shard.whole or offset < shard.stop:
        try:
            line = stream.readline(MAX_LINE)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            yield offset, f"the gzip data is damaged or cut off here: {error}"
            return
        if not line:
            return
        cut = len(line) == MAX_LINE and not line.endswith(b"\n")
        size = len(line) + (_skip_line(stream) if cut else 0)
        yield offset, line if size <= MAX_LINE else f"a line of {size:,} bytes is too long"
        offset += size


def _skip_line(stream: BinaryIO) -> int:
    """Pass over the rest of a line that is too long to hold; its length."""
    size = 0
    while part := stream.readline(MAX_LINE):
        size += len(part)
        if part.endswith(b"\n"):
            break
    return size
