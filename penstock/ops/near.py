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
    prefer: str | None

    def signs(self, rows: pa.RecordBatch) -> Signs:
        """The keys and digests of some rows."""
        raise NotImplementedError

    def look_for_columns(self, rows: pa.RecordBatch) -> None:
        """Ask for the texts only: to make signs of none would load compiled code."""
        from penstock.data.schema import column

        column(rows, "text")
        self.ranks(rows)

    def ranks(self, rows: pa.RecordBatch) -> pa.Array:
        """From the largest value of the column `prefer` down, those without one last; else all the
        same."""
        from penstock.data.schema import largest_first

        return super().ranks(rows) if self.prefer is None else largest_first(rows, self.prefer)

    def compare(self, rows: pa.RecordBatch, ones: np.ndarray, others: np.ndarray) -> np.ndarray:
        """How similar the rows at the places `ones` are to those at `others`, from 0 to 1."""
        raise NotImplementedError
