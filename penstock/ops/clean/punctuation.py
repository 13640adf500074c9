"""Unify quotes, dashes, ellipses and the marks of Chinese text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.ops.base import Map
from penstock.text import punctuation
from penstock.text.columns import change_matching

if TYPE_CHECKING:
    import pyarrow as pa

_TYPOGRAPHIC = r"[“”„‟‘’‚‛´`‐‑‒–−—―…]|\.\.\.\.|\. \. \."


@dataclass(frozen=True)
class Punctuation(Map):
    r"""Unify quotes, dashes and ellipses, and leave Chinese text its own marks or convert them.

    In lines without Han or kana, `quotes` become `"` and `'`, `dashes` `-` (an em dash ` - `), and
    `ellipses` three dots. A line with Han or kana keeps its marks (`chinese: keep`), gets ASCII
    ones instead (`to_ascii`), or gets Chinese ones where ASCII marks follow Han or pairs stand
    around it (`to_chinese`). Marks without an ASCII equal always stay: CCNet's table,
    which others copied, turns `、` into `,`, `《》` into `"` and the digit `１` into `"`.

    >>> Punctuation().text("“Well”—he’s here…\n他说：“三峡、葛洲坝……”")
    '"Well" - he\'s here...\n他说：“三峡、葛洲坝……”'
    """

    quotes: bool = True
    dashes: bool = True
    ellipses: bool = True
    chinese: Literal["keep", "to_ascii", "to_chinese"] = "keep"

    def text(self, text: str) -> str:
        """The text with its marks unified, line by line."""
        if self.chinese == "to_ascii":
            return self._plain(punctuation.ascii_marks(text))
        if not punctuation.has_han(text):
            return self._plain(text)
        return "\n".join(map(self._line, text.split("\n")))

    def _line(self, line: str) -> str:
        if not punctuation.has_han(line):
            return self._plain(line)
        return punctuation.chinese_marks(line) if self.chinese == "to_chinese" else line

    def _plain(self, line: str) -> str:
        steps = (
            (self.quotes, punctuation.plain_quotes),
            (self.dashes, punctuation.plain_dashes),
            (self.ellipses, punctuation.plain_ellipses),
        )
        for wanted, step in steps:
            if wanted:
                line = step(line)
        return line

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have any mark of concern."""
        more = {
            "keep": "",
            "to_ascii": "|[，。！？：；（）［］｛｝～．]",
            "to_chinese": r'|[,.!?:;()"\-]',
        }
        return change_matching(rows, _TYPOGRAPHIC + more[self.chinese], self.text)
