"""Split documents into their sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from penstock.ops.base import Map
from penstock.text.sentences import sentences

_PARAGRAPH = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class SentenceSplit(Map):
    r"""Split documents into their sentences: every sentence becomes a document.

    By rules for many languages at once: Chinese, Arabic and Indic marks end a sentence always; `.`,
    `!` and `?` before white space, unless a lower-case letter follows or the word before is an
    abbreviation, initial or number. A line end ends a sentence too; with `lines: false` (for text
    broken into lines of equal length) only a blank line does.

    >>> SentenceSplit().pieces("Dr. Li came. 大坝高185米。真的？\nYes")
    ['Dr. Li came.', '大坝高185米。', '真的？', 'Yes']
    """

    many: ClassVar[bool] = True

    lines: bool = True

    def pieces(self, text: str) -> Sequence[str]:
        """The sentences, without the white space around them."""
        if self.lines:
            parts = text.split("\n")
        else:
            parts = [" ".join(part.split()) for part in _PARAGRAPH.split(text)]
        found = (sentence.strip() for part in parts for sentence in sentences(part))
        return [sentence for sentence in found if sentence]
