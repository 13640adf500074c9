"""Finding passages of evaluation items in texts, by n-grams of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np
import xxhash

from penstock.text.words import UNSPACED

_UNSPACED = "".join(f"{first}-{last}" for first, last in UNSPACED)
_WORD = re.compile(rf"[^\W_{_UNSPACED}]+|[{_UNSPACED}]")
_ASCII = {code: 32 for code in range(128) if not chr(code).isalnum()}
_BASE = np.uint64(0x9E3779B97F4A7C15)


class Hit(NamedTuple):
    """What a text has in common with evaluation items: the most n-grams of one item, the largest
    share of one item's, and the number of the item with that share (-1: nothing in common)."""

    shared: int
    share: float
    item: int


def plain_words(text: str) -> list[str]:
    """The words of a text without case, accents and punctuation; each Han or kana character is one.

    >>> plain_words("The dam's “café”, 水库!")
    ['the', 'dam', 's', 'cafe', '水', '库']
    """
    if text.isascii():
        return text.lower().translate(_ASCII).split()
    return _WORD.findall(_unseen().sub("", unicodedata.normalize("NFKD", text)).casefold())


@dataclass(frozen=True)
class Items:
    """Evaluation items by the hashes of their n-grams.

    `hashes` are sorted, `owners` the numbers of the items that have them, `sizes` how many an item
    has. `lengths` are the numbers of words that are hashed: n, and those of short passages, which
    count whole. `words` numbers the words that items consist of, from 1, and `codes` are their
    hashes. `bits` has a bit set for each hash, found by its highest bits: most n-grams of a text
    are in no item, and that is said at once.
    """

    lengths: tuple[int, ...]
    words: dict[str, int]
    codes: np.ndarray
    hashes: np.ndarray
    owners: np.ndarray
    sizes: np.ndarray
    bits: np.ndarray

    def find(self, texts: Sequence[str]) -> list[Hit]:
        """What each text has in common with the items."""
        known = self.words.get
        numbered = [list(map(known, plain_words(text), repeat(0))) for text in texts]
        codes, firsts = _laid_out(numbered, self.codes)
        found = [
            self._looked_up(places, hashes) for _, places, hashes in _grams(codes, self.lengths)
        ]
        places, hits = (np.concatenate(part) for part in zip(*found, strict=True))
        return self._best(np.searchsorted(firsts, places, side="right") - 1, hits, len(texts))

    def _looked_up(self, places: np.ndarray, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Those of the n-grams that an item has: their places, and the places of their hashes."""
        at, masks = _bits_of(hashes, len(self.bits))
        maybe = np.flatnonzero(self.bits[at] & masks)
        at = np.searchsorted(self.hashes, hashes[maybe])
        at[at == len(self.hashes)] = 0
        there = self.hashes[at] == hashes[maybe]
        return places[maybe[there]], at[there]

    def _best(self, texts: np.ndarray, hits: np.ndarray, size: int) -> list[Hit]:
        """The hit of each text, from the places of the hashes that texts have."""
        found = [Hit(0, 0.0, -1)] * size
        texts, hits = _pairs(texts, hits, len(self.hashes))[0]  # an n-gram counts once
        counts = np.searchsorted(self.hashes, self.hashes[hits], side="right") - hits
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        owners = self.owners[np.repeat(hits, counts) + within]
        (texts, items), shared = _pairs(np.repeat(texts, counts), owners, len(self.sizes))
        shares = shared / self.sizes[items]
        order = np.lexsort((items, -shared, -shares, texts))
        heads = order[np.flatnonzero(np.diff(texts[order], prepend=-1))]
        most = np.zeros(size, np.int64)
        np.maximum.at(most, texts, shared)
        for head in heads.tolist():
            text = int(texts[head])
            found[text] = Hit(int(most[text]), float(shares[head]), int(items[head]))
        return found


def index(items: Iterable[Sequence[str]], n: int, shortest: int) -> Items:
    """The index of items, each given as its passages.

    A passage of `n` words or more has all its n-grams; a shorter one counts whole, from `shortest`
    words on. Where all passages of an item are shorter than that, they are one passage together.
    """
    words: dict[str, int] = {}
    passages: list[list[int]] = []
    owners: list[int] = []
    size = 0
    for size, item in enumerate(items, start=1):
        for passage in _long_enough([plain_words(one) for one in item], shortest):
            passages.append([words.setdefault(word, len(words) + 1) for word in passage])
            owners.append(size - 1)
    hashed = [0, *(xxhash.xxh3_64_intdigest(word.encode()) or 1 for word in words)]
    hashes_of = np.array(hashed, np.uint64)
    codes, firsts = _laid_out(passages, hashes_of)
    lengths = tuple(sorted({n, *(len(one) for one in passages if len(one) < n)}))
    owned, found = np.array(owners, np.int64), []
    for length, places, hashes in _grams(codes, lengths):
        of = np.searchsorted(firsts, places, side="right") - 1
        room = np.diff(firsts)[of] - 1
        fits = room >= length if length == n else room == length
        found.append((hashes[fits], owned[of[fits]]))
    hashes, holders = (np.concatenate(part) for part in zip(*found, strict=True))
    return Items(lengths, words, hashes_of, *_sorted(hashes, holders, size))


def _long_enough(split: list[list[str]], shortest: int) -> list[list[str]]:
    """The passages that can be looked for."""
    long = [one for one in split if len(one) >= shortest]
    together = [word for one in split for word in one]
    return long or ([together] if len(together) >= shortest else [])


def _sorted(
    hashes: np.ndarray, owners: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The hashes in order, each once an item; their owners; the items' sizes; the bits."""
    order = np.lexsort((owners, hashes))
    hashes, owners = hashes[order], owners[order]
    fresh = np.ones(len(hashes), bool)
    fresh[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    hashes, owners = hashes[fresh], owners[fresh]
    # Two to four bytes a hash, so that one n-gram of sixteen or more is looked up in vain.
    bits = np.zeros(1 << max(8, len(hashes).bit_length() + 1), np.uint8)
    at, masks = _bits_of(hashes, len(bits))
    np.bitwise_or.at(bits, at, masks)
    return hashes, owners, np.bincount(owners, minlength=size), bits


def _laid_out(texts: Sequence[list[int]], hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hashes of all words of texts, given by their numbers, a 0 after each text; and where each
    text begins, and one more."""
    firsts = np.cumsum([0, *(len(one) + 1 for one in texts)])
    ended = chain.from_iterable(chain(one, (0,)) for one in texts)
    return hashes[np.fromiter(ended, np.int64, firsts[-1])], firsts


def _grams(
    codes: np.ndarray, lengths: Sequence[int]
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """For each length, from the smallest, where so many words that are not 0 stand, and the hash of
    these."""
    gaps = np.flatnonzero(codes == 0)
    room = np.repeat(gaps, np.diff(gaps, prepend=-1)) - np.arange(len(codes))
    places = np.flatnonzero(room >= lengths[0])
    hashes = np.zeros(len(places), np.uint64)
    for length in range(1, lengths[-1] + 1):
        if length > lengths[0]:
            fits = room[places] >= length
            places, hashes = places[fits], hashes[fits]
        hashes = hashes * _BASE + codes[places + (length - 1)]
        if length in lengths:
            yield length, places, hashes


def _pairs(
    ones: np.ndarray, others: np.ndarray, size: int
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Pairs of numbers, the second below `size`, in order and each once; and how often each is."""
    pairs, counts = np.unique(ones * size + others, return_counts=True)
    return (pairs // max(size, 1), pairs % max(size, 1)), counts


def _bits_of(hashes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """In which of `size` bytes the bit of each hash stands, and the bit, by its highest bits."""
    spots = hashes >> np.uint64(64 - (size.bit_length() + 2))
    return spots >> np.uint64(3), np.uint8(1) << (spots & np.uint64(7)).astype(np.uint8)


@cache
def _unseen() -> re.Pattern[str]:
    """Accents and other marks, and characters of no width, of the first plane: with the others, a
    hundredth as many, looking for them would take 200 times as long."""
    kinds = ("Mn", "Mc", "Me", "Cf")
    found = (chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) in kinds)
    return re.compile(f"[{re.escape(''.join(found))}]+")
