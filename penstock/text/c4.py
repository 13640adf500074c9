"""What C4 does to the lines of a page (Raffel et al. 2020, section 2.2)."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from penstock.text.characters import TERMINAL

CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
# Words, and what stands between words.
_RUN = re.compile(r"[^\W_]+|(?:[^\w\s]|_)+")
POLICIES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)


class LineRules(NamedTuple):
    """Which lines stay; a rule that is False or 0 is off."""

    ends: str = ".?!\"'"
    ellipses: bool = False
    min_words: int = 3
    max_word_length: int = 1000
    citations: bool = True
    javascript: bool = True
    policy: bool = True


def line_rules(profile: str, *, end_punctuation: bool, **others: Any) -> LineRules:
    """The line rules of datatrove, or of Dolma, which has fewer.

    >>> line_rules("dolma", end_punctuation=True, min_words=3, javascript=True).javascript
    False
    """
    if profile == "dolma":
        return LineRules(
            ends='.?!"' if end_punctuation else "",
            ellipses=True,
            min_words=others["min_words"],
            max_word_length=0,
            citations=False,
            javascript=False,
            policy=False,
        )
    return LineRules(ends=".?!\"'" if end_punctuation else "", **others)


class Line(NamedTuple):
    """A line as it is left, and the rule by which it goes, if one does."""

    text: str
    rule: str = ""


def judge(line: str, rules: LineRules) -> Line:
    """A line without white space at its ends and, where they go, marks of citation.

    >>> judge("The dam was built in 1971.[2]", LineRules())
    Line(text='The dam was built in 1971.', rule='')
    >>> judge("Next page", LineRules()).rule
    'without_end'
    """
    text = line.strip()
    words = text.split()
    if rules.max_word_length and any(len(word) > rules.max_word_length for word in words):
        return Line(text, "long_word")
    if rules.citations:
        text = CITATION.sub("", text)
    if rules.ends and not text.endswith(tuple(rules.ends)):
        return Line(text, "without_end")
    if rules.ends and not rules.ellipses and text.endswith("..."):
        return Line(text, "without_end")
    if len(words) < rules.min_words:
        return Line(text, "few_words")
    small = text.lower()
    if rules.javascript and "javascript" in small:
        return Line(text, "javascript")
    if rules.policy and any(policy in small for policy in POLICIES):
        return Line(text, "policy")
    return Line(text)


def sentences(lines: Iterable[str]) -> int:
    """How many sentences some lines have, each at least one.

    A sentence ends with a mark that ends a word, and the next begins with the next word.

    >>> sentences(["It rained. The dam of J. Smith held!", "Who knew?"])
    3
    """
    return sum(_sentences(line) for line in lines)


def _sentences(line: str) -> int:
    found, ended = int(bool(line)), False
    for run in _RUN.finditer(line):
        if not run[0][0].isalnum():
            ended = ended or _ends(line, run.start(), run.end())
        elif ended:
            found += 1
            ended = False
    return found


def _ends(line: str, start: int, stop: int) -> bool:
    """Whether a run of marks ends a sentence: not the full stop of "J.", and in a word only marks
    of scripts that have no spaces, or a full stop before a capital."""
    before, after = line[start - 1 : start], line[stop : stop + 1]
    if after.isalnum():
        if line[start:stop] == ".":
            return before.islower() and after.isupper()
        return any(mark in TERMINAL and not mark.isascii() for mark in line[start:stop])
    for at in range(start, stop):
        if line[at] in TERMINAL and line[at] != ".":
            return True
        if line[at] == "." and "." not in (line[at - 1 : at], line[at + 1 : at + 2]):
            return not _initial(line, at)
    return False


def _initial(line: str, at: int) -> bool:
    """Whether the full stop there is that of an initial, as in "J. Smith" or "U.S."."""
    before, earlier = line[at - 1 : at], line[at - 2 : at - 1]
    lone = not earlier or earlier.isspace()
    return before.isalpha() and (lone or (before.isupper() and not earlier.isupper()))
