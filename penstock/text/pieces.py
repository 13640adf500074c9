"""Lines, paragraphs and runs of words: where in its text each stands, and its 128-bit key.

The plain functions say what the pieces of one text are; the kernels find the same for whole columns
of text. Places are those of bytes in UTF-8.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from penstock.text.hashing import SEPARATOR, SINGLE
from penstock.text.letters import small_letters
from penstock.text.words import UNSPACED, words

if TYPE_CHECKING:
    import pyarrow as pa

_PARAGRAPH = re.compile(r"(?:[^\n]*\S[^\n]*(?:\n|$))+")
# Beyond the second plane no letter has a small form.
_CASED = 0x20000
_SPACES = [code for code in range(0x3001) if chr(code).isspace()]


class Piece(NamedTuple):
    """A piece of a text: its bytes from `start` to `stop`, and what makes it equal to others."""

    start: int
    stop: int
    same: str


class Found(NamedTuple):
    """The pieces of many texts: the text each is of (int32), its bytes from where to where (int64),
    and its key, as two numbers."""

    parents: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    keys: np.ndarray


def lines(text: str, least: int = 1) -> list[Piece]:
    r"""The lines with at least `least` characters, each with the line end behind it; the last one
    with that before it. Lines are equal that differ in case and white space alone.

    >>> lines("The  Dam\n\nwater\n")
    [Piece(start=0, stop=9, same='the dam'), Piece(start=10, stop=16, same='water')]
    >>> lines("a\nb")
    [Piece(start=0, stop=2, same='a'), Piece(start=1, stop=3, same='b')]
    """
    ends = [found.end() for found in re.finditer("\n", text)]
    return _units(text, list(zip([0, *ends], [*ends, len(text)], strict=True)), least)


def paragraphs(text: str, least: int = 1) -> list[Piece]:
    r"""The same for paragraphs, which blank lines part, each with those behind it.

    >>> paragraphs("The\nDam\n\nwater\n")
    [Piece(start=0, stop=9, same='the dam'), Piece(start=7, stop=15, same='water')]
    """
    return _units(text, [(m.start(), m.end()) for m in _PARAGRAPH.finditer(text)], least)


def _units(text: str, spans: list[tuple[int, int]], least: int) -> list[Piece]:
    found = []
    for place, (start, stop) in enumerate(spans):
        same = " ".join("".join(map(_small, text[start:stop])).split())
        stop = spans[place + 1][0] if place + 1 < len(spans) else len(text)
        if place and place + 1 == len(spans):
            # Without the end of its last line, which goes with this piece.
            start = spans[place - 1][1] - (text[spans[place - 1][1] - 1] == "\n")
        if len(same) >= max(1, least):
            found.append(Piece(_bytes(text, start), _bytes(text, stop), same))
    return found


def windows(text: str, size: int) -> list[Piece]:
    """All runs of `size` words, each up to where the next word begins.

    >>> [piece.same for piece in windows("water  over the dam", 3)]
    ['water over the', 'over the dam']
    """
    found, at = [], 0
    places: list[int] = []
    of = words(text)
    for word in of:
        at = text.index(word, at)
        places.append(at)
        at += len(word)
    places.append(len(text))
    for first in range(len(of) - size + 1):
        span = _bytes(text, places[first]), _bytes(text, places[first + size])
        found.append(Piece(*span, " ".join(of[first : first + size])))
    return found


def _small(character: str) -> str:
    small = character.lower()
    return small if len(small) == 1 else character


def _bytes(text: str, place: int) -> int:
    return len(text[:place].encode())


def cut_units(texts: pa.Array, salts: np.ndarray, least: int, *, blank: bool) -> Found:
    """The lines, or (`blank`) the paragraphs, of a column. Texts with another salt (64-bit) have
    other keys; those with the salt 0 have none."""
    from penstock.text import kernels_pieces
    from penstock.text.features import buffers

    offsets, data = buffers(texts)
    found = _room(int(np.count_nonzero(data == ord("\n"))) + len(texts))
    size = kernels_pieces.cut_units(
        offsets, data, character_table(), salts, blank, max(1, least), *found
    )
    return Found(*(column[:size] for column in found))


def cut_windows(texts: pa.Array, size: int) -> Found:
    """The runs of `size` words of a column."""
    from penstock.text import kernels_pieces
    from penstock.text.features import buffers

    offsets, data = buffers(texts)
    # Words have a byte at least and one between them, or three: Han.
    most = int(np.diff(offsets).max(initial=0)) // 2 + 1
    found = _room(int(offsets[-1] - offsets[0] + len(texts)) // 2)
    places, hashes = np.empty(most, np.int64), np.empty(most, np.uint64)
    count = kernels_pieces.cut_windows(
        offsets, data, character_table(), size, places, hashes, *found
    )
    return Found(*(column[:count] for column in found))


def _room(size: int) -> Found:
    starts, stops = np.empty((2, size), np.int64)
    return Found(np.empty(size, np.int32), starts, stops, np.empty((size, 2), np.uint64))


@cache
def character_table() -> np.ndarray:
    """For each code point its small form, and whether it is white space or a word by itself."""
    table = np.arange(0x110000, dtype=np.uint32)
    _, table[:_CASED] = small_letters(_CASED)
    table[_SPACES] |= np.uint32(SEPARATOR)
    for first, last in UNSPACED:
        table[ord(first) : ord(last) + 1] |= np.uint32(SINGLE)
    table.setflags(write=False)
    return table
