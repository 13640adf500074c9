"""A way to read what a peer measures when its filter says only yes or no."""

from math import isnan
from typing import Any


class Probe:
    """A threshold that nothing fails; it notes what was compared with it, in order."""

    __array_ufunc__ = None  # so that numbers of numpy leave the comparison to this class

    def __init__(self) -> None:
        self.seen: list[float] = []

    def _note(self, value: Any) -> bool:
        self.seen.append(value)
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _note

    def take(self, place: int = 0) -> float | None:
        """What was compared with it at that place; None when the filter did not get so far, or
        had nothing to take a mean of."""
        value = self.seen[place] if place < len(self.seen) else None
        return None if value is None or isnan(value) else value
