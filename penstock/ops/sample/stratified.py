"""Keep an equal number, or an equal share, of the documents of each kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import xxhash

from penstock.data.schema import texts_of
from penstock.ops.base import Group
from penstock.ops.sample.random import place

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class Stratified(Group):
    """Keep a random part of each stratum, the documents with the same value in `by`.

    `each` keeps that many (all, where there are fewer); `share` keeps that share, to the nearest
    whole number and at least one. Both are exact. Which ones go is decided by the hash of seed and
    id; documents without a value are a stratum of their own. All ids of a stratum meet in one
    process, at about 100 bytes a document.

    >>> Stratified(by="language", each=1000).each
    1000
    """

    by: str
    each: int | None = None
    share: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.each is None) == (self.share is None):
            raise ValueError("give either `each`, a number, or `share`, between 0 and 1")
        if self.each is not None and self.each < 1:
            raise ValueError(f"`each` is {self.each}; it must be at least 1")
        if self.share is not None and not 0 < self.share <= 1:
            raise ValueError(f"`share` is {self.share}; it must be above 0 and at most 1")

    def keys(self, rows: pa.RecordBatch) -> pa.Array:
        """The stratum of each row."""
        values = texts_of(rows, self.by)
        return digests("" if value is None else f"={value}" for value in values)

    def ranks(self, rows: pa.RecordBatch) -> pa.Array:
        """A random order."""
        return random_ranks(rows, self.seed, "sample.stratified")

    def elect(self, bucket: pa.Table) -> pa.Table:
        """All but the first of each stratum go."""
        import numpy as np

        positions, sizes = standing(bucket)
        if self.share is None:
            return beyond(bucket, positions, np.full(len(sizes), self.each), "each")
        quotas = np.maximum(1, np.floor(self.share * sizes + 0.5).astype(np.int64))
        return beyond(bucket, positions, quotas, "share")


def digests(texts: Iterable[str | None]) -> pa.Array:
    """Keys for a group: 16 bytes for each text, null for none."""
    import pyarrow as pa

    keys = [None if text is None else xxhash.xxh3_128_digest(text.encode()) for text in texts]
    return pa.array(keys, pa.binary(16))


def random_ranks(rows: pa.RecordBatch, seed: int, operator: str) -> pa.Array:
    """Ranks in [0, 1) that depend on nothing but the ids."""
    import pyarrow as pa

    ids = rows.column("id").to_pylist()
    return pa.array([place(one, seed, operator) for one in ids], pa.float64())


def standing(bucket: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """For each row of a sorted bucket its place among those of its key, from 1, and how many they
    are."""
    import numpy as np

    keys = np.array(bucket.column("key").to_pylist(), dtype=object)
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    sizes = np.diff(np.append(starts, len(keys)))
    positions = np.arange(len(keys)) - np.repeat(starts, sizes) + 1
    return positions, np.repeat(sizes, sizes)


def beyond(bucket: pa.Table, positions: np.ndarray, quotas: np.ndarray, rule: str) -> pa.Table:
    """The verdicts that drop the rows which stand behind their quota."""
    import numpy as np
    import pyarrow as pa

    gone = np.flatnonzero(positions > quotas)
    return pa.table(
        {
            "shard": bucket.column("shard").take(gone),
            "row": bucket.column("row").take(gone),
            "state": pa.repeat("dropped", len(gone)),
            "rule": pa.repeat(rule, len(gone)),
            "value": pa.array(positions[gone]).cast(pa.string()),
            "threshold": pa.array(quotas[gone]).cast(pa.string()),
        }
    )
