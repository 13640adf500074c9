"""The kernel of the line rules of C4; `penstock.text.c4` says what it does."""

# Whole numbers here are numba's, which mypy does not tell from Python's.
# mypy: disable-error-code="arg-type,assignment,no-any-return,operator,return-value"
from __future__ import annotations

from typing import Any

import numpy as np

from penstock.text.c4 import POLICIES
from penstock.text.characters import DECIMAL, SPACE
from penstock.text.kernels import (
    BITS,
    BYTES,
    BYTES_OUT,
    FLAG,
    INT,
    INTS,
    TABLE_OUT,
    decode,
    detour,
    kernel,
    step,
)
from penstock.text.kernels_lines import ROWS, next_break, strip_space
from penstock.text.kernels_sentences import sentences

# The columns of the counts; the rules by which lines go have the names of penstock.text.c4.
NAMES = (
    "lines", "kept", "sentences", "lorem_ipsum", "curly_bracket",
    "long_word", "without_end", "few_words", "javascript", "policy",
)  # fmt: skip
COLUMNS = len(NAMES)
LINE, KEPT, SENTENCES, LOREM_IPSUM, CURLY_BRACKET = range(5)
LONG_WORD, WITHOUT_END, FEW_WORDS, JAVASCRIPT, POLICY = range(5, 10)

# What a document may hold, as bits.
_LOREM, _SCRIPT, _POLICY = 1, 2, 4
_PHRASES = [phrase.encode() for phrase in ("lorem ipsum", "javascript", *POLICIES)]
_BYTES = np.frombuffer(b"".join(_PHRASES), np.uint8)
_STARTS = np.cumsum([0, *map(len, _PHRASES)])
_EDIT = np.frombuffer(b"[edit]", np.uint8)
_NEEDED = np.frombuffer(b"[citation needed]", np.uint8)


@detour
def _look(data: Any, start: int, end: int) -> int:
    """Which phrases a document may hold: every phrase has some four letters that are rare, and
    comparing four bytes at every place of a text takes less time than finding its lines."""
    text = data[start:end]
    lorem = script = policy = np.uint8(0)
    for place in range(text.size - 3):
        one, two = text[place] | 32, text[place + 1] | 32
        three, four = text[place + 2] | 32, text[place + 3] | 32
        lorem |= np.uint8((one == 105) & (two == 112) & (three == 115) & (four == 117))  # ipsu
        script |= np.uint8((one == 118) & (two == 97) & (three == 115) & (four == 99))  # vasc
        policy |= np.uint8((one == 102) & (two == 32) & (three == 117) & (four == 115))  # f us
        policy |= np.uint8((one == 108) & (two == 105) & (three == 99) & (four == 121))  # licy
        # kies, where k may be the sign of Kelvin, whose small letter it is.
        kelvin = (one == 107) | (one == 0xAA)
        policy |= np.uint8(kelvin & (two == 105) & (three == 101) & (four == 115))
    return lorem * _LOREM | script * _SCRIPT | policy * _POLICY


@step
def _kelvin(data: Any, at: int, end: int) -> bool:
    return at + 3 <= end and data[at + 1] == 0x84 and data[at + 2] == 0xAA


@detour
def _match(data: Any, at: int, end: int, phrase: int) -> bool:
    """Whether a phrase stands at a place, in capitals or small letters."""
    for place in range(_STARTS[phrase], _STARTS[phrase + 1]):
        if at >= end:
            return False
        byte = data[at]
        if 65 <= byte <= 90:
            byte |= 32
        if byte == 0xE2 and _BYTES[place] == 107 and _kelvin(data, at, end):
            at += 3
            continue
        if byte != _BYTES[place]:
            return False
        at += 1
    return True


@detour
def _holds(data: Any, start: int, end: int, first: int, last: int) -> bool:
    """Whether a line holds one of some phrases."""
    for at in range(start, end):
        for phrase in range(first, last):
            if data[at] | 32 == _BYTES[_STARTS[phrase]] and _match(data, at, end, phrase):
                return True
    return False


@detour
def _words(data: Any, start: int, end: int, table: Any, most: int, longest: int) -> tuple[int, int]:
    """How many words a line has, and the most characters of one; both only as far as asked for."""
    found, size, largest, at = 0, 0, 0, start
    long = longest > 0 and end - start > longest
    while at < end and (long or found < most):
        code, width = decode(data, at)
        if table[code] & SPACE:
            size = 0
        else:
            size += 1
            found += size == 1
            largest = max(largest, size)
        at += width
    return found, largest


@detour
def _equal(data: Any, at: int, end: int, text: Any) -> bool:
    if end - at < text.size:
        return False
    same = True
    for place in range(text.size):
        same &= data[at + place] == text[place]
    return same


@detour
def _citation(data: Any, at: int, end: int, table: Any) -> int:
    """How many bytes a mark of citation takes that begins at a place, or 0."""
    if _equal(data, at, end, _EDIT):
        return _EDIT.size
    if _equal(data, at, end, _NEEDED):
        return _NEEDED.size
    stop = at + 1
    while stop < end:
        code, width = decode(data, stop)
        if code == 93:
            return stop + 1 - at
        if table[code] & DECIMAL == 0:
            return 0
        stop += width
    return 0


@detour
def _uncited(data: Any, start: int, end: int, table: Any, line: Any) -> int:
    """Copy a line without its marks of citation; how many bytes are left, or -1 if it has none."""
    size, at = 0, start
    while at < end:
        skip = _citation(data, at, end, table) if data[at] == 91 else 0
        at += skip
        if skip == 0:
            line[size] = data[at]
            size += 1
            at += 1
    return size if size < end - start else -1


@detour
def _bracket(data: Any, start: int, end: int, byte: int) -> bool:
    text, found = data[start:end], np.uint8(0)
    for place in range(text.size):
        found |= np.uint8(text[place] == byte)
    return found != 0


@detour
def _ended(data: Any, start: int, end: int, ends: int, ellipses: bool) -> bool:
    """Whether a line ends as it has to: `ends` has a bit for each of . ? ! " and '."""
    last = data[end - 1] if start < end else np.uint8(0)
    if last == 46:
        dots = end - start >= 3 and data[end - 2] == 46 and data[end - 3] == 46
        return ends & 1 != 0 and (ellipses or not dots)
    return (
        (last == 63 and ends & 2 != 0)
        or (last == 33 and ends & 4 != 0)
        or (last == 34 and ends & 8 != 0)
        or (last == 39 and ends & 16 != 0)
    )


@detour
def _rule(
    data: Any, start: int, end: int, may: int, javascript: bool, policy: bool, tally: Any
) -> int:  # fmt: skip
    """The rule by which a line goes for what it says, or KEPT; notes what drops the document."""
    may = _look(data, start, end) if may else 0
    tally[LOREM_IPSUM] += may & _LOREM and _holds(data, start, end, 0, 1)
    if javascript and may & _SCRIPT and _holds(data, start, end, 1, 2):
        return JAVASCRIPT
    tally[CURLY_BRACKET] += _bracket(data, start, end, 123)
    if policy and may & _POLICY and _holds(data, start, end, 2, _STARTS.size - 1):
        return POLICY
    return KEPT


@detour
def _note(data: Any, start: int, end: int, may: int, tally: Any) -> None:
    """Note what a line says that drops the document for Dolma."""
    may = _look(data, start, end) if may else 0
    tally[LOREM_IPSUM] += may & _LOREM and _holds(data, start, end, 0, 1)
    tally[JAVASCRIPT] += may & _SCRIPT and _holds(data, start, end, 1, 2)
    tally[CURLY_BRACKET] += _bracket(data, start, end, 123)


@kernel(
    INTS, BYTES, BITS, INT, FLAG, INT, FLAG, INT, INT, FLAG, FLAG, FLAG, BYTES_OUT, TABLE_OUT
)  # fmt: skip
def count_lines(
    offsets: Any, data: Any, table: Any, mode: int, whole: bool,
    ends: int, ellipses: bool, least: int, longest: int, citations: bool, javascript: bool,
    policy: bool, buffer: Any, counts: Any,
) -> None:  # fmt: skip
    """Count, per document, its lines, those that stay, their sentences, those that hold what drops
    the document (with `whole` of all lines, else of those not gone by then), and those that go by
    each rule."""
    for document in range(offsets.size - 1):
        first, last = offsets[document], offsets[document + 1]
        may, cited = _look(data, first, last), citations and _bracket(data, first, last, 91)
        tally = counts[document]
        after = first
        while after >= 0:
            at = after
            stop, after = next_break(data, at, last, mode)
            if mode == ROWS and after < 0 and at == stop:
                break
            tally[LINE] += 1
            start, end = strip_space(data, at, stop, table)
            if whole:
                _note(data, start, end, may, tally)
            words, largest = _words(data, start, end, table, least, longest)
            if longest and largest > longest:
                tally[LONG_WORD] += 1
                continue
            size = _uncited(data, start, end, table, buffer) if cited else -1
            text, held = (buffer[:size], 7) if size >= 0 else (data[start:end], may)
            if ends and not _ended(text, 0, text.size, ends, ellipses):
                tally[WITHOUT_END] += 1
            elif words < least:
                tally[FEW_WORDS] += 1
            else:
                rule = KEPT if whole else _rule(text, 0, text.size, held, javascript, policy, tally)
                tally[rule] += 1
                if rule == KEPT:
                    tally[SENTENCES] += sentences(text, 0, text.size, table)
