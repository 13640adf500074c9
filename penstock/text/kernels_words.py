"""The kernel that splits documents into words and counts what kinds of words there are."""

# Whole numbers here are numba's, which mypy does not tell from Python's.
# mypy: disable-error-code="arg-type,assignment,no-any-return,operator,return-value"
from __future__ import annotations

from typing import Any

import numpy as np

from penstock.text.characters import ALNUM, ALPHABETIC, LETTER, MARK, PROPER, SYMBOL
from penstock.text.kernels import (
    BITS,
    BITS_OUT,
    BYTES,
    BYTES_OUT,
    FLAG,
    HASHES_OUT,
    INTS,
    INTS_OUT,
    TABLE_OUT,
    decode,
    detour,
    digest,
    eight,
    kernel,
    mix,
    seen,
    step,
)
from penstock.text.kernels_tokens import cut

# The columns of the counts.
NAMES = (
    "all", "characters", "proper", "proper_characters", "with_letter", "alphabetic", "with_symbol",
    "begin_alnum", "curator_symbols", "stop_kinds", "stop_words", "stop_any_case",
)  # fmt: skip
COLUMNS = len(NAMES)
ALL, CHARACTERS, PROPERS, PROPER_CHARACTERS, LETTERS, ALPHABETICS, SYMBOLS = range(7)
BEGIN_ALNUM, CURATOR_SYMBOLS, STOP_KINDS, STOP_WORDS, STOP_ANY_CASE = range(7, COLUMNS)

# What a splitter makes of a character beside the bits of WORD: where it stands.
BETWEEN, SINGLE = 1 << 6, 1 << 7


def _sized(word: str) -> np.uint64:
    """A word of up to seven bytes as a number, with its size as the last byte."""
    data = word.encode()
    return np.uint64(int.from_bytes(data, "little") | len(data) << 56)


_ELLIPSES = tuple(_sized(word) for word in ("...", "[...]", "…", "(...)", "[…]", "-»"))
_LOWER = np.uint64(0x20202020)
# Each stop word at its remainder by _STOP_SIZE, in small letters.
_STOP_SIZE = np.uint64(10)
_STOP = np.zeros(int(_STOP_SIZE), np.uint64)
for _word in ("the", "be", "to", "of", "and", "that", "have", "with"):
    _STOP[int((_sized(_word) | _LOWER) % _STOP_SIZE)] = _sized(_word)


@step
def _read(
    text: Any, table: Any, codes: Any, flags: Any, places: Any, squeezed: Any, used: int
) -> tuple[int, int]:  # fmt: skip
    """Take a document apart into characters, and its bytes but for what stands between words."""
    size, at = 0, np.int64(0)
    while at < text.size:
        code, width = decode(text, at)
        flag = table[code]
        codes[size] = code
        flags[size] = flag
        places[size] = at
        size += 1
        if width == 1:
            squeezed[used] = code
            used += flag & BETWEEN == 0
        elif flag & BETWEEN == 0:
            for place in range(at, at + width):
                squeezed[used] = text[place]
                used += 1
        at += width
    places[size] = at
    return size, used


@step
def _bound(flags: Any, size: int, pairs: int, bounds: Any) -> int:
    """Where runs of separators, of single characters and of others begin; and each single
    character, or with 1 for `pairs` each second one."""
    found, run = 0, -1
    before = np.int64(0xFF)
    for place in range(size):
        flag = np.int64(flags[place])
        bounds[found] = place
        inside = (flag & before & SINGLE) != 0
        run = (run + 1) * inside
        found += ((flag ^ before) & (BETWEEN | SINGLE) != 0) | (inside & (run & pairs == 0))
        before = flag
    bounds[found] = size
    return found


@detour
def _is_symbol(data: Any, first: int, last: int, characters: int) -> bool:
    """Whether Curator takes a word for a symbol: an ellipsis, or # in more than half as many runs
    as it has characters."""
    runs = 0
    for place in range(first, last):
        runs += data[place] == 35 and (place == first or data[place - 1] != 35)
    if last - first < 8:
        sized = eight(data, first, last - first) | np.uint64(last - first) << np.uint64(56)
        for word in _ELLIPSES:
            if sized == word:
                return True
    return 2 * runs > characters


@step
def _hashed(data: Any, first: int, last: int, tally: Any) -> Any:
    """The hash of a word, which is counted where it is a stop word or stands for an ellipsis."""
    if last - first > 8:
        return digest(data, first, last)
    packed = eight(data, first, last - first)
    # Bytes beyond the word are zero, so that sizes tell words from those with NULs at their end.
    sized = packed | np.uint64(last - first) << np.uint64(56)
    place = (sized | _LOWER) % _STOP_SIZE
    tally[STOP_ANY_CASE] += sized | _LOWER == _STOP[place] | _LOWER
    tally[STOP_WORDS] += sized == _STOP[place]
    tally[STOP_KINDS] |= np.int64(sized == _STOP[place]) << np.int64(place)
    return mix(np.uint64(last - first), packed)


@step
def _count(kinds: Any, letters: Any, start: int, stop: int, tally: Any) -> None:
    """Count the words of a document by their kind."""
    letter = alphabetic = symbol = proper = characters = np.int64(0)
    for word in range(start, stop):
        kind = np.int64(kinds[word])
        letter += kind & LETTER != 0
        alphabetic += kind & ALPHABETIC != 0
        symbol += kind & SYMBOL != 0
        proper += kind & PROPER != 0
        size = np.int64(letters[word + 1]) - np.int64(letters[word])
        characters += size * (kind & PROPER != 0)
    tally[ALL] = stop - start
    tally[CHARACTERS] = np.int64(letters[stop]) - np.int64(letters[start])
    tally[LETTERS] = letter
    tally[ALPHABETICS] = alphabetic
    tally[SYMBOLS] = symbol
    tally[PROPERS] = proper
    tally[PROPER_CHARACTERS] = characters
    kinds_met, tally[STOP_KINDS] = tally[STOP_KINDS], 0
    while kinds_met:
        kinds_met &= kinds_met - 1
        tally[STOP_KINDS] += 1


@kernel(
    INTS, BYTES, BITS, BYTES, FLAG, FLAG,
    BITS_OUT, BYTES_OUT, BITS_OUT, BITS_OUT, BITS_OUT, BITS_OUT,
    INTS_OUT, TABLE_OUT, BITS_OUT, BITS_OUT, HASHES_OUT, BYTES_OUT, BYTES_OUT,
)  # fmt: skip
def split(
    offsets: Any, data: Any, table: Any, flags_of: Any, refine: bool, alnum: bool,
    codes: Any, flags: Any, places: Any, bounds: Any, cuts: Any, ends: Any,
    firsts: Any, counts: Any, starts: Any, letters: Any, hashes: Any, kinds: Any, squeezed: Any,
) -> int:  # fmt: skip
    """Cut documents into words; how many there are, or -1 for too little room.

    `flags_of` has for each character its bits of WORD, BETWEEN and SINGLE. `refine` does what
    `tokens` does beyond `words`; `alnum` leaves out words that do not begin with a letter or digit.
    Per document come the place of its first word and the counts; per word where it begins among the
    bytes and characters of all words, a hash and its kind; then those bytes.
    """
    found = used = passed = read = np.int64(0)
    for document in range(offsets.size - 1):
        text = data[offsets[document] : offsets[document + 1]]
        size, read = _read(text, flags_of, codes, flags, places, squeezed, read)
        if found + size >= hashes.size:
            return -1
        tally, firsts[document] = counts[document], found
        for run in range(_bound(flags, size, int(refine), bounds)):
            start, end = np.int64(bounds[run]), np.int64(bounds[run + 1])
            if flags[start] & BETWEEN:
                continue
            kind = seen(flags, start, end)
            pieces, cuts[0] = 1, end
            if refine and kind & MARK:
                pieces = cut(table, codes, flags, start, end, cuts, ends)
            for piece in range(pieces):
                stop = np.int64(cuts[piece])
                if start == stop:
                    continue
                kind = seen(flags, start, stop) if pieces > 1 else kind
                first, last = np.int64(places[start]), np.int64(places[stop])
                if not alnum or table[codes[start]] & ALNUM:
                    starts[found], letters[found], kinds[found] = used, passed, kind
                    hashes[found] = _hashed(text, first, last, tally)
                    tally[BEGIN_ALNUM] += table[codes[start]] & ALNUM != 0
                    if not refine and (kind & PROPER == 0 or kind & SYMBOL):
                        tally[CURATOR_SYMBOLS] += _is_symbol(text, first, last, stop - start)
                    passed += stop - start
                    found += 1
                used += last - first
                start = stop
        starts[found], letters[found] = used, passed
        _count(kinds, letters, firsts[document], found, tally)
    firsts[offsets.size - 1] = found
    return found
