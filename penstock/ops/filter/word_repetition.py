"""Keep documents that do not repeat the same phrases."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from penstock.ops.base import Filter
from penstock.text.data_juicer import refined_words
from penstock.text.word_lists import bare_words


@dataclass(frozen=True)
class WordRepetition(Filter):
    """Keep documents with a share of repeated runs of `n` words between `min` and `max`.

    Runs that occur more than once, each time counted, of all runs (BigScience's ROOTS, Laurençon et
    al. 2022; defaults of Data-Juicer, whose recipes have 0.19 to 0.57). Words are lower-cased and
    stripped of what is neither letter nor digit. With `penstock` every Han or kana character is a
    word; with `data-juicer` words stand between spaces only, so that a Chinese text is one word,
    and what it strips has letters in it.

    >>> WordRepetition(n=2).measure("The dam holds. The dam leaks.")
    0.4
    """

    measures: ClassVar[Mapping[str, str]] = {"word_repetition": "float64"}

    n: int = 10
    min: float = 0.0
    max: float = 0.5
    profile: Literal["penstock", "data-juicer"] = "penstock"

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"`n` is {self.n}; a run has at least 1 word")

    def measure(self, text: str) -> float:
        """The share of repeated runs; 0 where there is none."""
        words = refined_words(text) if self.profile == "data-juicer" else bare_words(text)
        # Numbered, so that a run holds numbers and not the words again.
        numbers: dict[str, int] = {}
        ids = [numbers.setdefault(word, len(numbers)) for word in words]
        runs = Counter(zip(*(ids[start:] for start in range(self.n)), strict=False))
        total = len(ids) - self.n + 1
        return sum(count for count in runs.values() if count > 1) / total if total > 0 else 0.0
