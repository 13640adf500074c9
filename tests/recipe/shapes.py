"""Operators of the user's, one for each shape, for the tests of recipes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import xxhash

from penstock.data.files import File
from penstock.data.schema import strings
from penstock.data.shards import Shard
from penstock.ops.base import Filter, Group, Lost, Map, Read, Rule, Survey, Write, Writer


def _refuse(rows: pa.RecordBatch, poison: str) -> None:
    if any(poison in (text or "") for text in strings(rows, "text")):
        raise ValueError("poison")


@dataclass(frozen=True)
class Numbers(Read):
    """The numbers in a text file, a line each."""

    suffixes: ClassVar[tuple[str, ...]] = (".txt",)

    path: str | tuple[str, ...]

    def schema(self, files: list[File]) -> pa.Schema:
        return pa.schema([("text", pa.string()), ("number", pa.int32())])

    def records(self, shard: Shard) -> Iterator[dict[str, Any] | Lost]:
        with shard.file.open() as stream:
            for line, text in enumerate(stream):
                number = int(text) if text.strip().isdigit() else text
                yield {"id": str(line), "offset": line, "text": str(number), "number": number}


@dataclass(frozen=True)
class Careful(Write):
    """Writes lines, and refuses one."""

    path: str = ""
    poison: str = "poison"

    @property
    def suffix(self) -> str:
        return ".txt"

    def open(self, file: Path, schema: pa.Schema) -> Writer:
        return _Lines(file, self.poison)


class _Lines(Writer):
    def __init__(self, file: Path, poison: str) -> None:
        self._file = file
        self._poison = poison
        file.touch()

    def write(self, rows: pa.RecordBatch) -> None:
        _refuse(rows, self._poison)

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Sentences(Map):
    """Split at full stops."""

    many: ClassVar[bool] = True
    poison: str = ""

    def pieces(self, text: str) -> list[str]:
        if self.poison and self.poison in text:
            raise ValueError("poison")
        return [part.strip() for part in text.split(".") if part.strip()]


@dataclass(frozen=True)
class Words(Map):
    """Split at spaces."""

    many: ClassVar[bool] = True

    def pieces(self, text: str) -> list[str]:
        return text.split()


@dataclass(frozen=True)
class Common(Survey):
    """Keep documents whose first word begins at least `times` documents."""

    times: int = 2
    poison: str = "\0"

    def survey(self, rows: pa.RecordBatch) -> Counter[str]:
        _refuse(rows, self.poison)
        return Counter((text or "").partition(" ")[0] for text in strings(rows, "text"))

    def merge(self, one: Counter[str], other: Counter[str]) -> Counter[str]:
        return one + other

    def bind(self, summary: Counter[str] | None) -> Filter:
        return _Begins(tuple(sorted((summary or {}).items())), self.times)


@dataclass(frozen=True)
class _Begins(Filter):
    measures: ClassVar[Mapping[str, str]] = {"times": "int64"}

    counts: tuple[tuple[str, int], ...]
    times: int

    def measure(self, text: str) -> int:
        return dict(self.counts)[text.partition(" ")[0]]

    def rules(self) -> tuple[Rule, ...]:
        return (Rule("times", "times", "<", self.times),)


@dataclass(frozen=True)
class Longest(Group):
    """Keep the `most` longest texts of each first letter."""

    most: int = 1
    poison: str = "\0"

    def keys(self, rows: pa.RecordBatch) -> pa.Array:
        _refuse(rows, self.poison)
        digests = [
            xxhash.xxh3_128_digest((text or "")[:1].encode()) for text in strings(rows, "text")
        ]
        return pa.array(digests, pa.binary(16))

    def ranks(self, rows: pa.RecordBatch) -> pa.Array:
        return pa.array([-float(len(text or "")) for text in strings(rows, "text")])

    def elect(self, bucket: pa.Table) -> pa.Table:
        keys = np.array(bucket.column("key").to_pylist(), dtype=object)
        place: Counter[Any] = Counter()
        gone = []
        for row, key in enumerate(keys):
            place[key] += 1
            if place[key] > self.most:
                gone.append(row)
        found = bucket.take(pa.array(gone, pa.int64())).select(["shard", "row"])
        size = found.num_rows
        return found.append_column("state", pa.repeat("dropped", size)).append_column(
            "rule", pa.repeat("most", size)
        )
