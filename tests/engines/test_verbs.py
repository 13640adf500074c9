"""The three verbs mean the same on every engine."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from operator import add, neg
from pathlib import Path

import pyarrow as pa
import pytest

from penstock.engines.choose import engine
from penstock.engines.engine import Engine
from penstock.engines.local import Local
from penstock.errors import PenstockError, UsageError


@pytest.fixture(
    params=["local-1", "local-2", pytest.param("ray-2", marks=pytest.mark.more)], scope="module"
)
def where(request: pytest.FixtureRequest) -> Iterator[Engine]:
    name, _, workers = request.param.partition("-")
    if name == "ray":
        pytest.importorskip("ray", reason="Ray is not installed")
    found = engine(name, int(workers))
    yield found
    found.close()


def test_each_task_is_done_once(where: Engine) -> None:
    assert sorted(where.each(range(40), neg)) == sorted(-n for n in range(40))


def test_nothing_to_do_is_done(where: Engine) -> None:
    assert list(where.each([], neg)) == []
    assert where.fold([], neg, add) is None


def test_fold_merges_in_task_order(where: Engine) -> None:
    assert where.fold(["a", "b", "c", "d"], str.upper, add) == "ABCD"


def key_files(folder: Path, rows: int, files: int) -> list[Path]:
    numbers = random.Random(1)
    table = pa.table(
        {
            "key": pa.array(
                [bytes([numbers.randrange(7)]) * 16 for _ in range(rows)], pa.binary(16)
            ),
            "n": pa.array(range(rows)),
        }
    )
    paths = []
    for part in range(files):
        paths.append(folder / f"{part}.keys.arrow")
        with pa.ipc.new_stream(str(paths[-1]), table.schema) as stream:
            stream.write_table(table.slice(part * rows // files, rows // files))
    return paths


@pytest.mark.parametrize("buckets", [1, 2, 5, 50])
def test_rows_of_a_key_meet_in_one_bucket(where: Engine, tmp_path: Path, buckets: int) -> None:
    files = key_files(tmp_path, 300, 3)
    tables = list(where.group(files, "key", buckets, count, tmp_path / "scratch"))
    counts = [row for table in tables for row in table.to_pylist()]
    assert sum(row["n_count"] for row in counts) == 300
    keys = [row["key"] for row in counts]
    assert len(keys) == len(set(keys)) == 7


def count(table: pa.Table) -> pa.Table:
    return table.group_by("key").aggregate([("n", "count")])


def test_a_worker_that_dies_costs_nothing() -> None:
    local = Local(2)
    results = local.each([0.02] * 60, time.sleep)
    done = [next(results)]
    assert local._pool is not None
    victim = next(iter(local._pool._processes))
    threading.Timer(0.1, os.kill, (victim, signal.SIGKILL)).start()
    done += list(results)
    local.close()
    assert len(done) == 60


def test_a_task_that_always_kills_its_worker_is_named_and_no_other() -> None:
    local = Local(2)
    done: list[int] = []

    def work() -> None:
        for result in local.each([*range(20, 30), -1, *range(30, 40)], die_of_minus_one):
            done.append(result)

    with pytest.raises(PenstockError, match="the worker died 3 times on the same task") as caught:
        work()
    local.close()
    assert caught.value.where == "-1"
    assert set(range(20, 30)) <= set(done)


def die_of_minus_one(number: int) -> int:
    if number < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_closing_ends_the_workers() -> None:
    local = Local(2)
    list(local.each(range(4), neg))
    assert local._pool is not None
    workers = list(local._pool._processes)
    local.close()
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


def test_an_unknown_engine_offers_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        engine("locl")
    assert caught.value.hint == "did you mean `local`?"
    with pytest.raises(UsageError, match="at least one worker"):
        engine("local", 0)
