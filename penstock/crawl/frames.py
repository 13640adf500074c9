"""Cutting a web archive into records by byte offset, whatever state the archive is in.

FastWARC parses records well, but neither it nor warcio says when a file ends in the middle of one,
and a damaged record costs both the rest of the file. So the cutting is done here: every byte of the
archive ends in a frame, and a frame that cannot be a record says why.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from penstock.crawl import arc, warc
from penstock.crawl.window import BLOCK, MAX_HEADER, MAX_RECORD, Frame, Window

GZIP = b"\x1f\x8b\x08"
ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60)))
SLICE = 1 << 16


class Form(NamedTuple):
    """A kind of archive: how a record begins, and how a stream of them is cut."""

    begins: Callable[[bytes], bool]
    single: Callable[[bytes], bytes | None]
    records: Callable[[Window, int], Iterator[Frame]]


WARC = Form(warc.begins, warc.single, warc.records)
ARC = Form(arc.begins, arc.single, arc.records)


def frames(stream: BinaryIO, start: int, stop: int, form: Form = WARC) -> Iterator[Frame]:
    """The frames of an archive whose first byte stands in [start, stop).

    Gzip (one member a record, as the standard asks, or many), zstd and plain archives are told
    apart by their bytes. `start` may be anywhere in a gzip archive; in the others it must be the
    beginning, since only the chain of lengths tells a record from a payload that quotes one.
    Offsets in a zstd archive are those of what is inside.
    """
    stream.seek(0)
    head = stream.read(arc.LONGEST_LINE)
    if head.startswith(ZSTD):
        yield from _zstd_frames(stream, form)
    elif head.startswith(GZIP) or (
        not form.begins(head) and _next_member(stream, 0, form) is not None
    ):
        yield from _gzip_frames(stream, start, stop, form)
    else:
        stream.seek(start)
        for frame in form.records(Window(stream.read), 0):
            yield frame._replace(offset=start + frame.inner, inner=0)


def _zstd_frames(stream: BinaryIO, form: Form) -> Iterator[Frame]:
    from fastwarc.stream_io import ZstdReader

    stream.seek(0)
    reader = ZstdReader(stream)
    # Little at a time: where the data is damaged, what was unpacked with it is gone.
    window = Window(lambda _: reader.read(1 << 12))
    try:
        for frame in form.records(window, 0):
            yield frame._replace(offset=frame.inner, inner=0)
    except OSError as error:
        problem = f"damaged zstd data, or the file ends here: {error}"
        yield Frame(window.position, window.rest(), problem=problem)


def _gzip_frames(stream: BinaryIO, start: int, stop: int, form: Form) -> Iterator[Frame]:
    position = start if start == 0 else _next_member(stream, start, form)
    ahead = _Ahead(stream)
    while position is not None and position < stop:
        whole = _whole(ahead, position, form)
        if whole is not None:
            frame, following = whole
            yield frame
            known = ahead.at(following, len(GZIP)) == GZIP
            position = following if known else _after(stream, following)
            continue
        member = _Member(stream, position)
        yield from _member_frames(member, position, form)
        damaged = member.damage
        position = _next_member(stream, position + 1, form) if damaged else member.end()


class _Ahead:
    """Blocks of a file read ahead, of which parts are looked at."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._start = 0
        self._block = memoryview(b"")

    def at(self, position: int, size: int) -> memoryview:
        """The bytes at a position; fewer at the end of the file."""
        place = position - self._start
        if not 0 <= place <= len(self._block) - size:
            self._stream.seek(position)
            self._block, self._start, place = memoryview(self._stream.read(1 << 20)), position, 0
        return self._block[place : place + size]


def _whole(ahead: _Ahead, position: int, form: Form) -> tuple[Frame, int] | None:
    """The frame of a member that is sound and holds one record, and where the member ends.

    None for any other, which is then read with more care.
    """
    from isal import isal_zlib  # three times as fast as zlib
    from isal.igzip_lib import IsalError

    inflate = isal_zlib.decompressobj(wbits=31)
    room = MAX_RECORD + MAX_HEADER
    parts: list[bytes] = []
    end = position
    try:
        while not inflate.eof:
            packed = ahead.at(end, SLICE)
            parts.append(inflate.decompress(packed, room))
            room -= len(parts[-1])
            end += len(packed)
            if not packed or room <= 0:
                return None
    except IsalError:  # type: ignore[misc]
        return None
    record = form.single(parts[0] if len(parts) == 1 else b"".join(parts))
    if record is None:
        return None
    return Frame(position, record), end - len(inflate.unused_data)


def _member_frames(member: _Member, position: int, form: Form) -> Iterator[Frame]:
    """The records of one member. The last is held back until the checksum behind it is seen."""
    window = Window(member.read)
    held: Frame | None = None
    try:
        for frame in form.records(window, position):
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
        yield held._replace(problem=held.problem or member.damage)


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
        return _after(self._stream, self._next - len(self._inflate.unused_data))

    def _refill(self) -> bool:
        self._stream.seek(self._next)
        # Small blocks: what a damaged one inflates to is lost as a whole.
        self._input = self._stream.read(1 << 14)
        self._next += len(self._input)
        return bool(self._input)


def _after(stream: BinaryIO, position: int) -> int | None:
    """The position itself; None where the file holds nothing more but zeros."""
    stream.seek(position)
    while block := stream.read(BLOCK):
        if block.strip(b"\0"):
            return position
    return None


def _next_member(stream: BinaryIO, start: int, form: Form) -> int | None:
    """The first position from `start` on at which a gzip member inflates to a record's header."""
    position, kept = start, b""
    while True:
        stream.seek(position + len(kept))
        block = kept + stream.read(BLOCK)
        if len(block) < len(GZIP):
            return None
        at = block.find(GZIP)
        while at >= 0:
            stream.seek(position + at)
            if _inflates_to_record(stream.read(1 << 11), form):
                return position + at
            at = block.find(GZIP, at + 1)
        position += len(block) - 2
        kept = block[-2:]
        if len(block) < BLOCK:
            return None


def _inflates_to_record(data: bytes, form: Form) -> bool:
    try:
        return form.begins(zlib.decompressobj(wbits=31).decompress(data, arc.LONGEST_LINE))
    except zlib.error:
        return False
