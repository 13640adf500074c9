"""Keep documents that do not repeat themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.errors import MissingError
from penstock.ops.base import Filter, Rule
from penstock.text.words import spacy_words, tokens

if TYPE_CHECKING:
    from penstock.text.features import Features

TOP = (2, 3, 4)
DUPLICATED = (5, 6, 7, 8, 9, 10)


@dataclass(frozen=True)
class GopherRepetition(Filter):
    """The repetition rules of Gopher (Rae et al. 2021, table A1), in one of four readings.

    The measures are shares of paragraphs and lines, and of characters: those of paragraphs and
    lines that repeat others, of the most frequent n-gram of 2 to 4 words, and of repeated n-grams
    of 5 to 10. For the same text `dup_5_gram` is 0.062, 0.067 and 0.164 with three profiles:

    - `datatrove` 0.10: second and later copies, of all characters; n-grams from left to right,
      going on behind one met before. Words are penstock's `tokens`, near to spaCy's rules for
      English, or with `words: spacy` those of spaCy for the `language`.
    - `dolma` 1.2 (gopher_v1): every copy, of the characters of words; each n-gram as often as it
      comes, of all n-grams. Dolma's own recipe allows a `dup_line_char_frac` of 0.3.
    - `dclm`: every copy, of lines without white space at their ends; n-grams together, words in two
      of them once, of the characters of words that begin with a letter or digit. DCLM splits words
      by Unicode's rules, this by `tokens`. Null where it measures nothing, and keeps the document.
    - `curator` 1.3: second and later copies, with the spaces between words; the most frequent
      n-gram wherever it is in the text, the first where several are as frequent (there, any).

    >>> measured = GopherRepetition().measure("The gate is shut. The gate is shut.")
    >>> round(measured["top_2_gram"], 3)
    0.457
    """

    measures: ClassVar[Mapping[str, str]] = {
        "characters": "int64",
        "dup_para_frac": "float64",
        "dup_para_char_frac": "float64",
        "dup_line_frac": "float64",
        "dup_line_char_frac": "float64",
        **{f"top_{n}_gram": "float64" for n in TOP},
        **{f"dup_{n}_gram": "float64" for n in DUPLICATED},
    }

    profile: Literal["datatrove", "dolma", "dclm", "curator"] = "datatrove"
    words: Literal["fast", "spacy"] = "fast"
    language: str = "en"
    max_dup_para_frac: float = 0.30
    max_dup_para_char_frac: float = 0.20
    max_dup_line_frac: float = 0.30
    max_dup_line_char_frac: float = 0.20
    max_top_2_gram: float = 0.20
    max_top_3_gram: float = 0.18
    max_top_4_gram: float = 0.16
    max_dup_5_gram: float = 0.15
    max_dup_6_gram: float = 0.14
    max_dup_7_gram: float = 0.13
    max_dup_8_gram: float = 0.12
    max_dup_9_gram: float = 0.11
    max_dup_10_gram: float = 0.10

    def __post_init__(self) -> None:
        if self.words == "spacy" and self.profile != "datatrove":
            raise ValueError(f"`words: spacy` is for the profile datatrove, not {self.profile}")
        if self.words == "spacy" and find_spec("spacy") is None:
            raise MissingError(
                "`words: spacy` needs spaCy, which is not installed", hint="pip install spacy"
            )

    def measure(self, text: str, words: Sequence[str] | None = None) -> dict[str, Any]:
        """All measures of one text, or of these words of it; a share of nothing is null."""
        if words is None:
            words = self._split(text)
        return dict.fromkeys(self.measures) | _READABLE[self.profile](text, words)

    def measure_features(self, features: Features) -> Mapping[str, Any] | None:
        """The same for a column of texts; not with spaCy, nor of what is no valid UTF-8."""
        import pyarrow as pa

        if self.words == "spacy" or not features.sound:
            return None
        nothing = pa.nulls(features.size, pa.float64())
        return dict.fromkeys(self.measures, nothing) | _FAST[self.profile](features)

    def rules(self) -> tuple[Rule, ...]:
        """In the order of the profile's program; two of them drop a document without text first."""
        names = list(self.measures)[1:]
        if self.profile in ("dclm", "curator"):
            names[:4] = [names[2], names[0], names[3], names[1]]
        empty = (Rule("empty", "characters", "<", 1),)
        return (empty if self.profile in ("datatrove", "dclm") else ()) + tuple(
            Rule(f"max_{name}", name, ">", getattr(self, f"max_{name}")) for name in names
        )

    def _split(self, text: str) -> list[str]:
        if self.words == "spacy":
            return spacy_words(text, self.language)
        if self.profile == "datatrove":
            return tokens(text)
        if self.profile == "dclm":
            return [word for word in tokens(text) if word[0].isalnum()]
        return text.split()


def _datatrove(text: str, words: Sequence[str]) -> dict[str, Any]:
    paragraphs, lines = re.split("\n{2,}", text.strip()), re.split("\n+", text)
    found: dict[str, Any] = {"characters": len(text)}
    for name, parts in (("para", paragraphs), ("line", lines)):
        copies = _copies(parts)
        found[f"dup_{name}_frac"] = len(copies) / len(parts)
        found[f"dup_{name}_char_frac"] = _share(_size(copies), len(text))
    for n in TOP:
        grams = Counter(map(" ".join, _grams(words, n)))
        gram, times = grams.most_common(1)[0] if grams else ("", 0)
        found[f"top_{n}_gram"] = _share(len(gram) * times, len(text)) if grams else None
    for n in DUPLICATED:
        found[f"dup_{n}_gram"] = _share(_jumping(words, n), len(text))
    return found


def _jumping(words: Sequence[str], n: int) -> int:
    """The characters of n-grams met before, from left to right, going on behind each."""
    met, at, size = set(), 0, 0
    while at + n <= len(words):
        gram = "".join(words[at : at + n])
        if gram in met:
            size += len(gram)
            at += n
        else:
            met.add(gram)
            at += 1
    return size


def _dolma(text: str, words: Sequence[str]) -> dict[str, Any]:
    lines, characters = text.split("\n"), max(_size(words), 1)
    repeated = _repeated(lines)
    found: dict[str, Any] = {
        "characters": _size(words),
        "dup_line_frac": len(repeated) / len(lines),
        "dup_line_char_frac": _size(repeated) / characters,
    }
    for n in TOP:
        grams = Counter(_grams(words, n))
        gram, times = grams.most_common(1)[0] if grams else ((), 0)
        found[f"top_{n}_gram"] = times * _size(gram) / characters if grams else None
    for n in DUPLICATED:
        every = list(_grams(words, n))
        size = sum(_size(gram) for gram in _repeated(every))
        found[f"dup_{n}_gram"] = _share(size, sum(_size(gram) for gram in every))
    return found


def _dclm(text: str, words: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, mark in (("line", "\n"), ("para", "\n\n")):
        parts = [part.strip() for part in text.split(mark) if part.strip()]
        found.setdefault("characters", _size(parts))
        if len(parts) > 1:
            repeated = _repeated(parts)
            found[f"dup_{name}_frac"] = len(repeated) / len(parts)
            found[f"dup_{name}_char_frac"] = _size(repeated) / _size(parts)
    for n in TOP:
        grams = Counter(_grams(words, n))
        times = max(grams.values(), default=0)
        if times > 1:
            longest = max(_size(gram) for gram, count in grams.items() if count == times)
            found[f"top_{n}_gram"] = longest * times / _size(words)
    for n in DUPLICATED:
        grams = Counter(_grams(words, n))
        hits = [at for at, gram in enumerate(_grams(words, n)) if grams[gram] > 1]
        covered = {at + step for at in hits for step in range(n)}
        if covered:
            found[f"dup_{n}_gram"] = sum(len(words[at]) for at in covered) / _size(words)
    return found


def _curator(text: str, words: Sequence[str]) -> dict[str, Any]:
    lines = [line for line in text.split("\n") if line.strip()]
    found: dict[str, Any] = {"characters": len(text)}
    for name, parts in (("para", text.split("\n\n")), ("line", lines)):
        copies = _copies(parts)
        found[f"dup_{name}_frac"] = _share(len(copies), len(parts))
        found[f"dup_{name}_char_frac"] = _share(_size(copies), _size(parts))
    for n in TOP:
        grams = Counter(_grams(words, n))
        gram = " ".join(grams.most_common(1)[0][0]) if grams else ""
        # Of less than n words everything is taken for repeated, here and below.
        found[f"top_{n}_gram"] = len(gram) * text.count(gram) / len(text) if grams else 1.0
    for n in DUPLICATED:
        size = _overlapping(words, n) / len(text) if len(words) >= n else 1.0
        found[f"dup_{n}_gram"] = size
    return found


def _overlapping(words: Sequence[str], n: int) -> int:
    """The characters of n-grams met before, with the spaces in them, none counted twice."""
    met, size, reach = set(), 0, 0
    for at, gram in enumerate(_grams(words, n)):
        if gram in met:
            fresh = gram[max(reach - at, 0) :]
            size += _size(fresh) + min(len(fresh), n - 1)
            reach = at + n
        met.add(gram)
    return size


def _grams(words: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(n)), strict=False)


def _copies(parts: Sequence[str]) -> list[str]:
    """The second and later of parts that are the same."""
    met: set[str] = set()
    return [part for part in parts if part in met or met.add(part)]  # type: ignore[func-returns-value]


def _repeated(parts: Sequence[Any]) -> list[Any]:
    """All parts that come more than once."""
    times = Counter(parts)
    return [part for part in parts if times[part] > 1]


def _size(parts: Sequence[str]) -> int:
    return sum(map(len, parts))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _fast_datatrove(features: Features) -> dict[str, Any]:
    length, grams = features.marks["characters"], features.grams("datatrove")
    paragraphs, lines = features.lines("paragraphs"), features.lines("lines")
    found: dict[str, Any] = {"characters": length}
    for name, parts, some in (
        ("para", paragraphs, paragraphs.sizes >= 0),
        ("line", lines, (lines.sizes > 0) | lines.outermost),
    ):
        counts = parts.repeats(some)
        found[f"dup_{name}_frac"] = features.ratio(counts["copies"], counts["all"])
        found[f"dup_{name}_char_frac"] = features.ratio(counts["copied"], length)
    for n in TOP:
        size = (grams.characters[n] + n - 1) * grams.times[n]
        found[f"top_{n}_gram"] = features.ratio(size, length * (grams.times[n] > 0))
    for n in DUPLICATED:
        found[f"dup_{n}_gram"] = features.ratio(grams.repeated[n], length)
    return found


def _fast_dolma(features: Features) -> dict[str, Any]:
    words, grams = features.words("space"), features.grams("dolma", "space")
    lines = features.lines("lines")
    counts = lines.repeats(lines.sizes >= 0)
    length = words.counts["characters"]
    some = length.clip(1)
    found: dict[str, Any] = {
        "characters": length,
        "dup_line_frac": features.ratio(counts["repeated"], counts["all"]),
        "dup_line_char_frac": features.ratio(counts["repeated_characters"], some),
    }
    for n in TOP:
        size = grams.characters[n] * grams.times[n]
        found[f"top_{n}_gram"] = features.ratio(size, some * (grams.times[n] > 0))
    for n in DUPLICATED:
        found[f"dup_{n}_gram"] = features.ratio(grams.repeated[n], words.gram_characters(n))
    return found


def _fast_dclm(features: Features) -> dict[str, Any]:
    grams = features.grams("dclm", "alnum")
    length = features.words("alnum").counts["characters"]
    found: dict[str, Any] = {}
    for name, parts in (
        ("line", features.lines("lines", strip=True)),
        ("para", features.lines("pairs", strip=True)),
    ):
        counts = parts.repeats(parts.filled)
        found.setdefault("characters", counts["characters"])
        several = counts["all"] > 1
        found[f"dup_{name}_frac"] = features.ratio(counts["repeated"], counts["all"] * several)
        found[f"dup_{name}_char_frac"] = features.ratio(
            counts["repeated_characters"], counts["characters"] * several
        )
    for n in TOP:
        size = grams.characters[n] * grams.times[n]
        found[f"top_{n}_gram"] = features.ratio(size, length * (grams.times[n] > 1))
    for n in DUPLICATED:
        size = grams.repeated[n]
        found[f"dup_{n}_gram"] = features.ratio(size, length * (size > 0))
    return found


def _fast_curator(features: Features) -> dict[str, Any]:
    length, grams = features.marks["characters"], features.grams("curator", "space")
    pairs, lines = features.lines("pairs"), features.lines("lines")
    found: dict[str, Any] = {"characters": length}
    for name, parts, some in (("para", pairs, pairs.sizes >= 0), ("line", lines, lines.filled)):
        counts = parts.repeats(some)
        found[f"dup_{name}_frac"] = features.ratio(counts["copies"], counts["all"])
        found[f"dup_{name}_char_frac"] = features.ratio(counts["copied"], counts["characters"])
    for n in (*TOP, *DUPLICATED):
        few = features.words("space").counts["all"] < n
        size = features.occupied(grams, n) if n in TOP else grams.repeated[n]
        size[few] = 1
        found[f"{'top' if n in TOP else 'dup'}_{n}_gram"] = features.ratio(
            size, length + few * (1 - length)
        )
    return found


_READABLE = {"datatrove": _datatrove, "dolma": _dolma, "dclm": _dclm, "curator": _curator}
_FAST = {
    "datatrove": _fast_datatrove,
    "dolma": _fast_dolma,
    "dclm": _fast_dclm,
    "curator": _fast_curator,
}
