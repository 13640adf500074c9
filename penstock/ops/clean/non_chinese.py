"""Keep Chinese characters, and of the others those that are asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching

if TYPE_CHECKING:
    import pyarrow as pa

_HAN = "々〇\u2e80-\u2fd5\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_LETTERS = "A-Za-zＡ-Ｚａ-ｚ"
_DIGITS = "0-9０-９"
# General, CJK and full-width punctuation, and that of ASCII.
_PUNCTUATION = (
    "!-/:-@\\[-`{-~·×\u2010-\u203a、-〟\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65￥"
)


@dataclass(frozen=True)
class NonChinese(Map):
    """Remove what is not Han: other scripts, symbols and emoji.

    ASCII `letters`, `digits` and `punctuation` (ASCII's and Chinese) stay unless switched off;
    white space always does. Han is all of Unicode's ideographs, not only U+4E00 to U+9FA5: rare
    names and classical texts need the rest.

    >>> NonChinese(letters=False).text("三峡大坝（Dam）高185米，ダム 👍")
    '三峡大坝（）高185米， '
    """

    letters: bool = True
    digits: bool = True
    punctuation: bool = True

    def text(self, text: str) -> str:
        """The text without other characters."""
        return re.sub(rf"[^\s{self._kept}]+", "", text)

    @cached_property
    def _kept(self) -> str:
        kept = (
            (self.letters, _LETTERS),
            (self.digits, _DIGITS),
            (self.punctuation, _PUNCTUATION),
        )
        return _HAN + "".join(characters for wanted, characters in kept if wanted)

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have other characters."""
        return change_matching(rows, rf"[^\s{self._kept}]", self.text)
