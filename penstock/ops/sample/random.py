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
    and `low: 0.9` split a set into two parts that share nothing, however it is ordered. For a
    number of documents instead of a share see `sample.top_k`.

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
        return place(key, self.seed)

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The places of a batch, by the `id` column."""
        import pyarrow as pa

        return {"place": pa.array(map(self.place, rows.column("id").to_pylist()), pa.float64())}

    def rules(self) -> tuple[Rule, ...]:
        """Below `low`, or at `high` and above."""
        return (Rule("low", "place", "<", self.low), Rule("high", "place", ">=", self.high))


def place(key: str, seed: int, operator: str = "") -> float:
    """Where in [0, 1) a key stands, for a seed.

    Each operator has places of its own: were they the same, what one sampling step has left would
    not be a random sample to the next.

    >>> place("a", 0) == place("a", 0, "sample.split")
    False
    """
    text = f"{operator}\0{key}" if operator else key
    digest = xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"), seed=seed)
    return (digest >> 11) / (1 << 53)
