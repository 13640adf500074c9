"""A recipe tried on its first thousand documents: what it will take, and what looks wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pyarrow as pa

from penstock.data.shards import Shard
from penstock.ops.base import Filter, Group, Map, Read, Survey
from penstock.recipe.apply import apply_pass
from penstock.recipe.batch import Batch
from penstock.recipe.load import Step
from penstock.recipe.reading import read_batches
from penstock.recipe.survey import bound
from penstock.recipe.work import Work
from penstock.runs.memory import peak_memory

ROWS = 1000
PLACES = 4  # shards that the rows are taken from


@dataclass(frozen=True)
class Tried:
    """What a step did on the probe."""

    step: Step
    rows_in: int
    rows_out: int
    seconds: float


@dataclass
class Probe:
    """What the probe saw: `read` records and `bytes` of the input, in `seconds` of one worker."""

    read: int = 0
    bytes: int = 0
    seconds: float = 0.0
    columns: list[str] = field(default_factory=list)
    steps: list[Tried] = field(default_factory=list)

    @property
    def kept(self) -> int:
        """The documents that come to the writers."""
        return self.steps[-1].rows_out if self.steps else self.read

    def estimate(self, size: int, workers: int) -> dict[str, Any]:
        """What a run over `size` bytes would read and keep, and the seconds and bytes of memory it
        would take.

        Groups are not in it: copies, above all, are rare among a thousand documents.
        """
        share = size / self.bytes if self.bytes else 0.0
        return {
            "read": round(self.read * share),
            "kept": round(self.kept * share),
            "seconds": round(self.seconds * share / workers, 1),
            "memory": peak_memory() * (workers + 1),
        }


def probe(work: Work) -> Probe:
    """Send the first records of a few shards through the steps, in this process."""
    found = Probe()
    began = time.perf_counter()
    batches = list(_read(work, found))
    births = 0
    for stage in work.stages:
        passes = list(stage.passes)
        settles = stage.settles
        if settles is not None and isinstance(settles.operator, Survey):
            passes.insert(0, (_bound(settles, batches),))
        elif settles is not None:
            rows = sum(batch.rows.num_rows for batch in batches)
            found.steps.append(Tried(settles, rows, rows, 0.0))
        for steps in passes:
            for batch in batches:
                apply_pass(batch, steps, births=births, fast=False)
            births += int(isinstance(steps[0].operator, Map) and steps[0].operator.many)
            found.steps += [_summed(step, batches) for step in steps]
    found.seconds = time.perf_counter() - began
    found.columns = work.schema_of(work.stages[-1]).names
    return found


def _read(work: Work, found: Probe) -> Iterator[Batch]:
    step = work.recipe.steps[0]
    places = {n * len(work.shards) // PLACES for n in range(PLACES)}
    shards = [work.shards[place] for place in sorted(places)]
    most = ROWS // len(shards)
    for shard in shards:
        rows = 0
        for cut in read_batches(cast(Read, step.operator), step, shard, work.schema):
            take = min(cut.rows.num_rows, most - rows)
            share = take / cut.rows.num_rows if cut.rows.num_rows else 1.0
            found.read += round(cut.size * share)
            rows += take
            if take:
                yield Batch(cut.rows.slice(0, take), cut.numbers[:take], cut.last)
            if rows >= most:
                found.bytes += (
                    _bytes(cut.rows.slice(0, take), shard) or rows * cut.bytes // cut.size
                )
                break
        else:
            found.bytes += shard.size


def _bytes(rows: pa.RecordBatch, shard: Shard) -> int:
    """How far into its shard a row stands; 0 where offsets are not those of bytes."""
    last = rows.column("offset")[-1].as_py()
    return max(0, last - shard.start) if last < shard.stop else 0


def _bound(step: Step, batches: list[Batch]) -> Step:
    operator = cast(Survey, step.operator)
    rows = [batch.rows for batch in batches if batch.rows.num_rows]
    summary = operator.survey(pa.concat_batches(rows)) if rows else None
    return bound(step, summary)


def _summed(step: Step, batches: list[Batch]) -> Tried:
    counts = [batch.counts[step.label] for batch in batches if step.label in batch.counts]
    rows_in, rows_out, seconds = (
        sum(one[key] for one in counts) for key in ("rows_in", "rows_out", "seconds")
    )
    return Tried(step, int(rows_in), int(rows_out), seconds)


def warnings(work: Work, found: Probe) -> list[str]:
    """What looks like a mistake: said, never acted on."""
    said = [
        f"step {one.step.index + 1} `{one.step.name}` drops all {one.rows_in:,} rows of the probe"
        for one in found.steps
        if one.rows_in and not one.rows_out
    ]
    said += _languages(work)
    said += _twice(work)
    if "text" not in found.columns and any(
        isinstance(s.step.operator, Filter) for s in found.steps
    ):
        said.append("the documents have no column `text`, which filters measure")
    return said


def _languages(work: Work) -> Iterator[str]:
    """Rules about one language behind a filter that keeps others only."""
    kept: set[str] | None = None
    for step in work.recipe.steps:
        if step.name == "filter.language":
            kept = set(getattr(step.operator, "keep", ()))
        only = set(getattr(step.operator, "only", ()))
        if kept and only and not kept & only:
            yield (
                f"step {step.index + 1} `{step.name}` is about {', '.join(sorted(only))}, and"
                f" only {', '.join(sorted(kept))} is kept before it: it measures nothing"
            )


def _twice(work: Work) -> Iterator[str]:
    seen: dict[Any, Step] = {}
    for step in work.recipe.steps:
        before = seen.get(step.operator)
        if before is not None and isinstance(step.operator, Filter | Group):
            yield (
                f"step {step.index + 1} `{step.name}` is step {before.index + 1} over again, with"
                " the same parameters"
            )
        seen[step.operator] = step


def suggestions(work: Work, found: Probe) -> list[str]:
    """Cheaper orders of the dear filters of a block, by measured cost and selectivity.

    Cheap filters measure every row of their block in any order, so only those marked dear matter.
    """
    tried = {one.step.index: one for one in found.steps}
    said = []
    for steps in (steps for stage in work.stages for steps in stage.passes):
        block = [
            tried[s.index] for s in steps if isinstance(s.operator, Filter) and s.index in tried
        ]
        best = sorted(block, key=_price)
        now, then = _cost(block), _cost(best)
        if now > 0 and then < 0.95 * now:
            order = ", ".join(one.step.name for one in best)
            said.append(f"{order}: in this order the block would take {1 - then / now:.0%} less")
    return said


def _price(one: Tried) -> tuple[bool, float]:
    """What orders a block: the cheap ones first, then by the seconds it costs to drop a row."""
    if cast(Filter, one.step.operator).cost != "model":
        return False, 0.0
    dropped = one.rows_in - one.rows_out
    return True, one.seconds / dropped if dropped else float("inf")


def _cost(block: list[Tried]) -> float:
    """The seconds a block takes for each row that enters it, as far as its order matters."""
    total, alive = 0.0, 1.0
    for one in block:
        if not one.rows_in:
            continue
        dear = cast(Filter, one.step.operator).cost == "model"
        total += one.seconds / one.rows_in * (alive if dear else 1.0)
        alive *= one.rows_out / one.rows_in
    return total
