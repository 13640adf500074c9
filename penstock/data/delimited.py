"""Records of delimited text, each with the line and byte at which it begins."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from penstock.data.encodings import decoded, is_wide
from penstock.data.shards import Shard
from penstock.data.streams import runs
from penstock.errors import RecordError

MAX_FIELD = 16 << 20


class Dialect(NamedTuple):
    """How fields are told apart. An empty `quote` means that nothing is quoted."""

    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    strict: bool = True
    encoding: str = "utf-8"


class Record(NamedTuple):
    """The fields of a record, or the `problem` for which there are none."""

    fields: list[str]
    line: int
    offset: int
    raw: bytes
    problem: str = ""


class _Line(NamedTuple):
    number: int
    offset: int
    data: bytes
    problem: str


def records(shard: Shard, dialect: Dialect) -> Iterator[Record]:
    """The records of a file; blank lines are none.

    One that cannot be read costs its first line: what follows is read anew, so that a quote that is
    never closed does not swallow the rest of the file.
    """
    csv.field_size_limit(MAX_FIELD)  # of the whole process; it is the same for all readers
    lines = _Lines(shard, dialect.encoding)
    reader = csv.reader(lines, **_options(dialect))
    while True:
        lines.begin()
        try:
            fields = next(reader)
            if lines.ended and lines.taken:
                raise csv.Error
        except StopIteration:
            return
        except (csv.Error, RecordError) as error:
            first = lines.give_back()
            told = "the quote that opens here is never closed" if lines.ended else str(error)
            problem = f"line {first.number:,}: {told}"
            yield Record([], first.number, first.offset, first.data, problem)
            continue
        if fields:
            first = lines.taken[0]
            raw = b"\n".join(line.data for line in lines.taken)
            yield Record(fields, first.number, first.offset, raw)


class _Lines:
    """The lines of a file as the csv module takes them, which can be given back."""

    def __init__(self, shard: Shard, encoding: str) -> None:
        self._encoding = "utf-8" if is_wide(encoding) else encoding
        self._source = _numbered(shard, encoding)
        self._waiting: deque[_Line] = deque()
        self.begin()

    def begin(self) -> None:
        """A record begins."""
        self.taken: list[_Line] = []
        self.ended = False

    def give_back(self) -> _Line:
        """Give back all but the first line of the record; that first line."""
        self._waiting.extendleft(reversed(self.taken[1:]))
        return self.taken[0]

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._source, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self.taken.append(line)
        if line.problem:
            raise RecordError(line.problem)
        return decoded(line.data, self._encoding) + "\n"


def _numbered(shard: Shard, encoding: str) -> Iterator[_Line]:
    number = 0
    for run in runs(shard, encoding):
        if run.problem:
            number += 1
            yield _Line(number, run.offset, b"", run.problem)
        offset = run.offset
        for data in run.lines:
            number += 1
            yield _Line(number, offset, data, "")
            offset += len(data) + 1


def _options(dialect: Dialect) -> dict[str, Any]:
    return {
        "delimiter": dialect.delimiter,
        "quotechar": dialect.quote or None,
        "quoting": csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        "escapechar": dialect.escape,
        "strict": dialect.strict,
    }
