"""Read documents from JSON Lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.errors import UsageError
from penstock.ops.base import Lost
from penstock.ops.reading import Item, Objects

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.columns import Columns
    from penstock.data.files import File
    from penstock.data.shards import Shard

SAMPLE_ROWS = 1000


@dataclass(frozen=True)
class Jsonl(Objects):
    """One document for each line (https://jsonlines.org), plain or packed (`.gz`, `.zst`).

    The columns are those of the first 1,000 documents; name them in `columns` where these do not
    show all: ``{text: string, score: double, tags: list<string>, meta: json}``, where `json` keeps
    any value as JSON text. A line that is not JSON, or does not fit the columns, is quarantined
    with its byte offset and the name of the column. Whole numbers beyond 64 bits become floating
    point. JSON text sequences (RFC 7464) are read too.

    >>> Jsonl(path="pages/*.jsonl.gz").text
    'text'
    """

    version: ClassVar[int] = 2
    splittable: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".json")
    streams: ClassVar[tuple[str, ...]] = (
        ".jsonl.gz", ".jsonl.zst", ".ndjson.gz", ".ndjson.zst", ".json.gz", ".json.zst",
    )  # fmt: skip
    suffixes: ClassVar[tuple[str, ...]] = (*splittable, *streams)

    path: str | tuple[str, ...]
    text: str = "text"
    columns: dict[str, str] | None = None

    def schema(self, files: list[File]) -> pa.Schema:
        """The columns named in `columns`, or found in the sample."""
        from penstock.data.columns import found, named

        for file in files:
            _refuse_array(file)
        if self.columns is not None:
            return named(self.columns, self.text)
        for file in files:
            rows = list(_sample(file))
            if rows:
                return found(rows, self.text, file.address)
        return found([], self.text, "")

    def objects(
        self, shard: Shard, columns: Columns | None
    ) -> Iterator[Mapping[str, Any] | Lost | pa.RecordBatch]:
        """The lines whose first byte stands in the shard."""
        from penstock.data.json_values import loads
        from penstock.data.streams import runs

        name = shard.file.name
        for run in runs(shard):
            if run.problem:
                yield Lost(f"{name}:{run.offset}", run.offset, error=run.problem)
            held: list[Item] = []
            offset = run.offset
            for line in run.lines:
                row = _parsed(line, loads)
                if isinstance(row, dict):
                    held.append(Item(row, offset, line))
                elif row is not None:
                    yield from self.settled(held, name, columns)
                    yield Lost(f"{name}:{offset}", offset, error=row, raw=line)
                    held = []
                offset += len(line) + 1
            yield from self.settled(held, name, columns)


Loads = Callable[[bytes], Any]


class _Problem(str):
    """What is wrong with a line."""


def _parsed(line: bytes, loads: Loads) -> dict[str, Any] | _Problem | None:
    """What a line holds, or what is wrong with it; None for a line with nothing in it."""
    try:
        row = loads(line)
    except ValueError as error:  # not JSON, or not UTF-8
        bare = line.strip(b" \t\r\x1e")
        if line.startswith(b"\x1e") and bare:  # the mark before each text of a sequence
            return _parsed(bare, loads)
        return _Problem(f"not JSON: {error}") if bare else None
    return row if isinstance(row, dict) else _Problem("not a JSON object")


def _sample(file: File) -> Iterator[tuple[int, dict[str, Any]]]:
    """The first documents of a file, with their line numbers."""
    from penstock.data.json_values import loads
    from penstock.data.shards import Shard
    from penstock.data.streams import runs

    number = count = 0
    for run in runs(Shard(0, file, 0, file.size)):
        for line in run.lines:
            number += 1
            row = _parsed(line, loads)
            if isinstance(row, dict):
                yield number, row
                count += 1
            if count == SAMPLE_ROWS:
                return


def _refuse_array(file: File) -> None:
    """A whole array in one file is a mistake worth telling before every line of it is refused."""
    from penstock.data.streams import head

    first = head(file, 64).lstrip(b"\xef\xbb\xbf \t\r\n")
    if first.startswith(b"[") or first.partition(b"\n")[0].rstrip() == b"{":
        what = "array" if first.startswith(b"[") else "object over several lines"
        raise UsageError(
            f"{file.address} is a JSON {what}, not JSON Lines",
            hint="`read.json` reads it; or write one object a line, for example with `jq -c '.[]'`",
        )
