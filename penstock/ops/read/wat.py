"""Read what WAT files say of web pages: titles, headers, metas and links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.ops.reading import Archive, Refusal

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.crawl.record import WebRecord
    from penstock.data.files import File

LINK = ("url", "path", "text", "title", "rel")


@dataclass(frozen=True)
class Wat(Archive):
    """One document for each `metadata` record that describes one of `kinds`.

    `metas` and `headers` are JSON text. `links` are as the page writes them, so relative to `base`
    or `url`; `path` says which attribute of which element (``A@/href``), `text` is the link's text
    or the image's. `warc_file`, `warc_offset` and `warc_length` say where the page stands. There is
    no `text`.

    >>> Wat(path="crawl/*.warc.wat.gz").kinds
    ('response',)
    """

    suffixes: ClassVar[tuple[str, ...]] = (".wat", ".wat.gz")
    splittable: ClassVar[tuple[str, ...]] = (".wat.gz",)

    path: str | tuple[str, ...]
    kinds: tuple[str, ...] = ("response",)

    def schema(self, files: list[File]) -> pa.Schema:  # noqa: ARG002 - the same for all archives
        """What is said of a page."""
        import pyarrow as pa

        link = pa.struct([(name, pa.string()) for name in LINK])
        return pa.schema(
            [
                ("url", pa.string()),
                ("date", pa.string()),
                ("status", pa.int32()),
                ("media_type", pa.string()),
                ("title", pa.string()),
                ("base", pa.string()),
                ("metas", pa.string()),
                ("headers", pa.string()),
                ("links", pa.list_(link)),
                ("warc_file", pa.string()),
                ("warc_offset", pa.int64()),
                ("warc_length", pa.int64()),
            ]
        )

    def document(self, record: WebRecord) -> Mapping[str, Any] | Refusal:
        """The metadata of a page, if it is of the kinds that are wanted."""
        from penstock.crawl.wat import described

        if record.kind != "metadata":
            return Refusal("kinds", record.kind, "metadata")
        kind, columns = described(record.payload)
        if kind not in self.kinds:
            return Refusal("kinds", f"metadata of {kind}", ", ".join(self.kinds))
        return columns
