"""Words as they stand in lists: lower case, without punctuation around them."""

from penstock.text.letters import is_letter_or_number
from penstock.text.words import words


def bare_words(text: str) -> list[str]:
    """The words of a text, lower-cased and without what is neither letter nor digit around them.

    >>> bare_words("(The dam's) gate — 水库！")
    ['the', "dam's", 'gate', '水', '库']
    """
    stripped = (word if word.isalnum() else _stripped(word) for word in words(text.lower()))
    return [word for word in stripped if word]


def _stripped(word: str) -> str:
    first, last = 0, len(word)
    while first < last and not is_letter_or_number(word[first]):
        first += 1
    while first < last and not is_letter_or_number(word[last - 1]):
        last -= 1
    return word[first:last]
