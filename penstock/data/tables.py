"""Columnar files as documents: their columns agreed on, their batches made fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from penstock.data.columns import RESERVED, MisfitError, isolated
from penstock.errors import UsageError
from penstock.text.nearest import did_you_mean

BATCH_ROWS = 1024
_PLAIN = (
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_large_binary, pa.binary()),
    (pa.types.is_binary_view, pa.binary()),
)


def agreed(
    schemas: Sequence[tuple[str, pa.Schema]], text: str, columns: tuple[str, ...] | None
) -> pa.Schema:
    """The columns of documents from files with these addresses and schemas, id and such left out.

    Raises UsageError that names file and column where two files differ or a column is not there.
    """
    first = schemas[0][0]
    found = [(address, _own(schema, text, columns, address)) for address, schema in schemas]
    merged = reduce(lambda one, other: _merged(first, one, *other), found[1:], found[0][1])
    return pa.schema(
        [
            (name, pa.string() if pa.types.is_null(kind) else kind)
            for name, kind in merged.items()
            if name not in RESERVED
        ]
    )


def wanted(schema: pa.Schema, text: str, columns: tuple[str, ...] | None) -> list[str]:
    """The columns of a file that have to be read."""
    if columns is None:
        return [name for name in schema.names if name != "text" or text == "text"]
    return [name for name in schema.names if name in (*columns, text, "id")]


def documents(
    rows: pa.RecordBatch, schema: pa.Schema, text: str, first: int, name: Callable[[int], str]
) -> Iterator[pa.RecordBatch | tuple[int, str]]:
    """Rows of a file as documents; for one that does not fit, its number and why.

    `first` is the number of the first row, `name` the id of a row that has none of its own.
    """

    def build(numbers: Sequence[int]) -> pa.RecordBatch:
        part = rows.slice(numbers[0] - first, len(numbers))
        offsets = pa.array(numbers, pa.int64())
        own = [_fitted(part, column, text) for column in schema]
        names = ["id", "offset", *schema.names]
        return pa.RecordBatch.from_arrays([_ids(part, numbers, name), offsets, *own], names=names)

    for start in range(0, rows.num_rows, BATCH_ROWS):
        stop = min(start + BATCH_ROWS, rows.num_rows)
        yield from isolated(range(first + start, first + stop), build)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type without the many ways in which Arrow can lay out the same values.

    >>> plain_type(pa.dictionary(pa.int32(), pa.large_string()))
    DataType(string)
    """
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_struct(kind):
        fields = [kind.field(place) for place in range(kind.num_fields)]
        return pa.struct([(field.name, plain_type(field.type)) for field in fields])
    if pa.types.is_map(kind):
        return pa.map_(plain_type(kind.key_type), plain_type(kind.item_type))
    if isinstance(kind, pa.ListType | pa.LargeListType | pa.FixedSizeListType):
        return pa.list_(plain_type(kind.value_type))
    return next((plain for is_kind, plain in _PLAIN if is_kind(kind)), kind)


def _own(
    schema: pa.Schema, text: str, columns: tuple[str, ...] | None, address: str
) -> dict[str, pa.DataType]:
    """The columns wanted of one file, as documents name them."""
    asked = [*(columns or ()), *([text] if text != "text" else [])]
    for name in asked:
        if name not in schema.names:
            hint = did_you_mean(name, schema.names, label="columns")
            raise UsageError(f"{address} has no column `{name}`", hint=hint)
    twice = {name for name in schema.names if schema.names.count(name) > 1}
    if twice:
        raise UsageError(f"{address} has several columns `{min(twice)}`")
    names = wanted(schema, text, columns)
    return {"text" if name == text else name: plain_type(schema.field(name).type) for name in names}


def _merged(
    first: str, one: dict[str, pa.DataType], address: str, other: dict[str, pa.DataType]
) -> dict[str, pa.DataType]:
    """The columns of two files, which must be the same; nothing but null agrees with any type."""
    hint = "read the files by themselves, or choose what they share: columns: [text, …]"
    for name in [*one, *other]:
        if name not in one or name not in other:
            lacks, has = (address, first) if name in one else (first, address)
            raise UsageError(f"{lacks} has no column `{name}`, which {has} has", hint=hint)
        kinds = (one[name], other[name])
        if kinds[0] != kinds[1] and not any(map(pa.types.is_null, kinds)):
            raise UsageError(
                f"column `{name}` is {kinds[1]} in {address}, and {kinds[0]} in {first}", hint=hint
            )
    return {name: other[name] if pa.types.is_null(kind) else kind for name, kind in one.items()}


def _fitted(rows: pa.RecordBatch, column: pa.Field, text: str) -> pa.Array:
    values = rows.column(text if column.name == "text" else column.name)
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    try:
        values = values.cast(column.type)
        values.validate(full=True)  # that strings are UTF-8 is not checked when they are read
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = f"column `{column.name}` should be {column.type}: {error}"
        raise MisfitError(message) from error
    return values


def _ids(rows: pa.RecordBatch, numbers: Sequence[int], name: Callable[[int], str]) -> pa.Array:
    at = rows.schema.get_field_index("id")
    if at < 0:
        return pa.array([name(number) for number in numbers], pa.string())
    own = _fitted(rows, pa.field("id", pa.string()), "")
    if not own.null_count:
        return own
    return pc.coalesce(own, pa.array([name(number) for number in numbers], pa.string()))
