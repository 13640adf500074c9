"""Remove lines that occur again in the same document."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.ops.base import Map


@dataclass(frozen=True)
class RepeatedLines(Map):
    r"""Remove lines that occur again in the same document, and keep the first of them.

    Lines are compared without the white space around them, and as they are or, with `ignore_case`,
    whatever their case. Lines shorter than `min_length` characters stay: brackets of code, dashes,
    list marks.

    >>> RepeatedLines().text("Read more here\nDams hold.\n  Read more here")
    'Read more here\nDams hold.'
    """

    min_length: int = 5
    ignore_case: bool = False

    def text(self, text: str) -> str:
        """The text without repeated lines."""
        lines = text.split("\n")
        seen: set[str] = set()
        kept = []
        for line in lines:
            key = line.strip()
            if len(key) >= self.min_length:
                key = key.casefold() if self.ignore_case else key
                if key in seen:
                    continue
                seen.add(key)
            kept.append(line)
        return text if len(kept) == len(lines) else "\n".join(kept)
