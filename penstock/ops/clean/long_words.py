"""Remove words that are too long or too short."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching
from penstock.text.removal import SPACED, SPACED_WORD, replace_spans

if TYPE_CHECKING:
    import pyarrow as pa

_LINK = re.compile(r"://|^www\.|@", re.IGNORECASE)
_EDGES = re.compile(r"^[\W_]+|[\W_]++$")


@dataclass(frozen=True)
class LongWords(Map):
    """Remove words longer than `max` or shorter than `min` characters.

    A word is measured as it stands, and without the marks around it: it stays where either is
    within the bounds. Web and e-mail addresses are no words, nor are runs of Han, kana, Thai and
    other scripts written without spaces. BLOOM's data had words of more than 25 removed; the
    longest in dictionaries have 45, so that by default only what is no word goes.

    >>> LongWords(max=10).text("an extraordinarily long (wonderful!) 三峡大坝水电站工程全景图 https://a.example/b")
    'an long (wonderful!) 三峡大坝水电站工程全景图 https://a.example/b'
    """

    min: int = 1
    max: int = 50

    def __post_init__(self) -> None:
        if not 0 <= self.min <= self.max:
            raise ValueError("`min` must be at least 0 and at most `max`")

    def text(self, text: str) -> str:
        """The text without such words."""
        return replace_spans(text, self._found(text))

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        for word in SPACED_WORD.finditer(text):
            whole = word[0]
            if self.min <= len(whole) <= self.max:
                continue
            if not self.min <= len(_EDGES.sub("", whole)) <= self.max and not _LINK.search(whole):
                yield word.span()

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have a long word; all, where short ones go too."""
        if self.min > 1 or self.max >= 1000:
            return change_matching(rows, r"\S", self.text)
        return change_matching(rows, f"{SPACED}{{{self.max + 1}}}", self.text)
