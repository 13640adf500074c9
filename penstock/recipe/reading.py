"""A shard's records as batches: cut by rows and bytes from the shard's start, never otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from penstock.data.schema import IDENTITY
from penstock.data.shards import Shard
from penstock.ops.base import Lost, Read
from penstock.recipe.batch import lost_entry
from penstock.recipe.load import Step

BATCH_ROWS = 1024
BATCH_BYTES = 8 << 20

_IDENTITY_NAMES = tuple(column.name for column in IDENTITY)
_MISFIT = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError)


@dataclass
class Cut:
    """The next records of a shard: documents with their row numbers, and what became of others."""

    rows: pa.RecordBatch
    numbers: np.ndarray
    size: int
    entries: list[dict[str, Any]] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    repairs: list[dict[str, Any]] = field(default_factory=list)


def document_schema(reader: Read, files: list[Any]) -> pa.Schema:
    """The columns of a reader's documents, id, source and offset first."""
    own = [column for column in reader.schema(files) if column.name not in _IDENTITY_NAMES]
    return pa.schema([*IDENTITY, *own])


def read_batches(reader: Read, step: Step, shard: Shard, schema: pa.Schema) -> Iterator[Cut]:
    """Read a shard. A record that does not fit the schema is quarantined with the column's name."""
    held: list[tuple[int, Mapping[str, Any] | Lost]] = []
    size = 0
    for number, record in enumerate(reader.records(shard)):
        held.append((number, record))
        size += _bytes(record)
        if len(held) >= BATCH_ROWS or size >= BATCH_BYTES:
            yield _cut(held, step, shard, schema)
            held, size = [], 0
    if held:
        yield _cut(held, step, shard, schema)


def _cut(
    held: list[tuple[int, Mapping[str, Any] | Lost]], step: Step, shard: Shard, schema: pa.Schema
) -> Cut:
    source = shard.file.address
    documents = [
        (number, {**record, "source": source})
        for number, record in held
        if not isinstance(record, Lost)
    ]
    losses = [(number, record) for number, record in held if isinstance(record, Lost)]
    rows = _fitted(documents, schema)
    if rows is None:
        misfits = {number: _misfit(document, schema) for number, document in documents}
        losses += [
            (number, Lost(str(doc["id"]), doc["offset"], error=misfits[number], raw=_raw(doc)))
            for number, doc in documents
            if misfits[number]
        ]
        documents = [(number, doc) for number, doc in documents if not misfits[number]]
        rows = pa.RecordBatch.from_pylist([doc for _, doc in documents], schema)
    cut = Cut(rows, np.array([number for number, _ in documents], dtype=np.int64), len(held))
    for number, lost in losses:
        entry, quarantined = lost_entry(number, source, step, lost)
        cut.entries.append(entry)
        if quarantined:
            cut.quarantine.append(quarantined)
    cut.repairs = [
        {"row": number, "repair": f"repaired: {document['repair']}"}
        for number, document in documents
        if document.get("repair")
    ]
    return cut


def _fitted(
    documents: list[tuple[int, dict[str, Any]]], schema: pa.Schema
) -> pa.RecordBatch | None:
    """The documents as a batch; None where one of them does not fit the columns."""
    known = {*schema.names, "repair"}
    if any(not document.keys() <= known for _, document in documents):
        return None
    try:
        return pa.RecordBatch.from_pylist([document for _, document in documents], schema)
    except _MISFIT:
        return None


def _misfit(document: dict[str, Any], schema: pa.Schema) -> str:
    """Why a document does not fit the columns; "" where it does."""
    for key in document:
        if key != "repair" and schema.get_field_index(key) < 0:
            return f"column `{key}` is not in the schema; name it in the reader's `columns`"
    for column in schema:
        try:
            pa.array([document.get(column.name)], column.type)
        except _MISFIT as why:
            return f"column `{column.name}` should be {column.type}: {why}"
    return ""


def _raw(document: dict[str, Any]) -> bytes:
    return repr(document).encode("utf-8", "replace")


def _bytes(record: Mapping[str, Any] | Lost) -> int:
    if isinstance(record, Lost):
        return len(record.raw)
    return sum(len(value) for value in record.values() if isinstance(value, str | bytes))
