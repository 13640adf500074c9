"""The three verbs of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pyarrow as pa

T = TypeVar("T")
R = TypeVar("R")

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
    """The rows of a key file, bucket by bucket, batch by batch."""
    import numpy as np

    with pa.ipc.open_stream(str(file)) as reader:
        for batch in reader:
            places = bucket_of(batch.column(key), buckets)
            for bucket in np.unique(places):
                chosen = pa.array(np.flatnonzero(places == bucket))
                yield int(bucket), pa.Table.from_batches([batch.take(chosen)])
