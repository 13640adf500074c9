"""The embedded engine: a pool of processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from functools import partial, reduce
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from penstock.engines.engine import Bucket, split
from penstock.errors import PenstockError

T = TypeVar("T")
R = TypeVar("R")

DEATHS = 3


class Local:
    """Runs calls in `workers` processes; with one worker, or one task, in this very process.

    When a worker dies (killed, out of memory), the tasks that were running are done again, one at a
    time; one whose worker dies `DEATHS` times is named, and ends the run.
    """

    name = "local"

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None
        self._context = multiprocessing.get_context("forkserver")

    def preload(self, modules: Sequence[str]) -> None:
        """Load modules in the process that workers are forked from."""
        self._context.set_forkserver_preload(["__main__", *modules])

    def each(self, tasks: Sequence[T], call: Callable[[T], R]) -> Iterator[R]:
        """Call on every task; results as they come."""
        if self.workers == 1 or len(tasks) <= 1:
            yield from map(call, tasks)
            return
        waiting = deque(tasks)
        suspects: deque[tuple[T, int]] = deque()  # were running when a worker died, and how often
        running: dict[Future[R], tuple[T, int]] = {}
        while waiting or suspects or running:
            if suspects and not running and self._submit(running, call, *suspects[0]):
                suspects.popleft()
            # A few tasks ahead of the workers, so that none waits and none is held for long.
            while waiting and not suspects and len(running) < self.workers + 2:
                if not self._submit(running, call, waiting[0], 0):
                    break
                waiting.popleft()
            wait(running, return_when=FIRST_COMPLETED)
            alone = len(running) == 1
            lost = []
            for future in [future for future in running if future.done()]:
                task, deaths = running.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool as error:
                    lost.append((task, _counted(deaths + alone, task, error)))
            if lost:
                # The whole pool is gone with the worker. Whose fault it was shows when each of the
                # tasks that were running runs again, alone.
                self.close()
                suspects += [*lost, *running.values()]
                running.clear()

    def _submit(
        self, running: dict[Future[R], tuple[T, int]], call: Callable[[T], R], task: T, deaths: int
    ) -> bool:
        """Give a task to the pool; False when a worker has died since, as `running` will show."""
        try:
            future = self._open().submit(call, task)
        except BrokenProcessPool:
            if not running:
                self.close()
            return False
        running[future] = (task, deaths)
        return True

    def group(
        self, files: Sequence[Path], key: str, buckets: int, call: Bucket, scratch: Path
    ) -> Iterator[pa.Table]:
        """Split every file by bucket on disk, then call on the buckets one at a time a worker."""
        scratch.mkdir(parents=True, exist_ok=True)
        parts: dict[int, list[Path]] = {}
        for found in self.each(files, partial(_split_file, key, buckets, scratch)):
            for bucket, part in found:
                parts.setdefault(bucket, []).append(part)
        tasks = [(bucket, sorted(parts[bucket])) for bucket in sorted(parts)]
        results: dict[int, pa.Table] = {}  # those that came before their turn
        order = iter([bucket for bucket, _ in tasks])
        turn = next(order, None)
        for bucket, table in self.each(tasks, partial(_call_on_parts, call)):
            results[bucket] = table
            while turn in results:
                yield results.pop(turn)
                turn = next(order, None)

    def fold(
        self, tasks: Sequence[T], call: Callable[[T], R], merge: Callable[[R, R], R]
    ) -> R | None:
        """Merge what the calls return, in task order."""
        numbered = list(enumerate(tasks))
        results = sorted(self.each(numbered, partial(_numbered, call)), key=lambda one: one[0])
        return reduce(merge, [result for _, result in results]) if results else None

    def close(self) -> None:
        """End the workers at once; what they had not committed is done again."""
        if self._pool is not None:
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _open(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, self._context, _start_worker)
        return self._pool


def _counted(deaths: int, task: Any, error: Exception) -> int:
    if deaths == DEATHS:
        raise PenstockError(
            f"the worker died {DEATHS} times on the same task, with no other running",
            where=str(getattr(task, "shard", task)),
            hint="out of memory? `dmesg` may name the reason",
        ) from error
    return deaths


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _split_file(key: str, buckets: int, scratch: Path, file: Path) -> list[tuple[int, Path]]:
    if buckets == 1:
        return [(0, file)]
    parts: dict[int, pa.RecordBatchStreamWriter] = {}
    with ExitStack() as stack:
        for bucket, rows in split(file, key, buckets):
            if bucket not in parts:
                path = str(_part(scratch, file, bucket))
                parts[bucket] = stack.enter_context(pa.ipc.new_stream(path, rows.schema))
            parts[bucket].write_table(rows)
    return [(bucket, _part(scratch, file, bucket)) for bucket in parts]


def _part(scratch: Path, file: Path, bucket: int) -> Path:
    return scratch / f"{bucket:05d}-{file.name}"


def _call_on_parts(call: Bucket, task: tuple[int, list[Path]]) -> tuple[int, pa.Table]:
    bucket, parts = task
    tables = []
    for part in parts:
        with pa.ipc.open_stream(str(part)) as reader:
            tables.append(reader.read_all())
    return bucket, call(pa.concat_tables(tables))


def _numbered(call: Callable[[T], R], task: tuple[int, T]) -> tuple[int, R]:
    return task[0], call(task[1])
