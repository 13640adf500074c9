"""Extract the tables of a web page as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Tables(Map):
    """Put the tables of the page in `content` into `tables`, a list of Markdown texts.

    A cell that spans several rows or columns is repeated in each; the first row is the heading,
    since Markdown wants one; a caption stands above. Tables for layout are left out: those with
    tables or forms within, of one row or column, mostly empty, or of long texts without headings.
    With `to: text` the tables are put at the end of `text` instead; then it goes behind
    `extract.main_text: {keep_content: true}`, otherwise before `extract.main_text`. A large page
    that takes longer than `timeout` seconds is quarantined.

    >>> Tables(to="text").to
    'text'
    """

    to: Literal["tables", "text"] = "tables"
    timeout: float = 10.0

    def __post_init__(self) -> None:
        if self.timeout <= 0:
            raise ValueError(f"`timeout` is a number of seconds above 0, not {self.timeout:g}")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Add `tables`, or the tables to `text`; null for a document without a page."""
        import pyarrow as pa

        from penstock.crawl.pages import guarded, pages
        from penstock.crawl.tables import tables
        from penstock.data.schema import put, strings

        found = [
            page and guarded(tables, page, timeout=self.timeout)
            for page in pages(rows, "extract.tables")
        ]
        if self.to == "tables":
            return put(rows, "tables", pa.array(found, pa.list_(pa.string())))
        texts = [
            "\n\n".join(filter(None, [text, *(some or [])])) or None
            for text, some in zip(strings(rows, "text"), found, strict=True)
        ]
        return put(rows, "text", pa.array(texts, pa.string()))
