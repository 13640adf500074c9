"""Read web pages from ARC archives, as crawls before 2009 left them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from penstock.ops.read.warc import Warc

if TYPE_CHECKING:
    from penstock.crawl.frames import Form
    from penstock.crawl.record import WebRecord
    from penstock.crawl.window import Frame


@dataclass(frozen=True)
class Arc(Warc):
    """One document for each archived page (Burner and Kahle 1996, versions 1 and 2).

    The columns, and what becomes of records that give no document, are those of `read.warc`: a
    server's answer is a `response`, anything else (`dns:`, files) a `resource`, the head of the
    file a `warcinfo`. A record whose length is not true is read up to the next header, and the
    ledger notes it.

    >>> Arc(path="crawl/*.arc.gz").suffixes
    ('.arc', '.arc.gz')
    """

    suffixes: ClassVar[tuple[str, ...]] = (".arc", ".arc.gz")
    splittable: ClassVar[tuple[str, ...]] = (".arc.gz",)

    def form(self) -> Form:
        """How the archive is cut."""
        from penstock.crawl.frames import ARC

        return ARC

    def parse(self, frame: Frame) -> WebRecord:
        """The record in a frame, by way of WARC."""
        from penstock.crawl.arc import as_warc, media_type

        record = super().parse(as_warc(frame))
        if record.media_type == "application/http":  # the server did not name one
            return dataclasses.replace(record, media_type=media_type(frame))
        return record
