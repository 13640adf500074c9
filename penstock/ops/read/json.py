"""Read documents from JSON files that hold an array of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.errors import RecordError, UsageError
from penstock.ops.base import Lost
from penstock.ops.reading import Item, Objects

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.columns import Columns
    from penstock.data.files import File
    from penstock.data.shards import Shard

SAMPLE_ROWS = 1000
BATCH_ROWS = 1024
LARGEST = 1 << 30
RAW_KEPT = 1 << 16


@dataclass(frozen=True)
class Json(Objects):
    """One document for each object of an array, or of the array under `field` (``data.items``).

    A file is read as a whole, so it may hold at most 1 GiB; `offset` is the place in the array,
    which starts at 0. A single object is one document. `text` and `columns` are as in `read.jsonl`,
    and so is what becomes of an object that does not fit. Files may be packed (`.gz`, `.zst`).

    >>> Json(path="faq.json", text="answer", field="data").field
    'data'
    """

    suffixes: ClassVar[tuple[str, ...]] = (".json", ".json.gz", ".json.zst")

    path: str | tuple[str, ...]
    text: str = "text"
    field: str = ""
    columns: dict[str, str] | None = None

    def schema(self, files: list[File]) -> pa.Schema:
        """The columns named in `columns`, or found in the first objects."""
        from penstock.data.columns import found, named

        if self.columns is not None:
            return named(self.columns, self.text)
        for file in files:
            sample = enumerate(self._rows(file)[:SAMPLE_ROWS])
            rows = [(place, row) for place, row in sample if isinstance(row, dict)]
            if rows:
                return found(rows, self.text, file.address, "object")
        return found([], self.text, "", "object")

    def objects(
        self, shard: Shard, columns: Columns | None
    ) -> Iterator[Mapping[str, Any] | Lost | pa.RecordBatch]:
        """The objects of the file."""
        name = shard.file.name
        held: list[Item] = []
        for place, row in enumerate(self._rows(shard.file)):
            if isinstance(row, dict):
                held.append(Item(row, place, b""))
            if not isinstance(row, dict) or len(held) == BATCH_ROWS:
                yield from self.settled(held, name, columns)
                held = []
            if not isinstance(row, dict):
                raw = json.dumps(row).encode()[:RAW_KEPT]
                yield Lost(f"{name}:{place}", place, error="not a JSON object", raw=raw)
        yield from self.settled(held, name, columns)

    def _rows(self, file: File) -> list[Any]:
        """What stands in the array. Raises UsageError where there is none."""
        value = _value(file)
        for key in filter(None, self.field.split(".")):
            if not isinstance(value, dict) or key not in value:
                keys = ", ".join(list(value)[:20]) if isinstance(value, dict) else "an array"
                raise UsageError(f"{file.address} has no `{key}`: there is {keys}")
            value = value[key]
        if isinstance(value, dict):
            self._check_single(value, file)
            return [value]
        if not isinstance(value, list):
            raise UsageError(f"{file.address} holds a {type(value).__name__}, not an array")
        return value

    def _check_single(self, value: dict[str, Any], file: File) -> None:
        """Refuse an object that is a container of documents rather than one."""
        lists = [key for key, inner in value.items() if isinstance(inner, list)]
        hint = ""
        if len(lists) == 1 and not self.field and len(value[lists[0]]) > 1:
            hint = f"field: {lists[0]}, if the documents are there"
        elif len(value) > 1 and all(isinstance(inner, dict) for inner in value.values()):
            hint = "`jq -c '.[]'` writes what stands under its keys one a line, for `read.jsonl`"
        if hint:
            raise UsageError(f"{file.address} is one object, not an array", hint=hint)


def _value(file: File) -> Any:
    from penstock.data.json_values import loads
    from penstock.data.streams import unpacked

    try:
        with unpacked(file) as stream:
            data = stream.read(LARGEST + 1)
    except RecordError as error:
        raise UsageError(f"{file.address}: {error.message}") from error
    if len(data) > LARGEST:
        raise UsageError(
            f"{file.address} holds more than {LARGEST:,} bytes, too much for one array",
            hint="write one object a line, for example with `jq -c '.[]'`, for `read.jsonl`",
        )
    try:
        return loads(data)
    except json.JSONDecodeError as error:
        where = f"{file.address}:{error.lineno}"
        hint = "one object a line is read by `read.jsonl`" if error.msg == "Extra data" else ""
        raise UsageError(f"not JSON: {error.msg}", where=where, hint=hint) from None
    except ValueError as error:
        raise UsageError(f"not JSON: {error}", where=file.address) from None
