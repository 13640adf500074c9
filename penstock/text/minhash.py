"""MinHash: signatures in which texts agree as often as their shingles do (Broder 1997).

A signature is cut into bands of rows; texts that agree in a whole band meet. Of two texts of
Jaccard similarity s, that comes with the probability 1 - (1 - s^rows)^bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from penstock.text.hashing import SEED, STEP
from penstock.text.shingles import MASK, absorb, absorb_all, finish


@cache
def permutations(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The factors, which are odd, and the summands of so many permutations of 64-bit numbers."""
    drawn = [finish((seed + place * STEP) & MASK) for place in range(1, 2 * count + 1)]
    factors = np.array(drawn[::2], np.uint64) | np.uint64(1)
    summands = np.array(drawn[1::2], np.uint64)
    factors.setflags(write=False)
    summands.setflags(write=False)
    return factors, summands


def signature(hashes: Sequence[int], a: Sequence[int], b: Sequence[int]) -> list[int]:
    """Of each permutation, the least value over all shingles: its upper 32 bits.

    >>> signature([7, 9], [1, 3], [0, 1 << 63])
    [0, 2147483648]
    """
    return [
        min(((factor * one + summand & MASK) >> 32 for one in hashes), default=0xFFFFFFFF)
        for factor, summand in zip(a, b, strict=True)
    ]


def signatures(firsts: np.ndarray, hashes: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The signature of each text, as a row."""
    from penstock.text.kernels_shingles import sign

    found = np.empty((len(firsts) - 1, len(a)), np.uint32)
    sign(firsts, hashes, a.view(np.int64), (b ^ np.uint64(1 << 63)).view(np.int64), found)
    return found


def band_key(signature: Sequence[int], band: int, rows: int) -> int:
    """The key of one band of a signature."""
    part = signature[band * rows : (band + 1) * rows]
    return finish(absorb_all(part, absorb(SEED, band)))


def band_keys(signatures: np.ndarray, bands: int, rows: int) -> np.ndarray:
    """The keys of all bands of each signature, as a row."""
    from penstock.text.kernels_shingles import key_bands

    if bands * rows > signatures.shape[1]:
        raise ValueError(f"{bands} bands of {rows} rows need {bands * rows} permutations")
    keys = np.empty((len(signatures), bands), np.uint64)
    key_bands(signatures, rows, keys)
    return keys


def detection(similarity: float, bands: int, rows: int) -> float:
    """The probability that two texts of a Jaccard similarity meet in a band.

    >>> [round(detection(one / 10, 14, 8), 3) for one in (6, 7, 8, 9)]
    [0.211, 0.565, 0.924, 1.0]
    """
    return float(1 - (1 - similarity**rows) ** bands)


@cache
def bands_for(threshold: float, permutations: int) -> tuple[int, int]:
    """How many bands of how many rows tell apart best what is above and below a threshold.

    The probability of meeting below it and that of missing each other above it, over all
    similarities, are taken as equally bad.

    >>> bands_for(0.7, 256)
    (25, 10)
    """
    steps = 1000
    similar = (np.arange(steps) + 0.5) / steps
    below = similar < threshold
    best, least = (1, 1), np.inf
    for rows in range(1, permutations + 1):
        bands = np.arange(1, permutations // rows + 1)
        missed = (1 - similar**rows) ** bands[:, None]
        errors = np.where(below, 1 - missed, missed).sum(axis=1)
        place = int(errors.argmin())
        if errors[place] < least:
            best, least = (place + 1, rows), errors[place]
    return best
