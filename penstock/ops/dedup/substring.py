"""Remove passages that stand elsewhere too, word for word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.data.schema import column
from penstock.ops.pieces import Cut, Pieces

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Substring(Pieces):
    """Remove passages of `tokens` words or more that stand elsewhere too, but for the first copy.

    Every run of `tokens` words has a 128-bit key; runs that come again, in another document or the
    same, go, and so all that they cover. That is what a suffix array finds (Lee et al. 2022), in
    memory that does not grow with the text. Words are what white space parts, letter for letter;
    each Han or kana character is a word. With `min_documents: 2` a passage must stand in two
    documents; with `keep: none` (which needs that) the first copy goes too.

    >>> Substring(tokens=100).min_documents
    1
    """

    tokens: int = 50
    keep: Literal["first", "none"] = "first"
    min_documents: int = 1

    def __post_init__(self) -> None:
        self.check()
        if self.tokens < 1:
            raise ValueError(f"`tokens` is {self.tokens}; a passage has at least 1")

    def pieces(self, rows: pa.RecordBatch) -> Cut:
        """The runs of words."""
        from penstock.text.pieces import cut_windows

        return Cut(*cut_windows(column(rows, "text"), self.tokens))
