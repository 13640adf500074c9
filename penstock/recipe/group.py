"""Where rows of all shards meet: keys out, verdicts home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa

from penstock.engines.engine import Engine
from penstock.ops.base import Group
from penstock.recipe.apply import isolate
from penstock.recipe.batch import Batch
from penstock.recipe.handed import read_rows, write_rows
from penstock.recipe.load import Step

# Only these travel: 16 bytes of digest and who it belongs to, never a text.
KEYS = pa.schema(
    [
        ("key", pa.binary(16)),
        ("shard", pa.int32()),
        ("row", pa.int64()),
        ("id", pa.string()),
        ("rank", pa.float64()),
    ]
)
VERDICTS = pa.schema(
    [
        ("shard", pa.int32()),
        ("row", pa.int64()),
        ("state", pa.string()),
        ("rule", pa.string()),
        ("value", pa.string()),
        ("threshold", pa.string()),
        ("merged_into", pa.string()),
        ("similarity", pa.float64()),
    ]
)
FATE = ("state", "rule", "value", "threshold", "merged_into", "similarity")
FOUND = "verdicts.arrow"
BUCKET_ROWS = 1_000_000
KEY_BYTES = 1024  # what a key row takes while its bucket is sorted and decided on
HOME_BUCKETS = 64


@dataclass(frozen=True)
class Part:
    """What a shard has handed on to a meeting: its rows, and its key rows and how many."""

    shard: int
    rows: Path
    keys: Path
    size: int


def key_rows(batch: Batch, step: Step, shard: int, place: int) -> pa.Table:  # noqa: ARG001
    """The key rows of a batch. A row whose key cannot be made is quarantined."""
    operator = cast(Group, step.operator)
    batch.enter(step, batch.rows.num_rows)
    outcome = isolate(batch.rows, lambda rows: (operator.keys(rows), operator.ranks(rows)))
    outcome.set_faults_aside(batch, step)
    # The rows that go on are counted when the verdicts are in.
    batch.leave(step, 0)
    keys, ranks = (
        pa.concat_arrays([found[which] for found in outcome.results])
        if outcome.results
        else pa.array([], KEYS.field(name).type)
        for which, name in enumerate(("key", "rank"))
    )
    rows = pa.table(
        {
            "key": keys,
            "shard": pa.array([shard] * len(keys), pa.int32()),
            "row": pa.array(batch.numbers, pa.int64()),
            "id": batch.rows.column("id"),
            "rank": ranks.cast(pa.float64()),
        },
        KEYS,
    )
    return rows.filter(rows.column("key").is_valid())


def bucket_rows(memory: int | None) -> int:
    """How many key rows may be held at a time."""
    if memory is None:
        return BUCKET_ROWS
    return max(10_000, min(BUCKET_ROWS, memory // 4 // KEY_BYTES))


def gather(
    engine: Engine, step: Step, parts: Sequence[Part], home: Path, scratch: Path, bucket_rows: int
) -> None:
    """Let all key rows meet, and write each shard's verdicts to `home/<shard>.verdicts.arrow`.

    A bucket of about `bucket_rows` is held in memory at a time. A shard without verdicts has no
    file.
    """
    files = [part.keys for part in parts]
    buckets = max(1, -(-sum(part.size for part in parts) // bucket_rows))
    elect = partial(_elect, cast(Group, step.operator))
    verdicts: list[Path] = []
    for number, table in enumerate(engine.group(files, "key", buckets, elect, scratch / "keys")):
        verdicts.append(scratch / "verdicts" / f"{number:05d}.arrow")
        write_rows(verdicts[-1], table)
    home.mkdir(parents=True, exist_ok=True)
    write = partial(_write_home, home)
    for _ in engine.group(verdicts, "shard", HOME_BUCKETS, write, scratch / "home"):
        pass  # what it returns is empty; the files are the result


def settle(batch: Batch, step: Step, verdicts: pa.Table) -> None:
    """Apply the verdicts of a group to the rows of a batch."""
    batch.enter(step, 0)
    if batch.rows.num_rows:
        numbers = verdicts.column("row").to_numpy()
        low, high = np.searchsorted(numbers, [batch.numbers[0], batch.numbers[-1] + 1])
        ours = verdicts.slice(low, high - low).combine_chunks()
        places = np.searchsorted(batch.numbers, numbers[low:high])
        fate = {name: ours.column(name).combine_chunks() for name in FATE}
        batch.end(places, step=step.label, **fate)
        stays = np.ones(batch.rows.num_rows, dtype=bool)
        stays[places] = False
        batch.thin(stays)
    batch.leave(step, batch.rows.num_rows)


def read_found(path: Path) -> pa.Table:
    """The verdicts on one shard, in row order."""
    return read_rows(path, VERDICTS)


def _elect(operator: Group, bucket: pa.Table) -> pa.Table:
    order = [(name, "ascending") for name in ("key", "rank", "shard", "row")]
    found = operator.elect(bucket.sort_by(order).combine_chunks())
    if "state" not in found.column_names:
        found = found.append_column("state", pa.repeat("merged", found.num_rows))
    columns = [
        found.column(field.name).cast(field.type)
        if field.name in found.column_names
        else pa.nulls(found.num_rows, field.type)
        for field in VERDICTS
    ]
    return pa.table(columns, VERDICTS)


def _write_home(home: Path, bucket: pa.Table) -> pa.Table:
    ordered = bucket.sort_by([("shard", "ascending"), ("row", "ascending")]).combine_chunks()
    shards = ordered.column("shard").to_numpy()
    for shard in np.unique(shards):
        start, stop = np.searchsorted(shards, [shard, shard + 1])
        write_rows(home / f"{shard:05d}.verdicts.arrow", ordered.slice(start, stop - start))
    return VERDICTS.empty_table()
