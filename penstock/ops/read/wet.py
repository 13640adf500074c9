"""Read the texts of web pages from WET files, as Common Crawl extracts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.errors import RecordError
from penstock.ops.reading import Archive, Refusal

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.crawl.record import WebRecord
    from penstock.data.files import File


@dataclass(frozen=True)
class Wet(Archive):
    """One document for each `conversion` record, with the plain text of a page in `text`.

    `languages` are those that the crawl has found in the page, most of it first (ISO 639-3, since
    2018). The texts hold all of a page, menus and footers too: `read.warc` with `extract.main_text`
    gives cleaner ones.

    >>> Wet(path="crawl/*.warc.wet.gz").suffixes[0]
    '.wet'
    """

    suffixes: ClassVar[tuple[str, ...]] = (".wet", ".wet.gz")
    splittable: ClassVar[tuple[str, ...]] = (".wet.gz",)

    path: str | tuple[str, ...]

    def schema(self, files: list[File]) -> pa.Schema:  # noqa: ARG002 - the same for all archives
        """The text, and where it came from."""
        import pyarrow as pa

        return pa.schema(
            [
                ("text", pa.string()),
                ("url", pa.string()),
                ("date", pa.string()),
                ("languages", pa.list_(pa.string())),
            ]
        )

    def document(self, record: WebRecord) -> Mapping[str, Any] | Refusal:
        """The text of a conversion record."""
        if record.kind != "conversion":
            return Refusal("kinds", record.kind, "conversion")
        try:
            text = record.payload.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RecordError(f"the text is not UTF-8: {error}") from error
        languages = record.headers.get("warc-identified-content-language", "")
        return {
            "text": text,
            "url": record.url,
            "date": record.date,
            "languages": [one.strip() for one in languages.split(",") if one.strip()],
        }
