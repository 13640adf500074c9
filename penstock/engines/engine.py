"""The three verbs of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pyarrow as pa

T = TypeVar("T")
R = TypeVar("R")

# Key rows that are split at a time: fewer make many small parts.
SPLIT_ROWS = 1 << 18

Bucket = Callable[[pa.Table], pa.Table]


class Engine(Protocol):
    """Where work runs. What a call returns is small; data goes from files to files."""

    name: str

    def preload(self, modules: Sequence[str]) -> None:
        """Name modules that workers will need, to be loaded once for all where that can be done."""

    def each(self, tasks: Sequence[T], call: Callable[[T], R]) -> Iterator[R]:
        """Call on every task, in any order and on any worker; results as they come."""

    def group(
        self, files: Sequence[Path], key: str, buckets: int, call: Bucket, scratch: Path
    ) -> Iterator[pa.Table]:
        """Bring the rows of all files (Arrow streams) with the same `key` into the same bucket,
        and call on every bucket that has rows; results in bucket order."""

    def fold(
        self, tasks: Sequence[T], call: Callable[[T], R], merge: Callable[[R, R], R]
    ) -> R | None:
        """Merge what the calls return, in task order; None where there are no tasks."""

    def close(self) -> None:
        """Let the workers go."""


def bucket_of(keys: pa.Array, buckets: int) -> Any:
    """The bucket of each key: its value, or the first 8 bytes of a digest, modulo `buckets`."""
    import numpy as np

    if pa.types.is_fixed_size_binary(keys.type):
        width = keys.type.byte_width
        data = np.frombuffer(keys.buffers()[1], np.uint8)
        data = data[keys.offset * width : (keys.offset + len(keys)) * width].reshape(-1, width)
        values = np.ascontiguousarray(data[:, :8]).view("<u8").ravel()
    else:
        values = keys.to_numpy().astype(np.uint64)
    return values % np.uint64(buckets)


def split(file: Path, key: str, buckets: int) -> Iterator[tuple[int, pa.Table]]:
    """The rows of a key file, bucket by bucket, in parts of many batches."""
    with pa.ipc.open_stream(str(file)) as reader:
        held: list[pa.RecordBatch] = []
        for batch in reader:
            held.append(batch)
            if sum(one.num_rows for one in held) >= SPLIT_ROWS:
                yield from _parts(held, key, buckets)
                held = []
        if held:
            yield from _parts(held, key, buckets)


def _parts(
    batches: Sequence[pa.RecordBatch], key: str, buckets: int
) -> Iterator[tuple[int, pa.Table]]:
    import numpy as np

    rows = pa.concat_batches(batches)
    places = bucket_of(rows.column(key), buckets)
    order = np.argsort(places, kind="stable")
    ordered = pa.Table.from_batches([rows.take(pa.array(order))])
    ends = np.cumsum(np.bincount(places.astype(np.int64), minlength=buckets))
    for bucket in np.flatnonzero(np.diff(ends, prepend=0)).tolist():
        start = int(ends[bucket - 1]) if bucket else 0
        yield bucket, ordered.slice(start, int(ends[bucket]) - start)
