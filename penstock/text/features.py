"""What filters measure of a text column, found once for all of them, by compiled kernels.

The kernels are compiled when they are first needed, which takes some seconds, and kept: beside
this file, or in the user's cache folder where that cannot be written to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from penstock.text.c4 import LineRules

# How documents can be split into words: as `words` and `tokens` of penstock.text.words do, the
# latter without those that begin with no letter or digit, at white space, as fastText does.
Splitter = Literal["words", "tokens", "alnum", "space", "fasttext"]
Cut = Literal["lines", "rows", "pairs", "paragraphs"]
Way = Literal["datatrove", "dolma", "dclm", "curator"]


# The modules that compile what is measured, or load what was compiled: to be imported once, ahead
# of processes that would each do so.
KERNELS = tuple(f"penstock.text.kernels_{name}" for name in ("words", "lines", "grams", "c4"))


@dataclass(frozen=True)
class Words:
    """The words of all documents: the place of each document's first, and one more; how many each
    has, by kind; per word where its bytes and its characters begin, and a hash; the bytes."""

    firsts: np.ndarray
    counts: dict[str, np.ndarray]
    starts: np.ndarray
    letters: np.ndarray
    hashes: np.ndarray
    squeezed: np.ndarray

    @property
    def longest(self) -> int:
        """The most words of one document."""
        return int(np.diff(self.firsts).max(initial=0))

    def gram_characters(self, n: int) -> np.ndarray:
        """The characters of all n-grams of each document."""
        sums = np.concatenate([[0], np.cumsum(self.letters, dtype=np.int64)])
        first, end = self.firsts[:-1], self.firsts[1:]
        start, stop = np.minimum(first + n, end + 1), np.maximum(end - n + 1, first)
        found: np.ndarray = sums[end + 1] - sums[start] - (sums[stop] - sums[first])
        return found

    def medians(self) -> np.ndarray:
        """Of the lengths of words, per document; of no words it is 0."""
        sizes = np.diff(self.firsts)
        lengths = np.diff(self.letters.astype(np.int64))
        document: np.ndarray = np.repeat(np.arange(len(sizes)), sizes)
        ordered = np.append(np.sort((document << 32) + lengths), 0) & 0xFFFFFFFF
        low, high = self.firsts[:-1] + (sizes - 1) // 2, self.firsts[:-1] + sizes // 2
        return np.where(sizes > 0, (ordered[low] + ordered[high]) / 2, 0.0)


@dataclass(frozen=True)
class Lines:
    """The pieces of all documents: the place of each document's first, and one more; per piece its
    characters, a hash, its first character that is no white space (or -1), and how it ends."""

    firsts: np.ndarray
    sizes: np.ndarray
    hashes: np.ndarray
    heads: np.ndarray
    tails: np.ndarray

    @property
    def outermost(self) -> np.ndarray:
        """Which pieces are the first or last of a document."""
        found = np.zeros(len(self.sizes), bool)
        found[self.firsts[:-1]] = found[self.firsts[1:] - 1] = True
        return found

    @property
    def filled(self) -> np.ndarray:
        """Which pieces are not only white space."""
        found: np.ndarray = self.heads >= 0
        return found

    def begin(self, characters: str) -> np.ndarray:
        """Which pieces have one of these as their first character that is no white space."""
        found = np.zeros(len(self.heads), bool)
        for character in characters:
            found |= self.heads == ord(character)
        return found

    def end(self, *ways: str) -> np.ndarray:
        """Which pieces end in one of these ways."""
        from penstock.text.kernels_lines import ENDS

        found: np.ndarray = self.tails & sum(1 << ENDS.index(way) for way in ways) != 0
        return found

    def count(self, chosen: np.ndarray) -> np.ndarray:
        """How many pieces of each document are chosen."""
        sums = np.concatenate([[0], np.cumsum(chosen)])
        found: np.ndarray = sums[self.firsts[1:]] - sums[self.firsts[:-1]]
        return found

    def share(self, chosen: np.ndarray, among: np.ndarray | None = None) -> pa.Array:
        """The share of pieces that are chosen, per document, among all or among some."""
        if among is None:
            return ratio(self.count(chosen), np.diff(self.firsts))
        return ratio(self.count(chosen & among), self.count(among))

    def repeats(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        """Of the chosen pieces, per document: `all` and their `characters`; `copies`, met before,
        and the characters `copied`; `repeated`, all copies, and `repeated_characters`."""
        from penstock.text.kernels_grams import REPEATS, count_repeats

        found = np.zeros((len(self.firsts) - 1, len(REPEATS)), np.int64)
        room = int(np.diff(self.firsts).max(initial=0)) + 1
        keys, (places, groups, counts), slots = _scratch(room)
        keep = chosen.astype(np.uint8)
        count_repeats(
            self.firsts, self.hashes, self.sizes, keep, keys, places, groups, counts, slots, found
        )
        return dict(zip(REPEATS, found.T, strict=True))


@dataclass(frozen=True)
class Grams:
    """N-grams of all documents, by n: of the most frequent of 2 to 4 words, its first word, how
    many characters its words have and how often it comes (0: there is none); and the characters of
    repeated ones of 5 to 10 words."""

    first: dict[int, np.ndarray]
    characters: dict[int, np.ndarray]
    times: dict[int, np.ndarray]
    repeated: dict[int, np.ndarray]


class Features:
    """The features of a text column; each is computed when it is first asked for.

    A row without text counts as an empty one.
    """

    def __init__(self, text: pa.Array) -> None:
        self.text = text
        self._given: Words | None = None
        self._found: dict[tuple[Any, ...], Any] = {}

    @classmethod
    def from_words(cls, text: pa.Array, words: Sequence[Sequence[str]]) -> Features:
        """Features of documents that were split into words elsewhere (but not as fastText does)."""
        from penstock.text.characters import SEAM

        if any(not word or SEAM in word for document in words for word in document):
            raise ValueError("a word is empty or has the character U+10FFFF in it")
        features = cls(text)
        joined = pa.array([SEAM.join(document) for document in words], pa.large_string())
        features._given = _split(*buffers(joined), "given")
        return features

    @property
    def size(self) -> int:
        """The number of documents."""
        return len(self.text)

    @cached_property
    def sound(self) -> bool:
        """Whether all text is valid UTF-8, which the kernels take for granted."""
        try:
            self.text.validate(full=True)
        except pa.ArrowInvalid:
            return False
        return True

    @cached_property
    def _buffers(self) -> tuple[np.ndarray, np.ndarray]:
        return buffers(self.text)

    @cached_property
    def marks(self) -> dict[str, np.ndarray]:
        """Per document its `characters`, line `feeds`, `hashes` (#), `ellipses` (…), `dots` (...)
        and `spaced_dots` (. . .)."""
        from penstock.text.kernels_lines import MARKS, count_marks

        offsets, data = self._buffers
        counts = np.zeros((self.size, len(MARKS)), np.int64)
        count_marks(offsets, data, counts)
        return dict(zip(MARKS, counts.T, strict=True))

    def words(self, splitter: Splitter = "tokens") -> Words:
        """The words of the documents, split in one of the ways there are."""
        if self._given is not None and splitter != "fasttext":
            return self._given
        if (splitter,) not in self._found:
            self._found[(splitter,)] = _split(*self._buffers, splitter)
        return self._found[(splitter,)]  # type: ignore[no-any-return]

    def lines(self, cut: Cut, *, strip: bool = False, hashed: bool = True) -> Lines:
        """The pieces of the documents, with or without the white space at their ends."""
        key = (cut, strip, hashed)
        if key not in self._found:
            self._found[key] = _cut(*self._buffers, cut, strip, hashed)
        return self._found[key]  # type: ignore[no-any-return]

    def grams(self, way: Way, splitter: Splitter = "tokens") -> Grams:
        """The repeated n-grams of the documents, as one of the programs counts them."""
        if ("grams", way, splitter) not in self._found:
            self._found["grams", way, splitter] = _grams(self.words(splitter), way)
        return self._found["grams", way, splitter]  # type: ignore[no-any-return]

    def occupied(self, grams: Grams, n: int) -> np.ndarray:
        """The characters that the most frequent n-gram, joined with spaces, takes up in its text,
        wherever it is found there."""
        words = self.words("space")
        bytes_, found = words.squeezed.tobytes(), np.zeros(self.size, np.int64)
        for document in np.flatnonzero(grams.times[n]).tolist():
            first = int(grams.first[n][document])
            bounds = words.starts[first : first + n + 1].tolist()
            gram = b" ".join(bytes_[start:stop] for start, stop in pairwise(bounds)).decode()
            found[document] = len(gram) * self.text[document].as_py().count(gram)
        return found

    @staticmethod
    def ratio(part: np.ndarray, whole: np.ndarray) -> pa.Array:
        """One count by another; null where that is zero."""
        return ratio(part, whole)

    def c4(self, rules: LineRules, cut: Cut, *, whole: bool) -> dict[str, np.ndarray]:
        """Per document: its lines, those that stay, their sentences, and those that go, by rule;
        with `whole` all lines are looked at for what drops a document."""
        from penstock.text import kernels_c4 as c4
        from penstock.text import kernels_lines
        from penstock.text.characters import table

        offsets, data = self._buffers
        counts = np.zeros((len(offsets) - 1, c4.COLUMNS), np.int64)
        ends = sum(1 << ".?!\"'".index(mark) for mark in rules.ends)
        buffer = np.empty(int(np.diff(offsets).max(initial=0)) + 8, np.uint8)
        c4.count_lines(
            offsets, data, table(), getattr(kernels_lines, cut.upper()), whole, ends,
            rules.ellipses, rules.min_words, rules.max_word_length, rules.citations,
            rules.javascript, rules.policy, buffer, counts,
        )  # fmt: skip
        return dict(zip(c4.NAMES, counts.T, strict=True))


def ratio(part: np.ndarray, whole: np.ndarray) -> pa.Array:
    """One count by another; null where that is zero."""
    nothing = whole == 0
    return pa.array(part / np.where(nothing, 1, whole), pa.float64(), mask=nothing)


def buffers(text: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The offsets and bytes of a text column, where a row without text has no bytes."""
    if text.null_count:
        text = pc.fill_null(text, "")
    text = text.cast(pa.large_string())
    _, offsets, data = text.buffers()
    if not len(text):
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    places = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    if places[-1] - places[0] >= 1 << 32:
        raise ValueError("more than 4 GiB of text in one batch")
    return places, np.frombuffer(data if data and data.size else b"", np.uint8)


def _room(size: int, kind: type[np.number[Any]]) -> np.ndarray:
    """Room for many numbers, from Arrow's pool; NumPy's would ask the system each time."""
    return np.frombuffer(pa.allocate_buffer(size * np.dtype(kind).itemsize), kind)


@cache
def _flags(splitter: str) -> np.ndarray:
    """For each character what kind of word it makes, and how it stands to the words around it."""
    from penstock.text import characters
    from penstock.text.kernels_words import BETWEEN, SINGLE

    separators = {"fasttext": characters.FASTTEXT, "given": characters.GIVEN}
    between = separators.get(splitter, characters.SPACE)
    single = 0 if splitter in ("space", "fasttext", "given") else characters.UNSPACED
    bits = characters.table()
    flags = (bits & characters.WORD).astype(np.uint8)
    flags[bits & between != 0] |= BETWEEN
    flags[bits & single != 0] |= SINGLE
    flags.setflags(write=False)
    return flags


def _split(offsets: np.ndarray, data: np.ndarray, splitter: str) -> Words:
    from penstock.text import kernels_words
    from penstock.text.characters import table

    documents = len(offsets) - 1
    total, longest = int(offsets[-1] - offsets[0]), int(np.diff(offsets).max(initial=0)) + 2
    codes, places, bounds, cuts, ends = (np.empty(longest, np.uint32) for _ in range(5))
    flags = np.empty(longest, np.uint8)
    squeezed = _room(total + 16, np.uint8)
    squeezed[-16:] = 0
    # Words have more than four bytes on average, Han characters three; at worst, each has one.
    for room in (total // 2 + longest, total + longest):
        firsts = np.zeros(documents + 1, np.int64)
        counts = np.zeros((documents, kernels_words.COLUMNS), np.int64)
        starts, letters = _room(room + 1, np.uint32), _room(room + 1, np.uint32)
        hashes, kinds = _room(room, np.uint64), _room(room, np.uint8)
        found = kernels_words.split(
            offsets, data, table(), _flags(splitter), splitter in ("tokens", "alnum"),
            splitter == "alnum", codes, flags, places, bounds, cuts, ends,
            firsts, counts, starts, letters, hashes, kinds, squeezed,
        )  # fmt: skip
        if found >= 0:
            break
    by_kind = dict(zip(kernels_words.NAMES, counts.T, strict=True))
    return Words(
        firsts, by_kind, starts[: found + 1], letters[: found + 1], hashes[:found], squeezed
    )


def _cut(offsets: np.ndarray, data: np.ndarray, cut: str, strip: bool, hashed: bool) -> Lines:
    from penstock.text import kernels_lines
    from penstock.text.characters import table

    documents, total = len(offsets) - 1, int(offsets[-1] - offsets[0])
    for room in (total // 32 + 4 * documents, total + documents):
        firsts, sizes, heads = (np.zeros(size, np.int64) for size in (documents + 1, room, room))
        hashes, tails = np.empty(room, np.uint64), np.empty(room, np.uint8)
        found = kernels_lines.cut_lines(
            offsets, data, table(), getattr(kernels_lines, cut.upper()), strip, hashed,
            firsts, sizes, hashes, heads, tails,
        )  # fmt: skip
        if found >= 0:
            break
    return Lines(firsts, sizes[:found], hashes[:found], heads[:found], tails[:found])


def _scratch(room: int) -> tuple[np.ndarray, tuple[np.ndarray, ...], np.ndarray]:
    """Room for keys, for three lists of places, and for a hash table."""
    ints = tuple(np.empty(room, np.int64) for _ in range(3))
    return np.empty(room, np.uint64), ints, np.empty(8 * room + 16, np.uint32)


def _grams(words: Words, way: Way) -> Grams:
    from penstock.text import kernels_grams as kernels

    documents, room = len(words.firsts) - 1, words.longest + 1
    first, times = np.zeros((documents, 3), np.int64), np.zeros((documents, 3), np.int64)
    repeated = np.zeros((documents, 6), np.int64)
    keys, ints, slots = _scratch(room)
    marks = np.empty(16 * room + 64, np.uint8)
    kernels.count_grams(
        words.firsts, words.letters, words.hashes, kernels.WAYS.index(way), keys, *ints, slots,
        marks, first, times, repeated,
    )  # fmt: skip
    if way == "datatrove":
        kernels.count_joined(
            words.firsts, words.starts, words.letters, words.squeezed, keys, *ints,
            np.empty(room, np.int64), slots, marks, np.empty(room, np.uint8), repeated,
        )  # fmt: skip
    letters = words.letters.astype(np.int64)
    last = np.minimum(first + np.arange(2, 5), len(letters) - 1)
    characters = letters[last] - letters[np.minimum(first, len(letters) - 1)]
    top = [dict(enumerate(each.T, 2)) for each in (first, characters, times)]
    return Grams(top[0], top[1], top[2], dict(enumerate(repeated.T, 5)))
