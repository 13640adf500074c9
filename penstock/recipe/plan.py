"""From a recipe to stages: what runs over a shard in one pass, and where all rows must meet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby

from penstock.errors import UsageError
from penstock.ops.base import Filter, Group, Map, Read, Survey, Write
from penstock.recipe.load import Recipe, Step


@dataclass(frozen=True)
class Stage:
    """One pass over every shard, fused: nothing lands on disk between its steps.

    The first stage begins with `reader`, a later one with what the group or survey before it has
    found (`settles`). It ends in another one (`meets`), or in `writers`. `passes` are its maps and
    blocks: filters with nothing between them form a block, in which each cheap one measures every
    row.
    """

    index: int
    reader: Step | None = None
    settles: Step | None = None
    passes: tuple[tuple[Step, ...], ...] = ()
    meets: Step | None = None
    writers: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that change the columns: a survey's, once it has found what it looked for."""
        settled = [self.settles] if self.settles is not None else []
        return (*settled, *(step for steps in self.passes for step in steps))

    @property
    def births(self) -> int:
        """How many of its steps make several documents of one."""
        return sum(isinstance(s.operator, Map) and s.operator.many for s in self.steps)


def plan(recipe: Recipe) -> tuple[Stage, ...]:
    """Cut a recipe into stages. Raises UsageError where the order of steps makes no sense."""
    reader, *rest = recipe.steps
    if not isinstance(reader.operator, Read):
        raise UsageError(
            f"the first step is `{reader.name}`, which reads nothing",
            hint="begin with read.warc or read.jsonl",
        )
    writers = [step for step in rest if isinstance(step.operator, Write)]
    body = rest[: len(rest) - len(writers)]
    for step in body:
        if isinstance(step.operator, Read):
            raise UsageError(f"step {step.index + 1} `{step.name}` reads in the middle of a recipe")
        if isinstance(step.operator, Write):
            raise UsageError(
                f"step {step.index + 1} `{step.name}` writes before the last step that changes"
                " documents",
                hint="move the writers to the end",
            )
    if not writers:
        raise UsageError("the recipe writes nothing", hint="end it with write.parquet")
    return tuple(_stages(reader, body, tuple(writers)))


def _stages(reader: Step, body: list[Step], writers: tuple[Step, ...]) -> Iterable[Stage]:
    stage = Stage(0, reader=reader)
    rows: list[Step] = []
    for step in body:
        if isinstance(step.operator, Group | Survey):
            yield replace(stage, passes=_passes(rows), meets=step)
            stage, rows = Stage(stage.index + 1, settles=step), []
        else:
            rows.append(step)
    yield replace(stage, passes=_passes(rows), writers=writers)


def _passes(steps: list[Step]) -> tuple[tuple[Step, ...], ...]:
    passes: list[tuple[Step, ...]] = []
    for is_filter, run in groupby(steps, lambda step: isinstance(step.operator, Filter)):
        found = tuple(run)
        passes += [found] if is_filter else [(step,) for step in found]
    for one in passes:
        if not isinstance(one[0].operator, Filter | Map):
            raise UsageError(f"step {one[0].index + 1} `{one[0].name}` has a shape unknown here")
    return tuple(passes)
