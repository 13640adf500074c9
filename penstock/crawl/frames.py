"""Cutting a web archive into records by byte offset, whatever state the archive is in.

FastWARC parses records well, but neither it nor warcio says when a file ends in the middle of one,
and a damaged record costs both the rest of the file. So the cutting is done here: every byte of the
archive ends in a frame, and a frame that cannot be a record says why.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

GZIP = b"\x1f\x8b\x08"
USUAL_HEADER = 1 << 11
MAX_HEADER = 1 << 16
MAX_RECORD = 64 << 20
BLOCK = 1 << 18

_HEADER_END = re.compile(rb"\r*\n\r*\n")
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d+)", re.IGNORECASE | re.MULTILINE)
_NEXT = re.compile(rb"\nWARC/\d\.\d[^\n]*\n")


@dataclass(frozen=True)
class Frame:
    """The bytes of one record.

    `offset` is where to seek in the file; `inner` is the position within the gzip member there,
    which is 0 but for the rare archive with several records in a member. `problem` says why this
    cannot be read as a record, `repair` which rule made it readable.
    """

    offset: int
    data: bytes
    inner: int = 0
    problem: str = ""
    repair: str = ""


class Window:
    """A forward view of a byte stream, from which records are taken."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._bytes = bytearray()
        self._start = 0
        self.position = 0  # of the next byte that is taken
        self.ended = False

    def __len__(self) -> int:
        return len(self._bytes) - self._start

    def fill(self, size: int) -> bool:
        """Try to hold at least `size` bytes; False when the stream ends before."""
        while len(self) < size and not self.ended:
            block = self._read(max(BLOCK, size - len(self)))
            self.ended = not block
            if self._start > BLOCK:
                del self._bytes[: self._start]
                self._start = 0
            self._bytes += block
        return len(self) >= size

    def peek(self, size: int) -> bytes:
        """The next bytes, without taking them."""
        self.fill(size)
        return bytes(self._bytes[self._start : self._start + size])

    def take(self, size: int) -> bytes:
        """The next bytes; fewer at the end of the stream."""
        taken = self.peek(size)
        self.drop(len(taken))
        return taken

    def drop(self, size: int) -> None:
        """Take bytes that have been looked at."""
        self._start += size
        self.position += size

    def rest(self) -> bytes:
        """What is held and not taken; nothing more is read."""
        return bytes(self._bytes[self._start :])

    def skip(self, size: int) -> int:
        """Pass over bytes without holding them; how many there were."""
        left = size
        while left > 0 and (passed := len(self.take(min(left, BLOCK)))):
            left -= passed
        return size - left


def frames(stream: BinaryIO, start: int, stop: int) -> Iterator[Frame]:
    """The frames of an archive whose first byte stands in [start, stop).

    Gzip (one member a record, as the standard asks, or many) and plain archives are told apart by
    their bytes. `start` may be anywhere in a gzip archive; in a plain one it must be the beginning,
    since only the chain of lengths tells a record from a payload that quotes one.
    """
    stream.seek(0)
    head = stream.read(5)
    if head.startswith(GZIP) or (head != b"WARC/" and _next_member(stream, 0) is not None):
        yield from _gzip_frames(stream, start, stop)
    else:
        stream.seek(start)
        for frame in record_frames(Window(stream.read), 0):
            yield replace(frame, offset=start + frame.inner, inner=0)


def _gzip_frames(stream: BinaryIO, start: int, stop: int) -> Iterator[Frame]:
    position = start if start == 0 else _next_member(stream, start)
    while position is not None and position < stop:
        member = _Member(stream, position)
        yield from _member_frames(member, position)
        position = _next_member(stream, position + 1) if member.damage else member.end()


def _member_frames(member: _Member, position: int) -> Iterator[Frame]:
    """The records of one member. The last is held back until the checksum behind it is seen."""
    window = Window(member.read)
    held: Frame | None = None
    try:
        for frame in record_frames(window, position):
            if held is not None:
                yield held
            held = frame
    except zlib.error:
        if held is not None and len(window):
            # Something of another record stands behind the held one, and that is what is damaged.
            yield held
            held = None
    if held is None and member.damage:
        yield Frame(position, window.rest() or member.head, window.position, member.damage)
    elif held is not None:
        yield replace(held, problem=held.problem or member.damage)


class _Member:
    """One gzip member, inflated as it is read; `damage` says what is wrong with it, if anything."""

    def __init__(self, stream: BinaryIO, position: int) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj(wbits=31)
        self._input = b""
        self._next = position
        self.head = b""
        self.damage = ""

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end of the member. Raises zlib.error where it is damaged."""
        while not self._inflate.eof and not self.damage:
            if not self._input and not self._refill():
                self.damage = "the file ends in the middle of this record"
                return b""
            try:
                data = self._inflate.decompress(self._input, size)
            except zlib.error as error:
                self.damage = f"damaged gzip data: {error}"
                raise
            self._input = self._inflate.unconsumed_tail
            if data:
                self.head = self.head or data[:MAX_HEADER]
                return data
        return b""

    def end(self) -> int | None:
        """Where the next member should begin; None where the file holds nothing more but zeros."""
        position = self._next - len(self._inflate.unused_data)
        self._stream.seek(position)
        while block := self._stream.read(BLOCK):
            if block.strip(b"\0"):
                return position
        return None

    def _refill(self) -> bool:
        self._stream.seek(self._next)
        # Small blocks: what a damaged one inflates to is lost as a whole.
        self._input = self._stream.read(1 << 14)
        self._next += len(self._input)
        return bool(self._input)


def _next_member(stream: BinaryIO, start: int) -> int | None:
    """The first position from `start` on at which a gzip member inflates to a WARC header."""
    position, kept = start, b""
    while True:
        stream.seek(position + len(kept))
        block = kept + stream.read(BLOCK)
        if len(block) < len(GZIP):
            return None
        at = block.find(GZIP)
        while at >= 0:
            stream.seek(position + at)
            if _inflates_to_record(stream.read(512)):
                return position + at
            at = block.find(GZIP, at + 1)
        position += len(block) - 2
        kept = block[-2:]
        if len(block) < BLOCK:
            return None


def _inflates_to_record(data: bytes) -> bool:
    try:
        return zlib.decompressobj(wbits=31).decompress(data, 5) == b"WARC/"
    except zlib.error:
        return False


def record_frames(window: Window, offset: int) -> Iterator[Frame]:
    """Cut a plain stream of records, by their lengths where these are true."""
    while head := window.peek(USUAL_HEADER):
        if blank := len(head) - len(head.lstrip(b"\r\n")):
            window.drop(blank)
            continue
        inner = window.position
        if head.startswith(b"WARC/"):
            frame = _record(window, head)
        else:
            frame = Frame(0, _until_next(window), problem="no WARC header stands here")
        yield replace(frame, offset=offset, inner=inner)


def _record(window: Window, head: bytes) -> Frame:
    end = _HEADER_END.search(head)
    if end is None:
        head = window.peek(MAX_HEADER)
        end = _HEADER_END.search(head)
    length = _LENGTH.search(head, 0, end.start()) if end else None
    if end is None or length is None:
        window.drop(5)  # past this header, so that the search finds the next one
        lacks = "Content-Length" if end else "an end"
        return Frame(0, b"WARC/" + _until_next(window), problem=f"the WARC header lacks {lacks}")
    said = int(length[1])
    if said > MAX_RECORD:
        window.drop(end.end())
        window.skip(said)
        return Frame(0, head[: end.end()], problem=f"a record of {said:,} bytes is too large")
    return _with_body(window, end.end(), said)


def _with_body(window: Window, start: int, said: int) -> Frame:
    """The record whose body begins at `start` and is said to have so many bytes."""
    size = start + said
    seen = window.peek(size + 4)
    follows = seen[size:].lstrip(b"\r\n")
    if len(seen) >= size and (not follows or b"WARC/".startswith(follows[:5])):
        window.drop(size)
        return Frame(0, seen[:size])
    # The length is not true, or the file ends here. A header inside the body is the next record's.
    swallowed = _NEXT.search(seen, start, size)
    if swallowed:
        whole = window.take(swallowed.start() + 1).rstrip(b"\r\n")
    elif len(seen) < size:
        problem = "the file ends in the middle of this record"
        return Frame(0, window.take(size), problem=problem)
    else:
        whole = (window.take(size) + _until_next(window)).removesuffix(b"\r\n\r\n")
    held = len(whole) - start
    repair = f"content_length: the header says {said}, the record holds {held}"
    head = _LENGTH.sub(b"Content-Length: %d" % held, whole[:start], count=1)
    return Frame(0, head + whole[start:], repair=repair)


def _until_next(window: Window) -> bytes:
    """Everything up to the next WARC header, of which at most MAX_RECORD bytes are kept."""
    kept = bytearray()
    while window.peek(1):
        block = window.peek(BLOCK)
        found = _NEXT.search(block)
        if found:
            kept += window.take(found.start() + 1)
            break
        # A header may begin in this block and end in the next.
        kept += window.take(len(block) if window.ended else max(1, len(block) - 64))
        del kept[MAX_RECORD:]
    return bytes(kept)
