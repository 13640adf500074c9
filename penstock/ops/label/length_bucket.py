"""Write into a column which range of lengths each document is in."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.ops.base import Map
from penstock.text.words import words

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class LengthBucket(Map):
    """Add the column `length_bucket`: `0-99`, `100-999`, …, `100000+`; null where there is no text.

    `bounds` are where the ranges after the first begin, in words (as `filter.word_count` counts
    them) or characters. Good for looking at a dataset, and for sampling by length.

    >>> LengthBucket().bucket("The dam holds the river back.")
    '0-99'
    """

    bounds: tuple[int, ...] = (100, 1000, 10_000, 100_000)
    unit: Literal["words", "characters"] = "words"

    def __post_init__(self) -> None:
        if not self.bounds or self.bounds[0] < 1 or list(self.bounds) != sorted({*self.bounds}):
            raise ValueError("`bounds` are numbers above 0, each larger than the one before")

    def bucket(self, text: str) -> str:
        """The range of one text."""
        size = len(text) if self.unit == "characters" else len(words(text))
        place = bisect_right(self.bounds, size)
        first = self.bounds[place - 1] if place else 0
        return f"{first}-{self.bounds[place] - 1}" if place < len(self.bounds) else f"{first}+"

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with the column."""
        import pyarrow as pa

        from penstock.data.schema import put, strings

        found = [None if text is None else self.bucket(text) for text in strings(rows, "text")]
        return put(rows, "length_bucket", pa.array(found, pa.string()))
