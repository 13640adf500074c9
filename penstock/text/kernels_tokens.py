"""The rules of `penstock.text.words.tokens` for kernels, character by character the same."""

# Whole numbers here are numba's, which mypy does not tell from Python's.
# mypy: disable-error-code="arg-type,assignment,no-any-return,operator,return-value"
from __future__ import annotations

from typing import Any

from penstock.text.characters import (
    ALNUM,
    AMOUNT,
    APOSTROPHE,
    DIGIT,
    DOT,
    EDGE,
    ICON,
    LETTER,
    LINK,
    LOWER,
    MARK,
    SIGN,
    UPPER,
    VOWEL,
)
from penstock.text.kernels import seen, step

PLUS, HYPHEN, FULL_STOP, SLASH, COLON, EQUALS, AT = (ord(mark) for mark in "+-./:=@")
D, E, L, M, N, R, S, T, V, W = (ord(letter) for letter in "delmnrstvw")


@step
def _run(codes: Any, at: int, end: int) -> int:
    stop = at
    while stop < end and codes[stop] == codes[at]:
        stop += 1
    return stop - at


@step
def _first(table: Any, codes: Any, left: int, right: int) -> int:
    code, kind = codes[left], table[codes[left]]
    if kind & DOT:
        dots = _run(codes, left, right)
        return dots if dots > 1 else 0
    if code == PLUS:
        return int(right - left == 1 or table[codes[left + 1]] & DIGIT == 0)
    return int(code == EQUALS or kind & (EDGE | AMOUNT) != 0)


@step
def _initial(table: Any, codes: Any, left: int, right: int) -> bool:
    last = table[codes[right - 1]]
    if right - left == 1:
        return last & LETTER != 0
    return last & UPPER != 0 and table[codes[right - 2]] & UPPER == 0


@step
def _clitic(table: Any, codes: Any, left: int, right: int) -> int:
    size, last = right - left, codes[right - 1]
    if size > 1 and table[codes[right - 2]] & APOSTROPHE:
        if last == T and size > 3 and codes[right - 3] == N:
            return 3
        return 2 * ((last == S) | (last == M) | (last == D))
    if size > 2 and table[codes[right - 3]] & APOSTROPHE:
        before = codes[right - 2]
        return 3 * ((last == L) & (before == L) | (last == E) & ((before == R) | (before == V)))
    return 0


@step
def _last(table: Any, codes: Any, left: int, right: int) -> int:
    kind, size = table[codes[right - 1]], right - left
    if kind & DOT:
        dots = 1
        while dots < size and table[codes[right - 1 - dots]] & DOT:
            dots += 1
        return dots if dots > 1 else int(size > 1 and not _initial(table, codes, left, right - 1))
    if kind & EDGE:
        return 1
    if kind & AMOUNT:
        return int(size > 1 and table[codes[right - 2]] & DIGIT != 0)
    return _clitic(table, codes, left, right)


@step
def _address(codes: Any, left: int, right: int) -> bool:
    found = right - left >= 4 and codes[left] == W and codes[left + 3] == FULL_STOP
    found = found and codes[left + 1] == codes[left + 2] == W
    for at in range(left, right):
        found |= codes[at] == AT
        if at + 2 < right:
            found |= (codes[at] == COLON) & (codes[at + 1] == SLASH) & (codes[at + 2] == SLASH)
    return found


@step
def _joins(table: Any, codes: Any, left: int, at: int, stop: int, right: int) -> bool:
    kind = table[codes[at]]
    if kind & ICON or (kind & DOT and stop - at > 1):
        return True
    if at == left or stop == right:
        return False
    before, after = table[codes[at - 1]], table[codes[stop]]
    if kind & DOT:
        return before & LOWER != 0 and after & UPPER != 0
    if kind & SIGN and before & DIGIT and after & DIGIT:
        return True
    if codes[at] == HYPHEN and after & UPPER:
        return False
    return kind & LINK != 0 and before & ALNUM != 0 and after & LETTER != 0


@step
def _elides(table: Any, codes: Any, left: int, at: int, right: int) -> bool:
    if at == left or at + 2 >= right or table[codes[at]] & APOSTROPHE == 0:
        return False
    before, after = table[codes[at - 1]], table[codes[at + 1]]
    return before & LETTER != 0 and after & VOWEL != 0 and table[codes[at + 2]] & LETTER != 0


@step
def _cut_parts(table: Any, codes: Any, left: int, right: int, cuts: Any, found: int) -> int:
    at = left
    while at < right:
        stop = at + 1
        if table[codes[at]] & MARK:
            if table[codes[at]] & DOT or codes[at] == HYPHEN:
                stop = at + _run(codes, at, right)
            if _joins(table, codes, left, at, stop, right):
                cuts[found], cuts[found + 1] = at, stop
                found += 2
            elif _elides(table, codes, left, at, right):
                cuts[found] = stop
                found += 1
        at = stop
    return found


@step
def cut(table: Any, codes: Any, flags: Any, start: int, stop: int, cuts: Any, ends: Any) -> int:
    """Where a word is cut, in order; some places may come twice. How many there are."""
    left, right = start, stop
    trailing = found = 0
    while left < right:
        size = _last(table, codes, left, right)
        if size == 0:
            break
        ends[trailing] = right
        trailing += 1
        right -= size
    while left < right:
        size = _first(table, codes, left, right)
        if size == 0:
            break
        left += size
        cuts[found] = left
        found += 1
    if left < right:
        if seen(flags, left, right) & MARK and not _address(codes, left, right):
            found = _cut_parts(table, codes, left, right, cuts, found)
        cuts[found] = right
        found += 1
    while trailing:
        trailing -= 1
        cuts[found] = ends[trailing]
        found += 1
    return found
