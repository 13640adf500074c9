"""The kernels that hash shingles, and make signatures, keys and fingerprints of the hashes."""

# Whole numbers here are numba's, which mypy does not tell from Python's.
# mypy: disable-error-code="arg-type,assignment,no-any-return,operator,return-value"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from penstock.text import hashing
from penstock.text.hashing import DROPPED, SEPARATOR, SINGLE
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
    kernel,
    step,
)

_SEED, _BASE, _FIRST_MIX, _SECOND_MIX = (
    np.uint64(value)
    for value in (hashing.SEED, hashing.BASE, hashing.FIRST_MIX, hashing.SECOND_MIX)
)
_MARKED = SINGLE | SEPARATOR | DROPPED
_CODE = SINGLE - 1
_TOP = np.uint64(1 << 63)
_MOST = np.int64((1 << 63) - 1)

SIGNATURES = types.Array(types.uint32, 2, "C", readonly=True)
SIGNATURES_OUT, KEYS_OUT = (types.Array(kind, 2, "C") for kind in (types.uint32, types.uint64))


@step
def _finish(value: Any) -> Any:
    value = (value ^ (value >> np.uint64(30))) * _FIRST_MIX
    value = (value ^ (value >> np.uint64(27))) * _SECOND_MIX
    return value ^ (value >> np.uint64(31))


@step
def _parts(text: Any, table: Any, spaced: bool, hashes: Any, first: int) -> int:
    """Hash the words or characters of a text into `hashes`, from `first`; where they end."""
    found, at = first, np.int64(0)
    word, inside, between = _SEED, np.int64(0), False
    space = absorb(_SEED, np.uint64(32))
    while at < text.size:
        code, width = np.int64(text[at]), np.int64(1)
        if code >= 0x80:
            code, width = decode(text, at)
        at += width
        entry = np.int64(table[code])
        if entry & _MARKED == 0:
            word, inside = absorb(word, np.uint64(entry)), np.int64(1)
            continue
        if entry & DROPPED:
            continue
        if inside:
            hashes[found] = word
            found += 1
            word, inside = _SEED, np.int64(0)
        if entry & SEPARATOR:
            between = True
            continue
        if spaced and between and found > first:
            hashes[found] = space
            found += 1
        between = False
        hashes[found] = absorb(_SEED, np.uint64(entry & _CODE))
        found += 1
    if inside:
        hashes[found] = word
        found += 1
    return found


@step
def _roll(hashes: Any, first: int, stop: int, size: int, lead: Any) -> int:
    """Put hashes of shingles where those of the parts were; where they end."""
    if first == stop:
        return first
    total = np.uint64(0)
    for place in range(first, min(stop, first + size)):
        total = total * _BASE + hashes[place]
    at = first
    for place in range(first + size, stop):
        gone = hashes[at]
        hashes[at] = _finish(total)
        at += 1
        total = (total - gone * lead) * _BASE + hashes[place]
    hashes[at] = _finish(total)
    return at + 1


@kernel(INTS, BYTES, BITS, INT, FLAG, INTS_OUT, HASHES_OUT, HASHES_OUT)
def hash_shingles(
    offsets: Any, data: Any, table: Any, size: int, spaced: bool,
    firsts: Any, hashes: Any, digests: Any,
) -> None:  # fmt: skip
    """Find the shingles and the digest of each text."""
    lead = np.uint64(1)
    for _ in range(size - 1):
        lead *= _BASE
    found = np.int64(0)
    for document in range(offsets.size - 1):
        firsts[document] = found
        text = data[offsets[document] : offsets[document + 1]]
        stop = _parts(text, table, spaced, hashes, found)
        whole = _SEED
        for place in range(found, stop):
            whole = absorb(whole, hashes[place])
        digests[document] = whole
        found = _roll(hashes, found, stop, size, lead)
    firsts[offsets.size - 1] = found


@kernel(INTS, HASHES, INTS, INTS, SIGNATURES_OUT)
def sign(firsts: Any, hashes: Any, scales: Any, shifts: Any, found: Any) -> None:
    """The least value of each permutation over the shingles of each text.

    Shifts come with their topmost bit turned, so that signed numbers stand in the right order: that
    is what processors can compare many of at once.
    """
    for document in range(firsts.size - 1):
        part = hashes[firsts[document] : firsts[document + 1]]
        for place in range(scales.size):
            scale, shift, least = scales[place], shifts[place], _MOST
            for at in range(part.size):
                least = min(least, scale * np.int64(part[at]) + shift)
            found[document, place] = (np.uint64(least) ^ _TOP) >> np.uint64(32)


@kernel(SIGNATURES, INT, KEYS_OUT)
def key_bands(signatures: Any, rows: int, keys: Any) -> None:
    """Hash each band of each signature, with its number."""
    for document in range(keys.shape[0]):
        for band in range(keys.shape[1]):
            key = absorb(_SEED, np.uint64(band))
            for place in range(band * rows, (band + 1) * rows):
                key = absorb(key, np.uint64(signatures[document, place]))
            keys[document, band] = _finish(key)


@kernel(INTS, HASHES, INTS, INTS, INTS_OUT)
def count_common(firsts: Any, sets: Any, ones: Any, others: Any, common: Any) -> None:
    """How many members two sorted sets have in common, for each pair."""
    for pair in range(ones.size):
        one, other = firsts[ones[pair]], firsts[others[pair]]
        one_stop, other_stop = firsts[ones[pair] + 1], firsts[others[pair] + 1]
        both = np.int64(0)
        while one < one_stop and other < other_stop:
            left, right = sets[one], sets[other]
            both += left == right
            one += left <= right
            other += right <= left
        common[pair] = both


@kernel(INTS, HASHES, INTS_OUT, HASHES_OUT)
def take_fingerprints(firsts: Any, hashes: Any, counts: Any, found: Any) -> None:
    """The bits that more than half of a text's shingles have; `counts` has room for 64 numbers."""
    for document in range(found.size):
        start, stop = firsts[document], firsts[document + 1]
        counts[:] = 0
        for place in range(start, stop):
            value = np.int64(hashes[place])
            for bit in range(64):
                counts[bit] += (value >> bit) & 1
        taken = np.uint64(0)
        for bit in range(64):
            taken |= np.uint64(2 * counts[bit] > stop - start) << np.uint64(bit)
        found[document] = taken
