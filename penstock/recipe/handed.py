"""Files of rows between stages, and any of the rows that a stage has handed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from penstock.data.atomic import replacing

# The column of rows handed on that has their numbers.
ROW = "__row"
# A row of any shard, as one number: its shard, and its place among the rows handed on.
PLACE_BITS = 32


def write_rows(path: Path, table: pa.Table) -> None:
    """Write a table as an Arrow stream."""
    with replacing(path) as temporary, pa.ipc.new_stream(str(temporary), table.schema) as stream:
        stream.write_table(table)


def read_rows(path: Path, schema: pa.Schema | None = None) -> pa.Table:
    """The table that was written; with a `schema` an empty one where there is no file."""
    if schema is not None and not path.exists():
        return schema.empty_table()
    with pa.ipc.open_stream(str(path)) as reader:
        return reader.read_all()


def nodes_of(shard: int, first: int, size: int) -> np.ndarray:
    """The numbers of `size` rows of a shard from the place `first` on."""
    return (shard << PLACE_BITS) + first + np.arange(size, dtype=np.int64)


def shards_of(nodes: np.ndarray) -> np.ndarray:
    """The shard of each row."""
    return (nodes >> PLACE_BITS).astype(np.int32)


class Handed:
    """Rows by their numbers; the files are mapped, not read."""

    def __init__(self, files: Mapping[int, Path], columns: Sequence[str] | None = None) -> None:
        self._files = files
        self._columns = columns
        self._open: dict[int, tuple[list[pa.RecordBatch], np.ndarray]] = {}

    def take(self, nodes: np.ndarray) -> pa.RecordBatch:
        """The rows with these numbers, which are in order and differ."""
        found = []
        shards = shards_of(nodes)
        for shard in np.unique(shards).tolist():
            batches, firsts = self._batches(shard)
            places = nodes[shards == shard] & ((1 << PLACE_BITS) - 1)
            of = np.searchsorted(firsts, places, side="right") - 1
            for number in np.unique(of).tolist():
                found.append(batches[number].take(pa.array(places[of == number] - firsts[number])))
        return pa.concat_batches(found)

    def _batches(self, shard: int) -> tuple[list[pa.RecordBatch], np.ndarray]:
        if shard not in self._open:
            with pa.ipc.open_stream(pa.memory_map(str(self._files[shard]))) as reader:
                batches = [b.select(self._columns) if self._columns else b for b in reader]
            sizes = [batch.num_rows for batch in batches]
            self._open[shard] = batches, np.cumsum([0, *sizes[:-1]])
        return self._open[shard]
