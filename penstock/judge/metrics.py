"""How near an answer is to its reference, for languages with and without spaces.

Packages made for English keep only `[a-z0-9]`, so every Chinese answer scores 0. Here a Han or kana
character is a token of its own and everything else is split at spaces and punctuation. Thai, Lao,
Khmer and Burmese are written without spaces too and are not split: a sentence is one token there.
"""

import functools
import unicodedata
from collections import Counter
from collections.abc import Sequence

from penstock.text.words import words


def tokens(text: str) -> list[str]:
    """The tokens of a text that scores are counted in: folded, without punctuation.

    >>> tokens("The Three Gorges Dam, 三峡大坝!")
    ['the', 'three', 'gorges', 'dam', '三', '峡', '大', '坝']
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return words("".join(_kept(folded)))


def normalise(text: str) -> str:
    """NFKC, case folded, inner white space single, surrounding punctuation and space removed.

    >>> normalise(" “１７ March  2020.” ")
    '17 march 2020'
    """
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    start, end = 0, len(folded)
    while start < end and _separates(folded[start]):
        start += 1
    while end > start and _separates(folded[end - 1]):
        end -= 1
    return folded[start:end]


def strict_match(answer: str, reference: str) -> float:
    """1 when the two are the same text but for surrounding white space, else 0.

    >>> strict_match("Paris", "paris"), strict_match("Paris\\n", "Paris")
    (0.0, 1.0)
    """
    return float(answer.strip() == reference.strip())


def exact_match(answer: str, reference: str) -> float:
    """1 when the two are the same after `normalise`, else 0.

    >>> exact_match("paris.", "Paris"), exact_match("Paris, France", "Paris")
    (1.0, 0.0)
    """
    return float(normalise(answer) == normalise(reference))


def contains(answer: str, reference: str) -> float:
    """1 when the tokens of the reference stand in the answer, in one piece, else 0.

    >>> contains("It is Paris, in France.", "Paris"), contains("Parisian", "Paris")
    (1.0, 0.0)
    """
    found, sought = tokens(answer), tokens(reference)
    if not sought:
        return exact_match(answer, reference)
    width = len(sought)
    return float(any(found[at : at + width] == sought for at in range(len(found) - width + 1)))


def token_f1(answer: str, reference: str) -> float:
    """The harmonic mean of token precision and recall, order left aside (Rajpurkar et al. 2016).

    >>> token_f1("the dam", "the big dam")
    0.8
    >>> token_f1("长江水", "长江")
    0.8
    """
    found, sought = tokens(answer), tokens(reference)
    shared = (Counter(found) & Counter(sought)).total()
    return _f1(shared, len(found), len(sought))


def rouge_l(answer: str, reference: str) -> float:
    """F1 of the longest common subsequence of tokens (Lin 2004).

    >>> rouge_l("dam the big", "the big dam")
    0.6666666666666666
    """
    found, sought = tokens(answer), tokens(reference)
    return _f1(_longest_common(found, sought), len(found), len(sought))


def _f1(shared: int, found: int, sought: int) -> float:
    if found == 0 and sought == 0:
        return 1.0  # nothing was asked for and nothing was said
    return 2 * shared / (found + sought)


def _longest_common(left: Sequence[str], right: Sequence[str]) -> int:
    """The length of the longest common subsequence, one row of the table at a time."""
    row = [0] * (len(right) + 1)
    for token in left:
        diagonal = 0
        for at, other in enumerate(right, start=1):
            above = row[at]
            row[at] = diagonal + 1 if token == other else max(above, row[at - 1])
            diagonal = above
    return row[-1]


def _kept(text: str) -> list[str]:
    """Every character, a space in place of one that separates; `3.5` and `1,000` stay whole."""
    last = len(text) - 1
    return [
        " " if _separates(char) and not (0 < at < last and _inside_number(text, at)) else char
        for at, char in enumerate(text)
    ]


def _inside_number(text: str, at: int) -> bool:
    return text[at] in ".," and text[at - 1].isdecimal() and text[at + 1].isdecimal()


@functools.lru_cache(maxsize=4096)
def _separates(char: str) -> bool:
    """Whether a character is punctuation, a space or a control.

    Symbols such as `+` and `€` carry meaning and stay, as do the vowel signs of Indic scripts,
    which `\\w` would lose.
    """
    return unicodedata.category(char)[0] in "PZC"
