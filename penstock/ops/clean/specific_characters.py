"""Remove given characters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class SpecificCharacters(Map):
    """Remove every character of `characters`: by default the shapes that web pages use as bullets.

    Each character stands for itself. (Data-Juicer builds a pattern with `|` between them, which
    removes `|` always.)

    >>> SpecificCharacters().text("◆ dams ● rivers | lakes")
    ' dams  rivers | lakes'
    """

    characters: str = "◆●■►▼▲▴∆▻▷❖♡□"

    def __post_init__(self) -> None:
        if not self.characters:
            raise ValueError("`characters` must name at least one character")

    def text(self, text: str) -> str:
        """The text without these characters."""
        return text.translate(self._none)

    @cached_property
    def _none(self) -> dict[int, None]:
        return dict.fromkeys(map(ord, self.characters))

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have any of them."""
        codes = "".join(f"\\x{{{ord(character):x}}}" for character in self.characters)
        return change_matching(rows, f"[{codes}]", self.text)
