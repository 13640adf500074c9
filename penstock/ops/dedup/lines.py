"""Remove lines that stand in several documents."""

from dataclasses import dataclass
from typing import ClassVar

from penstock.ops.pieces import Units


@dataclass(frozen=True)
class Lines(Units):
    """Remove the lines that stand in at least `min_documents` documents, but for the first copy.

    Lines are equal that differ in case and white space alone; those with fewer than `min_length`
    characters take no part. With `keep: none` the first copy goes too. With `across: site` only
    documents of the same site meet, which is the host in `column` without `www.`; documents without
    one stay as they are. Equal lines are found by 128-bit keys: there are no false positives to
    choose a rate of, as with the Bloom filters of Dolma (which calls lines paragraphs), and in
    which order files are read by whom does not matter.

    >>> Lines(min_documents=7, keep="none").across  # as Data-Juicer's line deduplicator
    'all'
    """

    blank: ClassVar[bool] = False
