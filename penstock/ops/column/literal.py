"""Add columns that say the same for every document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.data.schema import refuse_fixed
from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Literal(Map):
    """Set columns to one value, given as names to values: `{dataset: web, weight: 0.5}`.

    A column that is there already is replaced, whatever its type.

    >>> Literal(columns={"dataset": "web"}).columns
    {'dataset': 'web'}
    """

    columns: dict[str, str | int | float | bool] = field(hash=False)

    def __post_init__(self) -> None:
        refuse_fixed(self.columns, "set")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with these columns."""
        import pyarrow as pa

        from penstock.data.schema import put

        for name, value in self.columns.items():
            rows = put(rows, name, pa.repeat(pa.scalar(value), rows.num_rows))
        return rows
