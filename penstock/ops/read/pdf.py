"""Read the text of PDF files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.errors import RecordError
from penstock.ops.reading import Documents

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.files import File

MAX_TEXT = 64 << 20
# What a page says takes some 14 bytes of memory for each of its own.
MAX_STREAM = 32 << 20
_STREAM = re.compile(rb"stream\r?\n")


@dataclass(frozen=True)
class Pdf(Documents):
    """One document for each file: its pages' text, with a blank line between them (by PDFium).

    `pages` is their number, `empty_pages` that of pages without text, such as scans; where all are,
    the text is null. What stands outside of a page is left out; invisible text is kept, since it is
    what OCR puts under a scanned page. Words that a line end has hyphenated are joined. A file that
    is damaged, needs a password, or holds a stream that unpacks to more than 32 MiB and is no image
    is quarantined with the reason.

    >>> Pdf(path="papers/*.pdf").needs
    ('pypdfium2',)
    """

    needs: ClassVar[tuple[str, ...]] = ("pypdfium2",)
    extra: ClassVar[str] = "documents"
    suffixes: ClassVar[tuple[str, ...]] = (".pdf",)
    largest: ClassVar[int] = 256 << 20

    path: str | tuple[str, ...]

    def schema(self, files: list[File]) -> pa.Schema:  # noqa: ARG002 - the same for all files
        """The text, and what the file says of itself."""
        import pyarrow as pa

        names = [(name, pa.string()) for name in ("text", "title", "author")]
        return pa.schema([*names, ("pages", pa.int32()), ("empty_pages", pa.int32())])

    def document(self, data: bytes, file: File) -> Mapping[str, Any]:  # noqa: ARG002
        """The text of a file."""
        import pypdfium2

        _check_streams(data)
        try:
            with closing(pypdfium2.PdfDocument(data)) as document:
                about = document.get_metadata_dict(skip_empty=True)
                pages = _pages(document)
        except pypdfium2.PdfiumError as error:
            raise RecordError(_in_words(str(error))) from error
        texts = [page for page in pages if page]
        return {
            "text": "\n\n".join(texts) or None,
            "title": about.get("Title"),
            "author": about.get("Author"),
            "pages": len(pages),
            "empty_pages": len(pages) - len(texts),
        }


def _pages(document: Any) -> list[str]:
    pages: list[str] = []
    size = 0
    for number in range(len(document)):
        # Closed at once: thousands of pages would not fit otherwise.
        with closing(document[number]) as page, closing(page.get_textpage()) as inside:
            text = inside.get_text_bounded()
        pages.append(_tidy(text))
        size += len(pages[-1])
        if size > MAX_TEXT:
            raise RecordError(f"the text is larger than {MAX_TEXT:,} characters")
    return pages


def _tidy(text: str) -> str:
    """The text with plain line ends, and without PDFium's marks of hyphens and unknown glyphs."""
    return re.sub("[\x00\x02\ufffe\uffff]", "", text.replace("\r\n", "\n")).strip()


def _in_words(error: str) -> str:
    if "password" in error.lower():
        return "it is encrypted, and needs a password"
    if "Data format error" in error or "Failed to load document" in error:
        return "it is damaged, or no PDF"
    return f"it cannot be read: {error}"


def _check_streams(data: bytes) -> None:
    """Refuse what would unpack to more than there is memory for."""
    for found in _STREAM.finditer(data):
        said = data[max(0, found.start() - 1024) : found.start()].rpartition(b"obj")[2]
        if b"FlateDecode" in said and b"/Image" not in said:
            end = data.find(b"endstream", found.end())
            body = data[found.end() : end if end >= 0 else len(data)]
            for _ in range(said.count(b"FlateDecode")):
                body = _inflated(body)


def _inflated(body: bytes) -> bytes:
    from isal import isal_zlib
    from isal.igzip_lib import IsalError

    try:
        inflated = isal_zlib.decompressobj().decompress(body, MAX_STREAM + 1)
    except IsalError:  # type: ignore[misc]
        return b""  # PDFium reads what can be read of it
    if len(inflated) > MAX_STREAM:
        raise RecordError(f"a stream in it unpacks to more than {MAX_STREAM:,} bytes")
    return inflated
