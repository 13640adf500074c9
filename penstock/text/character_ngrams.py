"""How often each run of n characters stands in a text."""

from __future__ import annotations

from collections import Counter

# From here on a dictionary of slices costs too much memory: 150 bytes a character.
LONG = 200_000


def ngram_counts(text: str, n: int) -> list[int]:
    """The numbers of times that the distinct runs of `n` characters occur, largest first.

    >>> ngram_counts("banana", 3)
    [2, 1, 1]
    """
    if len(text) > LONG:
        return _counts_by_rank(text, n)
    found = Counter(text[at : at + n] for at in range(len(text) - n + 1))
    return sorted(found.values(), reverse=True)


def _counts_by_rank(text: str, n: int) -> list[int]:
    """The same by sorting: runs are numbered, and two runs of a number make one of a longer.

    A run of 10 is one of 8 and, overlapping it, another of 8 that begins 2 characters later.
    """
    import numpy as np

    ranks = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)
    size = 1
    while size < n and len(ranks):
        step = min(size, n - size)
        pairs = ranks[:-step] << np.uint64(32) | ranks[step:]
        _, places = np.unique(pairs, return_inverse=True)
        ranks, size = places.astype(np.uint64), size + step
    counts = np.unique(ranks, return_counts=True)[1]
    return np.sort(counts)[::-1].tolist()  # type: ignore[no-any-return]
