"""One archived record: its headers, and its payload with HTTP's encodings taken off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

from fastwarc.warc import ArchiveIterator

from penstock.crawl.window import Frame
from penstock.errors import RecordError

MAX_PAYLOAD = 64 << 20

# Servers send bodies that are not encoded as their headers say; archives keep both. Each mode takes
# off less than the one before.
_DECODING: tuple[Literal["all", "content", "none"], ...] = ("all", "content", "none")


@dataclass(frozen=True)
class WebRecord:
    """What one WARC record holds.

    `kind` is the WARC-Type; `media_type` is what the crawler found the payload to be, or else what
    the server said; `charset` likewise; `status` is 0 for a record that is no HTTP response.
    `headers` are those of WARC, with names in small letters.
    """

    kind: str
    url: str
    date: str
    status: int
    media_type: str
    charset: str
    payload: bytes
    truncated: str
    repair: str
    headers: Mapping[str, str]


def parse_record(frame: Frame) -> WebRecord:
    """Parse the bytes of a frame. Raises RecordError when they hold no WARC record."""
    repair = frame.repair
    failure = ""
    for mode in _DECODING:
        try:
            record = next(_parsed(frame.data, mode), None)
            payload = b"" if record is None else _payload(record.reader, len(frame.data))
        except (OSError, ValueError) as error:
            failure = failure or str(error).splitlines()[0][:120]
            continue
        if record is None:
            raise RecordError("no WARC record can be parsed here")
        if failure:
            repair = "; ".join(filter(None, [repair, f"http_encoding: {failure!r}"]))
        return _web_record(record, payload, repair)
    raise RecordError(f"the record cannot be read: {failure}")


def _parsed(data: bytes, mode: Literal["all", "content", "none"]) -> Any:
    return iter(ArchiveIterator(BytesIO(data), quirks_mode=True, auto_decode=mode))


def _payload(reader: Any, packed: int) -> bytes:
    """All there is to read. As much as a record has is asked for at once, since what is asked for
    is allocated; only one with a content encoding has more."""
    first: bytes = reader.read(packed)
    more = reader.read(packed)
    if not more:
        return first
    parts = [first, more]
    size = len(first) + len(more)
    while size <= MAX_PAYLOAD and (more := reader.read(1 << 20)):
        parts.append(more)
        size += len(more)
    if size > MAX_PAYLOAD:
        raise RecordError(f"the payload unpacks to more than {MAX_PAYLOAD:,} bytes")
    return b"".join(parts)


def _web_record(record: Any, payload: bytes, repair: str) -> WebRecord:
    headers = {key.lower(): value for key, value in record.headers.items()}
    status = record.http_headers.status_code if record.http_headers is not None else None
    said_type = record.http_content_type or headers.get("content-type", "")
    return WebRecord(
        kind=headers.get("warc-type", "").lower(),
        url=headers.get("warc-target-uri", "").strip("<>"),
        date=headers.get("warc-date", ""),
        status=status or 0,
        media_type=_media_type(headers.get("warc-identified-payload-type") or said_type),
        charset=headers.get("warc-identified-content-charset") or record.http_charset or "",
        payload=payload,
        truncated=headers.get("warc-truncated", ""),
        repair=repair,
        headers=headers,
    )


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()
