"""Keep documents whose lines are of a reasonable length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from penstock.ops.base import Filter, Rule


@dataclass(frozen=True)
class LineLength(Filter):
    """Keep documents by the mean length of their lines and by that of the longest.

    In characters. The definitions and the least values are those of Data-Juicer's filters
    average_line_length and maximum_line_length: lines end where Python's `splitlines` has them end,
    empty ones count, and the mean has the line ends in it. Both are 0 for an empty text. Menus and
    lists have short lines; minified code has very long ones.

    >>> LineLength().measure("Home\\nAbout us\\nContact")
    {'mean_line_length': 7.0, 'longest_line': 8}
    """

    measures: ClassVar[Mapping[str, str]] = {"mean_line_length": "float64", "longest_line": "int64"}

    min_mean: float = 10
    max_mean: float | None = None
    min_longest: int = 10
    max_longest: int | None = None

    def measure(self, text: str) -> dict[str, float]:
        """Both lengths."""
        lines = text.splitlines()
        return {
            "mean_line_length": len(text) / len(lines) if lines else 0.0,
            "longest_line": max(map(len, lines), default=0),
        }

    def rules(self) -> tuple[Rule, ...]:
        """The mean first."""
        bounds = (
            Rule("min_mean", "mean_line_length", "<", self.min_mean),
            Rule("max_mean", "mean_line_length", ">", self.max_mean),
            Rule("min_longest", "longest_line", "<", self.min_longest),
            Rule("max_longest", "longest_line", ">", self.max_longest),
        )
        return tuple(rule for rule in bounds if rule.threshold is not None)
