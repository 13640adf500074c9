"""What a run would keep with other thresholds, from the measures it stored."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from penstock.errors import PenstockError, UsageError
from penstock.ops.base import Filter, Group, Map, Survey, Write, failing
from penstock.recipe.batch import CHILD_BITS
from penstock.recipe.load import Recipe, Step, load_recipe, parameters
from penstock.recipe.plan import plan
from penstock.runs.folder import Run
from penstock.specs.read import Spec

# What becomes of a row, beside the index of a step that ends it.
PASSES = 1 << 30
OPEN = -1


@dataclass
class Outcome:
    """What a fresh run with the changed recipe would do.

    Rows whose path stays measured are counted exactly. The others are `open`: they get past a
    filter that stopped them, and what later steps say of them is not known. `low` and `high` bound
    what would be kept; they are equal where nothing is open, and `high` is None where open rows
    might bear any number of children.
    """

    before: int
    low: int = 0
    high: int | None = 0
    open: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    dropped_before: Counter[str] = field(default_factory=Counter)
    opened: list[tuple[str, np.ndarray]] = field(default_factory=list)


def recorded_recipe(run: Run) -> tuple[Spec, Recipe]:
    """The recipe that a run ran. Raises PenstockError where the run is of another kind."""
    if run.record["kind"] != "recipe" or run.record["state"] != "succeeded":
        raise PenstockError(
            f"{run.path} is not a finished run of a recipe", hint="`penstock show` says what it is"
        )
    recorded = {key: value for key, value in run.record["spec"].items() if key != "operators"}
    spec = Spec({key: value for key, value in recorded.items() if value is not None})
    return spec, load_recipe(spec)


def what_if(run: Run, settings: Sequence[str]) -> Outcome:
    """What a fresh run would keep with `settings` (`filter.word_count.min=80`) changed."""
    spec, old = recorded_recipe(run)
    new = load_recipe(spec, settings)
    changed = changes(old, new)
    if not changed:
        raise UsageError("--set changes nothing", hint="`penstock show RUN` lists the thresholds")
    files = sorted((run.path / "ledger").glob("*.parquet"))
    shards = [JudgedShard(run.path, file.stem, old, new, changed) for file in files]
    for shard in shards:
        shard.judge()
    admitted = _judge_groups(shards)
    outcome = Outcome(run.record["totals"]["kept"], high=admitted, open=admitted)
    for shard in shards:
        shard.add(outcome)
    if any(shard.grouped for shard in shards) and shards[0].after_groups():
        # Those who take a survivor's place may not get as far as it did.
        outcome.low = max(0, outcome.low - outcome.open)
    if outcome.open and any(_is_split(step) for step in new.steps[min(changed) :]):
        outcome.high = None
    return outcome


def changes(old: Recipe, new: Recipe) -> dict[int, bool]:
    """The steps that changed, and whether their stored measures still say what they decide."""
    found = {}
    for before, after in zip(old.steps, new.steps, strict=True):
        # By parameters: a class in a file of the user's is another one each time it is loaded.
        if content(before) != content(after):
            if isinstance(after.operator, Map | Group | Survey | Filter):
                found[after.index] = _only_thresholds(before, after)
            else:
                raise UsageError(
                    f"--set: step {after.index + 1} `{after.name}` reads or writes",
                    hint="what-if answers for the steps between",
                )
    return found


def content(step: Step) -> dict[str, Any]:
    """The parameters of a step that show in its results; where a dataset is published does not."""
    known = parameters(step.operator)
    return known if not isinstance(step.operator, Write) else {**known, "path": ""}


def _only_thresholds(before: Step, after: Step) -> bool:
    operator = after.operator
    if not isinstance(operator, Filter):
        return False
    names = [one.name for one in dataclasses.fields(operator)]
    changed = {n for n in names if getattr(before.operator, n) != getattr(operator, n)}
    return changed <= operator.thresholds()


class JudgedShard:
    """The rows of one shard, each with where it ended, and where it would end."""

    def __init__(
        self,
        run: Path,
        name: str,
        old: Recipe,
        new: Recipe,
        changes: dict[int, bool],
    ) -> None:
        self.old, self.new, self.changes = old, new, changes
        self.name = name
        self.run = run
        first = min(changes)
        self.grouped = any(isinstance(s.operator, Group) for s in new.steps[first:])
        columns = ["row", "child", "state", "step"]
        columns += ["id", "parent", "merged_into"] if self.grouped or self._splits() else []
        file = run / "ledger" / f"{name}.parquet"
        # Few different steps and states for many rows: as dictionaries they read and compare fast.
        self.ledger = pq.ParquetFile(file, read_dictionary=["state", "step"]).read(columns)
        self.numbers = numbers_of(self.ledger)
        self.ends = self._ends()
        self.fates = self.ends.copy()

    def _splits(self) -> bool:
        return any(map(_is_split, self.new.steps))

    def _ends(self) -> np.ndarray:
        """The index of the step where each row ended; PASSES for one that was kept."""
        labels = {step.label: step.index for step in self.old.steps}
        step = self.ledger.column("step").combine_chunks()
        step = step.dictionary_encode() if not pa.types.is_dictionary(step.type) else step
        at = [labels.get(label, PASSES) for label in step.dictionary.to_pylist()]
        indices = pc.fill_null(step.indices, len(at)).to_numpy(zero_copy_only=False)
        return np.array([*at, PASSES])[indices]  # type: ignore[no-any-return]

    def judge(self) -> None:
        """Find the new fates, as far as they do not depend on other shards."""
        for steps in blocks(self.new):
            if any(step.index in self.changes for step in steps):
                self._judge_block(steps)
        for index in self.changes:
            if not self.changes[index] and not isinstance(self.new.steps[index].operator, Filter):
                # Another map, group or survey: nothing behind it is known.
                self.fates[self._reaching(index)] = OPEN
        self._judge_families()
        self._judge_surveys()

    def _reaching(self, index: int) -> np.ndarray:
        """Which rows came to a step, and still would."""
        found: np.ndarray = (self.ends >= index) & (self.fates >= index)
        return found

    def _judge_block(self, steps: Sequence[Step]) -> None:
        first, last = steps[0].index, steps[-1].index
        entered = self._reaching(first)
        failed = {step.index: self._failed(step) for step in steps if step.index in self.changes}
        # Only of rows that get past a step that stopped them need the other steps be asked again.
        admits = any(((self.ends == index) & ~fails).any() for index, fails in failed.items())
        fates = np.full(len(self.ends), PASSES)
        for step in reversed(steps):
            if not self.changes.get(step.index, True):
                # It would measure something else, and may drop any row that none after it fails.
                fates[fates == PASSES] = OPEN
                continue
            if step.index not in failed:
                failed[step.index] = self._failed(step) if admits else self.ends == step.index
            fates[failed[step.index]] = step.index
            if cast(Filter, step.operator).cost == "model":
                # It measured only the rows that none before it had failed.
                unmeasured = entered & (self.ends < step.index) & (self.ends >= first)
                fates[unmeasured] = OPEN
        broken = entered & (self.ends <= last) & (self.ends >= first) & self.is_("quarantined")
        fates[broken] = np.where(
            fates[broken] < self.ends[broken], fates[broken], self.ends[broken]
        )
        passes = entered & (fates == PASSES)
        stayed = passes & (self.ends > last)
        admitted = passes & (self.ends <= last)
        self.fates[entered] = fates[entered]
        self.fates[stayed] = self.ends[stayed]
        if self.unmeasured_after(last):
            self.fates[admitted] = OPEN

    def _failed(self, step: Step) -> np.ndarray:
        """Which rows a filter fails, by its rules as they are now and its measures as they were."""
        rules = cast(Filter, step.operator).rules()
        measures, at = self.measures(step, {rule.measure for rule in rules})
        found = np.zeros(len(self.ends), dtype=bool)
        found[at[failing(rules, measures, len(at)) >= 0]] = True
        return found

    def unmeasured_after(self, last: int) -> bool:
        """Whether there is a step, other than writers, that could say more of an admitted row."""
        rest = self.new.steps[last + 1 :]
        return any(isinstance(s.operator, Filter | Map | Group | Survey) for s in rest)

    def is_(self, state: str) -> np.ndarray:
        """Which rows ended in a state."""
        found: np.ndarray = pc.equal(self.ledger.column("state"), state).to_numpy()
        return found

    def measures(self, step: Step, names: Iterable[str]) -> tuple[dict[str, pa.Array], np.ndarray]:
        """Stored measures of a filter, and the places in the ledger that they belong to."""
        table = self._measures.read([f"{step.label}.{name}" for name in names])
        columns = {name: table.column(f"{step.label}.{name}").combine_chunks() for name in names}
        return columns, self._measured_at

    @cached_property
    def _measures(self) -> pq.ParquetFile:
        return pq.ParquetFile(self.run / "measures" / f"{self.name}.parquet")

    @cached_property
    def _measured_at(self) -> np.ndarray:
        numbers = numbers_of(self._measures.read(["row", "child"]))
        if len(numbers) == len(self.numbers):
            return np.arange(len(numbers))
        return np.searchsorted(self.numbers, numbers)

    def _judge_families(self) -> None:
        """The children of a row that would no longer come to be split are not born; what would
        become of those of an admitted row, nobody knows."""
        changed = (self.fates != self.ends) & (self.fates != PASSES)
        if not self._splits() or not changed.any():
            return
        ids, parents = (self.ledger.column(name).to_pylist() for name in ("id", "parent"))
        gone = {ids[place]: int(self.fates[place]) for place in np.flatnonzero(changed)}
        for place, parent in enumerate(parents):  # parents stand before their children
            if parent in gone:
                self.fates[place] = gone[ids[place]] = gone[parent]
                if gone[parent] != OPEN:
                    self.fates[place] = -2  # never born

    def _judge_surveys(self) -> None:
        """A survey that would see other rows may decide otherwise about all of them."""
        changed = (self.fates != self.ends).any()
        for step in self.new.steps[min(self.changes) :]:
            if isinstance(step.operator, Survey) and changed:
                self.fates[self._reaching(step.index)] = OPEN

    def add(self, outcome: Outcome) -> None:
        """Count the fates."""
        opened = self.fates == OPEN
        kept = int((self.fates == PASSES).sum())
        outcome.low += kept
        outcome.high = (outcome.high or 0) + kept + int(opened.sum())
        outcome.open += int(opened.sum())
        outcome.opened.append((self.name, self.numbers[opened]))
        for counter, ends in ((outcome.dropped, self.fates), (outcome.dropped_before, self.ends)):
            values, counts = np.unique(ends[(ends >= 0) & (ends < PASSES)], return_counts=True)
            labels = [self.new.steps[value].label for value in values]
            counter.update(dict(zip(labels, map(int, counts), strict=True)))

    def groups(self) -> list[int]:
        """The indices of the groups behind the first change."""
        steps = self.new.steps[min(self.changes) :]
        return [step.index for step in steps if isinstance(step.operator, Group)]

    def after_groups(self) -> bool:
        """Whether something behind the first group could still drop a row."""
        return self.unmeasured_after(self.groups()[0])

    def names(self, column: str) -> list[str | None]:
        """The ids of a ledger column."""
        return self.ledger.column(column).to_pylist()  # type: ignore[no-any-return]


def _judge_groups(shards: Sequence[JudgedShard]) -> int:
    """Let others take the place of the survivors of groups that would be dropped before.

    How many more a group that drops (a cap on a site, say) might let through is what comes back.
    """
    if not shards or not shards[0].grouped:
        return 0
    gone = [(s.fates < s.ends) & (s.ends == PASSES) for s in shards]
    left = set()
    for shard, places in zip(shards, gone, strict=True):
        if places.any():
            ids = shard.names("id")
            left |= {ids[place] for place in np.flatnonzero(places)}
    if not left:
        return 0
    inherited = set()
    capped = 0
    for shard in shards:
        for place, survivor in enumerate(shard.names("merged_into")):
            unchanged = shard.fates[place] == shard.ends[place]
            if survivor in left and survivor not in inherited and unchanged:
                inherited.add(survivor)
                open_ = shard.unmeasured_after(int(shard.ends[place]))
                shard.fates[place] = OPEN if open_ else PASSES
        capped += int((shard.is_("dropped") & np.isin(shard.ends, shard.groups())).sum())
    return min(sum(int(places.sum()) for places in gone), capped)


def _is_split(step: Step) -> bool:
    return isinstance(step.operator, Map) and step.operator.many


def numbers_of(table: pa.Table) -> np.ndarray:
    """The numbers of the rows of a ledger or of measures."""
    rows, children = (table.column(name).to_numpy() for name in ("row", "child"))
    found: np.ndarray = rows << CHILD_BITS | children
    return found


def blocks(recipe: Recipe) -> list[tuple[Step, ...]]:
    """The runs of filters of a recipe."""
    passes = [steps for stage in plan(recipe) for steps in stage.passes]
    return [steps for steps in passes if isinstance(steps[0].operator, Filter)]
