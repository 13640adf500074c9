"""SimHash: fingerprints of 64 bits that differ in few bits where texts differ little (Charikar
2002), and keys by which those within a distance meet (Manku, Jain and Das Sarma 2007)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from penstock.text.hashing import STEP
from penstock.text.shingles import MASK, finish

BITS = 64


def fingerprint(hashes: Sequence[int]) -> int:
    """The bits that more than half of the shingles have; one that comes twice counts twice.

    >>> bin(fingerprint([0b1100, 0b1010, 0b1001]))
    '0b1000'
    """
    counts = (sum(value >> bit & 1 for value in hashes) for bit in range(BITS))
    return sum(1 << bit for bit, count in enumerate(counts) if 2 * count > len(hashes))


def fingerprints(firsts: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """The fingerprint of each text."""
    from penstock.text.kernels_shingles import take_fingerprints

    found = np.empty(len(firsts) - 1, np.uint64)
    take_fingerprints(firsts, hashes, np.empty(BITS, np.int64), found)
    return found


def distances(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """In how many bits pairs of fingerprints differ (Hamming)."""
    found: np.ndarray = np.bitwise_count(ones ^ others).astype(np.int64)
    return found


def masks(blocks: int, distance: int) -> list[int]:
    """The choices of blocks of bits in which two fingerprints within a distance must agree.

    Bits that differ lie in `distance` blocks at most, so that one choice of `blocks - distance`
    has none of them.

    >>> [f"{mask:016x}" for mask in masks(3, 2)]
    ['00000000001fffff', '000003ffffe00000', 'fffffc0000000000']
    """
    if not 0 <= distance < blocks <= BITS:
        raise ValueError(
            f"fingerprints of {BITS} bits in {blocks} blocks cannot be found by keys at a distance"
            f" of {distance}: there must be more blocks than that, and at most {BITS}"
        )
    bounds = pairwise(place * BITS // blocks for place in range(blocks + 1))
    block = [(1 << stop) - (1 << start) for start, stop in bounds]
    return [sum(chosen) for chosen in combinations(block, blocks - distance)]


def block_key(fingerprint: int, mask: int, number: int) -> int:
    """The key of one choice of blocks, which has a number."""
    return finish((fingerprint & mask) + finish((number + 1) * STEP & MASK) & MASK)


def block_keys(fingerprints: np.ndarray, blocks: int, distance: int) -> np.ndarray:
    """The keys of all choices of blocks of each fingerprint, as a row: one of them is the same
    wherever two fingerprints are within the distance."""
    chosen = np.array(masks(blocks, distance), np.uint64)
    salts = finish(np.arange(1, len(chosen) + 1, dtype=np.uint64) * np.uint64(STEP))
    return finish((fingerprints[:, None] & chosen) + salts)
