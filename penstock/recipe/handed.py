"""Files of rows between stages, and any of the rows that a stage has handed on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def bytes_a_row(files: Iterable[Path]) -> int:
    """About what a row takes, by the first of the files that has any."""
    for file in files:
        with pa.ipc.open_stream(pa.memory_map(str(file))) as reader:
            for batch in reader:
                taken: int = batch.nbytes // batch.num_rows
                return max(1, taken)
    return 1


def take(
    files: Mapping[int, Path], nodes: np.ndarray, columns: Sequence[str] | None = None
) -> pa.RecordBatch:
    """The rows with these numbers, which are in order and differ, from the files of their shards.

    One file at a time is mapped, so that no more than one shard takes memory.
    """
    shards = shards_of(nodes)
    found: list[pa.RecordBatch] = []
    for shard in np.unique(shards).tolist():
        places = nodes[shards == shard] & ((1 << PLACE_BITS) - 1)
        found += _taken(files[shard], places, columns)
    return pa.concat_batches(found)


def _taken(
    file: Path, places: np.ndarray, columns: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    first = 0
    with pa.ipc.open_stream(pa.memory_map(str(file))) as reader:
        for batch in reader:
            low, high = np.searchsorted(places, [first, first + batch.num_rows])
            if low < high:
                rows = batch.select(columns) if columns else batch
                yield rows.take(pa.array(places[low:high] - first))
            first += batch.num_rows
