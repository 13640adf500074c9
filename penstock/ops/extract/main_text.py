"""Extract the main text of a web page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.crawl.main_text import Extracted
    from penstock.crawl.pages import Page


@dataclass(frozen=True)
class MainText(Map):
    """Put the main text and title of the page in `content` into `text` and `title`.

    Profiles: `balanced` lets paragraphs vote for the element that holds the content, judges its
    lines, and asks trafilatura about the pages it doubts (`penstock/crawl/content.py` explains
    it); `precise` is trafilatura's fast mode for all pages (Barbaresi 2021), about five times
    slower; `fast` is resiliparse's main content (Bevendorff et al. 2018), about twice as quick.
    Lines are separated by line ends, items begin with `- `, cells are separated by ` | `.

    The bytes are decoded by the charset the page is really in: one that it or its server names is
    believed only where the bytes agree. UTF-8 that was taken for another charset is mended.

    What trafilatura does, and pages of more than 384 KiB or 10,000 brackets, are handled in a child
    process with 2 GiB of memory. A page that takes longer than `timeout` seconds there, or ends
    the child, is quarantined. The page itself is not kept unless `keep_content` is set, so put
    what else reads it (`extract.links`, `extract.metadata`, `extract.tables`) before this.

    >>> page = b"<html><title>Dams</title><body><p>A dam holds back a river.</p></body></html>"
    >>> MainText().page(page, "utf-8")
    ('A dam holds back a river.', 'Dams')
    """

    version: ClassVar[int] = 2

    profile: Literal["balanced", "precise", "fast"] = "balanced"
    keep_content: bool = False
    timeout: float = 10.0

    def __post_init__(self) -> None:
        if self.timeout <= 0:
            raise ValueError(f"`timeout` is a number of seconds above 0, not {self.timeout:g}")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Add `text` and `title`; a page without main text gets a null text."""
        import pyarrow as pa

        from penstock.crawl.pages import pages
        from penstock.data.schema import put

        found = [
            (None, None) if page is None else self._extracted(page)
            for page in pages(rows, "extract.main_text")
        ]
        rows = put(rows, "title", pa.array([title for _, title in found], pa.string()))
        rows = put(rows, "text", pa.array([text for text, _ in found], pa.string()))
        if self.keep_content:
            return rows
        gone = [name for name in ("content", "charset") if name in rows.schema.names]
        return rows.drop_columns(gone)

    def page(self, content: bytes, charset: str) -> tuple[str | None, str | None]:
        """The main text and the title of one page, each None where there is none."""
        from penstock.crawl.pages import Page

        text, title = self._extracted(Page(content, charset, ""))
        return text, title

    def _extracted(self, page: Page) -> Extracted:
        from penstock.crawl.killable import child
        from penstock.crawl.main_text import balanced, fast

        bytes_and_charset = page.content, page.charset
        if page.harmless and self.profile == "fast":
            return fast(*bytes_and_charset)
        if page.harmless and self.profile == "balanced":
            return balanced(*bytes_and_charset, self._precise)
        module = "main_text" if self.profile == "fast" else "precise"
        function = f"penstock.crawl.{module}:{self.profile}"
        text, title = child().call(function, *bytes_and_charset, timeout=self.timeout)
        return text, title

    def _precise(self, html: str) -> str:
        from penstock.crawl.killable import child

        text: str = child().call("penstock.crawl.precise:text_of", html, timeout=self.timeout)
        return text
