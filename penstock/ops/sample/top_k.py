"""Keep the documents with the largest values of a column, or a number of documents at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import xxhash

from penstock.data.schema import numbers_of
from penstock.ops.base import Filter, Rule, Survey

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Summary = tuple["np.ndarray", "np.ndarray"]  # values and ties of the best so far, best first
LOW = (1 << 24) - 1


@dataclass(frozen=True)
class TopK(Survey):
    """Keep exactly `k` documents: those with the largest (or smallest) values of the column `by`.

    Equal values are ordered by the hash of seed and id, so that no order of the input matters;
    without `by` all are equal, and it is `k` documents at random. Values are compared as float64;
    documents without one are dropped (rule `no_value`), and all others kept where they are fewer
    than `k`. The survey holds 16 bytes for each of the `k`.

    >>> TopK(k=1000, by="quality").order
    'largest'
    """

    k: int
    by: str | None = None
    order: Literal["largest", "smallest"] = "largest"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"`k` is {self.k}; it must be at least 1")

    def survey(self, rows: pa.RecordBatch) -> Summary:
        """The best of a batch."""
        import numpy as np

        values, ties = _values(rows, self.by), _ties(rows, self.seed)
        known = ~np.isnan(values)
        return self._best(values[known], ties[known])

    def merge(self, one: Summary, other: Summary) -> Summary:
        """The best of both."""
        import numpy as np

        return self._best(np.append(one[0], other[0]), np.append(one[1], other[1]))

    def bind(self, summary: Summary | None) -> Filter:
        """A filter for what stands at or before the last of the best."""
        if summary is None or len(summary[0]) < self.k:
            return _Best(self.by, self.order, self.seed)
        values, ties = summary
        return _Best(self.by, self.order, self.seed, float(values[-1]), int(ties[-1]))

    def _best(self, values: np.ndarray, ties: np.ndarray) -> Summary:
        import numpy as np

        order = np.lexsort((ties, -values if self.order == "largest" else values))[: self.k]
        return values[order], ties[order]


@dataclass(frozen=True)
class _Best(Filter):
    """Keep what is better than the last of the best, or equal to it with no later a tie."""

    measures: ClassVar[Mapping[str, str]] = {"known": "bool", "value": "float64", "tie": "int64"}

    by: str | None
    order: str
    seed: int
    last: float | None = None
    tie: int | None = None

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The values, and the ties of those that equal the last of the best."""
        import numpy as np
        import pyarrow as pa

        values, ties = _values(rows, self.by), _ties(rows, self.seed)
        last = np.nan if self.last is None else self.last
        return {
            "known": pa.array(~np.isnan(values)),
            "value": pa.array(values, mask=np.isnan(values)),
            "tie": pa.array(ties, mask=values != last),
        }

    def rules(self) -> tuple[Rule, ...]:
        """No value, one beyond the last, or equal to the last and beyond it by its tie."""
        rules = (Rule("no_value", "known", "==", False),)
        if self.last is None:
            return rules
        fails = "<" if self.order == "largest" else ">"
        return (
            *rules,
            Rule("k", "value", fails, self.last),
            Rule("tie", "tie", ">", self.tie),
        )


def _values(rows: pa.RecordBatch, by: str | None) -> np.ndarray:
    import numpy as np

    return np.zeros(rows.num_rows) if by is None else numbers_of(rows, by)


def _ties(rows: pa.RecordBatch, seed: int) -> np.ndarray:
    """What orders documents of equal value: a hash of the id; its last 24 bits of where a document
    stands, so that two with the same id are still two."""
    import numpy as np

    from penstock.data.schema import strings

    columns = (strings(rows, name) for name in ("id", "source", "offset"))
    ties = [
        (_hash(one or "", seed) & ~LOW | _hash(f"{source}\0{offset}", seed) & LOW) >> 1
        for one, source, offset in zip(*columns, strict=True)
    ]
    return np.array(ties, np.int64)


def _hash(text: str, seed: int) -> int:
    return int(xxhash.xxh3_64_intdigest(f"sample.top_k\0{text}".encode(), seed=seed))
