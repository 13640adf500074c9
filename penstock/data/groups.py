"""Batches collected into groups of a size that readers like."""

from __future__ import annotations

import pyarrow as pa

GROUP_ROWS = 10_000
GROUP_BYTES = 64 << 20


class Groups:
    """Holds batches back until they make a group of at least `GROUP_ROWS` or `GROUP_BYTES`."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._held: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def add(self, rows: pa.RecordBatch) -> pa.Table | None:
        """Take a batch; the group it completes, if any."""
        self._held.append(rows)
        self._rows += rows.num_rows
        self._bytes += rows.nbytes
        full = self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES
        return self.rest() if full else None

    def rest(self) -> pa.Table:
        """What is held, as one chunk: how it came in batches must not show in a file."""
        table = pa.Table.from_batches(self._held, self._schema).combine_chunks()
        self._held, self._rows, self._bytes = [], 0, 0
        return table
