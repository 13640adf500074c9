"""Read web pages from WARC archives."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.ops.base import Lost, Read

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.crawl.frames import Frame
    from penstock.data.files import File
    from penstock.data.shards import Shard

RAW_KEPT = 1 << 16


@dataclass(frozen=True)
class Warc(Read):
    """One document for each archived page (ISO 28500), with its raw bytes in `content`.

    `path` is a file, a glob or a folder of `.warc` and `.warc.gz`, or a list of these. Every record
    is accounted for: of another `kinds`, HTTP status or media type it is dropped by that rule;
    damaged or cut off it is quarantined with its byte offset, and reading goes on behind it.

    >>> Warc(path="crawl/*.warc.gz").kinds
    ('response', 'resource')
    """

    suffixes: ClassVar[tuple[str, ...]] = (".warc", ".warc.gz")
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

    def records(self, shard: Shard) -> Iterator[Mapping[str, Any] | Lost]:
        """The records whose first byte stands in the shard."""
        from penstock.crawl.frames import frames

        name = os.path.basename(shard.file.address)
        with shard.file.open() as stream:
            for frame in frames(stream, shard.start, shard.stop):
                inner = f"+{frame.inner}" if frame.inner else ""
                yield self._document(frame, f"{name}:{frame.offset}{inner}")

    def _document(self, frame: Frame, name: str) -> Mapping[str, Any] | Lost:
        from penstock.crawl.record import parse_record
        from penstock.errors import RecordError

        if frame.problem:
            return Lost(name, frame.offset, error=frame.problem, raw=frame.data[:RAW_KEPT])
        try:
            record = parse_record(frame)
        except RecordError as error:
            return Lost(name, frame.offset, error=error.message, raw=frame.data[:RAW_KEPT])
        low, high = self.status
        if record.kind not in self.kinds:
            return Lost(name, frame.offset, "kinds", record.kind, ", ".join(self.kinds))
        if record.status and not low <= record.status <= high:
            return Lost(name, frame.offset, "status", str(record.status), f"{low}-{high}")
        if record.media_type not in self.media_types:
            allowed = ", ".join(self.media_types)
            return Lost(name, frame.offset, "media_types", record.media_type, allowed)
        return {
            "id": name,
            "offset": frame.offset,
            "url": record.url,
            "date": record.date,
            "charset": record.charset,
            "truncated": record.truncated,
            "content": record.payload,
            "repair": record.repair,
        }
