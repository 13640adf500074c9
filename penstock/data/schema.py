"""The columns every document has, and small steps on Arrow batches."""

import pyarrow as pa

# Every record that is read gets these; a reader adds its own columns after them.
IDENTITY = (
    pa.field("id", pa.string()),
    pa.field("source", pa.string()),
    pa.field("offset", pa.int64()),
)


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
