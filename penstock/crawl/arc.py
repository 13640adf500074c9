"""Cutting a stream of ARC records (Burner and Kahle 1996), and making WARC records of them.

A record is a line (address, IP, date, media type, in version 2 five more fields, length) and so
many bytes, which for a web page are the server's whole answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from penstock.crawl.window import MAX_RECORD, Frame, Window

LONGEST_LINE = 1 << 13

# An address may hold spaces; the fields before the length are taken as they come.
_LINE = rb"([a-z][a-z0-9+.-]{1,15}:[^\n]*?) (\S+) (\d{8,18}) ([^\n]*?) ?(-?\w+)\r?\n"
_HEADER = re.compile(_LINE, re.IGNORECASE)
_NEXT = re.compile(rb"\n(?=" + _LINE + rb")", re.IGNORECASE)


def begins(data: bytes) -> bool:
    """Whether a record begins with these bytes."""
    return _HEADER.match(data) is not None


def single(data: bytes) -> bytes | None:
    """The one record that some bytes hold as they should; None where anything is unusual."""
    header = _HEADER.match(data, 0, LONGEST_LINE)
    if header is None or not header[5].isdigit():
        return None
    size = header.end() + int(header[5])
    return data[:size] if size <= len(data) and not data[size:].strip(b"\r\n") else None


def records(window: Window, offset: int) -> Iterator[Frame]:
    """Cut a plain stream of records."""
    while head := window.peek(LONGEST_LINE):
        if blank := len(head) - len(head.lstrip(b"\r\n")):
            window.drop(blank)
            continue
        inner = window.position
        header = _HEADER.match(head)
        if header:
            frame = _record(window, header)
        else:
            garbage = window.until(_NEXT, LONGEST_LINE)
            frame = Frame(0, garbage, problem="no ARC header stands here")
        yield frame._replace(offset=offset, inner=inner)


def as_warc(frame: Frame) -> Frame:
    """The same record in the form of a WARC record; a server's answer is a `response`."""
    header = _HEADER.match(frame.data)
    assert header is not None
    url, _, date, kind, _ = header.groups()
    body = frame.data[header.end() :]
    if url.lower().startswith(b"filedesc:"):
        kind_of, media = b"warcinfo", b"application/warc-fields"
    elif body.startswith(b"HTTP/"):
        kind_of, media = b"response", b"application/http; msgtype=response"
    else:
        kind_of, media = b"resource", kind.split(b" ")[0]
    head = b"WARC/1.0\r\nWARC-Type: %b\r\nWARC-Target-URI: %b\r\nWARC-Date: %b\r\n" % (
        kind_of,
        url,
        _iso(date),
    )
    head += b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n" % (media, len(body))
    return frame._replace(data=head + body)


def media_type(frame: Frame) -> str:
    """What the header line says the payload is."""
    header = _HEADER.match(frame.data)
    return header[4].split(b" ")[0].decode("latin-1").lower() if header else ""


def _iso(date: bytes) -> bytes:
    """A date of 14 digits as ISO 8601; another as it is.

    >>> _iso(b"20080430204825")
    b'2008-04-30T20:48:25Z'
    """
    parts = re.fullmatch(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", date)
    return b"%b-%b-%bT%b:%b:%bZ" % parts.groups() if parts else date


def _record(window: Window, header: re.Match[bytes]) -> Frame:
    if not header[5].isdigit():
        window.drop(header.end() - 1)
        problem = f"the ARC header has the length {header[5].decode('latin-1')!r}"
        return Frame(0, header[0] + window.until(_NEXT, LONGEST_LINE), problem=problem)
    said = int(header[5])
    size = header.end() + said
    if said > MAX_RECORD:
        window.drop(header.end())
        window.skip(said)
        return Frame(0, header[0], problem=f"a record of {said:,} bytes is too large")
    window.fill(size + LONGEST_LINE)
    follows = window.peek(LONGEST_LINE, size).lstrip(b"\r\n")
    if len(window) >= size and (not follows or begins(follows)):
        return Frame(0, window.take(size))
    # The length is not true, or the file ends here. A header inside the body is the next record's.
    swallowed = _NEXT.search(window.peek(size), header.end())
    if swallowed:
        whole = window.take(swallowed.start() + 1)
    elif len(window) < size:
        return Frame(0, window.take(size), problem="the file ends in the middle of this record")
    else:
        whole = window.take(size) + window.until(_NEXT, LONGEST_LINE)
    held = len(whole.rstrip(b"\r\n")) - header.end()
    repair = f"content_length: the header says {said}, the record holds {held}"
    return Frame(0, whole[: header.end() + held], repair=repair)
