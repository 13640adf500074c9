"""Extract the links of a web page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Links(Map):
    """Put the links of the page in `content` into `links`: a list of `url`, `text` and `rel`.

    Addresses are absolute, made from the page's `url` and its `<base href>` (HTML Living Standard),
    and without fragments; a link to the page itself is none, nor is one of a scheme that is not
    among `schemes`. A link without text has that of its image. `rel` is in small letters
    (`nofollow`, `tag`, …). Use it before `extract.main_text`, which drops `content`. A large page
    that takes longer than `timeout` seconds is quarantined.

    >>> Links().schemes
    ('http', 'https')
    """

    schemes: tuple[str, ...] = ("http", "https")
    timeout: float = 10.0

    def __post_init__(self) -> None:
        if self.timeout <= 0:
            raise ValueError(f"`timeout` is a number of seconds above 0, not {self.timeout:g}")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Add `links`; null for a document without a page."""
        import pyarrow as pa

        from penstock.crawl.links import links
        from penstock.crawl.pages import guarded, pages
        from penstock.data.schema import put

        found = [
            page and guarded(links, page, self.schemes, timeout=self.timeout)
            for page in pages(rows, "extract.links")
        ]
        link = pa.struct([(name, pa.string()) for name in ("url", "text", "rel")])
        return put(rows, "links", pa.array(found, pa.list_(link)))
