"""Remove words that contain given strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching
from penstock.text.removal import SPACED_WORD, replace_spans

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class WordsWith(Map):
    """Remove words that contain any of `parts`, whatever their case.

    Words stand between white space and end at Han, kana and Chinese punctuation, so that of a
    Chinese sentence only the word goes. The default parts are remains of links (BLOOM's list).

    >>> WordsWith().text("点击www.example.com/a下载 or see href=x now")
    '点击下载 or see now'
    """

    parts: tuple[str, ...] = ("http", "www", ".com", "href", "//")

    def __post_init__(self) -> None:
        if not self.parts or not all(self.parts):
            raise ValueError("`parts` must be strings of at least one character")

    def text(self, text: str) -> str:
        """The text without such words."""
        return replace_spans(text, self._found(text))

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        for word in SPACED_WORD.finditer(text):
            if self._any.search(word[0]):
                yield word.span()

    @cached_property
    def _any(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self.parts)), re.IGNORECASE)

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that contain any of the parts."""
        # Python takes the Turkish i's for its other case too, and RE2 does not.
        pattern = re.sub("[iI]", "[iıİ]", self._any.pattern)
        return change_matching(rows, f"(?i:{pattern})", self.text)
