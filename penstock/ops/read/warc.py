"""Read web pages from WARC archives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.ops.reading import Archive, Refusal

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.crawl.record import WebRecord
    from penstock.data.files import File


@dataclass(frozen=True)
class Warc(Archive):
    """One document for each archived page (ISO 28500), with its raw bytes in `content`.

    `path` is a file, a glob or a folder of `.warc`, `.warc.gz` and `.warc.zst`, or a list of
    these. Every record is accounted for: of another `kinds`, HTTP status or media type it is
    dropped by that rule; damaged or cut off it is quarantined with its byte offset, and reading
    goes on behind it. (What follows damage in a zstd archive cannot be read.)

    >>> Warc(path="crawl/*.warc.gz").kinds
    ('response', 'resource')
    """

    version: ClassVar[int] = 2
    suffixes: ClassVar[tuple[str, ...]] = (".warc", ".warc.gz", ".warc.zst")
    splittable: ClassVar[tuple[str, ...]] = (".warc.gz",)

    path: str | tuple[str, ...]
    kinds: tuple[str, ...] = ("response", "resource")
    media_types: tuple[str, ...] = ("text/html", "application/xhtml+xml")
    status: tuple[int, int] = (200, 299)

    def schema(self, files: list[File]) -> pa.Schema:  # noqa: ARG002 - the same for all archives
        """Where each page came from, and its bytes."""
        import pyarrow as pa

        return pa.schema(
            [
                ("url", pa.string()),
                ("date", pa.string()),
                ("charset", pa.string()),
                ("truncated", pa.string()),
                ("content", pa.binary()),
            ]
        )

    def document(self, record: WebRecord) -> Mapping[str, Any] | Refusal:
        """The page, if it is of the kinds that are wanted."""
        low, high = self.status
        if record.kind not in self.kinds:
            return Refusal("kinds", record.kind, ", ".join(self.kinds))
        if record.status and not low <= record.status <= high:
            return Refusal("status", str(record.status), f"{low}-{high}")
        if record.media_type not in self.media_types:
            return Refusal("media_types", record.media_type, ", ".join(self.media_types))
        return {
            "url": record.url,
            "date": record.date,
            "charset": record.charset,
            "truncated": record.truncated,
            "content": record.payload,
        }
