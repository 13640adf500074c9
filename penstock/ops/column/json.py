"""Turn a column of JSON into columns."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.data.schema import column, refuse_fixed
from penstock.errors import RecordError, UsageError
from penstock.ops.base import Map
from penstock.ops.column.cast import arrow_type

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Json(Map):
    """Read the JSON objects in `column` and put their values into columns of the types given.

    `columns` are keys to types, as in `column.cast`; a dot leads into an object (`meta.language`),
    and the column has the key's name. What an object lacks is null. A column of strings takes any
    value, as JSON where it is not text. A document whose JSON is damaged, is no object, or holds a
    value of another type is quarantined.

    >>> Json(column="meta", columns={"year": "int64"}).values({"year": 1998})
    [1998]
    """

    column: str
    columns: dict[str, str] = field(hash=False)

    def __post_init__(self) -> None:
        refuse_fixed(self.columns, "set")
        for key, kind in self.columns.items():
            arrow_type(kind, key)

    def values(self, found: dict[str, Any]) -> list[Any]:
        """The values of one object, in the order of `columns`."""
        return [_at(found, key) for key in self.columns]

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with these columns."""
        import pyarrow as pa

        from penstock.data.schema import put

        texts = column(rows, self.column)
        if not pa.types.is_string(texts.type):
            raise UsageError(f"column `{self.column}` is {texts.type}, not text that holds JSON")
        read = [self.values(self._object(text)) for text in texts.to_pylist()]
        for at, (key, kind) in enumerate(self.columns.items()):
            values = [found[at] for found in read]
            rows = put(rows, key, _array(values, key, arrow_type(kind, key)))
        return rows

    def _object(self, text: str | None) -> dict[str, Any]:
        if text is None:
            return {}
        try:
            found = json.loads(text)
        except ValueError as error:
            raise RecordError(f"column `{self.column}` is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise RecordError(f"column `{self.column}` holds {text[:60]!r}, not a JSON object")
        return found


def _at(found: Any, key: str) -> Any:
    if not isinstance(found, dict):
        return None
    if key in found:
        return found[key]
    first, _, rest = key.partition(".")
    return _at(found.get(first), rest) if rest else None


def _array(values: list[Any], key: str, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_string(kind):
        values = [_text(value) for value in values]
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError) as error:
        raise RecordError(f"`{key}` does not fit {kind}: {error}") from error


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
