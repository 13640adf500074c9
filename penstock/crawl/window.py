"""A forward view of a byte stream, and the frames that are cut from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

BLOCK = 1 << 18
MAX_HEADER = 1 << 16
MAX_RECORD = 64 << 20


class Frame(NamedTuple):
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

    def peek(self, size: int, at: int = 0) -> bytes:
        """The next bytes, or those `at` bytes further on, without taking them."""
        self.fill(at + size)
        start = self._start + at
        with memoryview(self._bytes) as view:
            return bytes(view[start : start + size])

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

    def until(self, header: re.Pattern[bytes], longest: int = 64) -> bytes:
        """Take everything up to the next header, which begins with the end of the line before it.

        At most MAX_RECORD bytes are kept. `longest` is how long a header can be.
        """
        kept = bytearray()
        while self.peek(1):
            block = self.peek(BLOCK)
            found = header.search(block)
            if found:
                kept += self.take(found.start() + 1)
                break
            # A header may begin in this block and end in the next.
            kept += self.take(len(block) if self.ended else max(1, len(block) - longest))
            del kept[MAX_RECORD:]
        return bytes(kept)
