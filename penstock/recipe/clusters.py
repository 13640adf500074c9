"""Arrays behind near-duplicates: who may be alike, what hangs together, who stays."""

from __future__ import annotations

import numpy as np

# Of the documents of one key that differ, each is compared with the first and with this many next.
WINDOW = 16


def candidates(
    keys: np.ndarray, digests: np.ndarray, ranks: np.ndarray, nodes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places of the pairs to look at, the better one first; and which of them are surely alike.

    Rows of the same key and digest are joined to the best of them. Those that differ are paired,
    all where there are few; where one key has many, each with the best and with its neighbours, so
    that the pairs grow with the rows and not with their square.

    >>> keys, digests = np.array([7, 7, 7, 9]), np.array([1, 2, 1, 3])
    >>> ones, others, sure = candidates(keys, digests, np.zeros(4), np.arange(4))
    >>> list(zip(ones.tolist(), others.tolist(), sure.tolist()))
    [(0, 2, True), (0, 1, False)]
    """
    places = _repeated(keys)
    order = np.lexsort((nodes[places], ranks[places], digests[places], keys[places]))
    places = places[order]
    # A row that gives the same key twice is one row.
    places = places[~_same(keys[places], digests[places], nodes[places])]
    head = _heads(~_same(keys[places], digests[places]))
    copies = head != np.arange(len(head))
    ones, others = [places[head[copies]]], [places[copies]]
    heads = places[~copies]
    heads = heads[np.lexsort((nodes[heads], ranks[heads], keys[heads]))]
    first = _heads(~_same(keys[heads]))
    standing = np.arange(len(heads)) - first
    for lag in range(1, min(WINDOW, int(standing.max(initial=0))) + 1):
        later = np.flatnonzero(standing >= lag)
        ones.append(heads[later - lag])
        others.append(heads[later])
    far = np.flatnonzero(standing > WINDOW)
    ones.append(heads[first[far]])
    others.append(heads[far])
    sure = np.zeros(sum(map(len, ones)), bool)
    sure[: len(ones[0])] = True
    return np.concatenate(ones), np.concatenate(others), sure


def distinct(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Places of one of each pair, in order of the pairs."""
    order = np.lexsort((others, ones))
    found: np.ndarray = order[~_same(ones[order], others[order])]
    return found


def components(ones: np.ndarray, others: np.ndarray, size: int) -> np.ndarray:
    """For each of `size` nodes the smallest node that it hangs together with.

    Each round joins every root to a smaller neighbour where it has one, so that the roots with
    edges left at least halve: a chain of 10,000 links takes a dozen rounds (after Shiloach and
    Vishkin 1982).

    >>> components(np.array([3, 1]), np.array([1, 4]), 6).tolist()
    [0, 1, 2, 1, 1, 5]
    """
    roots = np.arange(size)
    while True:
        one, other = roots[ones], roots[others]
        apart = one != other
        if not apart.any():
            return roots
        ones, others, one, other = ones[apart], others[apart], one[apart], other[apart]
        np.minimum.at(roots, np.maximum(one, other), np.minimum(one, other))
        while True:
            above = roots[roots]
            if np.array_equal(above, roots):
                break
            roots = above


def forest(ones: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same components with as few edges as may be: from each node to its root."""
    nodes, places = np.unique(np.concatenate([ones, others]), return_inverse=True)
    roots = components(places[: len(ones)], places[len(ones) :], len(nodes))
    below = roots != np.arange(len(nodes))
    return nodes[roots[below]], nodes[below]


def best_of(roots: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """For each node the place of the node with the smallest rank of its component; of equal ones
    the first."""
    order = np.lexsort((np.arange(len(roots)), ranks, roots))
    head = _heads(~_same(roots[order]))
    best = np.empty(len(roots), np.int64)
    best[order] = order[head]
    return best


def _repeated(keys: np.ndarray) -> np.ndarray:
    """Places of the keys that are not alone: few of many, as a rule."""
    order = np.argsort(keys)
    again = _same(keys[order])
    again[:-1] |= again[1:]
    found: np.ndarray = order[again]
    return found


def _same(*columns: np.ndarray) -> np.ndarray:
    """Which places hold the same as the place before."""
    same = np.zeros(len(columns[0]), bool)
    if len(same):
        same[1:] = np.logical_and.reduce([one[1:] == one[:-1] for one in columns])
    return same


def _heads(first: np.ndarray) -> np.ndarray:
    """For each place the last one before it, or itself, that is a first."""
    return np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
