"""Splitting text into words, for scripts with and without spaces."""

import re

# Han, kana and Hangul syllables are written without spaces between words (or, for Hangul, are
# counted by syllable); each character counts as one word.
_UNSPACED = (
    "\u3040-\u30ff"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003134f"  # Han, supplementary planes
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_HAN = re.compile(rf"[{_UNSPACED}]")


def words(text: str) -> list[str]:
    """Split at white space; every Han or kana character is a word of its own.

    >>> words("the Yangtze 长江 flows")
    ['the', 'Yangtze', '长', '江', 'flows']
    """
    return _WORD.findall(text)


def has_unspaced_script(text: str) -> bool:
    """Whether any character belongs to a script written without spaces (Han, kana).

    >>> has_unspaced_script("水电站"), has_unspaced_script("dam")
    (True, False)
    """
    return _HAN.search(text) is not None
