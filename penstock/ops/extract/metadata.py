"""Extract what a web page says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Metadata(Map):
    """Put what the page in `content` declares of itself into the struct `metadata`.

    Its fields are `title`, `author`, `date` (ISO 8601, of publication), `language` (BCP 47, as
    declared), `description`, `site_name` and `url` (canonical); null where the page says nothing.
    They are read from JSON-LD (schema.org), `meta` (OpenGraph, Dublin Core, Highwire), `<html
    lang>`, `<title>`, `<link rel=canonical>` and `<time>`; a date also from the address. Nothing is
    guessed from the text. Use it before `extract.main_text`, which drops `content`. A large page
    that takes longer than `timeout` seconds is quarantined.

    >>> Metadata().timeout
    10.0
    """

    timeout: float = 10.0

    def __post_init__(self) -> None:
        if self.timeout <= 0:
            raise ValueError(f"`timeout` is a number of seconds above 0, not {self.timeout:g}")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Add `metadata`; null for a document without a page."""
        import pyarrow as pa

        from penstock.crawl.metadata import FIELDS, metadata
        from penstock.crawl.pages import guarded, pages
        from penstock.data.schema import put

        found = [
            page and guarded(metadata, page, timeout=self.timeout)
            for page in pages(rows, "extract.metadata")
        ]
        kind = pa.struct([(name, pa.string()) for name in FIELDS])
        return put(rows, "metadata", pa.array(found, kind))
