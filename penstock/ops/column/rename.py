"""Give columns other names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.data.schema import column, refuse_fixed
from penstock.errors import UsageError
from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Rename(Map):
    """Rename columns, old names to new; `{a: b, b: a}` swaps two.

    >>> Rename(columns={"body": "text"}).columns
    {'body': 'text'}
    """

    columns: dict[str, str] = field(hash=False)

    def __post_init__(self) -> None:
        refuse_fixed([*self.columns, *self.columns.values()], "renamed or replaced")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows under the new names."""
        for name in self.columns:
            column(rows, name)
        names = [self.columns.get(name, name) for name in rows.schema.names]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(
                    f"two columns would be called `{name}`",
                    hint=f"drop or rename the other first: `- column.drop: {{columns: [{name}]}}`",
                )
        return rows.rename_columns(names)
