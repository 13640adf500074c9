"""Finding the phrases of a list in a text without splitting it into words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from penstock.text.letters import is_letter_or_number
from penstock.text.words import has_unspaced_script


def folded(text: str) -> str:
    """The text as phrases are compared: full-width forms made plain, and without case.

    >>> folded("ＤＡＭ Straße")
    'dam strasse'
    """
    return unicodedata.normalize("NFKC", text).casefold()


class Phrases:
    """A list of phrases as an Aho-Corasick automaton (1975): one pass finds them all.

    >>> Phrases(["水电", "水电站", "dam"]).find("三峡水电站: a dam, not Amsterdam")
    ['水电站', 'dam']
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        import ahocorasick_rs

        distinct = dict.fromkeys(filter(None, (folded(phrase).strip() for phrase in phrases)))
        # Overlapping matches only: the longest alone may be no whole word where a shorter one is.
        self._automaton: Any = ahocorasick_rs.AhoCorasick(distinct)

    def find(self, text: str) -> list[str]:
        """The phrases that stand in the text, folded: from the left, of several the longest.

        A phrase that begins or ends with a letter or digit must begin or end a word there; in Han
        and kana, which have no spaces, it may stand anywhere.
        """
        plain = folded(text)
        matches = self._automaton.find_matches_as_indexes(plain, overlapping=True)
        spans = [(start, -stop) for _, start, stop in matches if _is_whole(plain, start, stop)]
        found, end = [], 0
        for start, negative in sorted(spans):
            if start >= end:
                end = -negative
                found.append(plain[start:end])
        return found


def _is_whole(text: str, start: int, stop: int) -> bool:
    return not (
        (start > 0 and _joined(text[start - 1], text[start]))
        or (stop < len(text) and _joined(text[stop - 1], text[stop]))
    )


def _joined(one: str, other: str) -> bool:
    """Whether two neighbouring characters belong to one word."""
    return (
        is_letter_or_number(one)
        and is_letter_or_number(other)
        and not has_unspaced_script(one)
        and not has_unspaced_script(other)
    )
