"""The items of evaluation sets: rows of JSON, Parquet or text files, as passages of text."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from penstock.data.files import File, expand
from penstock.data.streams import unpacked
from penstock.errors import RecordError, UsageError
from penstock.text.nearest import did_you_mean

_PACKED = ("", ".gz", ".zst")
TEXT = tuple(f".txt{packed}" for packed in _PACKED)
JSON = tuple(f".{name}{packed}" for name in ("jsonl", "ndjson", "json") for packed in _PACKED)
ENDINGS = (".parquet", *JSON, *TEXT)


class Item(NamedTuple):
    """An evaluation item: `file:number`, counted from 1, and the text of each of its columns."""

    name: str
    passages: tuple[str, ...]


def read_items(addresses: str | Sequence[str], columns: Sequence[str] = ()) -> Iterator[Item]:
    """The items of files, folders and globs: rows of JSON and Parquet, lines of text.

    `columns` are those that make their text, all without it; of a column all strings count, those
    in lists and objects too. Raises MissingError where an address names nothing, and UsageError
    that names the file where it cannot be read or has no text.
    """
    files = expand(addresses, ENDINGS)
    bases = Counter(os.path.basename(file.address) for file in files)
    for file in files:
        base = os.path.basename(file.address)
        yield from _items(file, base if bases[base] == 1 else file.address, columns)


def _items(file: File, name: str, columns: Sequence[str]) -> Iterator[Item]:
    seen: dict[str, None] = {}
    empty = True
    for number, row in enumerate(_rows(file), start=1):
        seen.update(dict.fromkeys(row))
        texts = [" ".join(_strings(row.get(column))) for column in columns or row]
        passages = tuple(text for text in texts if text)
        empty = empty and not passages
        yield Item(f"{name}:{number}", passages)
    for column in columns:
        if seen and column not in seen:
            hint = did_you_mean(column, list(seen), label="columns")
            raise UsageError(f"{file.address} has no column `{column}`", hint=hint)
    if empty:
        known = ", ".join(columns or seen)
        raise UsageError(
            f"{file.address} has no text{f' in {known}' if known else ': it is empty'}",
            hint="an evaluation set has strings in its rows; `item_columns` says where",
        )


def _rows(file: File) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa

    try:
        if file.address.endswith(".parquet"):
            yield from _parquet(file)
            return
        with unpacked(file) as stream:
            text = stream.read().decode("utf-8-sig")
    except (UnicodeDecodeError, RecordError, pa.ArrowException) as error:
        raise UsageError(
            f"{file.address} cannot be read: {error}",
            hint=f"an evaluation set is a file in UTF-8, or one that ends in {', '.join(ENDINGS)}",
        ) from error
    if file.address.endswith(TEXT):
        yield from ({"text": line} for line in text.split("\n") if line.strip())
    else:
        yield from _objects(text, file.address)


def _parquet(file: File) -> Iterator[Mapping[str, Any]]:
    import pyarrow.parquet as pq

    with file.arrow() as source:
        for batch in pq.ParquetFile(source).iter_batches():
            yield from batch.to_pylist()


def _objects(text: str, address: str) -> Iterator[Mapping[str, Any]]:
    """The objects of one JSON array, or one a line."""
    whole = text.lstrip().startswith("[")
    lines = [text] if whole else text.split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as error:
            found, reason = None, str(error)
        else:
            reason = "not an object"
        for row in found if whole and isinstance(found, list) else [found]:
            if not isinstance(row, dict):
                raise UsageError(
                    f"{address} cannot be read: {reason}",
                    where="" if whole else f"line {number}",
                    hint="one JSON object a line, or one array of objects; plain text ends in .txt",
                )
            yield row


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)
