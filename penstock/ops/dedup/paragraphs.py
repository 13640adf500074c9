"""Remove paragraphs that stand in several documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.ops.pieces import Cut, Pieces, cut_units

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Paragraphs(Pieces):
    """Remove the paragraphs of at least `min_documents` documents, but for the first copy.

    Blank lines part paragraphs; with `split: line` every line is one, as for Dolma. Paragraphs are
    equal that differ in case and white space alone; those with fewer than `min_length` characters
    take no part. With `keep: none` the first copy goes too. With `across: site` only documents of
    the same site meet, which is the host in `column` without `www.`; documents without one stay as
    they are. Equal paragraphs are found by 128-bit keys: there are no false positives to choose a
    rate of, as with the Bloom filters of Dolma.

    >>> Paragraphs(min_documents=3).keep
    'first'
    """

    min_documents: int = 2
    keep: Literal["first", "none"] = "first"
    min_length: int = 15
    split: Literal["blank_line", "line"] = "blank_line"
    across: Literal["all", "site"] = "all"
    column: str = "url"

    def __post_init__(self) -> None:
        self.check()

    def pieces(self, rows: pa.RecordBatch) -> Cut:
        """The paragraphs of the rows that take part."""
        by = self.column if self.across == "site" else None
        return cut_units(rows, self.min_length, by, blank=self.split == "blank_line")
