"""Keep documents that look like prose."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from penstock.ops.base import Filter, Rule
from penstock.text.words import words

if TYPE_CHECKING:
    import pyarrow as pa

STOP_WORDS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})
BULLETS = ("•", "-")
ELLIPSES = ("...", "…")


@dataclass(frozen=True)
class GopherQuality(Filter):
    """The quality rules of Gopher (Rae et al. 2021, appendix A1.1), as datatrove 0.10 reads them.

    Word lengths leave out words without a letter or digit; stop words are counted once each and
    must be lower case. Words are split at white space and between Han characters; datatrove splits
    English by spaCy's rules instead, so that counts differ by the marks that stand alone there.
    The rules are about English: where a `language` column says so, documents in other languages
    than `only` pass unmeasured.

    >>> GopherQuality().measure("The dam holds the river back, and that is all.")["stop_words"]
    3
    """

    measures: ClassVar[Mapping[str, str]] = {
        "words": "int64",
        "mean_word_length": "float64",
        "hash_ratio": "float64",
        "ellipsis_ratio": "float64",
        "bullet_lines": "float64",
        "ellipsis_lines": "float64",
        "alphabetic_words": "float64",
        "stop_words": "int64",
    }

    profile: Literal["datatrove"] = "datatrove"
    only: tuple[str, ...] = ("en",)
    min_words: int = 50
    max_words: int = 100_000
    min_mean_word_length: float = 3
    max_mean_word_length: float = 10
    max_symbol_ratio: float = 0.1
    max_bullet_lines: float = 0.9
    max_ellipsis_lines: float = 0.3
    min_alphabetic_words: float = 0.8
    min_stop_words: int = 2

    def measure(self, text: str) -> dict[str, float | None]:
        """All measures of one text; a ratio over nothing is null."""
        found = words(text)
        proper = [word for word in found if not _is_symbol(word)]
        rows = text.splitlines()
        return {
            "words": len(proper),
            "mean_word_length": _ratio(sum(map(len, proper)), len(proper)),
            "hash_ratio": _ratio(text.count("#"), len(found)),
            "ellipsis_ratio": _ratio(sum(map(text.count, ELLIPSES)), len(found)),
            "bullet_lines": _ratio(sum(r.lstrip().startswith(BULLETS) for r in rows), len(rows)),
            "ellipsis_lines": _ratio(sum(r.rstrip().endswith(ELLIPSES) for r in rows), len(rows)),
            "alphabetic_words": _ratio(sum(any(map(str.isalpha, w)) for w in found), len(found)),
            "stop_words": len(STOP_WORDS.intersection(found)),
        }

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The measures of the documents in a language of `only`; null for the others."""
        import pyarrow as pa
        import pyarrow.compute as pc

        from penstock.data.schema import put

        if rows.schema.get_field_index("language") < 0:
            return super().measure_batch(rows)
        ours = pc.is_in(rows.column("language"), pa.array(self.only, pa.string()))
        text = pc.if_else(ours, rows.column("text"), pa.scalar(None, pa.string()))
        return super().measure_batch(put(rows, "text", text))

    def rules(self) -> tuple[Rule, ...]:
        """In datatrove's order."""
        return (
            Rule("min_words", "words", "<", self.min_words),
            Rule("max_words", "words", ">", self.max_words),
            Rule("min_mean_word_length", "mean_word_length", "<", self.min_mean_word_length),
            Rule("max_mean_word_length", "mean_word_length", ">", self.max_mean_word_length),
            Rule("max_symbol_ratio", "hash_ratio", ">", self.max_symbol_ratio),
            Rule("max_symbol_ratio", "ellipsis_ratio", ">", self.max_symbol_ratio),
            Rule("max_bullet_lines", "bullet_lines", ">", self.max_bullet_lines),
            Rule("max_ellipsis_lines", "ellipsis_lines", ">", self.max_ellipsis_lines),
            Rule("min_alphabetic_words", "alphabetic_words", "<", self.min_alphabetic_words),
            Rule("min_stop_words", "stop_words", "<", self.min_stop_words),
        )


def _is_symbol(word: str) -> bool:
    return not any(map(str.isalnum, word)) or word in string.punctuation


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None
