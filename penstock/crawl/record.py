"""One archived record: its headers, and its payload with HTTP's encodings taken off."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

from fastwarc.warc import ArchiveIterator

from penstock.crawl.frames import Frame
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


def parse_record(frame: Frame) -> WebRecord:
    """Parse the bytes of a frame. Raises RecordError when they hold no WARC record."""
    repair = frame.repair
    failure = ""
    for mode in _DECODING:
        try:
            record = next(_parsed(frame.data, mode), None)
            payload = b"" if record is None else record.reader.read(MAX_PAYLOAD + 1)
        except (OSError, ValueError) as error:
            failure = failure or str(error).splitlines()[0][:120]
            continue
        if record is None:
            raise RecordError("no WARC record can be parsed here")
        if len(payload) > MAX_PAYLOAD:
            raise RecordError(f"the payload unpacks to more than {MAX_PAYLOAD:,} bytes")
        if failure:
            repair = "; ".join(filter(None, [repair, f"http_encoding: {failure!r}"]))
        return _web_record(record, payload, repair)
    raise RecordError(f"the record cannot be read: {failure}")


def _parsed(data: bytes, mode: Literal["all", "content", "none"]) -> Any:
    return iter(ArchiveIterator(BytesIO(data), quirks_mode=True, auto_decode=mode))


def _web_record(record: Any, payload: bytes, repair: str) -> WebRecord:
    headers = {key.lower(): value for key, value in record.headers.items()}
    status = record.http_headers.status_code if record.is_http and record.http_headers else None
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
    )


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()
