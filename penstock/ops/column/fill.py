"""Fill the gaps in columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.data.schema import column, refuse_fixed
from penstock.errors import UsageError
from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Fill(Map):
    """Put a value where a column is null, given as names to values: `{language: und, score: 0}`.

    An empty text is a value, not a gap.

    >>> Fill(columns={"language": "und"}).columns
    {'language': 'und'}
    """

    columns: dict[str, str | int | float | bool] = field(hash=False)

    def __post_init__(self) -> None:
        refuse_fixed(self.columns, "filled")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows without these gaps."""
        import pyarrow as pa
        import pyarrow.compute as pc

        from penstock.data.schema import put

        for name, value in self.columns.items():
            values = column(rows, name)
            try:
                filler = pa.scalar(value, values.type)
            except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError):
                raise UsageError(
                    f"column `{name}` is {values.type}, which cannot hold {value!r}"
                ) from None
            rows = put(rows, name, pc.fill_null(values, filler))
        return rows
