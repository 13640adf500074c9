"""Splitting text into words, for scripts with and without spaces."""

import re
import unicodedata
from functools import cache
from typing import Any

# Han and kana are written without spaces between words; each character counts as one word.
UNSPACED = (
    ("\u3040", "\u30ff"),  # Hiragana, Katakana
    ("\u3400", "\u4dbf"),  # Han
    ("\u4e00", "\u9fff"),
    ("\uf900", "\ufaff"),
    ("\U00020000", "\U0003134f"),  # Han, supplementary planes
)
_UNSPACED = "".join(f"{first}-{last}" for first, last in UNSPACED)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_TOKEN = re.compile(rf"[{_UNSPACED}]{{1,2}}|[^\s{_UNSPACED}]+")
_FASTTEXT = re.compile("[ \n\r\t\v\f\0]+")
_HAN = re.compile(rf"[{_UNSPACED}]")

EDGES = frozenset(",:;!?()[]{}<>_#*&'\"`–—´")
AMOUNTS = frozenset("%+")
SIGNS = frozenset("+-*^")
LINKS = frozenset("-–—~:<>=/,")
APOSTROPHES = frozenset("'’")
VOWELS = frozenset("aàáâäeèéêëhiìíîïoòóôöuùúûüyœæAÀÁÂÄEÈÉÊËHIÌÍÎÏOÒÓÔÖUÙÚÛÜYŒÆ")
CLITICS = frozenset({"s", "m", "d", "ll", "re", "ve"})
DIGITS = frozenset("0123456789")


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


def tokens(text: str) -> list[str]:
    """Split at white space, cut marks off the ends of words and compounds apart, pair Han and kana.

    This comes near to what spaCy's rules for European languages give, without their lists of
    exceptions, and to the length of Chinese words.

    >>> tokens("(The keeper's well-kept dam doesn't leak...)")
    ['(', 'The', 'keeper', "'s", 'well', '-', 'kept', 'dam', 'does', "n't", 'leak', '...', ')']
    >>> tokens("l'eau du barrage，水电站")
    ["l'", 'eau', 'du', 'barrage', '，', '水电', '站']
    """
    return [piece for word in _TOKEN.findall(text) for piece in _pieces(word)]


def fasttext_words(text: str) -> list[str]:
    r"""Split at ASCII white space and NUL, as fastText does.

    >>> fasttext_words("the dam\u00a0holds\n")
    ['the', 'dam\xa0holds']
    """
    return [word for word in _FASTTEXT.split(text) if word]


def spacy_words(text: str, language: str) -> list[str]:
    """Split by spaCy's rules for a language, and Chinese by jieba."""
    pipeline = _spacy(language)
    with pipeline.memory_zone():
        found = [token.text.strip() for token in pipeline.tokenizer(text)]
    return [word for word in found if word]


@cache
def _spacy(language: str) -> Any:
    try:
        import spacy
    except ImportError as error:
        raise ImportError("`words: spacy` needs spaCy: pip install spacy") from error
    config = {"nlp": {"tokenizer": {"segmenter": "jieba"}}} if language == "zh" else {}
    return spacy.blank(language, config=config)


def _pieces(word: str) -> list[str]:
    if word.isalnum():
        return [word]
    left, right = 0, len(word)
    before, after = [], []
    while left < right and (size := _last(word, left, right)):
        after.append(word[right - size : right])
        right -= size
    while left < right and (size := _first(word, left, right)):
        before.append(word[left : left + size])
        left += size
    return [*before, *_parts(word[left:right]), *reversed(after)]


def _first(word: str, left: int, right: int) -> int:
    """How many characters at the left end of word[left:right] are a token of their own."""
    mark = word[left]
    if mark == ".":
        dots = _run(word, left, right)
        return dots if dots > 1 else 0
    if mark == "+":
        return int(right - left == 1 or word[left + 1] not in DIGITS)
    return int(mark == "=" or is_edge(mark) or is_amount(mark))


def _last(word: str, left: int, right: int) -> int:
    """How many characters at the right end of word[left:right] are a token of their own."""
    mark, size = word[right - 1], right - left
    if mark == ".":
        dots = 1
        while dots < size and word[right - 1 - dots] == ".":
            dots += 1
        return dots if dots > 1 else int(size > 1 and not _initial(word, left, right - 1))
    if is_edge(mark):
        return 1
    if is_amount(mark):
        return int(size > 1 and word[right - 2] in DIGITS)
    return _clitic(word[max(left, right - 4) : right])


def _initial(word: str, left: int, right: int) -> bool:
    """Whether a full stop after this belongs to it: one letter, or a lone capital at the end."""
    last = word[right - 1]
    if right - left == 1:
        return last.isalpha()
    return last.isupper() and not word[right - 2].isupper()


def _clitic(end: str) -> int:
    """The size of what was drawn into one with a word: 's, 'm, 'd, 'll, 're, 've, n't."""
    if len(end) == 4 and end[1] == "n" and end[2] in APOSTROPHES and end[3] == "t":
        return 3
    for size in (2, 3):
        if len(end) >= size and end[-size] in APOSTROPHES and end[1 - size :] in CLITICS:
            return size
    return 0


def _parts(core: str) -> list[str]:
    """The middle of a word cut at what joins two words; addresses stay whole."""
    if "://" in core or "@" in core or core.startswith("www."):
        return [core]
    parts, start, at = [], 0, 0
    while at < len(core):
        stop = at + 1 if core[at] not in ".-" else at + _run(core, at, len(core))
        if _joins(core, at, stop):
            parts += [core[start:at], core[at:stop]]
            start = stop
        elif _elides(core, at):
            parts.append(core[start:stop])
            start = stop
        at = stop
    return [part for part in [*parts, core[start:]] if part]


def _joins(core: str, at: int, stop: int) -> bool:
    """Whether the mark core[at:stop] (a run, if of dots or hyphens) stands between two words."""
    mark, before, after = core[at], core[at - 1 : at], core[stop : stop + 1]
    if is_icon(mark) or (mark == "." and stop - at > 1):
        return True
    if mark == ".":
        return before.islower() and after.isupper()
    if mark in SIGNS and before in DIGITS and after in DIGITS:
        return True
    if mark == "-" and after.isupper():
        return False  # German compounds and names stay whole
    return mark in LINKS and before.isalnum() and after.isalpha()


def _elides(core: str, at: int) -> bool:
    """Whether a word that has lost its vowel ends with this apostrophe, as in l'eau."""
    after = core[at + 1 : at + 3]
    return (
        core[at] in APOSTROPHES
        and core[at - 1 : at].isalpha()
        and after[:1] in VOWELS
        and after[1:].isalpha()
    )


def _run(word: str, at: int, end: int) -> int:
    stop = at
    while stop < end and word[stop] == word[at]:
        stop += 1
    return stop - at


def is_edge(mark: str) -> bool:
    """Whether a character at an end of a word is a token of its own."""
    if mark.isascii():
        return mark in EDGES
    kind = unicodedata.category(mark)
    return (kind[0] == "P" and kind != "Pd") or kind == "So" or mark in EDGES


def is_icon(mark: str) -> bool:
    """Whether a character is a token of its own anywhere: an ellipsis, an emoji, a dingbat."""
    return mark == "…" or unicodedata.category(mark) == "So"


def is_amount(mark: str) -> bool:
    """Whether a character is a token of its own before, and after, a number."""
    return mark in AMOUNTS or unicodedata.category(mark) == "Sc"
