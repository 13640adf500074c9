"""Remove lines that are no prose, as C4 does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from penstock.ops.base import Map
from penstock.text.c4 import LineRules, judge, line_rules


@dataclass(frozen=True)
class C4Lines(Map):
    """The rules of C4 on lines (Raffel et al. 2020, section 2.2), in the order of its code.

    A line goes if a word has more than `max_word_length` characters, if it does not end with one of
    . ? ! " ' or ends with an ellipsis, if it has less than `min_words_per_line` words, and if it
    says "javascript" or speaks of cookies, terms of use or a privacy policy; marks of citation such
    as [2] or [edit] go from the lines that stay. 0 or false switches a rule off; FineWeb sets
    `end_punctuation: false`. The profile `dolma` 1.2 (c4_v2) has the rules on ends (without ', with
    ellipses) and words only. `filter.c4` judges the document; put it before this.

    >>> C4Lines().text("The dam has four gates.[2]\\nNext page\\nUse cookies to go on here.")
    'The dam has four gates.'
    """

    profile: Literal["datatrove", "dolma"] = "datatrove"
    end_punctuation: bool = True
    min_words_per_line: int = 3
    max_word_length: int = 1000
    citations: bool = True
    javascript: bool = True
    policy: bool = True

    def __post_init__(self) -> None:
        for name in ("min_words_per_line", "max_word_length"):
            if getattr(self, name) < 0:
                raise ValueError(f"`{name}` cannot be negative; 0 switches the rule off")

    def text(self, text: str) -> str:
        """The lines that stay."""
        lines = text.split("\n") if self.profile == "dolma" else text.splitlines()
        judged = (judge(line, self._rules) for line in lines)
        return "\n".join(line.text for line in judged if not line.rule).strip()

    @cached_property
    def _rules(self) -> LineRules:
        return line_rules(
            self.profile,
            end_punctuation=self.end_punctuation,
            min_words=self.min_words_per_line,
            max_word_length=self.max_word_length,
            citations=self.citations,
            javascript=self.javascript,
            policy=self.policy,
        )
