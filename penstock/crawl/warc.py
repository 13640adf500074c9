"""Cutting a stream of WARC records (ISO 28500), by their lengths where these are true."""

from __future__ import annotations

import re
from collections.abc import Iterator

from penstock.crawl.window import MAX_HEADER, MAX_RECORD, Frame, Window

USUAL_HEADER = 1 << 11

_HEADER_END = re.compile(rb"\r*\n\r*\n")
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d+)", re.IGNORECASE | re.MULTILINE)
_NEXT = re.compile(rb"\nWARC/\d\.\d[^\n]*\n")


def begins(data: bytes) -> bool:
    """Whether a record begins with these bytes."""
    return data.startswith(b"WARC/")


def single(data: bytes) -> bytes | None:
    """The one record that some bytes hold as they should; None where anything is unusual."""
    end = _HEADER_END.search(data, 0, USUAL_HEADER) if begins(data) else None
    length = _LENGTH.search(data, 0, end.start()) if end else None
    if end is None or length is None:
        return None
    size = end.end() + int(length[1])
    if len(data) - size == 4 and data.endswith(b"\r\n\r\n"):
        return data[:size]
    return None


def records(window: Window, offset: int) -> Iterator[Frame]:
    """Cut a plain stream of records."""
    while head := window.peek(USUAL_HEADER):
        if blank := len(head) - len(head.lstrip(b"\r\n")):
            window.drop(blank)
            continue
        inner = window.position
        if begins(head):
            frame = _record(window, head)
        else:
            frame = Frame(0, window.until(_NEXT), problem="no WARC header stands here")
        yield frame._replace(offset=offset, inner=inner)


def _record(window: Window, head: bytes) -> Frame:
    end = _HEADER_END.search(head)
    if end is None:
        head = window.peek(MAX_HEADER)
        end = _HEADER_END.search(head)
    length = _LENGTH.search(head, 0, end.start()) if end else None
    if end is None or length is None:
        window.drop(5)  # past this header, so that the search finds the next one
        lacks = "Content-Length" if end else "an end"
        return Frame(0, b"WARC/" + window.until(_NEXT), problem=f"the WARC header lacks {lacks}")
    said = int(length[1])
    if said > MAX_RECORD:
        window.drop(end.end())
        window.skip(said)
        return Frame(0, head[: end.end()], problem=f"a record of {said:,} bytes is too large")
    return _with_body(window, end.end(), said)


def _with_body(window: Window, start: int, said: int) -> Frame:
    """The record whose body begins at `start` and is said to have so many bytes."""
    size = start + said
    window.fill(size + 4)
    follows = window.peek(4, size).lstrip(b"\r\n")
    if len(window) >= size and (not follows or b"WARC/".startswith(follows)):
        return Frame(0, window.take(size))
    # The length is not true, or the file ends here. A header inside the body is the next record's.
    seen = window.peek(size + 4)
    swallowed = _NEXT.search(seen, start, size)
    if swallowed:
        whole = window.take(swallowed.start() + 1).rstrip(b"\r\n")
    elif len(seen) < size:
        problem = "the file ends in the middle of this record"
        return Frame(0, window.take(size), problem=problem)
    else:
        whole = (window.take(size) + window.until(_NEXT)).removesuffix(b"\r\n\r\n")
    held = len(whole) - start
    repair = f"content_length: the header says {said}, the record holds {held}"
    head = _LENGTH.sub(b"Content-Length: %d" % held, whole[:start], count=1)
    return Frame(0, head + whole[start:], repair=repair)
