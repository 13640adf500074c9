"""Classes of characters: sets for the readable functions, and one table of bits for the kernels.

Everything is taken from Python's own `str` methods and `unicodedata`, so that both ways agree on
every character there is.
"""

from __future__ import annotations

import string
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from penstock.text import words

if TYPE_CHECKING:
    import numpy as np

_TERMINAL = """
    21 2e 3f 589 61d-61f 6d4 700-702 7f9 837 839 83d-83e 964-965 104a-104b 1362 1367-1368 166e
    1735-1736 17d4-17d6 17d9-17da 1803 1809 1944-1945 1aa8-1aab 1b5a-1b5b 1b5e-1b5f 1b7d-1b7e
    1c3b-1c3c 1c7e-1c7f 203c-203d 2047-2049 2e2e 2e3c 2e53-2e54 3002 a4ff a60e-a60f a6f3 a6f7
    a876-a877 a8ce-a8cf a92f a9c8-a9c9 aa5d-aa5f aaf0-aaf1 abeb fe52 fe56-fe57 ff01 ff0e ff1f ff61
    10a56-10a57 10f55-10f59 10f86-10f89 11047-11048 110be-110c1 11141-11143 111c5-111c6 111cd
    111de-111df 11238-11239 1123b-1123c 112a9 1144b-1144c 115c2-115c3 115c9-115d7 11641-11642
    1173c-1173e 11944 11946 11a42-11a43 11a9b-11a9c 11c41-11c42 11ef7-11ef8 11f43-11f44 16a6e-16a6f
    16af5 16b37-16b38 16b44 16e98 1bc9f 1da88
"""


def _characters(ranges: str) -> frozenset[str]:
    found: set[str] = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        found.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(found)


# What ends a sentence in any script: Unicode's Sentence_Terminal, but for a few.
TERMINAL = _characters(_TERMINAL)
# What datatrove and CCNet call punctuation; a word of nothing else is a symbol.
PUNCTUATION = (
    frozenset(string.punctuation + "«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～")
    | _characters("0-8 b-c d-1f 7f-9f")
    | TERMINAL
)
# What separates words for fastText.
FASTTEXT_SPACE = frozenset(" \n\r\t\v\f\0")
# Stands between words that were split elsewhere: never a character of a text.
SEAM = "\U0010ffff"

# The bits of a character in the table; a word has those of WORD that any of its characters has.
MARK = 1 << 0
LETTER = 1 << 1
ALPHABETIC = 1 << 2
PROPER = 1 << 3
SYMBOL = 1 << 4
SPACE = 1 << 5
FASTTEXT = 1 << 6
GIVEN = 1 << 7
UNSPACED = 1 << 8
ALNUM = 1 << 9
LOWER = 1 << 10
UPPER = 1 << 11
DIGIT = 1 << 12
DECIMAL = 1 << 13
EDGE = 1 << 14
AMOUNT = 1 << 15
ICON = 1 << 16
SIGN = 1 << 17
LINK = 1 << 18
APOSTROPHE = 1 << 19
DOT = 1 << 20
END = 1 << 21
VOWEL = 1 << 22
WORD = MARK | LETTER | ALPHABETIC | PROPER | SYMBOL

SIZE = 0x110000
# No letters, digits or white space beyond the third plane, no marks beyond the first.
_KNOWN = 0x40000
_MARKED = 0x20000


def is_alphabetic(character: str) -> bool:
    """Whether Unicode calls a character alphabetic, but for marks that follow a letter anyway."""
    code = ord(character)
    return (
        character.isalpha()
        or unicodedata.category(character) == "Nl"
        or 0x24B6 <= code <= 0x24E9
        or any(low <= code <= low + 25 for low in (0x1F130, 0x1F150, 0x1F170))
    )


@cache
def table() -> np.ndarray:
    """The bits of every character, by code point."""
    import numpy as np

    codes = np.arange(_KNOWN, dtype=np.uint32)
    codes[0xD800:0xE000] = 0  # surrogates are in no valid text
    characters = codes.view("U1")
    bits = np.full(SIZE, PROPER, np.uint32)
    for bit, test in (
        (SPACE, np.strings.isspace),
        (LETTER | ALPHABETIC, np.strings.isalpha),
        (ALNUM, np.strings.isalnum),
        (LOWER, np.strings.islower),
        (UPPER, np.strings.isupper),
        (DECIMAL, np.strings.isdecimal),
    ):
        bits[:_KNOWN] |= np.where(test(characters), bit, 0).astype(np.uint32)
    for character in map(chr, range(_MARKED)):
        if unicodedata.category(character)[0] in "NPS":
            bits[ord(character)] |= _mark(character)
    for first, last in words.UNSPACED:
        bits[ord(first) : ord(last) + 1] |= UNSPACED
    for bit, members in _SETS.items():
        bits[[ord(one) for one in members]] ^= bit
    bits[bits & (EDGE | AMOUNT | ICON | SIGN | LINK | APOSTROPHE | DOT) != 0] |= MARK
    bits.setflags(write=False)
    return bits


def _mark(character: str) -> int:
    """The bits of a number, punctuation mark or symbol that the methods of `str` do not tell."""
    return (
        ALPHABETIC * is_alphabetic(character)
        | EDGE * words.is_edge(character)
        | AMOUNT * words.is_amount(character)
        | ICON * words.is_icon(character)
    )


_SETS = {
    FASTTEXT: FASTTEXT_SPACE,
    GIVEN: SEAM,
    DIGIT: words.DIGITS,
    SYMBOL: "#…",
    PROPER: PUNCTUATION,
    END: TERMINAL,
    SIGN: words.SIGNS,
    LINK: words.LINKS,
    APOSTROPHE: words.APOSTROPHES,
    DOT: ".",
    VOWEL: words.VOWELS,
}
