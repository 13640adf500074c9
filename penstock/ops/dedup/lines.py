"""Remove lines that stand in several documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.ops.pieces import Cut, Pieces, cut_units

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Lines(Pieces):
    """Remove the lines that stand in at least `min_documents` documents, but for the first copy.

    Lines are equal that differ in case and white space alone; those with fewer than `min_length`
    characters take no part. With `keep: none` the first copy goes too. With `across: site` only
    documents of the same site meet, which is the host in `column` without `www.`; documents without
    one stay as they are. Equal lines are found by 128-bit keys, so that none is taken for another
    as Bloom filters do (Dolma), and in which order files are read by whom does not matter.

    >>> Lines(min_documents=7, keep="none").across  # as Data-Juicer's line deduplicator
    'all'
    """

    min_documents: int = 2
    keep: Literal["first", "none"] = "first"
    min_length: int = 15
    across: Literal["all", "site"] = "all"
    column: str = "url"

    def __post_init__(self) -> None:
        self.check()

    def pieces(self, rows: pa.RecordBatch) -> Cut:
        """The lines of the rows that take part."""
        by = self.column if self.across == "site" else None
        return cut_units(rows, self.min_length, by, blank=False)
