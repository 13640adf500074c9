"""Extract the main text of a web page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa

# What follows the last kept byte of a page this long is not looked at.
MAX_PAGE = 8 << 20


@dataclass(frozen=True)
class MainText(Map):
    """Put the main text and title of the page in `content` into `text` and `title`.

    Profiles: `precise` is trafilatura's fast mode (Barbaresi 2021), `fast` is resiliparse's main
    content (Bevendorff et al. 2018), about eight times quicker and less exact. The bytes are
    decoded by the charset the page is really in: one that it or its server names is believed only
    where the bytes agree. The page itself is not kept unless `keep_content` is set.

    >>> page = b"<html><title>Dams</title><body><p>A dam holds back a river.</p></body></html>"
    >>> MainText(profile="fast").page(page, "utf-8")
    ('A dam holds back a river.', 'Dams')
    """

    profile: Literal["precise", "fast"] = "precise"
    keep_content: bool = False

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Add `text` and `title`; a page without main text gets a null text."""
        import pyarrow as pa

        from penstock.data.schema import put, strings

        pages = zip(rows.column("content").to_pylist(), strings(rows, "charset"), strict=True)
        found = [self.page(content, charset or "") for content, charset in pages]
        rows = put(rows, "title", pa.array([title for _, title in found], pa.string()))
        rows = put(rows, "text", pa.array([text for text, _ in found], pa.string()))
        return rows if self.keep_content else rows.drop_columns(["content", "charset"])

    def page(self, content: bytes, charset: str) -> tuple[str | None, str | None]:
        """The main text and the title of one page, each None where there is none."""
        from resiliparse.parse.html import HTMLTree

        # NUL is no text, and ends some parsers' reading.
        html = decode(content[:MAX_PAGE], charset).replace("\0", "")
        tree = HTMLTree.parse(html)
        title = (tree.title or "").strip() or None
        text = _precise(html) if self.profile == "precise" else _fast(tree)
        return text.strip() or None, title


def decode(content: bytes, charset: str) -> str:
    """The text of a page's bytes.

    Order: a byte order mark; UTF-8 where the bytes are valid UTF-8 and not plain ASCII (text in
    another encoding practically never is); the named charset where it decodes; the detected one.
    """
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(name, "replace").removeprefix("\ufeff")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass  # not UTF-8, whatever the page says
    wide = {"gb2312": "gb18030", "gbk": "gb18030", "utf-8": "", "utf8": ""}
    named = wide.get(charset.strip().lower(), charset)
    try:
        if named and named.lower() not in ("iso-8859-1", "latin-1", "windows-1252", "ascii"):
            return content.decode(named)
    except (UnicodeDecodeError, LookupError):
        pass  # the name is wrong too; look at the bytes
    detected: str = bytes_to_str(content, detect_encoding(content) or "utf-8")
    return detected


def _precise(html: str) -> str:
    import trafilatura

    found: Any = trafilatura.extract(
        html, fast=True, include_comments=False, include_tables=True, deduplicate=False
    )
    return found or ""


def _fast(tree: Any) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    text: str = extract_plain_text(
        tree, main_content=True, alt_texts=False, links=False, preserve_formatting=True
    )
    return text
