"""Keep documents whose value in a column is common, or rare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import xxhash

from penstock.data.schema import texts_of
from penstock.ops.base import Filter, Rule, Survey

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Counts = tuple["np.ndarray", "np.ndarray"]  # things in order, and their counts


@dataclass(frozen=True)
class Frequency(Survey):
    """Keep documents by how often their value in `column` occurs in all documents.

    `min` and `max` bound the count; `top` keeps the documents with the so many most common values,
    `skip` drops those with the so many most common. Equal counts are ordered by the hash of the
    value. Documents without a value are kept. Counts are exact (values are told apart by 64 bits of
    xxh3); the survey holds 16 bytes for each different value, the filter after it 24.

    >>> Frequency(column="site", min=5).top is None
    True
    """

    column: str
    min: int | None = None
    max: int | None = None
    top: int | None = None
    skip: int | None = None

    def __post_init__(self) -> None:
        if not any(bound is not None for bound in (self.min, self.max, self.top, self.skip)):
            raise ValueError("give at least one of `min`, `max`, `top` and `skip`")

    def survey(self, rows: pa.RecordBatch) -> Counts:
        """The values of a batch and their counts."""
        import numpy as np

        digests, known = _digests(rows, self.column)
        return np.unique(digests[known], return_counts=True)

    def merge(self, one: Counts, other: Counts) -> Counts:
        """The counts of both together."""
        return summed(one, other)

    def bind(self, summary: Counts | None) -> Filter:
        """A filter that knows the count of every value, and its place among them."""
        import numpy as np

        empty = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        digests, counts = empty if summary is None else summary
        order = np.lexsort((digests, -counts))
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.arange(1, len(order) + 1)
        bounds = (self.min, self.max, self.top, self.skip)
        return _Counted(self.column, *bounds, digests.tobytes(), counts.tobytes(), ranks.tobytes())


@dataclass(frozen=True)
class _Counted(Filter):
    """Keep documents by the count of their value."""

    measures: ClassVar[Mapping[str, str]] = {"count": "int64", "rank": "int64"}

    column: str
    min: int | None
    max: int | None
    top: int | None
    skip: int | None
    digests: bytes
    counts: bytes
    ranks: bytes

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The counts and ranks of the values of a batch."""
        import numpy as np
        import pyarrow as pa

        digests, known = _digests(rows, self.column)
        table, counts, ranks = self._table
        if not len(table):
            nothing = pa.nulls(len(digests), pa.int64())
            return {"count": nothing, "rank": nothing}
        places = np.minimum(np.searchsorted(table, digests), len(table) - 1)
        unknown = ~known | (table[places] != digests)
        return {
            "count": pa.array(counts[places], mask=unknown),
            "rank": pa.array(ranks[places], mask=unknown),
        }

    def rules(self) -> tuple[Rule, ...]:
        """The bounds that are given."""
        rules = (
            Rule("min", "count", "<", self.min),
            Rule("max", "count", ">", self.max),
            Rule("top", "rank", ">", self.top),
            Rule("skip", "rank", "<=", self.skip),
        )
        return tuple(rule for rule in rules if rule.threshold is not None)

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        import numpy as np

        return (
            np.frombuffer(self.digests, np.uint64),
            np.frombuffer(self.counts, np.int64),
            np.frombuffer(self.ranks, np.int64),
        )


def summed(one: Counts, other: Counts) -> Counts:
    """Two lists of things in order and their counts, as one."""
    import numpy as np

    things, places = np.unique(np.append(one[0], other[0]), return_inverse=True)
    counts = np.zeros(len(things), np.int64)
    np.add.at(counts, places, np.append(one[1], other[1]))
    return things, counts


def _digests(rows: pa.RecordBatch, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The digests of a column's values, and which rows have one."""
    import numpy as np

    values = texts_of(rows, name)
    digests = [0 if value is None else xxhash.xxh3_64_intdigest(value.encode()) for value in values]
    return np.array(digests, np.uint64), np.array([value is not None for value in values], bool)
