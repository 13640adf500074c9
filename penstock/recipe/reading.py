"""A shard's records as batches: cut by rows and bytes from the shard's start, never otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from penstock.data.schema import IDENTITY
from penstock.data.shards import Shard
from penstock.ops.base import REPAIR, Lost, Read
from penstock.recipe.batch import CHILD_BITS, lost_entry
from penstock.recipe.load import Step

BATCH_ROWS = 1024
BATCH_BYTES = 8 << 20
MAX_RECORD = 64 << 20

_IDENTITY_NAMES = tuple(column.name for column in IDENTITY)
_MISFIT = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError)

Document = Mapping[str, Any]


@dataclass
class Cut:
    """The next records of a shard: documents with their row numbers, and what became of others."""

    rows: pa.RecordBatch
    numbers: np.ndarray
    size: int
    last: int
    bytes: int
    entries: list[dict[str, Any]] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    repairs: dict[int, str] = field(default_factory=dict)


def document_schema(reader: Read, files: list[Any]) -> pa.Schema:
    """The columns of a reader's documents, id, source and offset first."""
    own = [column for column in reader.schema(files) if column.name not in _IDENTITY_NAMES]
    return pa.schema([*IDENTITY, *own])


def read_batches(reader: Read, step: Step, shard: Shard, schema: pa.Schema) -> Iterator[Cut]:
    """Read a shard. A record that does not fit the schema is quarantined with the column's name."""
    cutter = _Cutter(step, schema)
    for one in shard.files():
        cutter.begin_file(one.file.address)
        for item in reader.documents(one, schema):
            if isinstance(item, pa.RecordBatch):
                yield from cutter.add_rows(item)
            else:
                yield from cutter.add(item)
    yield from cutter.rest()


class _Cutter:
    """Collects records until they make a batch."""

    def __init__(self, step: Step, schema: pa.Schema) -> None:
        self.step = step
        self.source = ""
        self.schema = schema
        self.read = 0  # records of the shard so far: the number of the next
        self._begin()

    def _begin(self) -> None:
        self.first = self.read
        self.bytes = 0
        self.repairs: dict[int, str] = {}
        self.documents: list[Document] = []
        self.numbers: list[int] = []
        self.lost: list[tuple[int, str, Lost]] = []
        self.batches: list[pa.RecordBatch] = []
        self.batch_numbers: list[np.ndarray] = []

    def begin_file(self, address: str) -> None:
        """What comes now is from another file."""
        self._settle_documents()
        self.source = address

    def add(self, record: Document | Lost) -> Iterator[Cut]:
        """Take one record."""
        if isinstance(record, Lost):
            size = len(record.raw)
            self.lost.append((self.read, self.source, record))
        else:
            size = sum(len(value) for value in record.values() if isinstance(value, str | bytes))
            if size > MAX_RECORD:
                self.lost.append((self.read, self.source, _too_large(record, size)))
                size = 0
            else:
                self.documents.append(record)
                self.numbers.append(self.read)
                if record.get(REPAIR):
                    self.repairs[self.read << CHILD_BITS] = f"repaired: {record[REPAIR]}"
        self.read += 1
        self.bytes += size
        if self.read - self.first >= BATCH_ROWS or self.bytes >= BATCH_BYTES:
            yield self._cut()

    def add_rows(self, rows: pa.RecordBatch) -> Iterator[Cut]:
        """Take documents that the reader has made a batch of: in slices that fit."""
        while rows.num_rows:
            room = min(rows.num_rows, BATCH_ROWS - (self.read - self.first))
            while room > 1 and self.bytes + rows.slice(0, room).nbytes > BATCH_BYTES:
                room //= 2
            part, rows = rows.slice(0, room), rows.slice(room)
            if room == 1 and part.nbytes > MAX_RECORD:
                yield from self.add(part.to_pylist()[0])
                continue
            self._settle_documents()
            self.batches.append(self._complete(part))
            self.batch_numbers.append(np.arange(self.read, self.read + room))
            self.read += room
            self.bytes += part.nbytes
            if self.read - self.first >= BATCH_ROWS or self.bytes >= BATCH_BYTES:
                yield self._cut()

    def rest(self) -> Iterator[Cut]:
        """What is left at the end of the shard."""
        if self.read > self.first:
            yield self._cut()

    def _cut(self) -> Cut:
        self._settle_documents()
        empty = pa.RecordBatch.from_pylist([], self.schema)
        rows = pa.concat_batches(self.batches) if self.batches else empty
        numbers = np.concatenate([np.zeros(0, np.int64), *self.batch_numbers])
        size, last = self.read - self.first, (self.read - 1) << CHILD_BITS
        cut = Cut(rows, numbers.astype(np.int64) << CHILD_BITS, size, last, self.bytes)
        cut.repairs = self.repairs
        for number, source, lost in self.lost:
            entry, quarantined = lost_entry(number << CHILD_BITS, source, self.step, lost)
            cut.entries.append(entry)
            if quarantined:
                cut.quarantine.append(quarantined)
        self._begin()
        return cut

    def _settle_documents(self) -> None:
        """Make a batch of the documents taken one by one; those that do not fit are lost."""
        if not self.documents:
            return
        rows = self._fitted(self.documents)
        if rows is None:
            fitting = []
            for number, document in zip(self.numbers, self.documents, strict=True):
                why = self._misfit(document)
                if why:
                    raw = repr(document).encode("utf-8", "replace")
                    lost = Lost(str(document["id"]), document["offset"], error=why, raw=raw)
                    self.lost.append((number, self.source, lost))
                else:
                    fitting.append((number, document))
            self.numbers = [number for number, _ in fitting]
            rows = self._built([document for _, document in fitting])
        self.batches.append(rows)
        self.batch_numbers.append(np.array(self.numbers, np.int64))
        self.documents, self.numbers = [], []

    def _fitted(self, documents: list[Document]) -> pa.RecordBatch | None:
        """The documents as a batch; None where one of them does not fit the columns."""
        known = {*self.schema.names, REPAIR}
        if any(not document.keys() <= known for document in documents):
            return None
        try:
            return self._built(documents)
        except _MISFIT:
            return None

    def _built(self, documents: list[Document]) -> pa.RecordBatch:
        columns = [
            pa.array([document.get(column.name) for document in documents], column.type)
            if column.name != "source"
            else pa.repeat(self.source, len(documents))
            for column in self.schema
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _complete(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        columns = [
            rows.column(column.name).cast(column.type)
            if column.name != "source"
            else pa.repeat(self.source, rows.num_rows)
            for column in self.schema
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _misfit(self, document: Document) -> str:
        """Why a document does not fit the columns; "" where it does."""
        for key in document:
            if key != REPAIR and self.schema.get_field_index(key) < 0:
                return f"column `{key}` is not in the schema; name it in the reader's `columns`"
        for column in self.schema:
            try:
                pa.array([document.get(column.name)], column.type)
            except _MISFIT as why:
                return f"column `{column.name}` should be {column.type}: {why}"
        return ""


def _too_large(record: Document, size: int) -> Lost:
    error = f"a record of {size:,} bytes is larger than {MAX_RECORD:,}"
    return Lost(str(record["id"]), record["offset"], error=error)
