"""The kernels that cut documents into lines and paragraphs, and count marks."""

# Whole numbers here are numba's, which mypy does not tell from Python's.
# mypy: disable-error-code="arg-type,assignment,no-any-return,operator,return-value"
from __future__ import annotations

from typing import Any

import numpy as np

from penstock.text.characters import END, SPACE
from penstock.text.kernels import (
    BITS,
    BYTES,
    BYTES_OUT,
    FLAG,
    HASHES_OUT,
    INT,
    INTS,
    INTS_OUT,
    TABLE_OUT,
    before,
    decode,
    detour,
    digest,
    eight,
    kernel,
    step,
)

# Where to cut: text.split("\n"), text.splitlines(), text.split("\n\n"), and
# re.split("\n\n+", text.strip()).
LINES, ROWS, PAIRS, PARAGRAPHS = range(4)

# How a piece ends, its white space left out, as bits; and what holds of it as it is.
ENDS = (
    "dots", "ellipsis", "spaced_dots", "curator", "terminal", "flush_left", "flush_right",
)  # fmt: skip
DOTS, ELLIPSIS, SPACED_DOTS, CURATOR, TERMINAL, FLUSH_LEFT, FLUSH_RIGHT = (
    1 << bit for bit in range(len(ENDS))
)
# The columns of the counts of marks.
MARKS = ("characters", "feeds", "hashes", "ellipses", "dots", "spaced_dots")

_LOW = np.uint64(0x2020202020202020)
_FEEDS = np.uint64(0x0A0A0A0A0A0A0A0A)
_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)


@step
def _unbroken(word: Any, mode: int) -> bool:
    """Whether there can be no break among eight bytes: no line feed, or no control character."""
    if mode == ROWS:
        return (((word - _LOW) & ~word) | word) & _HIGH == 0
    feeds = word ^ _FEEDS
    return (feeds - _ONES) & ~feeds & _HIGH == 0


@step
def next_break(data: Any, at: int, end: int, mode: int) -> tuple[int, int]:
    """Where the next break is and what comes after it; at the end, and -1, if there is none."""
    while at < end:
        if at + 8 <= end and _unbroken(eight(data, at, 8), mode):
            at += 8
            continue
        byte = data[at]
        if byte == 10:
            after = at + 1
            if mode <= ROWS:
                return at, after
            while after < end and data[after] == 10 and (mode != PAIRS or after - at < 2):
                after += 1
            if after - at >= 2:
                return at, after
            at = after
            continue
        if mode == ROWS:
            size = 0
            if 11 <= byte <= 13 or 28 <= byte <= 30:
                size = 2 if byte == 13 and at + 1 < end and data[at + 1] == 10 else 1
            elif byte == 0xC2 and data[at + 1] == 0x85:
                size = 2
            elif byte == 0xE2 and data[at + 1] == 0x80 and data[at + 2] & 0xFE == 0xA8:
                size = 3
            if size:
                return at, at + size
        at += 1
    return end, -1


@step
def strip_space(data: Any, start: int, end: int, table: Any) -> tuple[int, int]:
    """The piece without white space at its ends."""
    while start < end:
        code, width = decode(data, start)
        if table[code] & SPACE == 0:
            break
        start += width
    while start < end:
        last = before(data, end)
        code, _ = decode(data, last)
        if table[code] & SPACE == 0:
            break
        end = last
    return start, end


@step
def _characters(data: Any, start: int, end: int) -> int:
    text, found = data[start:end], np.int64(0)
    for place in range(text.size):
        found += text[place] & 0xC0 != 0x80
    return found


def _packed(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(text.encode(), "little"))


_DOTS, _ELLIPSIS, _SPACED = _packed("..."), _packed("…"), _packed(". . .")
_SHORT = tuple(_packed(text) for text in ("[...]", "(...)", "[…]"))
_QUOTE = _packed("-»")
_READ_MORE = _packed("read mor")
_LETTERS = np.uint64(0x2020200020202020)  # the bit that tells small letters from capitals


@detour
def _more(data: Any, start: int, end: int) -> bool:
    """Whether a piece ends with the words "read more"."""
    if end - start < 9 or data[end - 1] | 0x20 != 101:
        return False
    return eight(data, end - 9, 8) | _LETTERS == _READ_MORE


@detour
def _tail(data: Any, start: int, end: int) -> int:
    """How a piece ends, as bits, that has no white space at its ends."""
    size, found = end - start, 0
    if size >= 3:
        three = eight(data, end - 3, 3)
        found |= DOTS * (three == _DOTS) | ELLIPSIS * (three == _ELLIPSIS)
        found |= CURATOR * (three == _QUOTE)
    if size >= 5:
        five = eight(data, end - 5, 5)
        found |= SPACED_DOTS * (five == _SPACED)
        found |= CURATOR * ((five == _SHORT[0]) | (five == _SHORT[1]) | (five == _SHORT[2]))
    dots = 2 * (size > 2 and data[end - 1] == 46 and data[end - 2] == 46)
    return found | CURATOR * (_more(data, start, end) or _more(data, start, end - dots))


@detour
def _whole(data: Any, start: int, end: int, left: int, right: int, table: Any) -> int:
    """What holds of a piece as it is, as bits; left and right are its ends without white space."""
    found = FLUSH_LEFT * (left == start) | FLUSH_RIGHT * (right == end)
    if start < end:
        code, _ = decode(data, before(data, end))
        found |= TERMINAL * (table[code] & END != 0)
    return found


@kernel(
    INTS, BYTES, BITS, INT, FLAG, FLAG,
    INTS_OUT, INTS_OUT, HASHES_OUT, INTS_OUT, BYTES_OUT,
)  # fmt: skip
def cut_lines(
    offsets: Any, data: Any, table: Any, mode: int, strip: bool, hashed: bool,
    firsts: Any, sizes: Any, hashes: Any, heads: Any, tails: Any,
) -> int:  # fmt: skip
    """Cut documents into pieces: per document the place of its first piece; per piece how many
    characters it has, a hash, its first character that is no white space (-1 if there is none), and
    how it ends.

    With `strip` sizes and hashes are those without white space at the ends. Returns how many pieces
    there are, or -1 for too little room.
    """
    found = np.int64(0)
    for document in range(offsets.size - 1):
        at, end = offsets[document], offsets[document + 1]
        if mode == PARAGRAPHS:
            at, end = strip_space(data, at, end, table)
        firsts[document] = found
        after = at
        while after >= 0:
            start = after
            stop, after = next_break(data, start, end, mode)
            if mode == ROWS and after < 0 and start == stop:
                break
            if found >= sizes.size:
                return -1
            left, right = strip_space(data, start, stop, table)
            heads[found] = decode(data, left)[0] if left < right else -1
            tails[found] = _tail(data, left, right) | _whole(data, start, stop, left, right, table)
            if strip:
                start, stop = left, right
            sizes[found] = _characters(data, start, stop)
            hashes[found] = digest(data, start, stop) if hashed else np.uint64(0)
            found += 1
    firsts[offsets.size - 1] = found
    return found


@detour
def _triples(data: Any, start: int, end: int, step: int) -> int:
    """How many times three dots, `step` bytes apart, come in a text, none counted twice."""
    found, at = 0, start
    while at + 2 * step < end:
        spaced = step == 1 or (data[at + 1] == 32 and data[at + 3] == 32)
        if spaced and data[at] == 46 and data[at + step] == 46 and data[at + 2 * step] == 46:
            found += 1
            at += 2 * step
        at += 1
    return found


@kernel(INTS, BYTES, TABLE_OUT)
def count_marks(offsets: Any, data: Any, counts: Any) -> None:
    """Count, per document, its characters, line feeds, #, …, ... and ". . ."."""
    for document in range(offsets.size - 1):
        start, end = offsets[document], offsets[document + 1]
        text = data[start:end]  # counted from 0, so that many bytes are compared at once
        feeds = hashes = ellipses = dots = spaced = np.int64(0)
        for place in range(text.size):
            feeds += text[place] == 10
            hashes += text[place] == 35
        for place in range(text.size - 2):
            first, second, third = text[place], text[place + 1], text[place + 2]
            ellipses += (first == 0xE2) & (second == 0x80) & (third == 0xA6)
            dots += (first == 46) & (second == 46)
            spaced += (first == 46) & (second == 32) & (third == 46)
        counts[document, 0] = _characters(data, start, end)
        counts[document, 1], counts[document, 2], counts[document, 3] = feeds, hashes, ellipses
        counts[document, 4] = _triples(data, start, end, 1) if dots else 0
        counts[document, 5] = _triples(data, start, end, 2) if spaced else 0
