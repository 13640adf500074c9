"""The kernels that cut texts into lines, paragraphs and runs of words, each with a key."""

# Whole numbers here are numba's, which mypy does not tell from Python's.
# mypy: disable-error-code="arg-type,assignment,no-any-return,operator,return-value"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from penstock.text import hashing
from penstock.text.hashing import SEPARATOR, SINGLE
from penstock.text.kernels import (
    BITS,
    BYTES,
    FLAG,
    HASHES,
    HASHES_OUT,
    INT,
    INTS,
    INTS_OUT,
    absorb,
    decode,
    digest,
    kernel,
    step,
)

_FIRST, _SECOND, _ONE, _TWO = (
    np.uint64(value)
    for value in (hashing.SEED, hashing.SECOND_SEED, hashing.STEP, hashing.SECOND_STEP)
)
_CODE = np.uint32(SINGLE - 1)
_SPACE = np.uint64(32)

PARENTS_OUT = types.Array(types.int32, 1, "C")
KEYS_OUT = types.Array(types.uint64, 2, "C")


@step
def _second(state: Any, value: Any) -> Any:
    state = (state ^ value) * _TWO
    return state ^ (state >> np.uint64(29))


@step
def _line(text: Any, at: int, table: Any, one: Any, two: Any, size: int) -> Any:
    """Take in the characters of a line; where it ends, and how the unit stands that it is of."""
    space = size > 0
    while at < text.size and text[at] != 10:
        code, width = np.int64(text[at]), np.int64(1)
        if code >= 0x80:
            code, width = decode(text, at)
        entry = table[code]
        at += width
        if entry & SEPARATOR:
            space = size > 0
            continue
        if space:
            one, two = absorb(one, _SPACE), _second(two, _SPACE)
            size += 1
            space = False
        one, two = absorb(one, np.uint64(entry & _CODE)), _second(two, np.uint64(entry & _CODE))
        size += 1
    return at, one, two, size


@kernel(INTS, BYTES, BITS, HASHES, FLAG, INT, PARENTS_OUT, INTS_OUT, INTS_OUT, KEYS_OUT)
def cut_units(
    offsets: Any, data: Any, table: Any, salts: Any, blank: bool, least: int,
    parents: Any, starts: Any, stops: Any, keys: Any,
) -> int:  # fmt: skip
    """Find the lines, or what blank lines part, of at least `least` characters; how many."""
    found = np.int64(0)
    for document in range(offsets.size - 1):
        salt = salts[document]
        text = data[offsets[document] : offsets[document + 1]]
        at, begin, size = np.int64(0), np.int64(0), np.int64(0)
        one, two = _FIRST ^ salt, _SECOND ^ salt
        end, end_before = np.int64(-1), np.int64(-1)  # of this unit and the one before
        opened, last = False, np.int64(-1)  # the piece that nothing stands behind so far
        while salt != 0 and at <= text.size:
            start, size_before = at, size
            at, one, two, size = _line(text, at, table, one, two, size)
            filled = size > size_before
            if (filled or not blank) and not opened:
                if last >= 0:
                    stops[last] = start
                    last = np.int64(-1)
                begin, end_before, opened = start, end, True
            if filled or not blank:
                end = at
            if opened and (not blank or not filled or at == text.size):
                opened = False
                if size >= least:
                    parents[found], starts[found], stops[found] = document, begin, text.size
                    keys[found, 0], keys[found, 1] = one, two
                    last = found
                    found += 1
                one, two, size = _FIRST ^ salt, _SECOND ^ salt, np.int64(0)
            at += 1
        if last >= 0 and end_before >= 0:
            # Nothing stands behind it, so the line ends before it go with it.
            starts[last] = end_before
    return found


@step
def _words(text: Any, table: Any, starts: Any, hashes: Any, first: int) -> int:
    """Find the words of a text: where each begins, and its hash, from `first`; where they end."""
    found, at, begin = first, np.int64(0), np.int64(-1)
    while at <= text.size:
        code, width = np.int64(32), np.int64(1)
        if at < text.size:
            code = np.int64(text[at])
            if code >= 0x80:
                code, width = decode(text, at)
        entry = table[code]
        if entry & (SEPARATOR | SINGLE) and begin >= 0:
            starts[found], hashes[found] = begin, digest(text, begin, at)
            found += 1
            begin = np.int64(-1)
        if entry & SINGLE:
            starts[found], hashes[found] = at, digest(text, at, at + width)
            found += 1
        elif entry & SEPARATOR == 0 and begin < 0:
            begin = at
        at += width
    return found


@kernel(
    INTS, BYTES, BITS, INT, INTS_OUT, HASHES_OUT, PARENTS_OUT, INTS_OUT, INTS_OUT, KEYS_OUT
)  # fmt: skip
def cut_windows(
    offsets: Any, data: Any, table: Any, size: int, places: Any, hashes: Any,
    parents: Any, starts: Any, stops: Any, keys: Any,
) -> int:  # fmt: skip
    """Find all runs of `size` words, each up to where the next word begins; how many."""
    one_lead, two_lead = np.uint64(1), np.uint64(1)
    for _ in range(size - 1):
        one_lead, two_lead = one_lead * _ONE, two_lead * _TWO
    found = np.int64(0)
    for document in range(offsets.size - 1):
        text = data[offsets[document] : offsets[document + 1]]
        count = _words(text, table, places, hashes, np.int64(0))
        one, two = np.uint64(0), np.uint64(0)
        for word in range(count):
            if word >= size:
                gone = hashes[word - size]
                one, two = one - gone * one_lead, two - gone * two_lead
            one, two = one * _ONE + hashes[word], two * _TWO + hashes[word]
            if word + 1 >= size:
                parents[found] = document
                starts[found] = places[word + 1 - size]
                stops[found] = places[word + 1] if word + 1 < count else text.size
                keys[found, 0] = (one ^ (one >> np.uint64(32))) * _FIRST
                keys[found, 1] = (two ^ (two >> np.uint64(32))) * _FIRST
                found += 1
    return found
