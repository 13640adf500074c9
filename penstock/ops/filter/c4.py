"""Keep documents that have enough sentences and no code or filler text, as C4 does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.ops.base import Filter, Rule
from penstock.text.c4 import LineRules, judge, line_rules, sentences

if TYPE_CHECKING:
    from penstock.text.features import Features

# The rules by which a line goes before it is looked at for what drops the document.
_FIRST = ("long_word", "without_end", "few_words")


@dataclass(frozen=True)
class C4(Filter):
    """The rules of C4 on pages (Raffel et al. 2020, section 2.2), after its rules on lines.

    A filter changes no text: `clean.c4_lines`, with the same parameters, removes the lines that
    this filter leaves out of its counts. In the profile `datatrove` 0.10, which has the rules of
    the original code, a page goes for "lorem ipsum" or a curly bracket in a line that would stay,
    or for less than `min_sentences`. These are counted by marks that end a sentence in any script;
    datatrove asks spaCy's sentencizer, the original NLTK. `dolma` 1.2 (c4_v2) looks at the whole
    text, drops pages with "javascript" too, and counts no sentences. `min_paragraphs: 3` adds the
    rule of mC4 (Xue et al. 2021). FineWeb sets `end_punctuation: false`.

    >>> C4().measure("The dam holds.\\nNext page\\nIt has four gates. All are shut.")["sentences"]
    3
    """

    measures: ClassVar[Mapping[str, str]] = {
        "lines": "int64",
        "kept": "int64",
        "long_word": "int64",
        "without_end": "int64",
        "few_words": "int64",
        "javascript": "int64",
        "policy": "int64",
        "lorem_ipsum": "int64",
        "curly_bracket": "int64",
        "sentences": "int64",
        "paragraphs": "int64",
    }

    profile: Literal["datatrove", "dolma"] = "datatrove"
    end_punctuation: bool = True
    min_words_per_line: int = 3
    max_word_length: int = 1000
    citations: bool = True
    javascript: bool = True
    policy: bool = True
    lorem_ipsum: bool = True
    curly_bracket: bool = True
    min_sentences: int = 5
    min_paragraphs: int = 0
    min_paragraph_length: int = 200

    def __post_init__(self) -> None:
        for name in ("min_words_per_line", "max_word_length", "min_sentences", "min_paragraphs"):
            if getattr(self, name) < 0:
                raise ValueError(f"`{name}` cannot be negative; 0 switches the rule off")

    def measure(self, text: str) -> dict[str, Any]:
        """How many lines stay and go, by rule, and what the document is judged by."""
        lines = text.split("\n")
        judged = [
            judge(line, self._line_rules)
            for line in (lines if self.profile == "dolma" else text.splitlines())
        ]
        looked_at = [line for line in judged if self.profile == "dolma" or line.rule not in _FIRST]
        by_rule = Counter(line.rule or "kept" for line in judged)
        scripts = sum("javascript" in line.text.lower() for line in looked_at)
        return {
            "lines": len(judged),
            **{name: by_rule[name] for name in ("kept", *_FIRST, "policy")},
            "javascript": scripts if self.profile == "dolma" else by_rule["javascript"],
            "lorem_ipsum": sum("lorem ipsum" in line.text.lower() for line in looked_at),
            "curly_bracket": sum(
                "{" in line.text for line in looked_at if line.rule != "javascript"
            ),
            "sentences": sentences(line.text for line in judged if not line.rule),
            "paragraphs": sum(len(line) >= self.min_paragraph_length for line in lines),
        }

    def measure_features(self, features: Features) -> Mapping[str, Any] | None:
        """The same for a column of texts; not of what is no valid UTF-8."""
        if not features.sound:
            return None
        dolma = self.profile == "dolma"
        counts = features.c4(self._line_rules, "lines" if dolma else "rows", whole=dolma)
        lines = features.lines("lines")
        return counts | {"paragraphs": lines.count(lines.sizes >= self.min_paragraph_length)}

    def rules(self) -> tuple[Rule, ...]:
        """What drops a document: its lines first, then what is left of them."""
        named = {"lorem_ipsum": self.lorem_ipsum, "curly_bracket": self.curly_bracket}
        if self.profile == "dolma":
            named["javascript"] = self.javascript
        rules = [Rule(name, name, ">", 0) for name, on in named.items() if on]
        if self.profile == "datatrove":
            rules.append(Rule("min_sentences", "sentences", "<", self.min_sentences))
        return (*rules, Rule("min_paragraphs", "paragraphs", "<", self.min_paragraphs))

    @cached_property
    def _line_rules(self) -> LineRules:
        return line_rules(
            self.profile,
            end_punctuation=self.end_punctuation,
            min_words=self.min_words_per_line,
            max_word_length=self.max_word_length,
            citations=self.citations,
            javascript=self.javascript,
            policy=self.policy,
        )
