"""Keep a random share of the documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import xxhash

from penstock.ops.base import Filter, Rule

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Random(Filter):
    """Keep the documents whose place in [0, 1) is at least `low` and below `high`.

    The place is the xxh3-64 hash of seed and id, so it depends on the document alone: `high: 0.9`
    and `low: 0.9` split a set into two parts that share nothing, however it is ordered.

    >>> 0 <= Random(seed=1).place("a.jsonl:0") < 1
    True
    """

    measures: ClassVar[Mapping[str, str]] = {"place": "float64"}

    low: float = 0.0
    high: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 1:
            raise ValueError("`low` and `high` must satisfy 0 ≤ low < high ≤ 1")

    def place(self, key: str) -> float:
        """Where in [0, 1) a document stands."""
        digest = xxhash.xxh3_64_intdigest(key.encode("utf-8", "surrogatepass"), seed=self.seed)
        return (digest >> 11) / (1 << 53)

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The places of a batch, by the `id` column."""
        import pyarrow as pa

        return {"place": pa.array(map(self.place, rows.column("id").to_pylist()), pa.float64())}

    def rules(self) -> tuple[Rule, ...]:
        """Below `low`, or at `high` and above."""
        return (Rule("low", "place", "<", self.low), Rule("high", "place", ">=", self.high))
