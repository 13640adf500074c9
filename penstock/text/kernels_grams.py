"""The kernels that find n-grams which come more than once.

An n-gram that comes once begins no longer one that comes twice, so each size looks only at where
the size before found something: in prose a few places of hundreds.
"""

# Whole numbers here are numba's, which mypy does not tell from Python's.
# mypy: disable-error-code="arg-type,assignment,no-any-return,operator,return-value"
from __future__ import annotations

from typing import Any

import numpy as np

from penstock.text.kernels import (
    BITS,
    BITS_OUT,
    BYTES,
    BYTES_OUT,
    HASHES,
    HASHES_OUT,
    INT,
    INTS,
    INTS_OUT,
    TABLE_OUT,
    digest,
    eight,
    kernel,
    mix,
    step,
)

# How repeated n-grams are counted: by which program.
WAYS = ("datatrove", "dolma", "dclm", "curator")
DATATROVE, DOLMA, DCLM, CURATOR = range(4)
# The columns of the counts of repeated pieces.
REPEATS = ("all", "characters", "copies", "copied", "repeated", "repeated_characters")


@step
def _mark(keys: Any, size: int, marks: Any) -> Any:
    """Mark each key, by its lowest bits, as there once (1) or more often (3); which bits."""
    room = 64
    while room < 8 * size:
        room *= 2
    marks[:room] = 0
    mask = np.uint64(room - 1)
    for member in range(size):
        slot = keys[member] & mask
        marks[slot] = (marks[slot] << 1 | 1) & 3
    return mask


@step
def _group(keys: Any, size: int, groups: Any, counts: Any, slots: Any) -> None:
    """Give each key the place of the first like it, and count those alike there."""
    room = 16
    while room < 4 * size:
        room *= 2
    slots[:room] = 0
    for member in range(size):
        key = keys[member]
        slot = np.int64(key & np.uint64(room - 1))
        while slots[slot] and keys[slots[slot] - 1] != key:
            slot = (slot + 1) & (room - 1)
        if slots[slot] == 0:
            slots[slot] = member + 1
            counts[member] = 0
        groups[member] = np.int64(slots[slot]) - 1
        counts[groups[member]] += 1


@kernel(
    INTS, HASHES, INTS, BYTES, HASHES_OUT, INTS_OUT, INTS_OUT, INTS_OUT, BITS_OUT, TABLE_OUT
)  # fmt: skip
def count_repeats(
    firsts: Any, hashes: Any, sizes: Any, keep: Any,
    keys: Any, places: Any, groups: Any, counts: Any, slots: Any, found: Any,
) -> None:  # fmt: skip
    """Per document, of the pieces marked in `keep`, how many there are and their characters; then
    the same of those met before, and of all that come more than once."""
    for document in range(firsts.size - 1):
        size = 0
        for piece in range(firsts[document], firsts[document + 1]):
            keys[size], places[size] = hashes[piece], piece
            size += keep[piece]
        _group(keys, size, groups, counts, slots)
        for member in range(size):
            characters = sizes[places[member]]
            found[document, 0] += 1
            found[document, 1] += characters
            if groups[member] != member:
                found[document, 2] += 1
                found[document, 3] += characters
            if counts[groups[member]] > 1:
                found[document, 4] += 1
                found[document, 5] += characters


@step
def _size(letters: Any, start: int, stop: int) -> int:
    """The characters of some words."""
    return np.int64(letters[stop]) - np.int64(letters[start])


@step
def _most(
    letters: Any, n: int, size: int, places: Any, groups: Any, counts: Any, ties: bool
) -> int:
    """The first of the most frequent n-grams, or with `ties` the longest of them, or -1."""
    best, most, longest = -1, 1, 0
    for member in range(size):
        count = counts[member]
        if groups[member] != member or count < most or count == 1:
            continue
        length = _size(letters, places[member], places[member] + n)
        if count > most or (ties and length > longest):
            best, most, longest = member, count, length
    return best


@step
def _repeated(
    letters: Any, n: int, size: int, places: Any, groups: Any, counts: Any, way: int
) -> int:
    """The characters of repeated n-grams, as Dolma, DCLM and Curator count them."""
    found = np.int64(0)
    reach = np.int64(0)
    for member in range(size):
        if counts[groups[member]] < 2:
            continue
        start = places[member]
        stop = start + n
        if way == DOLMA:
            found += _size(letters, start, stop)
        elif way == DCLM or groups[member] != member:
            fresh = max(start, reach)
            found += _size(letters, fresh, stop)
            found += min(stop - fresh, n - 1) if way == CURATOR else 0
            reach = stop
    return found


@step
def _longer(
    hashes: Any, n: int, end: int, size: int, places: Any, groups: Any, counts: Any, keys: Any
) -> int:
    """Go on with the n-grams whose beginning, a word shorter, comes more than once."""
    found = 0
    for member in range(size):
        place = places[member]
        if counts[groups[member]] > 1 and place + n <= end:
            keys[found] = mix(keys[member], hashes[place + n - 1])
            places[found] = place
            found += 1
    return found


@step
def _jump(letters: Any, n: int, size: int, places: Any, groups: Any, counts: Any) -> int:
    """The characters of n-grams met before, where those that overlap one are not met."""
    found, reach = np.int64(0), np.int64(0)
    for member in range(size):
        counts[member] = 0
    for member in range(size):
        place = places[member]
        if place < reach:
            continue
        if counts[groups[member]]:
            found += _size(letters, place, place + n)
            reach = place + n
        counts[groups[member]] = 1
    return found


@step
def _often(keys: Any, size: int, places: Any, marks: Any) -> int:
    """Leave out nearly all keys that come once, without a branch; how many stay."""
    mask = _mark(keys, size, marks)
    kept = 0
    for member in range(size):
        key = keys[member]
        keys[kept], places[kept] = key, places[member]
        kept += marks[key & mask] >> 1
    return kept


@kernel(
    INTS, BITS, HASHES, INT, HASHES_OUT, INTS_OUT, INTS_OUT, INTS_OUT, BITS_OUT, BYTES_OUT,
    TABLE_OUT, TABLE_OUT, TABLE_OUT,
)  # fmt: skip
def count_grams(
    firsts: Any, letters: Any, hashes: Any, way: int,
    keys: Any, places: Any, groups: Any, counts: Any, slots: Any, marks: Any,
    best: Any, most: Any, repeated: Any,
) -> None:  # fmt: skip
    """Per document and n: where the most frequent n-gram begins and how often it comes, for n of 2
    to 4, and the characters of repeated ones for n of 5 to 10. Two n-grams are the same where all
    their words are."""
    for document in range(firsts.size - 1):
        start, end = firsts[document], firsts[document + 1]
        size = max(end - start - 1, 0)
        for member in range(size):
            places[member] = start + member
            keys[member] = mix(hashes[start + member], hashes[start + member + 1])
        for n in range(2, 11):
            if n > 2:
                size = _longer(hashes, n, end, size, places, groups, counts, keys)
            size = _often(keys, size, places, marks)
            _group(keys, size, groups, counts, slots)
            if n > 4:
                repeated[document, n - 5] = _repeated(letters, n, size, places, groups, counts, way)
                continue
            member = _most(letters, n, size, places, groups, counts, way == DCLM)
            best[document, n - 2] = places[member] if member >= 0 else start
            most[document, n - 2] = counts[member] if member >= 0 else int(end - start >= n)
            if way == DATATROVE and n == 4:
                break


@step
def _same_start(
    starts: Any, squeezed: Any, first: int, size: int,
    keys: Any, places: Any, marks: Any, longs: Any,
) -> int:  # fmt: skip
    """The words with which repeated n-grams can begin, and whether long ones can; how many.

    Two that are the same begin with the same bytes, whatever words these belong to: of the places
    in prose one in five has its next eight in common with another, one in twenty its next sixteen.
    """
    for member in range(size):
        places[member] = first + member
        keys[member] = mix(np.uint64(0), eight(squeezed, np.int64(starts[first + member]), 8))
    mask = _mark(keys, size, marks)
    kept = 0
    for member in range(size):
        key, place = keys[member], first + member
        keys[kept], places[kept] = key, place
        kept += marks[key & mask] >> 1 | (starts[place + 5] - starts[place] < 8)
    for member in range(kept):
        second = eight(squeezed, np.int64(starts[places[member]]) + 8, 8)
        keys[member] = mix(keys[member], second)
    mask = _mark(keys, kept, marks)
    for member in range(kept):
        longs[member] = marks[keys[member] & mask] >> 1
    return kept


@step
def _ends(squeezed: Any, start: int, stop: int) -> Any:
    """A hash of the size and the ends of some bytes, for which all need not be read."""
    found = mix(np.uint64(stop - start), eight(squeezed, start, min(stop - start, 8)))
    return mix(found, eight(squeezed, max(stop - 8, start), min(stop - start, 8)))


@kernel(
    INTS, BITS, BITS, BYTES,
    HASHES_OUT, INTS_OUT, INTS_OUT, INTS_OUT, INTS_OUT, BITS_OUT, BYTES_OUT, BYTES_OUT, TABLE_OUT,
)  # fmt: skip
def count_joined(
    firsts: Any, starts: Any, letters: Any, squeezed: Any,
    keys: Any, places: Any, chosen: Any, groups: Any, counts: Any, slots: Any, marks: Any,
    longs: Any, repeated: Any,
) -> None:  # fmt: skip
    """Per document and n of 5 to 10, the characters of repeated n-grams as datatrove finds them:
    the words joined without spaces, from left to right, going on behind a repeated one."""
    for document in range(firsts.size - 1):
        first, end = firsts[document], firsts[document + 1]
        size = max(end - first - 4, 0)
        size = _same_start(starts, squeezed, first, size, keys, places, marks, longs)
        for n in range(5, 11):
            members = 0
            for member in range(size):
                place = places[member]
                if place + n > end:
                    break
                start, stop = np.int64(starts[place]), np.int64(starts[place + n])
                if longs[member] or stop - start < 16:
                    keys[members] = _ends(squeezed, start, stop)
                    chosen[members] = place
                    members += 1
            members = _often(keys, members, chosen, marks)
            for member in range(members):
                place = chosen[member]
                start, stop = np.int64(starts[place]), np.int64(starts[place + n])
                keys[member] = digest(squeezed, start, stop)
            _group(keys, members, groups, counts, slots)
            repeated[document, n - 5] = _jump(letters, n, members, chosen, groups, counts)
