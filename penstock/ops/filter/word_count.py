"""Keep documents of a reasonable length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.ops.base import Filter
from penstock.text.words import words

if TYPE_CHECKING:
    from penstock.text.features import Features


@dataclass(frozen=True)
class WordCount(Filter):
    """Keep documents with `min` to `max` words (Rae et al. 2021, table A1).

    Words stand between white space; every Han or kana character counts as one.

    >>> WordCount(min=3).measure("too short")
    2
    """

    measures: ClassVar[Mapping[str, str]] = {"word_count": "int64"}

    min: int = 50
    max: int = 100_000

    def measure(self, text: str) -> int:
        """The number of words."""
        return len(words(text))

    def measure_features(self, features: Features) -> Mapping[str, Any] | None:
        """The same for a column of texts; not of what is no valid UTF-8."""
        return {"word_count": features.words("words").counts["all"]} if features.sound else None
