"""Keep the columns named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Select(Map):
    """Keep the columns in `columns`, in that order, after id, source and offset.

    >>> Select(columns=("text", "url")).columns
    ('text', 'url')
    """

    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("`columns` is empty; name the columns to keep")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with these columns only."""
        from penstock.data.schema import FIXED, column

        for name in self.columns:
            column(rows, name)
        own = [name for name in FIXED if name in rows.schema.names]
        return rows.select([*own, *(name for name in self.columns if name not in own)])
