"""Ray as an engine: the same calls on the same shards, and so the same bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from penstock.engines.engine import Bucket, split
from penstock.errors import MissingError

T = TypeVar("T")
R = TypeVar("R")


class Ray:
    """Runs calls as Ray tasks, on the cluster at `address` or on one of its own on this machine."""

    name = "ray"

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError:
            raise MissingError("Ray is not installed", hint="pip install 'penstock[ray]'") from None
        self._ray: Any = ray
        self._own = not ray.is_initialized()
        if self._own:
            here: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False}
            ray.init(address, **({} if address else here), log_to_driver=False, logging_level=40)
        self._remote: Any = ray.remote(max_retries=3)(_call).remote

    def preload(self, modules: Sequence[str]) -> None:
        """Each of Ray's workers loads what it needs when it needs it."""

    def each(self, tasks: Sequence[T], call: Callable[[T], R]) -> Iterator[R]:
        """Call on every task; results as they come."""
        shared = self._ray.put(call)
        waiting = [self._remote(shared, task) for task in tasks]
        while waiting:
            done, waiting = self._ray.wait(waiting)
            yield self._result(done[0])

    def group(
        self,
        files: Sequence[Path],
        key: str,
        buckets: int,
        call: Bucket,
        scratch: Path,  # noqa: ARG002 - Ray spills by itself
    ) -> Iterator[pa.Table]:
        """Split every file into one object a bucket, and call on the objects of each bucket."""
        cut = self._ray.remote(num_returns=buckets)(_split)
        parts = [cut.remote(file, key, buckets) for file in files]
        columns = [parts] if buckets == 1 else list(zip(*parts, strict=True))
        join = self._ray.remote(_join)
        results = [join.remote(call, *column) for column in columns]
        yield from (table for table in map(self._result, results) if table is not None)

    def fold(
        self, tasks: Sequence[T], call: Callable[[T], R], merge: Callable[[R, R], R]
    ) -> R | None:
        """Merge what the calls return, in task order."""
        results = map(self._result, [self._remote(call, task) for task in tasks])
        first = next(results, None)
        return None if first is None else reduce(merge, results, first)

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        if self._own:
            self._ray.shutdown()

    def _result(self, reference: Any) -> Any:
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause or error from None


def _call(call: Callable[[T], R], task: T) -> R:
    return call(task)


def _split(file: Path, key: str, buckets: int) -> Any:
    parts: list[list[pa.Table]] = [[] for _ in range(buckets)]
    for bucket, rows in split(file, key, buckets):
        parts[bucket].append(rows)
    tables = [pa.concat_tables(part) if part else None for part in parts]
    return tables[0] if buckets == 1 else tables


def _join(call: Bucket, *parts: pa.Table | None) -> pa.Table | None:
    tables = [part for part in parts if part is not None]
    return call(pa.concat_tables(tables)) if tables else None
