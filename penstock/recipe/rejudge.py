"""A shard decided again with other thresholds: from what an earlier run measured and wrote.

Only records that get past a filter that stopped them before are read again. The files are those
that reading everything would have made, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from penstock.data.shards import Shard
from penstock.ops.base import Filter, Group, Map, Read, Rule, Survey, Write, failing
from penstock.recipe.apply import apply_pass, shown
from penstock.recipe.batch import CHILD_BITS, Batch, entries
from penstock.recipe.load import Recipe, Step
from penstock.recipe.records import IN_ORDER, Records, measures_of
from penstock.recipe.replay import reread
from penstock.recipe.shard import Tally, Task, run_task
from penstock.recipe.whatif import (
    OPEN,
    PASSES,
    JudgedShard,
    blocks,
    changes,
    content,
    numbers_of,
    recorded_recipe,
)
from penstock.runs.folder import read_run

# Where more than this share of a shard has to be read again, all of it is.
MOST_AGAIN = 0.05


@dataclass(frozen=True)
class Again:
    """A task of which another run has done all but the last thresholds: `files` by role, and the
    numbers of the records at which its batches ended."""

    task: Task
    old_run: Path
    old_shard: str
    files: dict[str, Path]
    cuts: tuple[int, ...]

    @property
    def marker(self) -> str:
        """The name of the marker that says this task is done."""
        return self.task.marker

    @property
    def shard(self) -> Shard:
        """The shard, by which a task that kills its worker is named."""
        return self.task.shard


def rejudgeable(old: Recipe, new: Recipe) -> bool:
    """Whether one recipe differs from another in thresholds alone, and nothing but maps and filters
    stands between reading and writing Parquet."""
    if [step.name for step in old.steps] != [step.name for step in new.steps]:
        return False
    if not any(step.name == "write.parquet" for step in new.steps):
        return False
    for before, after in zip(old.steps, new.steps, strict=True):
        one = after.operator
        if isinstance(one, Map) and one.many:
            return False
        if isinstance(one, Read | Write) and content(before) != content(after):
            return False
        if isinstance(one, Group | Survey) or before.on_error != after.on_error:
            return False
    found = changes(old, new)
    return bool(found) and all(found.values())


def run_again(again: Again) -> dict[str, Any]:
    """Do the task from what is there, or from its input where that is no more work."""
    _, old = recorded_recipe(read_run(again.old_run))
    stage = again.task.stage
    inner = [step for steps in stage.passes for step in steps]
    new = Recipe(old.name, (cast(Step, stage.reader), *inner, *stage.writers))
    judged = JudgedShard(again.old_run, again.old_shard, old, new, changes(old, new))
    judged.judge()
    # That these are kept is known, but their text stands in no old file.
    judged.fates[(judged.fates == PASSES) & ~judged.is_("kept")] = OPEN
    if (judged.fates == OPEN).sum() > MOST_AGAIN * len(judged.fates):
        return run_task(again.task)
    return run_task(again.task, _Composed(again, judged).batches)


class _Composed:
    """The batches of a shard put together from old files and a few records read again."""

    def __init__(self, again: Again, judged: JudgedShard) -> None:
        self.task, self.files, self.cuts = again.task, again.files, again.cuts
        self.judged = judged
        self.ledger = pq.read_table(self.files["ledger"])
        self.numbers = judged.numbers
        self.fates = judged.fates
        self.opened = self.fates == OPEN
        self.again = self._read_again()

    def batches(self, _task: Task, tally: Tally, records: Records) -> Iterator[Batch]:
        """The batches, cut where the old ones were, as they are at the end of the stage."""
        self._count(tally)
        records.repairs = self._repairs()
        data = _Rows(self.files[f"data-{self._parquet()}"])
        kept = self.judged.is_("kept")
        fates = self._fates()
        quarantine = self._old("quarantine")
        measured = self._measured()
        first = 0
        for cut in self.cuts:
            last = cut << CHILD_BITS
            start, stop = np.searchsorted(self.numbers, [first, last + 1])
            ours = kept[start:stop]
            stays = self.fates[start:stop][ours] == PASSES
            rows = data.take(int(ours.sum())).filter(pa.array(stays))
            batch = Batch(rows, self.numbers[start:stop][ours][stays], last)
            batch.fates = [between(fates, first, last)]
            if quarantine is not None:
                batch.quarantine = between(quarantine, first, last).to_pylist()
            if measured is not None:
                batch.measures = [measures_of(between(measured, first, last))]
            self._add_again(batch, first)
            yield batch
            first = last + 1

    def _parquet(self) -> int:
        return [step.name for step in self.task.stage.writers].index("write.parquet")

    def _read_again(self) -> list[Batch]:
        """The records that are open, sent through all steps."""
        reader = cast(Step, self.task.stage.reader)
        numbers = self.numbers[self.opened]
        ledger = self.files["ledger"]
        found = list(reread(ledger, self.task.shard, reader, self.task.schema, numbers))
        for batch in found:
            for steps in self.task.stage.passes:
                apply_pass(batch, steps, fast=False)
        return found

    def _add_again(self, batch: Batch, first: int) -> None:
        ours = [one for one in self.again if first <= one.last <= batch.last]
        for one in ours:
            batch.fates += one.fates
            batch.quarantine += one.quarantine
            batch.measures += one.measures
        rows = [batch.rows, *(one.rows.cast(batch.rows.schema) for one in ours)]
        numbers = np.concatenate([batch.numbers, *(one.numbers for one in ours)])
        order = np.argsort(numbers, kind="stable")
        batch.replace(pa.concat_batches(rows).take(pa.array(order)), numbers[order])

    def _old(self, role: str) -> pa.Table | None:
        """The old records of a role, without those that are read again."""
        if role not in self.files:
            return None
        table = pq.read_table(self.files[role])
        return table.filter(pa.array(~np.isin(numbers_of(table), self.numbers[self.opened])))

    def _measured(self) -> pa.Table | None:
        """The old measures; null where a row would no longer come to the filter."""
        table = self._old("measures")
        if table is None:
            return None
        fates = self.fates[np.searchsorted(self.numbers, numbers_of(table))]
        for steps in blocks(self.judged.new):
            for step in steps:
                operator = cast(Filter, step.operator)
                asked = step.index if operator.cost == "model" else steps[0].index
                gone = pa.array((fates < asked) & (fates != OPEN))
                for name in operator.measures:
                    at = table.column_names.index(f"{step.label}.{name}")
                    values = pc.if_else(
                        gone, pa.scalar(None, table.field(at).type), table.column(at)
                    )
                    table = table.set_column(at, table.field(at), values)
        return table

    def _repairs(self) -> dict[int, str]:
        notes = self.ledger.column("error").to_pylist()
        return {
            int(number): note
            for number, note in zip(self.numbers, notes, strict=True)
            if note and note.startswith("repaired: ")
        }

    def _fates(self) -> pa.Table:
        """The ledger entries of the rows that are not kept and not read again, in order."""
        ended = ~self.opened & (self.fates != PASSES)
        rest = ended.copy()
        found = []
        for places, decided in self._decided(ended):
            rest[places] = False
            found.append(decided)
        found.append(self.ledger.filter(pa.array(rest)))
        return pa.concat_tables(found).sort_by(IN_ORDER)

    def _decided(self, ended: np.ndarray) -> Iterator[tuple[np.ndarray, pa.Table]]:
        """What the blocks with changed thresholds drop, rule by rule."""
        dropped = ended & ~self.judged.is_("quarantined")
        for steps in blocks(self.judged.new):
            if not any(step.index in self.judged.changes for step in steps):
                continue
            for step in steps:
                ours = dropped & (self.fates == step.index)
                operator = cast(Filter, step.operator)
                named, at = self.judged.measures(step, operator.measures)
                failed = np.full(len(ended), -1)
                failed[at] = failing(operator.rules(), named, len(at))
                for number, rule in enumerate(operator.rules()):
                    places = np.flatnonzero(ours & (failed == number))
                    values = named[rule.measure].take(pa.array(np.searchsorted(at, places)))
                    yield places, self._entries(places, step, rule, values.to_pylist())

    def _entries(self, places: np.ndarray, step: Step, rule: Rule, values: list[Any]) -> pa.Table:
        rows = self.ledger.select(["id", "source", "offset"]).take(pa.array(places))
        (batch,) = rows.combine_chunks().to_batches() or [
            pa.RecordBatch.from_pylist([], rows.schema)
        ]
        return entries(
            batch,
            self.numbers[places],
            state="dropped",
            step=step.label,
            rule=rule.name,
            value=[shown(value) for value in values],
            threshold=shown(rule.threshold),
        )

    def _count(self, tally: Tally) -> None:
        """The funnel, from where each row ends."""
        ends = self.fates.copy()
        broken = self.judged.is_("quarantined")
        indices = {step.label: step.index for step in self.judged.new.steps}
        for batch in self.again:
            ends[np.searchsorted(self.numbers, batch.numbers)] = PASSES
            for fate in pa.concat_tables(batch.fates).to_pylist() if batch.fates else ():
                place = np.searchsorted(self.numbers, fate["row"] << CHILD_BITS | fate["child"])
                ends[place] = indices[fate["step"]]
                broken[place] = fate["state"] == "quarantined"
        tally.read = len(ends)
        for step in self.judged.new.steps[: -len(self.task.stage.writers)]:
            here = {
                "rows_in": int((ends >= step.index).sum()),
                "rows_out": int((ends > step.index).sum()),
                "quarantined": int((broken & (ends == step.index)).sum()),
            }
            tally.steps[step.label] = Counter(here)


def between(table: pa.Table, first: int, last: int) -> pa.Table:
    """The rows of a ledger or of measures with numbers from `first` to `last`."""
    start, stop = np.searchsorted(
        numbers_of(table), [first, (last >> CHILD_BITS) + 1 << CHILD_BITS]
    )
    return table.slice(start, stop - start)


class _Rows:
    """The rows of a Parquet file, taken from its beginning in any portions."""

    def __init__(self, path: Path) -> None:
        file = pq.ParquetFile(path)
        self._batches = file.iter_batches()
        self._held = file.schema_arrow.empty_table()

    def take(self, size: int) -> pa.RecordBatch:
        """The next rows."""
        while self._held.num_rows < size:
            self._held = pa.concat_tables(
                [self._held, pa.Table.from_batches([next(self._batches)])]
            )
        taken, self._held = self._held.slice(0, size), self._held.slice(size)
        batches = taken.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], taken.schema)
