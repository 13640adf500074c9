"""Keep documents whose lines look like those of prose, not of lists and menus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.errors import MissingError
from penstock.ops.base import Filter, Rule
from penstock.text.characters import TERMINAL
from penstock.text.words import spacy_words, tokens

if TYPE_CHECKING:
    from penstock.text.features import Features


@dataclass(frozen=True)
class FinewebQuality(Filter):
    """The quality rules of FineWeb (Penedo et al. 2024), as datatrove 0.10 has them.

    Of the lines that are not blank: the share that ends with a mark that ends a sentence, in any
    script; the share of at most `short_line` characters; the characters of second and later copies,
    of all but line feeds. Then line feeds by words, which are penstock's `tokens`, near to spaCy's
    rules for English, or with `words: spacy` those of spaCy for the `language`.

    >>> FinewebQuality().measure("The dam has four gates.\\nHome\\nHome")["line_punct_ratio"]
    0.3333333333333333
    """

    measures: ClassVar[Mapping[str, str]] = {
        "lines": "int64",
        "line_punct_ratio": "float64",
        "short_line_ratio": "float64",
        "char_dup_ratio": "float64",
        "list_ratio": "float64",
    }

    words: Literal["fast", "spacy"] = "fast"
    language: str = "en"
    min_line_punct_ratio: float = 0.12
    max_short_line_ratio: float = 0.67
    short_line: int = 30
    max_char_dup_ratio: float = 0.01
    max_list_ratio: float = 0.3

    def __post_init__(self) -> None:
        if self.words == "spacy" and find_spec("spacy") is None:
            raise MissingError(
                "`words: spacy` needs spaCy, which is not installed", hint="pip install spacy"
            )

    def measure(self, text: str, words: Sequence[str] | None = None) -> dict[str, Any]:
        """All measures of one text, or of these words of it; a ratio over nothing is null."""
        if words is None:
            words = tokens(text) if self.words == "fast" else spacy_words(text, self.language)
        lines = [line for line in text.split("\n") if line.strip()]
        met: set[str] = set()
        copied = 0
        for line in lines:
            copied += len(line) if line in met else 0
            met.add(line)
        feeds = text.count("\n")
        return {
            "lines": len(lines),
            "line_punct_ratio": _ratio(sum(line[-1] in TERMINAL for line in lines), len(lines)),
            "short_line_ratio": _ratio(
                sum(len(line) <= self.short_line for line in lines), len(lines)
            ),
            "char_dup_ratio": _ratio(copied, len(text) - feeds),
            "list_ratio": _ratio(feeds, len(words)),
        }

    def measure_features(self, features: Features) -> Mapping[str, Any] | None:
        """The same for a column of texts; not with spaCy, nor of what is no valid UTF-8."""
        if self.words == "spacy" or not features.sound:
            return None
        lines, marks = features.lines("lines"), features.marks
        counts = lines.repeats(lines.filled)
        return {
            "lines": counts["all"],
            "line_punct_ratio": lines.share(lines.end("terminal"), lines.filled),
            "short_line_ratio": lines.share(lines.sizes <= self.short_line, lines.filled),
            "char_dup_ratio": features.ratio(
                counts["copied"], marks["characters"] - marks["feeds"]
            ),
            "list_ratio": features.ratio(marks["feeds"], features.words().counts["all"]),
        }

    def rules(self) -> tuple[Rule, ...]:
        """In datatrove's order."""
        return (
            Rule("empty", "lines", "<", 1),
            Rule("min_line_punct_ratio", "line_punct_ratio", "<", self.min_line_punct_ratio),
            Rule("max_short_line_ratio", "short_line_ratio", ">", self.max_short_line_ratio),
            Rule("max_char_dup_ratio", "char_dup_ratio", ">", self.max_char_dup_ratio),
            Rule("max_list_ratio", "list_ratio", ">", self.max_list_ratio),
        )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
