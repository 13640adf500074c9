"""Remove paragraphs that stand in several documents."""

from dataclasses import dataclass
from typing import ClassVar

from penstock.ops.pieces import Units


@dataclass(frozen=True)
class Paragraphs(Units):
    """Remove the paragraphs of at least `min_documents` documents, but for the first copy.

    Blank lines part paragraphs; where every line is one, `dedup.lines` is what is wanted.
    Paragraphs are equal that differ in case and white space alone; those with fewer than
    `min_length` characters take no part. With `keep: none` the first copy goes too. With
    `across: site` only documents of the same site meet, which is the host in `column` without
    `www.`; documents without one stay as they are.

    >>> Paragraphs(min_documents=3).keep
    'first'
    """

    blank: ClassVar[bool] = True
