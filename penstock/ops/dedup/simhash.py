"""Remove near-duplicates by SimHash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.ops.near import Near, Signs

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from penstock.text.shingles import Shingling

MOST_KEYS = 1_000


@dataclass(frozen=True)
class Simhash(Near):
    """Merge documents whose fingerprints differ in `distance` of 64 bits at most into one of them.

    A bit of a fingerprint is one that more than half of the hashes of a document's shingles have
    (Charikar 2002); shingles are runs of `window` words (or characters) in small letters, without
    punctuation, and each Han or kana character is a word. Fingerprints are cut into `blocks`; two
    within the distance agree in `blocks - distance` of them at least, and each choice of as many is
    a key (Manku, Jain and Das Sarma 2007), so that every pair within it meets. Where more than 17
    different documents share a key, each is compared with the first and 16 others. The defaults are
    those of Data-Juicer's recipes, with other hash functions: 15 keys of 21 or 22 bits a document.
    From some million documents on so short a key has many strangers under it: more blocks than
    `distance + 2` make keys longer, and more of them.

    How alike the texts are is only estimated: pairs at the default distance are near-duplicates as
    a rule, but short texts may meet by chance. Prefer `dedup.minhash` where that matters. The first
    of a cluster in input order stays, or the one with the largest value in the column `prefer`.
    Documents without a word take no part.

    >>> Simhash().threshold, Simhash(distance=8, blocks=10).threshold
    (0.9375, 0.875)
    """

    window: int = 6
    blocks: int = 6
    distance: int = 4
    unit: Literal["words", "characters"] = "words"
    prefer: str | None = None

    verify = True

    def __post_init__(self) -> None:
        from math import comb

        from penstock.text.simhash import BITS

        if self.window < 1:
            raise ValueError(f"`window` is {self.window}; it must be at least 1")
        if not 0 <= self.distance < BITS:
            raise ValueError(f"`distance` is {self.distance}; it must be from 0 to {BITS - 1}")
        if not self.distance < self.blocks <= BITS:
            raise ValueError(
                f"`blocks` is {self.blocks}; it must be above the distance, {self.distance}, and"
                f" at most {BITS}"
            )
        if (keys := comb(self.blocks, self.distance)) > MOST_KEYS:
            raise ValueError(
                f"`blocks` is {self.blocks}; at a distance of {self.distance} this makes {keys}"
                f" keys for each document, and {MOST_KEYS} is the most: fewer blocks, or a shorter"
                " distance, make fewer"
            )
        object.__setattr__(self, "threshold", 1 - self.distance / BITS)

    @property
    def shingling(self) -> Shingling:
        """How texts become shingles."""
        from penstock.text.shingles import Shingling

        return Shingling(self.unit, self.window)

    def signs(self, rows: pa.RecordBatch) -> Signs:
        """The keys of each fingerprint, and the digest of all words."""
        import pyarrow as pa

        from penstock.data.schema import column
        from penstock.text.shingles import as_lists, shingled
        from penstock.text.simhash import block_keys, fingerprints

        found = shingled(column(rows, "text"), self.shingling)
        prints = fingerprints(found.firsts, found.hashes)
        keys = block_keys(prints, self.blocks, self.distance)
        return Signs(as_lists(keys, found.present), pa.array(found.digests))

    def compare(self, rows: pa.RecordBatch, ones: np.ndarray, others: np.ndarray) -> np.ndarray:
        """The share of the bits of their fingerprints that are the same."""
        from penstock.data.schema import column
        from penstock.text.shingles import shingled
        from penstock.text.simhash import BITS, distances, fingerprints

        found = shingled(column(rows, "text"), self.shingling)
        prints = fingerprints(found.firsts, found.hashes)
        same: np.ndarray = 1 - distances(prints[ones], prints[others]) / BITS
        return same
