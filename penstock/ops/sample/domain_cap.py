"""Keep at most a number of documents of each site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from penstock.data.schema import largest_first, texts_of
from penstock.ops.base import Group
from penstock.ops.sample.stratified import beyond, digests, random_ranks, standing

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class DomainCap(Group):
    """Keep at most `max` documents for each value of the column `by`; of a URL, its host counts.

    Hosts are compared without `www.` and port; `a.example.com` and `b.example.com` are two. Which
    documents stay is decided by the hash of seed and id, or by `prefer`, a column of numbers of
    which the largest stay (equal ones in input order). Documents without a value all stay.

    >>> DomainCap(max=100).by
    'url'
    """

    max: int
    by: str = "url"
    prefer: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max < 1:
            raise ValueError(f"`max` is {self.max}; it must be at least 1")

    def keys(self, rows: pa.RecordBatch) -> pa.Array:
        """The site of each row."""
        values = texts_of(rows, self.by)
        return digests(None if value is None else host(value) for value in values)

    def ranks(self, rows: pa.RecordBatch) -> pa.Array:
        """A random order, or from the largest of `prefer` down, those without one last."""
        if self.prefer is None:
            return random_ranks(rows, self.seed, "sample.domain_cap")
        return largest_first(rows, self.prefer)

    def elect(self, bucket: pa.Table) -> pa.Table:
        """All but the first `max` of each site go."""
        import numpy as np

        positions, sizes = standing(bucket)
        return beyond(bucket, positions, np.full(len(sizes), self.max), "max")


def host(value: str) -> str:
    """The host of a URL without `www.`; any other text as it is.

    >>> host("http://WWW.Example.com:80/a"), host("news")
    ('example.com', 'news')
    """
    if "://" not in value:
        return value
    try:
        found = urlsplit(value).hostname
    except ValueError:  # an address in brackets that is none
        found = None
    return (found or value).removeprefix("www.")
