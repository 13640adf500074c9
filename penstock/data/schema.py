"""The columns every document has, and small steps on Arrow batches."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.errors import UsageError
from penstock.text.nearest import nearest

# Every record that is read gets these; a reader adds its own columns after them.
IDENTITY = (
    pa.field("id", pa.string()),
    pa.field("source", pa.string()),
    pa.field("offset", pa.int64()),
)
FIXED = tuple(column.name for column in IDENTITY)


def put(rows: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    """The batch with column `name` set to `values`, in its place or at the end."""
    at = rows.schema.get_field_index(name)
    if at < 0:
        return rows.append_column(name, values)
    return rows.set_column(at, pa.field(name, values.type), values)


def strings(rows: pa.RecordBatch, name: str) -> list[str | None]:
    """A text column as Python strings; nulls where the batch has no such column."""
    if rows.schema.get_field_index(name) < 0:
        return [None] * rows.num_rows
    return rows.column(name).to_pylist()  # type: ignore[no-any-return]


def column(rows: pa.RecordBatch, name: str) -> pa.Array:
    """The column of that name; UsageError, with the nearest name, where there is none."""
    at = rows.schema.get_field_index(name)
    if at < 0:
        close = nearest(name, rows.schema.names)
        raise UsageError(
            f"the documents have no column `{name}`; their columns: {', '.join(rows.schema.names)}",
            hint=f"did you mean `{close}`?" if close else "",
        )
    return rows.column(at)


def texts_of(rows: pa.RecordBatch, name: str) -> list[str | None]:
    """The values of a column as text, to compare or group by."""
    values = column(rows, name)
    try:
        return values.cast(pa.string()).to_pylist()  # type: ignore[no-any-return]
    except pa.ArrowNotImplementedError:
        raise UsageError(
            f"column `{name}` is {values.type}, and documents cannot be grouped by that",
            hint="make a text or a number of it first, with column.sql",
        ) from None


def numbers_of(rows: pa.RecordBatch, name: str) -> np.ndarray:
    """The values of a column as float64, NaN for null; times are what they are in Arrow's unit."""
    values = column(rows, name)
    kind = values.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        values = values.cast(pa.timestamp("us", getattr(kind, "tz", None))).cast(pa.int64())
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or values.type == pa.int64()):
        raise UsageError(
            f"column `{name}` is {kind}, not a number",
            hint=f"cast it first: `- column.cast: {{columns: {{{name}: double}}}}`",
        )
    found: np.ndarray = pc.fill_null(values.cast(pa.float64(), safe=False), np.nan).to_numpy(
        zero_copy_only=False
    )
    return found


def largest_first(rows: pa.RecordBatch, name: str) -> pa.Array:
    """Ranks from the largest number of a column down, rows without one last."""
    values = numbers_of(rows, name)
    return pa.array(np.where(np.isnan(values), np.inf, -values))


def refuse_fixed(names: Iterable[str], done: str) -> None:
    """Raise ValueError where one of the columns that the ledger lives by would be changed."""
    for name in names:
        if name in FIXED:
            raise ValueError(
                f"`{name}` cannot be {done}: the ledger finds every document by its id, source and"
                " offset"
            )
