"""Keep documents with enough function words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, ClassVar, Literal

from penstock.ops.base import Filter
from penstock.text.data_juicer import refined_words
from penstock.text.word_lists import bare_words

if TYPE_CHECKING:
    import pyarrow as pa

LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "nl", "pl", "pt", "ru", "sv", "zh")


@dataclass(frozen=True)
class StopWords(Filter):
    """Keep documents with a share of stop words between `min` and `max`.

    Prose is full of articles, pronouns and prepositions; menus and rows of keywords are not
    (BigScience's ROOTS, Laurençon et al. 2022; the default is Data-Juicer's, for English). Twelve
    languages have lists here; another is given as `words`, or as the file that holds them, one a
    line. Words are split and stripped as in `filter.word_repetition`, by profile. Ordinary
    documents have at least 0.34 in German, English, French, Spanish, Italian, Dutch, Portuguese and
    Swedish, 0.3 in Russian, 0.26 in Polish, 0.21 in Chinese (every character is a word) and 0.12 in
    Arabic. Where there is a column `language`, documents in another pass unmeasured.

    >>> StopWords().measure("The gates of the dam are open.")
    0.5714285714285714
    """

    measures: ClassVar[Mapping[str, str]] = {"stop_words": "float64"}

    language: str = "en"
    words: str | tuple[str, ...] | None = None
    min: float = 0.3
    max: float = 1.0
    profile: Literal["penstock", "data-juicer"] = "penstock"

    def __post_init__(self) -> None:
        from penstock.data.lists import check_there

        check_there(words=self.words)
        if self.words is None and self.language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise ValueError(
                f"`language`: no list for {self.language}, only for {known}; give `words`"
            )

    def measure(self, text: str) -> float:
        """The share of stop words; 0 of nothing."""
        words = refined_words(text) if self.profile == "data-juicer" else bare_words(text)
        return sum(word in self._list for word in words) / len(words) if words else 0.0

    def applies(self, rows: pa.RecordBatch) -> pa.Array | None:
        """Only documents in the language, where it is known."""
        import pyarrow.compute as pc

        if rows.schema.get_field_index("language") < 0:
            return None
        return pc.fill_null(pc.equal(rows.column("language"), self.language), False)

    @cached_property
    def _list(self) -> frozenset[str]:
        from penstock.data.lists import entries

        if self.words is not None:
            given = entries(self.words)
            return frozenset(given if self.profile == "data-juicer" else map(str.lower, given))
        lines = (files(__package__) / "data" / "stop_words.txt").read_text("utf-8").splitlines()
        own = (line.partition(": ")[2] for line in lines if line.startswith(f"{self.language}: "))
        return frozenset(" ".join(own).split())
