"""Single records of a run, read again and sent through its steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from penstock.data.files import fingerprint
from penstock.data.shards import Shard
from penstock.errors import PenstockError, UsageError
from penstock.ops.base import Group, Map, Read, Survey
from penstock.ops.pieces import Pieces
from penstock.recipe import cutting
from penstock.recipe.apply import apply_pass
from penstock.recipe.batch import CHILD_BITS, Batch
from penstock.recipe.load import Recipe, Step, load_recipe
from penstock.recipe.plan import Stage
from penstock.recipe.reading import read_batches
from penstock.recipe.shard import summary_file
from penstock.recipe.survey import bound, read_summary
from penstock.recipe.whatif import Outcome, recorded_recipe
from penstock.recipe.work import Work, prepare
from penstock.runs.folder import Run

SHOWN = 20_000  # characters of a text that a journey keeps


@dataclass(frozen=True)
class Change:
    """What a step made of a record: its columns before and after, those only that changed."""

    step: str
    before: dict[str, Any]
    after: dict[str, Any] | None


def work_again(run: Run, recipe: Recipe) -> Work:
    """The work of a run, for reading from its input. Raises PenstockError where that changed."""
    work = prepare(recipe)
    if fingerprint(work.files) != run.record["inputs"]["documents"]:
        raise PenstockError(
            "the input is not what this run has read",
            hint="run the recipe again",
            where=str(run.path),
        )
    return work.cut_at(run.record["cuts"]) if "cuts" in run.record else work


def resolve(run: Run, settings: Sequence[str], outcome: Outcome) -> Outcome:
    """Read the open rows of a what-if again, and count what the changed recipe keeps of them.

    Raises UsageError where a group or survey stands behind the change: there all rows meet, and
    only a run can tell.
    """
    spec, _ = recorded_recipe(run)
    recipe = load_recipe(spec, settings)
    for step in recipe.steps:
        if isinstance(step.operator, Group | Survey):
            raise UsageError(
                f"step {step.index + 1} `{step.name}` looks at all documents together",
                hint="run the recipe itself with the changed setting",
            )
    work = work_again(run, recipe)
    kept = 0
    for shard, numbers in outcome.opened:
        ledger = run.path / "ledger" / f"{shard}.parquet"
        part, step = work.shards[int(shard)], work.recipe.steps[0]
        for batch in reread(ledger, part, step, work.schema, numbers):
            for steps, births in _passes(run, work):
                apply_pass(batch, steps, births=births, fast=False)
            kept += batch.rows.num_rows
    exact = outcome.low + kept
    return dataclasses.replace(outcome, low=exact, high=exact, open=0)


def journey(run: Run, shard: int, record: int) -> list[Change]:
    """What each step of the run made of one record, from its reading on; children included."""
    _, recipe = recorded_recipe(run)
    work = work_again(run, recipe)
    changes: list[Change] = []
    ledger = run.path / "ledger" / f"{shard:05d}.parquet"
    number = np.array([record << CHILD_BITS])
    for batch in reread(ledger, work.shards[shard], recipe.steps[0], work.schema, number):
        rows = batch.rows.to_pylist()
        for steps, births in _passes(run, work):
            if isinstance(steps[0].operator, Pieces):
                cutting.settle(batch, steps[0], _gone(run, work, shard, steps[0]))
            else:
                apply_pass(batch, steps, births=births, fast=False)
            after = batch.rows.to_pylist()
            if isinstance(steps[0].operator, Map | Pieces):
                changes += _compared(steps[0], rows, after)
            rows = after
    return changes


def reread(
    ledger: Path, part: Shard, step: Step, schema: pa.Schema, numbers: np.ndarray
) -> Iterator[Batch]:
    """The records with these numbers, in order; the whole shard is read only where records cannot
    be found by their offset, which its `ledger` tells."""
    records = set((numbers >> CHILD_BITS).tolist())
    if not records:
        return
    reader = cast(Read, step.operator)
    places = _places(ledger, records)
    by_byte = part.file.address.endswith(tuple(reader.splittable)) and not part.more
    near = by_byte and len(places) <= 1000
    for record, (name, offset) in places.items() if near else ():
        point = dataclasses.replace(part, start=offset, stop=offset + 1)
        for cut in read_batches(reader, step, point, schema):
            rows = cut.rows.filter(pc.equal(cut.rows.column("id"), name))
            if rows.num_rows:
                records.discard(record)
                number = record << CHILD_BITS
                yield Batch(rows.slice(0, 1), np.array([number]), number)
    for cut in read_batches(reader, step, part, schema) if records else ():
        wanted = np.isin(cut.numbers >> CHILD_BITS, list(records))
        if wanted.any():
            yield Batch(cut.rows.filter(pa.array(wanted)), cut.numbers[wanted], cut.last)


def _places(ledger: Path, records: set[int]) -> dict[int, tuple[str, int]]:
    """The id and offset of some records."""
    table = pq.read_table(ledger, columns=["row", "child", "id", "offset"])
    ours = pc.and_(
        pc.is_in(table.column("row"), pa.array(sorted(records))), pc.equal(table.column("child"), 0)
    )
    rows = table.filter(ours).to_pylist()
    return {row["row"]: (row["id"], row["offset"]) for row in rows}


def _passes(run: Run, work: Work) -> list[tuple[tuple[Step, ...], int]]:
    """The passes of all stages, with how many one-to-many steps stand before each. Groups are left
    out, but for those that cut: the ledger knows what they said."""
    found, births = [], 0
    for stage in work.stages:
        for steps in _stage_passes(run.path, stage):
            found.append((steps, births))
            births += int(isinstance(steps[0].operator, Map) and steps[0].operator.many)
    return found


def _stage_passes(run: Path, stage: Stage) -> list[tuple[Step, ...]]:
    if stage.settles is not None and isinstance(stage.settles.operator, Survey):
        summary = read_summary(summary_file(run, stage.settles))
        return [(bound(stage.settles, summary),), *stage.passes]
    if stage.settles is not None and isinstance(stage.settles.operator, Pieces):
        return [(stage.settles,), *stage.passes]
    return list(stage.passes)


def _gone(run: Run, work: Work, shard: int, step: Step) -> pa.Table:
    """The pieces of a shard that a step of the run has cut."""
    index = next(stage.index for stage in work.stages if stage.settles is step)
    home = run.path / "stages" / str(index - 1)
    return cutting.read_found(home / f"{shard:05d}.{cutting.FOUND}")


def _compared(
    step: Step, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> Iterator[Change]:
    """What changed between the rows before and after a step; its children where it made several."""
    if not before:
        return
    if len(after) != 1 or after[0]["id"] != before[0]["id"]:
        texts = {"documents": [_shown(row.get("text")) for row in after]}
        yield Change(step.label, {"text": _shown(before[0].get("text"))}, texts if after else None)
        return
    old, new = before[0], after[0]
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if names:
        yield Change(
            step.label,
            {name: _shown(old[name]) for name in names if name in old},
            {name: _shown(new[name]) for name in names if name in new},
        )


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return value[:SHOWN] if isinstance(value, str) else value
