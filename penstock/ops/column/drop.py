"""Remove the columns named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.data.schema import column, refuse_fixed
from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Drop(Map):
    """Remove the columns in `columns`.

    >>> Drop(columns=("html",)).columns
    ('html',)
    """

    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        refuse_fixed(self.columns, "dropped")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows without these columns."""
        for name in self.columns:
            column(rows, name)
        return rows.drop_columns(list(self.columns))
