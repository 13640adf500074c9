"""Letters, marks and digits of all scripts: one character at a time, and as tables for numpy."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from penstock.text.data_juicer import SPECIAL

if TYPE_CHECKING:
    import numpy as np

# The planes with letters, digits and symbols, and that with variation selectors, which are marks.
_PLANES = (range(0x40000), range(0xE0000, 0xE1000))


def is_letter(character: str) -> bool:
    """Whether it is a letter of any script, or a mark on one.

    >>> is_letter("é"), is_letter("水"), is_letter("ि"), is_letter("7"), is_letter("!")
    (True, True, True, False, False)
    """
    return character.isalpha() or unicodedata.category(character)[0] == "M"


def is_letter_or_number(character: str) -> bool:
    """Whether it is a letter, a mark on one, or a number of any kind.

    >>> is_letter_or_number("½"), is_letter_or_number(" ")
    (True, False)
    """
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def is_special(character: str) -> bool:
    """Whether Data-Juicer calls it special."""
    return character in SPECIAL


@cache
def table(test: Callable[[str], bool]) -> np.ndarray:
    """What a test says of every character, by code point."""
    import numpy as np

    found = np.zeros(0x110000, bool)
    for plane in _PLANES:
        found[plane] = [test(chr(code)) for code in plane]
    found.setflags(write=False)
    return found


def count(text: str, test: Callable[[str], bool]) -> int:
    """How many characters of a text pass a test of this module, or one of `str`.

    >>> count("3 dams, 水库", str.isalnum)
    7
    """
    import numpy as np

    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return int(np.count_nonzero(table(test)[codes]))


def small_letters(size: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `size` characters, and the code points of their small forms. One whose small form
    is two characters stays as it is.

    >>> "".join(map(chr, small_letters(0x60)[1][0x41:0x44]))
    'abc'
    """
    import numpy as np

    codes = np.arange(size, dtype=np.uint32)
    codes[0xD800:0xE000] = 0  # surrogates are in no valid text
    known = codes.view("U1")
    small = np.strings.lower(known).view(np.uint32).copy()
    if size > ord("İ"):
        small[ord("İ")] = ord("İ")
    return known, small
