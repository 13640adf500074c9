"""Read web pages from a folder of HTML files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.errors import RecordError
from penstock.ops.reading import Documents

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.files import File

MHTML = (".mhtml", ".mht")


@dataclass(frozen=True)
class Html(Documents):
    """One document for each `.html`, `.htm`, `.xhtml` or `.mhtml` file, as `read.warc` gives them.

    The bytes are in `content`, for `extract.main_text` and its like. `url` is the file's address;
    of a saved page (MHTML, RFC 2557) it is where the page was, and `content` is its HTML.

    >>> Html(path="saved/").suffixes
    ('.html', '.htm', '.xhtml', '.mhtml', '.mht')
    """

    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm", ".xhtml", *MHTML)

    path: str | tuple[str, ...]

    def schema(self, files: list[File]) -> pa.Schema:  # noqa: ARG002 - the same for all files
        """Where each page is, and its bytes."""
        import pyarrow as pa

        names = ("url", "date", "charset")
        return pa.schema([*((name, pa.string()) for name in names), ("content", pa.binary())])

    def document(self, data: bytes, file: File) -> Mapping[str, Any]:
        """The page in a file."""
        if file.name.lower().endswith(MHTML):
            return _saved_page(data, file.address)
        return {"url": file.address, "date": "", "charset": "", "content": data}


def _saved_page(data: bytes, address: str) -> Mapping[str, Any]:
    """The page itself among the parts of an MHTML file."""
    from email import message_from_bytes, policy

    message = message_from_bytes(data, policy=policy.compat32)
    pages = (part for part in message.walk() if part.get_content_type() == "text/html")
    page = next(pages, None)
    content = page.get_payload(decode=True) if page is not None else None
    if page is None or not isinstance(content, bytes):
        raise RecordError("no part of this MHTML file is HTML")
    url = message.get("Snapshot-Content-Location") or page.get("Content-Location") or address
    return {
        "url": str(url).strip(),
        "date": str(message.get("Date") or ""),
        "charset": page.get_content_charset() or "",
        "content": content,
    }
