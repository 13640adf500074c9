"""Best-fit-decreasing packing: which rows share one row of `capacity` tokens."""

from bisect import bisect_left, insort
from collections.abc import Sequence


def pack(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Indices of rows grouped so that each group's lengths add up to at most `capacity`.

    The longest rows come first, each into the fullest group that still takes it (Johnson 1973: at
    most 11/9 of the fewest groups possible). No length may exceed `capacity`.

    >>> pack([5, 3, 4, 2, 2], 8)
    [[0, 1], [2, 3, 4]]
    """
    groups: list[list[int]] = []
    by_space: dict[int, list[int]] = {}  # free tokens -> groups that have just that many
    spaces: list[int] = []  # the keys of by_space, sorted
    for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
        length = lengths[index]
        at = bisect_left(spaces, length)
        if at < len(spaces):
            space = spaces[at]
            group = by_space[space].pop()
            if not by_space[space]:
                del by_space[space], spaces[at]
        else:
            space, group = capacity, len(groups)
            groups.append([])
        groups[group].append(index)
        free = space - length
        if free not in by_space:
            insort(spaces, free)
        by_space.setdefault(free, []).append(group)
    return groups
