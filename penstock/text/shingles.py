"""Shingles: the n-grams of a text's words or characters, by which texts are held to be alike.

What a shingle hashes to is part of what a run promises: it is the same on every machine. The plain
functions here say what it is; the kernels find the same for whole columns of text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

import numpy as np

from penstock.text.hashing import (
    BASE,
    DROPPED,
    FIRST_MIX,
    SECOND_MIX,
    SEED,
    SEPARATOR,
    SINGLE,
    STEP,
)
from penstock.text.letters import small_letters
from penstock.text.words import UNSPACED

if TYPE_CHECKING:
    import pyarrow as pa

Number = TypeVar("Number", int, np.ndarray)

MASK = (1 << 64) - 1
# No letters stand beyond the third plane; beyond the first, nothing but letters, and marks that
# choose a glyph.
_KNOWN, _PLAIN = 0x40000, 0x20000
_SELECTORS, _COMPATIBLE = range(0xE0000, 0xE1000), range(0x2F800, 0x2FA20)


@dataclass(frozen=True)
class Shingling:
    """How a text becomes n-grams: of `size` words or characters, in small letters.

    A word is a run of letters, marks, digits and pictures (Unicode's L, M, N and So); whatever else
    there is only separates. Each Han or kana character is a word. Characters are all there are,
    each run of white space one space, none at the ends. A text with fewer than `size` words (or
    characters) is one shingle; a text without any has none.

    Letters are made small one by one; one whose small form is two stays as it is. `zero_digits`
    makes every decimal digit 0, `strip_accents` takes the marks off letters.

    >>> Shingling("words", 3).parts("The dam's gate 2, 水库！")
    ['the', 'dam', 's', 'gate', '2', '水', '库']
    """

    unit: Literal["words", "characters"] = "words"
    size: int = 5
    zero_digits: bool = False
    strip_accents: bool = False

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"a shingle has at least 1 of the {self.unit}, not {self.size}")

    def parts(self, text: str) -> list[str]:
        """The words or characters of a text."""
        words = self.unit == "words"
        parts, ended, between = [""], True, False
        for character in text:
            if self.is_separator(character):
                ended = between = True
                continue
            if not (letter := self.folded(character)):
                continue
            if between and not words and len(parts) > 1:
                parts.append(" ")
            between = False
            if ended or self.is_single(character):
                parts.append(letter)
            else:
                parts[-1] += letter
            ended = self.is_single(character)
        return parts[1:]

    def is_separator(self, character: str) -> bool:
        """Whether a character stands between words, or is white space between characters."""
        if self.unit == "characters":
            return character.isspace()
        kind = unicodedata.category(character)
        return kind[0] not in "LMN" and kind != "So"

    def is_single(self, character: str) -> bool:
        """Whether a character is a part of its own."""
        return self.unit == "characters" or any(
            first <= character <= last for first, last in UNSPACED
        )

    def folded(self, character: str) -> str:
        """What a character becomes: one character, or none."""
        if self.zero_digits and character.isdecimal():
            return "0"
        small = character.lower()
        if len(small) != 1:
            small = character
        if not self.strip_accents or small.isascii():
            return small
        letters = unicodedata.normalize("NFD", small)
        bare = [one for one in letters if unicodedata.category(one) != "Mn"]
        return bare[0] if len(bare) == 1 else small if bare else ""


def absorb(state: int, value: int) -> int:
    """A hash that has taken in one more value."""
    state = (state ^ value) * STEP & MASK
    return state ^ state >> 32


def finish(value: Number) -> Number:
    """A 64-bit number, or an array of them, with its bits well mixed, as splitmix64 does it."""
    value = (value ^ value >> 30) * FIRST_MIX & MASK
    value = (value ^ value >> 27) * SECOND_MIX & MASK
    mixed: Number = value ^ value >> 31
    return mixed


def absorb_all(values: Iterable[int], state: int = SEED) -> int:
    """A hash of some values in their order."""
    for value in values:
        state = absorb(state, value)
    return state


def hashes_of_parts(text: str, how: Shingling) -> list[int]:
    """A hash of each word or character of a text."""
    return [absorb_all(map(ord, part)) for part in how.parts(text)]


def shingles(text: str, how: Shingling) -> list[int]:
    """The hashes of the shingles of a text, in order.

    >>> how = Shingling("words", 3)
    >>> shingles("At the old dam.", how) == shingles("at the OLD dam", how)
    True
    >>> len(shingles("at the old dam", how)), len(shingles("a dam", how)), shingles("…", how)
    (2, 1, [])
    """
    parts = hashes_of_parts(text, how)
    found = []
    for start in range(max(len(parts) - how.size + 1, min(len(parts), 1))):
        total = 0
        for part in parts[start : start + how.size]:
            total = (total * BASE + part) & MASK
        found.append(finish(total))
    return found


def digest(text: str, how: Shingling) -> int:
    """A hash of all parts of a text: of two texts the same only where all shingles are."""
    return absorb_all(hashes_of_parts(text, how))


class Shingles(NamedTuple):
    """The shingles of many texts: the place of each text's first, and one more; their hashes, in
    order or as sorted sets; and the digest of each text."""

    firsts: np.ndarray
    hashes: np.ndarray
    digests: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """Which texts have any."""
        return np.diff(self.firsts) > 0


def shingled(texts: pa.Array, how: Shingling) -> Shingles:
    """What `shingles` and `digest` say of each text of a column; a null has no shingles."""
    from penstock.text.features import buffers
    from penstock.text.kernels_shingles import hash_shingles

    offsets, data = buffers(texts)
    spaced = how.unit == "characters"
    table = character_table(Shingling(how.unit, 1, how.zero_digits, how.strip_accents))
    # Words have a byte at least and one between them, or three: Han.
    most = offsets[-1] - offsets[0] if spaced else (offsets[-1] - offsets[0] + len(texts) + 1) // 2
    firsts = np.zeros(len(texts) + 1, np.int64)
    hashes, digests = np.empty(most, np.uint64), np.empty(len(texts), np.uint64)
    hash_shingles(offsets, data, table, how.size, spaced, firsts, hashes, digests)
    return Shingles(firsts, hashes[: firsts[-1]], digests)


@cache
def character_table(how: Shingling) -> np.ndarray:
    """For each code point, what it becomes and what it is."""
    # What NumPy can tell of many characters at once: a character a time takes half a second.
    known, small = small_letters(_KNOWN)
    if how.unit == "characters":
        table = np.arange(0x110000, dtype=np.uint32) | np.uint32(SINGLE)
        table[:_KNOWN] = small | SINGLE
        table[:_KNOWN][np.strings.isspace(known)] = SEPARATOR
    else:
        table = np.full(0x110000, SEPARATOR, np.uint32)
        inside = np.strings.isalnum(known)
        for code in (*np.flatnonzero(~inside[:_PLAIN]).tolist(), *_SELECTORS):
            kind = unicodedata.category(chr(code))
            if kind[0] == "M" or kind == "So":
                table[code] = small[code] if code < _KNOWN else code
        table[:_KNOWN][inside] = small[inside]
        for first, last in UNSPACED:
            part = table[ord(first) : ord(last) + 1]
            part[part != SEPARATOR] |= np.uint32(SINGLE)
    if how.zero_digits or how.strip_accents:
        _fold(table, how)
    table.setflags(write=False)
    return table


def _fold(table: np.ndarray, how: Shingling) -> None:
    """Do in a table what letters and digits become beside small."""
    for code in (*range(0xD800), *range(0xE000, _PLAIN), *_COMPATIBLE, *_SELECTORS):
        if table[code] == SEPARATOR:
            continue
        letter = how.folded(chr(code))
        table[code] = ord(letter) | table[code] & SINGLE if letter else DROPPED


def distinct(firsts: np.ndarray, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The set of shingles of each text, sorted: the place of each first, and one more; and all."""
    hashes = hashes.copy()
    for start, stop in pairwise(firsts.tolist()):
        hashes[start:stop].sort()
    new = np.ones(len(hashes), bool)
    new[1:] = hashes[1:] != hashes[:-1]
    new[firsts[:-1][np.diff(firsts) > 0]] = True
    before = np.concatenate([[0], np.cumsum(new, dtype=np.int64)])
    return before[firsts], hashes[new]


def jaccard(
    firsts: np.ndarray, sets: np.ndarray, ones: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """The Jaccard similarity of pairs of sets: of the shingles that either of two texts has, the
    share that both have. It is 0 where neither has any."""
    from penstock.text.kernels_shingles import count_common

    ones, others = ones.astype(np.int64), others.astype(np.int64)
    common = np.zeros(len(ones), np.int64)
    count_common(firsts, sets, ones, others, common)
    sizes = np.diff(firsts)
    union = sizes[ones] + sizes[others] - common
    found: np.ndarray = common / np.maximum(union, 1)
    return found


def as_lists(keys: np.ndarray, present: np.ndarray) -> pa.Array:
    """Rows of keys as a column of lists; null where a row is not present."""
    import pyarrow as pa

    ends = np.concatenate([[0], np.cumsum(present)]) * keys.shape[1]
    absent = pa.array(~present)
    return pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()), pa.array(keys[present].ravel()), mask=absent
    )
