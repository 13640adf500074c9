"""Keep documents between two percentiles of a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from penstock.data.schema import numbers_of, texts_of
from penstock.ops.base import Filter, Rule, Survey
from penstock.ops.sample.frequency import Counts, summed

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Summary = dict[str | None, Counts]  # the classes of values and their counts, for each kind
DROPPED_BITS = 40  # of the 52 of a float's fraction; 12 remain


@dataclass(frozen=True)
class Percentile(Survey):
    """Drop the lowest `low` and the highest `1 - high` of the documents by a column of numbers.

    `low: 0.1, high: 0.9` keeps the middle 80 %. With `by`, each kind of document (such as each
    language) has percentiles of its own. Values are counted in classes that differ by one part in
    4,096 (whole numbers up to 8,192 one by one), and a class is kept or dropped as a whole; where
    the border runs through one, it is kept. So never more than asked go at either end, and what
    stays too many lies within one part in 4,096 of the border. Documents without a value are kept.
    The counts of parts add up to those of the whole, whatever the parts, which is not so with a
    t-digest; the survey holds 16 bytes for each class that occurs.

    >>> Percentile(column="perplexity", high=0.3).by is None
    True
    """

    column: str
    low: float = 0.0
    high: float = 1.0
    by: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 1:
            raise ValueError("`low` and `high` must satisfy 0 ≤ low < high ≤ 1")

    def survey(self, rows: pa.RecordBatch) -> Summary:
        """How many documents of each kind are in each class of values."""
        import numpy as np

        classes, known = _classes(numbers_of(rows, self.column))
        kinds = _kinds(rows, self.by)
        return {
            kind: np.unique(classes[known & (kinds == kind)], return_counts=True)
            for kind in set(kinds[known])
        }

    def merge(self, one: Summary, other: Summary) -> Summary:
        """The counts of both together."""
        both = {kind: summed(one[kind], other[kind]) for kind in one.keys() & other.keys()}
        return {**one, **other, **both}

    def bind(self, summary: Summary | None) -> Filter:
        """A filter that knows where in all values each stands."""
        import numpy as np

        known = summary or {}
        counted = tuple(
            (kind, known[kind][0].tobytes(), np.cumsum(known[kind][1]).tobytes())
            for kind in sorted(known, key=str)
        )
        return _Ranked(self.column, self.low, self.high, self.by, counted)


@dataclass(frozen=True)
class _Ranked(Filter):
    """Keep documents by the share of values that are lower, and no higher, than theirs."""

    measures: ClassVar[Mapping[str, str]] = {
        "value": "float64",
        "below": "float64",
        "up_to": "float64",
    }

    column: str
    low: float
    high: float
    by: str | None
    counted: tuple[tuple[str | None, bytes, bytes], ...]

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The values of a batch and where they stand."""
        import numpy as np
        import pyarrow as pa

        values = numbers_of(rows, self.column)
        classes, known = _classes(values)
        kinds = _kinds(rows, self.by)
        below, up_to = np.full(len(values), np.nan), np.full(len(values), np.nan)
        for kind, (table, sums) in self._tables.items():
            ours = known & (kinds == kind)
            places = np.searchsorted(table, classes[ours], side="right")
            up_to[ours] = sums[places] / sums[-1]
            below[ours] = sums[np.searchsorted(table, classes[ours])] / sums[-1]
        found = {"value": values, "below": below, "up_to": up_to}
        return {name: pa.array(one, mask=np.isnan(one)) for name, one in found.items()}

    def rules(self) -> tuple[Rule, ...]:
        """Among the lowest, or among the highest."""
        return (
            Rule("low", "up_to", "<=", self.low),
            Rule("high", "below", ">=", self.high),
        )

    @cached_property
    def _tables(self) -> dict[str | None, Counts]:
        """For each kind its classes, and how many values are in those before each and in all."""
        import numpy as np

        return {
            kind: (np.frombuffer(table, np.int64), np.append(0, np.frombuffer(sums, np.int64)))
            for kind, table, sums in self.counted
        }


def _classes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The class of each value, as whole numbers in the same order, and which rows have a value."""
    import numpy as np

    bits = (values + 0.0).view(np.int64)  # -0.0 becomes 0.0
    # The bits of floats are in the order of the numbers, but for the negative ones.
    ordered = np.where(bits < 0, bits ^ np.int64(2**63 - 1), bits)
    return ordered >> DROPPED_BITS, ~np.isnan(values)


def _kinds(rows: pa.RecordBatch, by: str | None) -> np.ndarray:
    import numpy as np

    kinds = np.empty(rows.num_rows, dtype=object)
    if by is not None:
        kinds[:] = texts_of(rows, by)
    return kinds
