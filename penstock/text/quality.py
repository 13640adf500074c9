"""How much a text looks like something written to be read: five shares, and their mean."""

from __future__ import annotations

from typing import NamedTuple

from penstock.text.characters import TERMINAL
from penstock.text.letters import is_letter
from penstock.text.words import words

_CLOSING = "\"'”’»)）」』】]"
# From here on more of it does not count for more.
WORDS = 300
WORDS_A_LINE = 35
LETTERS = (0.7, 0.95)
RUN = 5


class Quality(NamedTuple):
    """The parts of a text's quality, each from 0 to 1."""

    length: float
    lines: float
    sentences: float
    letters: float
    variety: float

    @property
    def score(self) -> float:
        """Their mean."""
        return sum(self) / len(self)


def quality(text: str) -> Quality:
    """The parts for one text; all are 0 for an empty one.

    >>> quality("The dam holds the river back, as it has done for sixty years.").sentences
    1.0
    """
    found = words(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return Quality(0, 0, 0, 0, 0)
    ended = sum(len(line) for line in lines if line.rstrip(_CLOSING)[-1:] in TERMINAL)
    solid = [character for character in text if not character.isspace()]
    least, most = LETTERS
    share = sum(map(is_letter, solid)) / len(solid)
    return Quality(
        min(1, len(found) / WORDS),
        min(1, len(found) / len(lines) / WORDS_A_LINE),
        ended / sum(map(len, lines)),
        min(1, max(0, (share - least) / (most - least))),
        _variety(found),
    )


def _variety(found: list[str]) -> float:
    """The share of runs of words that are not of those before."""
    runs = list(zip(*(found[start:] for start in range(RUN)), strict=False))
    return len(set(runs)) / len(runs) if runs else 1.0
