"""The rule of `penstock.text.c4.sentences` for kernels."""

# Whole numbers here are numba's, which mypy does not tell from Python's.
# mypy: disable-error-code="arg-type,assignment,no-any-return,operator,return-value"
from __future__ import annotations

from typing import Any

import numpy as np

from penstock.text.characters import ALNUM, END, LETTER, LOWER, SPACE, UPPER
from penstock.text.kernels import before, decode, detour, eight, step

_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_DOTS, _QUESTIONS, _SHOUTS = (np.uint64(ord(mark)) * _ONES for mark in ".?!")


@step
def _none(word: Any) -> bool:
    """Whether eight bytes are all ASCII, and none of them ends a sentence."""
    dots, questions, shouts = word ^ _DOTS, word ^ _QUESTIONS, word ^ _SHOUTS
    found = (dots - _ONES) & ~dots | (questions - _ONES) & ~questions | (shouts - _ONES) & ~shouts
    return (found | word) & _HIGH == 0


@detour
def _initial(data: Any, start: int, at: int, table: Any) -> bool:
    if at == start:
        return False
    place = before(data, at)
    code, _ = decode(data, place)
    kind = table[code]
    if kind & LETTER == 0:
        return False
    if place == start:
        return True
    code, _ = decode(data, before(data, place))
    return table[code] & SPACE != 0 or (kind & UPPER != 0 and table[code] & UPPER == 0)


@detour
def _unspaced(data: Any, at: int, stop: int, table: Any) -> bool:
    """Whether one of some marks ends sentences of a script without spaces."""
    while at < stop:
        code, width = decode(data, at)
        if code > 127 and table[code] & END:
            return True
        at += width
    return False


@detour
def _ends(data: Any, start: int, at: int, stop: int, end: int, table: Any) -> bool:
    """Whether marks end a sentence: from the first that can, `at`, to `stop`, in a line from
    `start` to `end`."""
    if stop < end:
        code, _ = decode(data, stop)
        after = table[code]
        if after & ALNUM and stop - at == 1 and data[at] == 46:
            code, _ = decode(data, before(data, at)) if at > start else (32, 1)
            return after & UPPER != 0 and table[code] & LOWER != 0 and table[code] & ALNUM != 0
        if after & ALNUM:
            return _unspaced(data, at, stop, table)
    place = at
    while place < stop:
        code, width = decode(data, place)
        if code != 46 and table[code] & END:
            return True
        if code == 46:
            dotted = place > start and data[place - 1] == 46
            if not dotted and not (place + 1 < end and data[place + 1] == 46):
                return not _initial(data, start, place, table)
        place += width
    return False


@detour
def sentences(data: Any, start: int, end: int, table: Any) -> int:
    """How many sentences a line has."""
    found, ended, at = int(start < end), False, start
    while at < end:
        if not ended and at + 8 <= end and _none(eight(data, at, 8)):
            at += 8
            continue
        code, width = decode(data, at)
        stop = at + width
        if table[code] & END:
            while stop < end:
                code, width = decode(data, stop)
                if table[code] & (ALNUM | SPACE):
                    break
                stop += width
            ended = ended or _ends(data, start, at, stop, end, table)
        elif ended and table[code] & ALNUM:
            found += 1
            ended = False
        at = stop
    return found
