"""Change the types of columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from penstock.data.schema import column, refuse_fixed
from penstock.errors import RecordError, UsageError
from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Cast(Map):
    """Cast columns to Arrow types, given as names to types: `{year: int64, day: date32}`.

    Types are written as for the readers: int64, double, string, bool, date32, timestamp[us],
    list<string> and so on. A value that does not fit (`n/a` as a number, 2.5 as a whole one)
    quarantines its document, or becomes null with `invalid: "null"`.

    >>> Cast(columns={"year": "int64"}).invalid
    'quarantine'
    """

    columns: dict[str, str] = field(hash=False)
    invalid: Literal["quarantine", "null"] = "quarantine"

    def __post_init__(self) -> None:
        refuse_fixed(self.columns, "cast")
        for name, kind in self.columns.items():
            arrow_type(kind, name)
            if name == "text" and kind != "string":
                raise ValueError("`text` cannot be cast: it is the text of the document")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with these columns cast."""
        from penstock.data.schema import put

        for name, kind in self.columns.items():
            rows = put(rows, name, self._cast(name, column(rows, name), arrow_type(kind, name)))
        return rows

    def _cast(self, name: str, values: pa.Array, kind: pa.DataType) -> pa.Array:
        import pyarrow as pa

        try:
            return values.cast(kind)
        except pa.ArrowNotImplementedError:
            raise UsageError(
                f"column `{name}` is {values.type}, which cannot be cast to {kind}"
            ) from None
        except pa.ArrowInvalid as error:
            if self.invalid == "quarantine":
                raise RecordError(f"column `{name}`: {error}") from error
        return pa.concat_arrays([_or_null(values.slice(at, 1), kind) for at in range(len(values))])


def _or_null(value: pa.Array, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    try:
        return value.cast(kind)
    except pa.ArrowInvalid:  # what the user asked to have as null
        return pa.nulls(1, kind)


def arrow_type(kind: str, name: str) -> pa.DataType:
    """The Arrow type that is written for a column; ValueError where there is none.

    >>> arrow_type("list<int64>", "years")
    ListType(list<item: int64>)
    """
    from penstock.data.columns import type_of

    try:
        return type_of(kind, name)
    except UsageError as error:
        raise ValueError(f"{error.message}; {error.hint}") from None
