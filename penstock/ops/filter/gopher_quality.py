"""Keep documents that look like prose."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.errors import MissingError
from penstock.ops.base import Filter, Rule
from penstock.text.characters import PUNCTUATION, is_alphabetic
from penstock.text.words import fasttext_words, spacy_words, tokens

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.text.features import Features

STOP_WORDS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})
BULLETS = {"datatrove": "•-", "dolma": "*-", "dclm": "●•*-", "curator": "•‣⁃⁌⁍∙○●◘◦⦾⦿"}
# What Curator takes for an ellipsis; of a line the end, in any case.
ELLIPSES = ("...", "[...]", "…", "(...)", "[…]", "-»", "read more..", "read more")
_HASHES = re.compile("#+")


@dataclass(frozen=True)
class GopherQuality(Filter):
    """The quality rules of Gopher (Rae et al. 2021, appendix A1.1), in one of four readings.

    - `datatrove` 0.10: lengths are of words that are not all punctuation; # and ellipses are
      counted apart; stop words are counted once each, in small letters. Words are penstock's
      `tokens`, near to spaCy's rules for English, or with `words: spacy` spaCy's own for the first
      language of `only`.
    - `dolma` 1.2 (gopher_v1): the median of lengths, words with # or …, all stop words, lines as
      they are that begin with * or -.
    - `dclm`: words are counted as fastText splits them, if they begin with a letter or digit; how
      many of # ... . . . and … there are; all stop words, in capitals too.
    - `curator` 1.3: words that are an ellipsis or mostly #, all stop words, many bullets.

    The last three split words at white space. The rules are about English: where a `language`
    column says so, documents in other languages than `only` pass unmeasured.

    >>> GopherQuality().measure("The dam holds the river back, and that is all.")["stop_words"]
    3
    """

    measures: ClassVar[Mapping[str, str]] = {
        "words": "int64",
        "mean_word_length": "float64",
        "hash_ratio": "float64",
        "ellipsis_ratio": "float64",
        "symbol_ratio": "float64",
        "bullet_lines": "float64",
        "ellipsis_lines": "float64",
        "alphabetic_words": "float64",
        "stop_words": "int64",
    }

    profile: Literal["datatrove", "dolma", "dclm", "curator"] = "datatrove"
    words: Literal["fast", "spacy"] = "fast"
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

    def __post_init__(self) -> None:
        if self.words == "spacy" and self.profile != "datatrove":
            raise ValueError(f"`words: spacy` is for the profile datatrove, not {self.profile}")
        if self.words == "spacy" and find_spec("spacy") is None:
            raise MissingError(
                "`words: spacy` needs spaCy, which is not installed", hint="pip install spacy"
            )

    def measure(self, text: str, words: Sequence[str] | None = None) -> dict[str, Any]:
        """All measures of one text, or of these words of it; a ratio over nothing is null."""
        if words is None and self.profile == "datatrove":
            words = tokens(text) if self.words == "fast" else spacy_words(text, self.only[0])
        measured = _READABLE[self.profile](text, text.split() if words is None else words)
        return dict.fromkeys(self.measures) | measured

    def measure_features(self, features: Features) -> Mapping[str, Any] | None:
        """The same for a column of texts; not with spaCy, nor of what is no valid UTF-8."""
        import pyarrow as pa

        if self.words == "spacy" or not features.sound:
            return None
        nothing = pa.nulls(features.size, pa.float64())
        return dict.fromkeys(self.measures, nothing) | _FAST[self.profile](features)

    def applies(self, rows: pa.RecordBatch) -> pa.Array | None:
        """The documents in a language of `only`; all, where no column says which."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if rows.schema.get_field_index("language") < 0:
            return None
        return pc.is_in(rows.column("language"), pa.array(self.only, pa.string()))

    def rules(self) -> tuple[Rule, ...]:
        """In datatrove's order."""
        return (
            Rule("min_words", "words", "<", self.min_words),
            Rule("max_words", "words", ">", self.max_words),
            Rule("min_mean_word_length", "mean_word_length", "<", self.min_mean_word_length),
            Rule("max_mean_word_length", "mean_word_length", ">", self.max_mean_word_length),
            Rule("max_symbol_ratio", "hash_ratio", ">", self.max_symbol_ratio),
            Rule("max_symbol_ratio", "ellipsis_ratio", ">", self.max_symbol_ratio),
            Rule("max_symbol_ratio", "symbol_ratio", ">", self.max_symbol_ratio),
            Rule("max_bullet_lines", "bullet_lines", ">", self.max_bullet_lines),
            Rule("max_ellipsis_lines", "ellipsis_lines", ">", self.max_ellipsis_lines),
            Rule("min_alphabetic_words", "alphabetic_words", "<", self.min_alphabetic_words),
            Rule("min_stop_words", "stop_words", "<", self.min_stop_words),
        )


def _datatrove(text: str, words: Sequence[str]) -> dict[str, Any]:
    proper = [word for word in words if not PUNCTUATION.issuperset(word)]
    rows = text.splitlines()
    return {
        "words": len(proper),
        "mean_word_length": _ratio(sum(map(len, proper)), len(proper)),
        "hash_ratio": _ratio(text.count("#"), len(words)),
        "ellipsis_ratio": _ratio(text.count("...") + text.count("…"), len(words)),
        "bullet_lines": _share(rows, lambda row: row.lstrip().startswith(("•", "-"))),
        "ellipsis_lines": _share(rows, lambda row: row.rstrip().endswith(("...", "…"))),
        "alphabetic_words": _share(words, _has_letter),
        "stop_words": len(STOP_WORDS.intersection(words)),
    }


def _dolma(text: str, words: Sequence[str]) -> dict[str, Any]:
    lines = text.split("\n")
    # Nothing over nothing is 0 here.
    return {
        "words": len(words),
        "mean_word_length": float(median(map(len, words))) if words else 0.0,
        "symbol_ratio": _share(words, lambda word: "#" in word or "…" in word) or 0.0,
        "bullet_lines": _share(lines, lambda line: line.startswith(("*", "-"))),
        "ellipsis_lines": _share(lines, lambda line: line.endswith("…")),
        "alphabetic_words": _share(words, _has_letter) or 0.0,
        "stop_words": sum(word in STOP_WORDS for word in words),
    }


def _dclm(text: str, words: Sequence[str]) -> dict[str, Any]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return {
        "words": sum(word[0].isalnum() for word in fasttext_words(text)),
        "mean_word_length": _ratio(sum(map(len, words)), len(words)),
        "symbol_ratio": _ratio(sum(map(text.count, ("#", "...", ". . .", "…"))), len(words)),
        "bullet_lines": _share(lines, lambda line: line[0] in BULLETS["dclm"]),
        "ellipsis_lines": _share(lines, lambda line: line.endswith(("...", ". . .", "…"))),
        "alphabetic_words": _share(words, _has_letter),
        "stop_words": sum(word.lower() in STOP_WORDS for word in words),
    }


def _curator(text: str, words: Sequence[str]) -> dict[str, Any]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return {
        "words": len(words),
        "mean_word_length": _ratio(sum(map(len, words)), len(words)),
        "symbol_ratio": _share(words, _is_symbol),
        "bullet_lines": _share(lines, lambda line: line[0] in BULLETS["curator"]),
        "ellipsis_lines": _share(lines, lambda line: line.lower().endswith(ELLIPSES)),
        "alphabetic_words": _share(words, lambda word: any(map(is_alphabetic, word))),
        "stop_words": sum(word in STOP_WORDS for word in words),
    }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _share(parts: Sequence[str], test: Callable[[str], bool]) -> float | None:
    return _ratio(sum(map(test, parts)), len(parts))


def _has_letter(word: str) -> bool:
    return any(map(str.isalpha, word))


def _is_symbol(word: str) -> bool:
    return word in ELLIPSES or 2 * len(_HASHES.findall(word)) > len(word)


def _fast_datatrove(features: Features) -> dict[str, Any]:
    words, rows, marks = (
        features.words().counts,
        features.lines("rows", hashed=False),
        features.marks,
    )
    return {
        "words": words["proper"],
        "mean_word_length": features.ratio(words["proper_characters"], words["proper"]),
        "hash_ratio": features.ratio(marks["hashes"], words["all"]),
        "ellipsis_ratio": features.ratio(marks["dots"] + marks["ellipses"], words["all"]),
        "bullet_lines": rows.share(rows.begin("•-")),
        "ellipsis_lines": rows.share(rows.end("dots", "ellipsis")),
        "alphabetic_words": features.ratio(words["with_letter"], words["all"]),
        "stop_words": words["stop_kinds"],
    }


def _fast_dolma(features: Features) -> dict[str, Any]:
    words, lines = features.words("space"), features.lines("lines")
    counts = words.counts
    some = counts["all"].clip(1)
    return {
        "words": counts["all"],
        "mean_word_length": words.medians(),
        "symbol_ratio": features.ratio(counts["with_symbol"], some),
        "bullet_lines": lines.share(lines.begin("*-") & lines.end("flush_left")),
        "ellipsis_lines": lines.share(lines.end("ellipsis") & lines.end("flush_right")),
        "alphabetic_words": features.ratio(counts["with_letter"], some),
        "stop_words": counts["stop_words"],
    }


def _fast_dclm(features: Features) -> dict[str, Any]:
    words, lines, marks = features.words("space").counts, features.lines("lines"), features.marks
    symbols = marks["hashes"] + marks["dots"] + marks["spaced_dots"] + marks["ellipses"]
    return {
        "words": features.words("fasttext").counts["begin_alnum"],
        "mean_word_length": features.ratio(words["characters"], words["all"]),
        "symbol_ratio": features.ratio(symbols, words["all"]),
        "bullet_lines": lines.share(lines.begin(BULLETS["dclm"]), lines.filled),
        "ellipsis_lines": lines.share(lines.end("dots", "spaced_dots", "ellipsis"), lines.filled),
        "alphabetic_words": features.ratio(words["with_letter"], words["all"]),
        "stop_words": words["stop_any_case"],
    }


def _fast_curator(features: Features) -> dict[str, Any]:
    words, lines = features.words("space").counts, features.lines("lines")
    return {
        "words": words["all"],
        "mean_word_length": features.ratio(words["characters"], words["all"]),
        "symbol_ratio": features.ratio(words["curator_symbols"], words["all"]),
        "bullet_lines": lines.share(lines.begin(BULLETS["curator"]), lines.filled),
        "ellipsis_lines": lines.share(lines.end("dots", "ellipsis", "curator"), lines.filled),
        "alphabetic_words": features.ratio(words["alphabetic"], words["all"]),
        "stop_words": words["stop_words"],
    }


_READABLE = {"datatrove": _datatrove, "dolma": _dolma, "dclm": _dclm, "curator": _curator}
_FAST = {
    "datatrove": _fast_datatrove,
    "dolma": _fast_dolma,
    "dclm": _fast_dclm,
    "curator": _fast_curator,
}
