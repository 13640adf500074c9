"""Where rows of all shards meet: keys out, verdicts home."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa

from penstock.data.atomic import replacing
from penstock.engines.engine import Engine
from penstock.ops.base import Group
from penstock.recipe.apply import isolate
from penstock.recipe.batch import Batch
from penstock.recipe.load import Step

# Only these travel: 16 bytes of digest and who it belongs to, never a text.
KEYS = pa.schema(
    [("key", pa.binary(16)), ("shard", pa.int32()), ("row", pa.int64()), ("id", pa.string())]
)
VERDICTS = pa.schema(
    [
        ("shard", pa.int32()),
        ("row", pa.int64()),
        ("merged_into", pa.string()),
        ("similarity", pa.float64()),
    ]
)
BUCKET_ROWS = 1_000_000
HOME_BUCKETS = 64


def key_rows(batch: Batch, step: Step, shard: int) -> pa.Table:
    """The key rows of a batch. A row whose key cannot be made is quarantined."""
    batch.enter(step, batch.rows.num_rows)
    outcome = isolate(batch.rows, cast(Group, step.operator).keys)
    for place, error in outcome.faults:
        batch.set_aside(place, step, error)
    if outcome.faults:
        good = np.zeros(batch.rows.num_rows, dtype=bool)
        good[outcome.places] = True
        batch.thin(good)
    # The rows that go on are counted when the verdicts are in.
    batch.leave(step, 0)
    keys = pa.concat_arrays(outcome.results) if outcome.results else pa.array([], KEYS[0].type)
    rows = pa.table(
        {
            "key": keys,
            "shard": pa.array([shard] * len(keys), pa.int32()),
            "row": pa.array(batch.numbers[batch.at], pa.int64()),
            "id": batch.rows.column("id"),
        },
        KEYS,
    )
    return rows.filter(rows.column("key").is_valid())


def gather(
    engine: Engine, step: Step, keys: Sequence[tuple[Path, int]], scratch: Path, home: Path
) -> None:
    """Let all key rows meet, and write each shard's verdicts to `home/<shard>.verdicts.arrow`.

    `keys` are the key files and how many rows each holds. A shard without verdicts has no file.
    """
    files = [path for path, _ in keys]
    buckets = max(1, -(-sum(rows for _, rows in keys) // BUCKET_ROWS))
    elect = partial(_elect, cast(Group, step.operator))
    verdicts: list[Path] = []
    for number, table in enumerate(engine.group(files, "key", buckets, elect, scratch / "keys")):
        verdicts.append(scratch / "verdicts" / f"{number:05d}.arrow")
        _write(verdicts[-1], table)
    home.mkdir(parents=True, exist_ok=True)
    write = partial(_write_home, home)
    for _ in engine.group(verdicts, "shard", HOME_BUCKETS, write, scratch / "home"):
        pass  # what it returns is empty; the files are the result


def settle(batch: Batch, step: Step, verdicts: pa.Table) -> None:
    """Apply the verdicts of a group to the rows of a batch."""
    batch.enter(step, 0)
    places = {int(number): place for place, number in enumerate(batch.numbers)}
    stays = np.ones(batch.rows.num_rows, dtype=bool)
    rows = verdicts.column("row").to_numpy()
    low, high = np.searchsorted(rows, [batch.numbers[0], batch.numbers[-1] + 1])
    for verdict in verdicts.slice(low, high - low).to_pylist():
        place = places[verdict["row"]]
        batch.merge(place, step, verdict["merged_into"], verdict["similarity"])
        stays[place] = False
    batch.thin(stays)
    batch.leave(step, batch.rows.num_rows)


def read_verdicts(path: Path) -> pa.Table:
    """The verdicts on one shard, in row order."""
    if not path.exists():
        return VERDICTS.empty_table()
    with pa.ipc.open_stream(str(path)) as reader:
        return reader.read_all()


def _elect(operator: Group, bucket: pa.Table) -> pa.Table:
    ordered = bucket.sort_by([("key", "ascending"), ("shard", "ascending"), ("row", "ascending")])
    return operator.elect(ordered.combine_chunks()).cast(VERDICTS)


def _write_home(home: Path, bucket: pa.Table) -> pa.Table:
    ordered = bucket.sort_by([("shard", "ascending"), ("row", "ascending")]).combine_chunks()
    shards = ordered.column("shard").to_numpy()
    for shard in np.unique(shards):
        start, stop = np.searchsorted(shards, [shard, shard + 1])
        _write(home / f"{shard:05d}.verdicts.arrow", ordered.slice(start, stop - start))
    return VERDICTS.empty_table()


def _write(path: Path, table: pa.Table) -> None:
    with replacing(path) as temporary, pa.ipc.new_stream(str(temporary), table.schema) as stream:
        stream.write_table(table)
