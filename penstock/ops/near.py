"""The shape of operators that find documents which are alike, not equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from penstock.ops.base import Group

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


class Signs(NamedTuple):
    """By what documents find each other: several keys each (a list of uint64; null for a row that
    takes no part), and a digest (uint64). Rows of the same digest are alike beyond doubt."""

    keys: pa.Array
    digests: pa.Array


class Near(Group):
    """A group of documents that are alike: rows that share a key are candidates, and those that are
    as similar as `threshold` asks are joined.

    What is joined to one another, directly or through others, is a cluster. Of each cluster the row
    with the smallest rank stays, the first of them in input order; the others are merged into it.
    Without `verify` all candidates are joined.
    """

    threshold: float
    verify: bool

    def signs(self, rows: pa.RecordBatch) -> Signs:
        """The keys and digests of some rows."""
        raise NotImplementedError

    def keys(self, rows: pa.RecordBatch) -> pa.Array:
        """The keys alone."""
        return self.signs(rows).keys

    def compare(self, rows: pa.RecordBatch, ones: np.ndarray, others: np.ndarray) -> np.ndarray:
        """How similar the rows at the places `ones` are to those at `others`, from 0 to 1."""
        raise NotImplementedError


def preferred(rows: pa.RecordBatch, name: str | None) -> pa.Array:
    """Ranks from the largest value of a column down, those without one last; without a column,
    all the same."""
    import numpy as np
    import pyarrow as pa

    from penstock.data.schema import numbers_of

    if name is None:
        return pa.array(np.zeros(rows.num_rows))
    values = numbers_of(rows, name)
    return pa.array(np.where(np.isnan(values), np.inf, -values))
