"""Plain text tables that line up, Han characters included."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def table(rows: Sequence[Sequence[object]], head: Sequence[str], left: int = 1) -> str:
    """Rows under a head; the first `left` columns stand left, the others right.

    >>> print(table([["a", 1], ["bb", 20]], ["name", "rows"]))
    name  rows
    a        1
    bb      20
    """
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        padded = [
            cell + " " * (wide - width(cell)) if place < left else " " * (wide - width(cell)) + cell
            for place, (cell, wide) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def width(text: str) -> int:
    """The columns a text takes on a terminal.

    >>> width("水 a")
    4
    """
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def size(count: float) -> str:
    """A number of bytes for people.

    >>> size(1500)
    '1.5 kB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
