"""JSON objects as Arrow columns: which columns there are, and which values fit them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa

from penstock.errors import UsageError

RESERVED = ("id", "source", "offset")
_ERRORS = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError)
_JSON_NAMES = {
    str: "string", bool: "bool", int: "int", float: "float", list: "list", dict: "object",
}  # fmt: skip
_TOKEN = re.compile(r"\s*([<>,:]|[^<>,:\s][^<>,:]*)")

T = TypeVar("T")
Row = Mapping[str, Any]


class MisfitError(ValueError):
    """A value does not fit its column; the message names the column."""


@dataclass(frozen=True)
class Columns:
    """The columns of documents made from JSON objects, beside id, source and offset.

    `text` is the key that becomes the column `text`; `as_json` are columns that hold any value, as
    JSON text.
    """

    schema: pa.Schema
    text: str = "text"
    as_json: frozenset[str] = frozenset()

    def batch(self, rows: Sequence[Row], ids: list[str], offsets: list[int]) -> pa.RecordBatch:
        """The rows as documents. Raises MisfitError when one does not fit."""
        known = {*RESERVED, "text", *self.schema.names, self.text}
        for row in rows:
            if not row.keys() <= known:
                key = next(key for key in row if key not in known)
                raise MisfitError(_unknown(key))
        own = [self._column(column, rows) for column in self.schema]
        try:
            identity = [pa.array(ids, pa.string()), pa.array(offsets, pa.int64())]
        except UnicodeEncodeError as error:
            raise MisfitError(f"column `id` should be string: {error}") from error
        return pa.RecordBatch.from_arrays(
            [*identity, *own], names=["id", "offset", *self.schema.names]
        )

    def _column(self, column: pa.Field, rows: Sequence[Row]) -> pa.Array:
        key = self.text if column.name == "text" else column.name
        values = [row.get(key) for row in rows]
        if column.name in self.as_json:
            values = [value if value is None else json_text(value) for value in values]
        check = _checker(column.type, column.name)
        if check is not None:
            why = next(filter(None, map(check, values)), "")
            if why:
                raise MisfitError(why)
        try:
            return pa.array(values, column.type)
        except _ERRORS as error:
            message = f"column `{column.name}` should be {column.type}: {error}"
            raise MisfitError(message) from error


def json_text(value: Any) -> str:
    """A value as JSON text, with characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def isolated(
    items: Sequence[T], build: Callable[[Sequence[T]], pa.RecordBatch]
) -> Iterator[pa.RecordBatch | tuple[T, str]]:
    """Batches of the items in order, and those that do not fit by themselves, with the reason."""
    if not items:
        return
    try:
        yield build(items)
    except MisfitError as error:
        if len(items) == 1:
            yield items[0], str(error)
            return
        half = len(items) // 2
        yield from isolated(items[:half], build)
        yield from isolated(items[half:], build)


def named(columns: Mapping[str, str], text: str) -> pa.Schema:
    """The schema of columns that the user has named with their types."""
    return pa.schema(
        [("text" if key == text else key, type_of(kind, key)) for key, kind in columns.items()]
    )


def found(rows: Sequence[tuple[int, Row]], text: str, where: str, unit: str = "line") -> pa.Schema:
    """The schema of sampled rows, each with its number.

    Raises UsageError that names two rows where a column holds values of several types.
    """
    fields: dict[str, pa.Field] = {}
    for key in dict.fromkeys(key for _, row in rows for key in row):
        name = "text" if key == text else key
        if name not in RESERVED and (key != "text" or key == text):
            values = [(number, row.get(key)) for number, row in rows]
            fields[name] = pa.field(name, _common_type(key, values, where, unit))
    return pa.schema(list(fields.values()))


def type_of(kind: str, column: str) -> pa.DataType:
    """The Arrow type that a name means; `json` is any value, kept as JSON text.

    >>> type_of("list<struct<role: string, content: string>>", "messages")
    ListType(list<item: struct<role: string, content: string>>)
    """
    tokens = _TOKEN.findall(kind)
    try:
        found = _parsed(tokens)
        if tokens:
            raise ValueError(tokens[0])
    except (ValueError, IndexError) as error:
        raise UsageError(
            f"columns: `{kind}` is not a type (for `{column}`)",
            hint="types: string, bool, int64, double, binary, timestamp[us], json,"
            " list<string>, struct<name: string, age: int64>",
        ) from error
    return found


def _parsed(tokens: list[str]) -> pa.DataType:
    name = tokens.pop(0).strip()
    if name == "json":
        return pa.string()
    if name not in ("list", "struct"):
        return pa.type_for_alias(name)
    _expect(tokens, "<")
    if name == "list":
        if tokens[1] == ":":  # Arrow's own way to write it: list<item: string>
            del tokens[:2]
        inner = pa.list_(_parsed(tokens))
        _expect(tokens, ">")
        return inner
    fields = []
    while True:
        key = tokens.pop(0).strip()
        _expect(tokens, ":")
        fields.append(pa.field(key, _parsed(tokens)))
        if tokens[0] != ",":
            break
        del tokens[0]
    _expect(tokens, ">")
    return pa.struct(fields)


def _expect(tokens: list[str], sign: str) -> None:
    if tokens.pop(0) != sign:
        raise ValueError(sign)


def _checker(kind: pa.DataType, path: str) -> Callable[[Any], str] | None:
    """What says why a value does not fit, where Arrow would bend it without a word.

    Arrow cuts 1.5 to 1, makes a list of letters of a string, and leaves out unknown keys.
    """
    if pa.types.is_struct(kind):
        return _object_checker(kind, path)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = _checker(kind.value_type, path) or (lambda _: "")
        return lambda value: (
            _other(value, kind, path, list) or next(filter(None, map(inner, value or ())), "")
        )
    if pa.types.is_boolean(kind):
        return lambda value: _other(value, kind, path, bool)
    if pa.types.is_integer(kind):
        return lambda value: _other(value, kind, path, int)
    if pa.types.is_floating(kind):
        return lambda value: _other(value, kind, path, float, int)
    return None


def _object_checker(kind: pa.DataType, path: str) -> Callable[[Any], str]:
    inner = {
        kind.field(place).name: _checker(kind.field(place).type, f"{path}.{kind.field(place).name}")
        for place in range(kind.num_fields)
    }

    def check(value: Any) -> str:
        if value is None or type(value) is not dict:
            return _other(value, kind, path, dict)
        for key, one in value.items():
            if key not in inner:
                return _unknown(f"{path}.{key}")
            checker = inner[key]
            why = checker(one) if checker else ""
            if why:
                return why
        return ""

    return check


def _other(value: Any, kind: pa.DataType, path: str, *allowed: type) -> str:
    if value is None or type(value) in allowed:
        return ""
    is_a = _JSON_NAMES.get(type(value), type(value).__name__)
    return f"column `{path}` should be {kind}: {str(value)[:80]!r} is of type {is_a}"


def _unknown(key: str) -> str:
    return f"column `{key}` is not in the schema; name it in the reader's `columns`"


def _common_type(key: str, values: Sequence[tuple[int, Any]], where: str, unit: str) -> pa.DataType:
    try:
        kind = pa.array([value for _, value in values]).type
    except UnicodeEncodeError:  # a lone surrogate in one of them, which is quarantined when read
        return pa.string()
    except _ERRORS as error:
        raise UsageError(
            f"column `{key}` holds values of several types: {_clash(values, unit, error)}",
            where=where,
            hint=f"say which it is: columns: {{{key}: string, …}} (rows of another type are then"
            f" quarantined), or {{{key}: json, …}} to keep any value as JSON text",
        ) from error
    if pa.types.is_struct(kind) and not kind.num_fields:
        raise UsageError(
            f"column `{key}` holds nothing but empty objects, as far as was looked",
            where=where,
            hint=f"say what it is: columns: {{{key}: json, …}}",
        )
    return _without_nulls(kind)


def _without_nulls(kind: pa.DataType) -> pa.DataType:
    """The type with strings where nothing but null was seen."""
    if pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_without_nulls(kind.value_type))
    if pa.types.is_struct(kind):
        fields = [kind.field(place) for place in range(kind.num_fields)]
        return pa.struct([(field.name, _without_nulls(field.type)) for field in fields])
    return kind


def _clash(values: Sequence[tuple[int, Any]], unit: str, error: Exception) -> str:
    """The first value, and the first that does not agree with those before it."""
    low, high = 0, len(values)
    while high - low > 1:  # values[:low] agree, values[:high] do not
        middle = (low + high) // 2
        try:
            pa.array([value for _, value in values[:middle]])
            low = middle
        except _ERRORS:
            high = middle
    number, last = values[high - 1]
    first_number, first = next((one for one in values if one[1] is not None), values[0])
    kinds = [_JSON_NAMES.get(type(value), type(value).__name__) for value in (first, last)]
    if kinds[0] == kinds[1]:
        return f"{unit} {number:,} does not agree with those before it: {error}"
    return f"{unit} {first_number:,}: {kinds[0]}, {unit} {number:,}: {kinds[1]}"
