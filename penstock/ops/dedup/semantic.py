"""Remove documents that mean the same as another, by their embeddings."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from penstock.ops.near import Near, Signs

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

MOST_BITS = 40
# Vectors and planes are rounded to whole numbers of these, so that sums of products are exact in
# float64 and a key depends on its vector alone, not on a batch, a thread or a processor.
_VECTOR, _PLANE = 1 << 24, 1 << 10
_ODD = 0x9E3779B97F4A7C15
_CHUNK = 1 << 22  # numbers that are compared at once


@dataclass(frozen=True)
class Semantic(Near):
    """Merge documents whose vectors have a cosine of `threshold` or more into one of them.

    `column` holds vectors, such as `label.embedding` writes. Documents meet by random hyperplanes
    (Charikar 2002): a key is on which side of `bits` planes a vector lies, and each of `tables`
    keys has planes of its own. A plane keeps two vectors together with p = 1 - arccos(c) / pi for
    their cosine c, so they share a key with 1 - (1 - p^bits)^tables. Of the keys that find a pair
    at the threshold with at least `recall`, the longest is taken that needs no more than
    `max_tables`: at 0.9, 19 planes and 56 tables, which find 0.951 of the pairs at the threshold,
    0.9996 of those at 0.95, and 0.025 of those at 0.5. Every pair that meets is compared by its
    cosine unless `verify` is off. Where a model puts strangers near each other, keys fill up and
    pairs are missed: of 100,000 documents 0.96 are found while strangers have a cosine of 0.3, 0.87
    at 0.5, 0.42 at 0.75.

    The first of a cluster in input order stays, or the one with the largest value in the column
    `prefer`. Vectors that are null or zero, or have a number that is not finite, take no part.

    >>> Semantic(threshold=0.9).layout, Semantic(threshold=0.95).layout
    ((19, 56), (28, 58))
    """

    threshold: float = 0.9
    column: str = "embedding"
    prefer: str | None = None
    verify: bool = True
    recall: float = 0.95
    max_tables: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError(f"`threshold` is {self.threshold}; it must be above 0 and at most 1")
        if not 0 < self.recall < 1:
            raise ValueError(f"`recall` is {self.recall}; it must be between 0 and 1")
        if self.max_tables < 1:
            raise ValueError(f"`max_tables` is {self.max_tables}; it must be at least 1")
        if self.layout[1] > self.max_tables:
            raise ValueError(
                f"`max_tables` is {self.max_tables}; a recall of {self.recall} needs"
                f" {self.layout[1]} at this threshold"
            )

    @property
    def layout(self) -> tuple[int, int]:
        """The planes of a key, and the number of keys of a document."""
        p = 1 - math.acos(self.threshold) / math.pi
        needed = [_tables(p**bits, self.recall) for bits in range(1, MOST_BITS + 1)]
        bits = max(1, bisect_right(needed, self.max_tables))
        return bits, needed[bits - 1]

    def signs(self, rows: pa.RecordBatch) -> Signs:
        """The sides on which each vector lies, and a digest of its numbers."""
        import numpy as np
        import pyarrow as pa
        import xxhash

        vectors = _vectors(rows, self.column)
        units, whole = _units(vectors)
        digests = [xxhash.xxh3_64_intdigest(vector.tobytes()) for vector in vectors]
        bits, tables = self.layout
        planes = _planes(vectors.shape[1], bits * tables, self.seed)
        sides = (np.rint(units * _VECTOR) @ planes >= 0).reshape(len(units), tables, bits)
        keys = sides @ (np.uint64(1) << np.arange(bits, dtype=np.uint64))
        keys |= np.arange(tables, dtype=np.uint64) << np.uint64(MOST_BITS)
        keys *= np.uint64(_ODD)  # spreads them, and makes no two the same
        lists = pa.ListArray.from_arrays(
            pa.array(np.arange(len(keys) + 1, dtype=np.int32) * tables),
            pa.array(keys.ravel()),
            mask=pa.array(~whole),
        )
        return Signs(lists, pa.array(digests, pa.uint64()))

    def compare(self, rows: pa.RecordBatch, ones: np.ndarray, others: np.ndarray) -> np.ndarray:
        """The cosines, those below 0 as 0."""
        import numpy as np

        units, _ = _units(_vectors(rows, self.column))
        found = np.zeros(len(ones))
        size = max(1, _CHUNK // max(1, units.shape[1]))
        for start in range(0, len(ones), size):
            part = slice(start, start + size)
            found[part] = np.einsum("ij,ij->i", units[ones[part]], units[others[part]])
        # Rounded, so that a vector has a cosine of 1 with itself.
        return np.clip(found.round(12), 0, 1)

    def look_for_columns(self, rows: pa.RecordBatch) -> None:
        """Ask for vectors."""
        _vectors(rows, self.column)
        self.ranks(rows)


def _tables(p: float, recall: float) -> int:
    """How many keys it takes to find with `recall` what one finds with the probability `p`."""
    return 1 if p >= recall else math.ceil(math.log1p(-recall) / math.log1p(-p))


@cache
def _planes(dimension: int, count: int, seed: int) -> np.ndarray:
    """Normal vectors of random planes, one a column."""
    import numpy as np

    found = np.random.default_rng(seed).standard_normal((count, dimension)).T
    return np.ascontiguousarray(np.rint(found * _PLANE))


def _vectors(rows: pa.RecordBatch, name: str) -> np.ndarray:
    """The vectors of a column, one a row; of numbers that are not there where one is null."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from penstock.data.schema import column
    from penstock.errors import UsageError

    values = column(rows, name)
    kind = values.type
    listed = isinstance(kind, pa.ListType | pa.LargeListType | pa.FixedSizeListType)
    if not listed or not pa.types.is_floating(kind.value_type):
        raise UsageError(
            f"column `{name}` is {kind}, and no list of floating-point numbers",
            hint="`label.embedding` makes one",
        )
    there = values.drop_null()
    sizes = np.unique(pc.list_value_length(there).to_numpy(zero_copy_only=False))
    if len(sizes) > 1:
        raise UsageError(
            f"column `{name}` has vectors of {sizes[0]} and of {sizes[-1]} numbers",
            hint="they must come from one model",
        )
    size = int(sizes[0]) if len(sizes) else 0
    numbers = pc.list_flatten(there).cast(pa.float32(), safe=False)
    found = np.full((len(values), size), np.nan, np.float32)
    present = values.is_valid().to_numpy(zero_copy_only=False)
    found[present] = numbers.to_numpy(zero_copy_only=False).reshape(len(there), size)
    return found


def _units(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vectors with the length 1, those that have no direction as zeros; and which have one."""
    import numpy as np

    exact = vectors.astype(np.float64)
    whole = np.isfinite(exact).all(axis=1) & (exact != 0).any(axis=1)
    exact[~whole] = 0
    lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
    return exact / np.where(whole, lengths, 1)[:, None], whole
