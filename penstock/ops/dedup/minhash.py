"""Remove near-duplicates by MinHash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from penstock.ops.near import Near, Signs

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from penstock.text.shingles import Shingling

Unit = Literal["words", "characters"]
MOST_PERMUTATIONS = 10_000


class _Preset(NamedTuple):
    bands: int
    rows: int
    unit: Unit = "words"
    ngram: int = 5
    verify: bool = False
    plain: bool = False  # digits as 0, letters without accents


_PRESETS = {
    "penstock": _Preset(14, 8, verify=True),
    "datatrove": _Preset(14, 8, plain=True),
    "data_juicer": _Preset(25, 10),
    "curator": _Preset(20, 13, "characters", 24),
    "text_dedup": _Preset(24, 10),
}


@dataclass(frozen=True)
class Minhash(Near):
    """Merge documents whose word 5-grams have a Jaccard similarity of `threshold` into one of them.

    Documents meet by MinHash (Broder 1997) in `bands` of `rows`: two of similarity s with
    1 - (1 - s^rows)^bands, which for 14 bands of 8 is .21 at .6, .57 at .7, .92 at .8 and .9996 at
    .9. The sets of those that meet are then compared themselves, unless `verify` is off; so none is
    merged by chance, and the ledger holds the true similarity to the document that stays: the first
    of a cluster in input order, or that with the largest value in the column `prefer`. A cluster is
    all that hangs together, so two of its members can be less alike than the threshold. Where more
    than 17 different documents share a band, each is compared with the first and 16 others.

    Words are in small letters, without punctuation; each Han or kana character is one, so that
    5-grams of words are 5-grams of characters there. A text shorter than `ngram` words is one
    shingle; without any word it takes no part. `preset` gives the parameters of datatrove (14 x 8
    words), Data-Juicer (25 x 10), NeMo Curator (20 x 13 of 24 characters) or text-dedup (24 x 10),
    all of which take what meets for alike; the hash functions are our own, so that chance falls on
    other pairs than theirs.

    >>> Minhash().layout, Minhash(preset="curator").layout, Minhash(bands=9, rows=13).layout
    ((14, 8), (20, 13), (9, 13))
    """

    threshold: float = 0.7
    preset: Literal["penstock", "datatrove", "data_juicer", "curator", "text_dedup"] = "penstock"
    unit: Unit | None = None
    ngram: int | None = None
    bands: int | None = None
    rows: int | None = None
    verify: bool | None = None  # type: ignore[assignment]  # the preset's, once it is built
    prefer: str | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if self.verify is None:
            object.__setattr__(self, "verify", _PRESETS[self.preset].verify)
        if not 0 < self.threshold <= 1:
            raise ValueError(f"`threshold` is {self.threshold}; it must be above 0 and at most 1")
        for name in ("ngram", "bands", "rows"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"`{name}` is {value}; it must be at least 1")
        bands, rows = self.layout
        if bands * rows > MOST_PERMUTATIONS:
            raise ValueError(
                f"`bands` times `rows` is {bands * rows}; it can be {MOST_PERMUTATIONS} at most"
            )

    @property
    def layout(self) -> tuple[int, int]:
        """The bands of a signature, and the rows of a band."""
        preset = _PRESETS[self.preset]
        return self.bands or preset.bands, self.rows or preset.rows

    @property
    def shingling(self) -> Shingling:
        """How texts become shingles."""
        from penstock.text.shingles import Shingling

        preset = _PRESETS[self.preset]
        unit, ngram = self.unit or preset.unit, self.ngram or preset.ngram
        return Shingling(unit, ngram, zero_digits=preset.plain, strip_accents=preset.plain)

    def signs(self, rows: pa.RecordBatch) -> Signs:
        """The keys of the bands of each signature, and the digest of all words."""
        import pyarrow as pa

        from penstock.data.schema import column
        from penstock.text.minhash import band_keys, permutations, signatures
        from penstock.text.shingles import as_lists, shingled

        found = shingled(column(rows, "text"), self.shingling)
        bands, height = self.layout
        signed = signatures(found.firsts, found.hashes, *permutations(bands * height, self.seed))
        keys = band_keys(signed, bands, height)
        return Signs(as_lists(keys, found.present), pa.array(found.digests))

    def compare(self, rows: pa.RecordBatch, ones: np.ndarray, others: np.ndarray) -> np.ndarray:
        """The Jaccard similarity of their sets of shingles."""
        from penstock.data.schema import column
        from penstock.text.shingles import distinct, jaccard, shingled

        found = shingled(column(rows, "text"), self.shingling)
        return jaccard(*distinct(found.firsts, found.hashes), ones, others)
