"""Remove sentences that occur again in the same document."""

from __future__ import annotations

import re
from dataclasses import dataclass

from penstock.ops.base import Map
from penstock.text.columns import settle
from penstock.text.sentences import sentences

_MARKS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class RepeatedSentences(Map):
    r"""Remove sentences that occur again in the same document, and keep the first of them.

    Sentences are compared by their letters and digits (`ignore_marks`) and whatever their case
    (`ignore_case`). Those with fewer than `min_length` characters, so counted, stay. A line that
    loses all its sentences goes.

    >>> RepeatedSentences().text("Dams hold water. Sign up now!\nRivers flow. Sign up now.")
    'Dams hold water. Sign up now!\nRivers flow.'
    """

    min_length: int = 8
    ignore_case: bool = True
    ignore_marks: bool = True

    def text(self, text: str) -> str:
        """The text without repeated sentences."""
        return settle(text, self._round)

    def _round(self, text: str) -> str:
        seen: set[str] = set()
        lines = []
        for line in text.split("\n"):
            found = sentences(line)
            kept = [sentence for sentence in found if self._is_new(sentence, seen)]
            if len(kept) == len(found):
                lines.append(line)
            elif kept:
                lines.append("".join(kept).rstrip())
        return "\n".join(lines)

    def _is_new(self, sentence: str, seen: set[str]) -> bool:
        key = _MARKS.sub(" ", sentence).strip() if self.ignore_marks else sentence.strip()
        key = key.casefold() if self.ignore_case else key
        if len(key) < self.min_length:
            return True
        if key in seen:
            return False
        seen.add(key)
        return True
