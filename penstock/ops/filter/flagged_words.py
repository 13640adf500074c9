"""Keep documents with few words of a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from penstock.ops.base import Filter
from penstock.text.data_juicer import refined_words
from penstock.text.words import words

if TYPE_CHECKING:
    from penstock.text.phrases import Phrases


@dataclass(frozen=True)
class FlaggedWords(Filter):
    """Keep documents with a share of flagged words between `min` and `max`.

    `words` are words and phrases, or the file that holds them, one a line; none come with penstock.
    With `penstock` they are found in the text as it stands, without splitting it first (Aho and
    Corasick 1975): from the left, of several the longest, whatever the language, with spaces in
    them or without; where words have spaces around them only whole ones. Case and full-width forms
    do not matter. The measure is the words inside of what was found, of all words, where every Han
    or kana character is one. `data-juicer` splits and strips as in `filter.word_repetition` and
    looks each up. The default is Data-Juicer's.

    >>> FlaggedWords(words=("赌博", "slot machine")).measure("线上赌博 and one Slot Machine")
    0.5
    """

    needs: ClassVar[tuple[str, ...]] = ("ahocorasick_rs",)
    measures: ClassVar[Mapping[str, str]] = {"flagged_words": "float64"}

    words: str | tuple[str, ...]
    min: float = 0.0
    max: float = 0.045
    profile: Literal["penstock", "data-juicer"] = "penstock"

    def __post_init__(self) -> None:
        from penstock.data.lists import check_there

        check_there(words=self.words)

    def measure(self, text: str) -> float:
        """The share of flagged words; 0 of nothing."""
        if self.profile == "data-juicer":
            found = refined_words(text)
            return sum(word in self._set for word in found) / (len(found) or 1)
        flagged = sum(len(words(phrase)) for phrase in self._phrases.find(text))
        return flagged / max(len(words(text)), flagged, 1)

    @cached_property
    def _set(self) -> frozenset[str]:
        from penstock.data.lists import entries

        return frozenset(entries(self.words))

    @cached_property
    def _phrases(self) -> Phrases:
        from penstock.data.lists import entries
        from penstock.text.phrases import Phrases

        return Phrases(entries(self.words))
