"""Keep documents that do not repeat the same characters."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import ClassVar

from penstock.ops.base import Filter
from penstock.text.character_ngrams import ngram_counts


@dataclass(frozen=True)
class CharacterRepetition(Filter):
    """Keep documents with a repetition of runs of `n` characters between `min` and `max`.

    Of all distinct runs, the most frequent are taken: as many as the square root of their number,
    but only those that occur more than once. Their share of all runs is the measure (BigScience's
    ROOTS, Laurençon et al. 2022; Data-Juicer has the same, with these defaults; BLOOM's recipe has
    0.106). A text shorter than `n` has none.

    >>> CharacterRepetition(n=3).measure("banana")
    0.5
    """

    measures: ClassVar[Mapping[str, str]] = {"character_repetition": "float64"}

    n: int = 10
    min: float = 0.0
    max: float = 0.5

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"`n` is {self.n}; a run has at least 1 character")

    def measure(self, text: str) -> float:
        """The share of the most frequent runs."""
        counts = ngram_counts(text, self.n)
        repeated = sum(count > 1 for count in counts)
        frequent = counts[: min(isqrt(len(counts)), repeated)]
        return sum(frequent) / sum(counts) if counts else 0.0
