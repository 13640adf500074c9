"""Applying maps and blocks of filters to a batch, so that one bad record costs one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.data.schema import put
from penstock.errors import PenstockError, RecordError
from penstock.ops.base import PARENT, Filter, Group, Map, Survey, failing
from penstock.recipe.batch import CHILD_BITS, COUNT_BITS, MOST_CHILDREN, Batch
from penstock.recipe.load import Step

if TYPE_CHECKING:
    from penstock.text.features import Features

# What the ledger says of a document without text.
NO_TEXT = {"state": "dropped", "rule": "no_text", "value": "0", "threshold": "1"}
_EVERY_ROW = (ImportError, NotImplementedError, PenstockError)


@dataclass
class Outcome:
    """What came of calling an operator on rows: results by run of rows, and the rows it failed."""

    results: list[Any] = field(default_factory=list)
    good: list[np.ndarray] = field(default_factory=list)
    faults: list[tuple[int, Exception]] = field(default_factory=list)

    @property
    def places(self) -> np.ndarray:
        """The places of the rows that the results are for."""
        return np.concatenate(self.good) if self.good else np.zeros(0, dtype=int)

    def set_faults_aside(self, batch: Batch, step: Step) -> None:
        """Quarantine the rows that were failed, and go on with the others."""
        for place, error in self.faults:
            fault(batch, step, place, error)
        if self.faults:
            good = np.zeros(batch.rows.num_rows, dtype=bool)
            good[self.places] = True
            batch.thin(good)


def isolate(rows: pa.RecordBatch, call: Callable[[pa.RecordBatch], Any]) -> Outcome:
    """Call an operator on all rows; where it fails, on ever smaller halves, down to the culprits.

    What is wrong with the installation or the call, and so with every row, is raised instead.
    """
    outcome = Outcome()

    def attempt(start: int, stop: int) -> None:
        try:
            result = call(rows.slice(start, stop - start))
        except Exception as error:
            if isinstance(error, _EVERY_ROW) and not isinstance(error, RecordError):
                raise
            if stop - start == 1:
                outcome.faults.append((start, error))
                return
            middle = (start + stop) // 2
            attempt(start, middle)
            attempt(middle, stop)
        else:
            outcome.results.append(result)
            outcome.good.append(np.arange(start, stop))

    if rows.num_rows:
        attempt(0, rows.num_rows)
    return outcome


def apply_pass(
    batch: Batch, steps: tuple[Step, ...], *, births: int = 0, fast: bool = True
) -> None:
    """Apply one map, or one block of filters.

    `births` is how many one-to-many steps of the recipe stand before it. `fast` lets filters
    measure shared features, which pays from about a thousand documents on.
    """
    operator = steps[0].operator
    if isinstance(operator, Filter):
        apply_block(batch, steps, fast=fast)
    elif cast(Map, operator).many:
        apply_split(batch, steps[0], births)
    else:
        apply_map(batch, steps[0])


def apply_map(batch: Batch, step: Step) -> None:
    """Change the rows; those whose text is gone afterwards are dropped by the rule `no_text`."""
    outcome = _mapped(batch, step)
    if outcome.results:
        changed = pa.concat_batches(outcome.results)
        _check_size(step, changed, outcome.places)
        batch.replace(changed, batch.numbers[outcome.places])
        _drop_textless(batch, step)
    else:
        batch.thin(np.zeros(batch.rows.num_rows, dtype=bool))
    batch.leave(step, batch.rows.num_rows)


def apply_split(batch: Batch, step: Step, births: int) -> None:
    """Make several documents of each: the parent ends as split, its children are born."""
    outcome = _mapped(batch, step)
    outcome.results = [
        _shifted(children, places[0])
        for children, places in zip(outcome.results, outcome.good, strict=True)
    ]
    asked = batch.rows.num_rows
    empty = put(batch.rows.slice(0, 0), PARENT, pa.array([], pa.int32()))
    children = pa.concat_batches(outcome.results) if outcome.results else empty
    parents = children.column(PARENT).to_numpy()
    counts = np.bincount(parents, minlength=asked)
    failed = np.zeros(asked, dtype=bool)
    failed[[place for place, _ in outcome.faults]] = True
    split = np.flatnonzero(counts > 0)
    childless = np.flatnonzero((counts == 0) & ~failed)
    batch.end(split, state="split", step=step.label)
    batch.end(childless, step=step.label, **NO_TEXT)
    ordinals = np.arange(len(parents)) - (np.cumsum(counts) - counts)[parents] + 1
    names = zip(batch.rows.column("id").take(pa.array(parents)).to_pylist(), ordinals, strict=True)
    ids = pa.array([f"{name}#{ordinal}" for name, ordinal in names], pa.string())
    numbers = _child_numbers(step, batch.numbers[parents], births)
    batch.replace(put(children.drop_columns([PARENT]), "id", ids), numbers)
    batch.born += len(parents)
    batch.counts[step.label]["born"] += len(parents)
    _drop_textless(batch, step)
    batch.leave(step, batch.rows.num_rows)


def _mapped(batch: Batch, step: Step) -> Outcome:
    batch.enter(step, batch.rows.num_rows)
    outcome = isolate(batch.rows, cast(Map, step.operator).batch)
    if step.on_error == "pass" and outcome.faults:
        raise PenstockError(
            f"`{step.name}` failed on {batch.rows.column('id')[outcome.faults[0][0]]}:"
            f" {outcome.faults[0][1]}",
            hint="`on_error: pass` is for filters; a map that fails leaves no row to pass on",
        )
    for place, error in outcome.faults:
        fault(batch, step, place, error)
    return outcome


def _shifted(children: pa.RecordBatch, first: int) -> pa.RecordBatch:
    """Children of a run of rows, with their parents' places among all rows."""
    return put(children, PARENT, pc.add(children.column(PARENT), pa.scalar(int(first), pa.int32())))


def _child_numbers(step: Step, parents: np.ndarray, births: int) -> np.ndarray:
    """Numbers for children: the record's, then which one-to-many step, then a count."""
    records = parents >> CHILD_BITS
    starts = np.flatnonzero(np.diff(records, prepend=-1))
    sizes = np.diff(np.append(starts, len(records)))
    counts = np.arange(len(records)) - np.repeat(starts, sizes) + 1
    if births >= 1 << (CHILD_BITS - COUNT_BITS):
        raise PenstockError("a recipe may have at most 8 one-to-many steps")
    if len(counts) and counts.max() > MOST_CHILDREN:
        raise PenstockError(
            f"step {step.index + 1} `{step.name}` makes {counts.max():,} documents of one record",
            hint=f"at most {MOST_CHILDREN:,}; drop such records before",
        )
    found: np.ndarray = records << CHILD_BITS | births << COUNT_BITS | counts
    return found


def apply_block(batch: Batch, steps: tuple[Step, ...], *, fast: bool) -> None:
    """Measure with every filter of a block, and blame the first that fails in written order.

    A filter marked `cost = "model"` measures only the rows that none before it has failed.
    """
    undecided = np.ones(batch.rows.num_rows, dtype=bool)
    features = _features(batch.rows, steps) if fast else None
    for step in steps:
        operator = cast(Filter, step.operator)
        batch.enter(step, int(undecided.sum()))
        places, measures = _measured(batch, step, undecided, features)
        if len(places):
            batch.measured(step, places, measures)
            _add_columns(batch, operator, places, measures)
            _decide(batch, step, places, measures, undecided)
        batch.leave(step, int(undecided.sum()))
    batch.thin(undecided)


def is_fast(step: Step) -> bool:
    """Whether a step can measure from features that filters share."""
    kind = type(step.operator)
    return issubclass(kind, Filter) and kind.measure_features is not Filter.measure_features


def _features(rows: pa.RecordBatch, steps: tuple[Step, ...]) -> Features | None:
    """What the filters of a block share, where one of them can use it."""
    if not any(map(is_fast, steps)) or not rows.num_rows:
        return None
    if rows.schema.get_field_index("text") < 0:
        return None
    from penstock.text.features import Features

    return Features(rows.column("text"))


def _measured(
    batch: Batch, step: Step, undecided: np.ndarray, features: Features | None
) -> tuple[np.ndarray, dict[str, pa.Array]]:
    """The places that a filter has measured, and the measures there."""
    operator = cast(Filter, step.operator)
    everywhere = np.arange(len(undecided))
    if operator.cost == "model":
        asked = np.flatnonzero(undecided)
    else:
        asked = everywhere
        shared = operator.measure_features(features) if features is not None else None
        if shared is not None:
            return everywhere, _masked(shared, operator, batch.rows)
    outcome = isolate(batch.rows.take(pa.array(asked)), lambda rows: _measure(operator, rows))
    for place, error in outcome.faults:
        if undecided[asked[place]] and step.on_error != "pass":
            fault(batch, step, int(asked[place]), error)
            undecided[asked[place]] = False
    if not outcome.results:
        return np.zeros(0, dtype=int), {}
    names = outcome.results[0]
    joined = {name: pa.concat_arrays([one[name] for one in outcome.results]) for name in names}
    return asked[outcome.places], joined


def _measure(operator: Filter, rows: pa.RecordBatch) -> dict[str, pa.Array]:
    applies = operator.applies(rows)
    if applies is not None:
        text = pc.if_else(applies, rows.column("text"), pa.scalar(None, pa.string()))
        rows = put(rows, "text", text)
    return operator.measure_batch(rows)


def _masked(
    shared: Mapping[str, Any], operator: Filter, rows: pa.RecordBatch
) -> dict[str, pa.Array]:
    """Measures of shared features, null where a row has no text or is not to be measured."""
    unmeasured = pc.is_null(rows.column("text"))
    applies = operator.applies(rows)
    if applies is not None:
        unmeasured = pc.or_(unmeasured, pc.invert(applies))
    columns = {
        name: pa.array(values).cast(operator.measures[name]) for name, values in shared.items()
    }
    if not pc.any(unmeasured).as_py():
        return columns
    return {
        name: pc.if_else(unmeasured, pa.scalar(None, values.type), values)
        for name, values in columns.items()
    }


def _decide(
    batch: Batch,
    step: Step,
    places: np.ndarray,
    measures: Mapping[str, pa.Array],
    undecided: np.ndarray,
) -> None:
    rules = cast(Filter, step.operator).rules()
    failed = failing(rules, measures, len(places))
    failed[~undecided[places]] = -1
    for index, rule in enumerate(rules):
        chosen = np.flatnonzero(failed == index)
        if len(chosen):
            values = measures[rule.measure].take(pa.array(chosen)).to_pylist()
            fate = {"rule": rule.name, "threshold": shown(rule.threshold)}
            shown_values = [shown(value) for value in values]
            batch.end(places[chosen], state="dropped", step=step.label, value=shown_values, **fate)
            undecided[places[chosen]] = False


def shown(value: Any) -> str:
    """A measure or threshold as the ledger writes it.

    >>> shown(0.1 + 0.2), shown(("en", "zh")), shown(3)
    ('0.3', 'en, zh', '3')
    """
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)


def _add_columns(
    batch: Batch, operator: Filter, places: np.ndarray, measures: Mapping[str, pa.Array]
) -> None:
    if not operator.columns:
        return
    source = np.full(batch.rows.num_rows, -1)
    source[places] = np.arange(len(places))
    index = pa.array(source, mask=source < 0)
    for measure, column in operator.columns.items():
        batch.rows = put(batch.rows, column, measures[measure].take(index))


def _drop_textless(batch: Batch, step: Step) -> None:
    if batch.rows.schema.get_field_index("text") < 0:
        return
    empty = pc.equal(pc.fill_null(pc.binary_length(batch.rows.column("text")), 0), 0)
    gone = empty.to_numpy(zero_copy_only=False)
    if gone.any():
        places = np.flatnonzero(gone)
        batch.end(places, step=step.label, **NO_TEXT)
        batch.thin(~gone)


def fault(batch: Batch, step: Step, place: int, error: Exception) -> None:
    """Quarantine a row that a step failed on; or end the run, where the step says so."""
    if step.on_error == "fail":
        name = batch.rows.column("id")[place]
        raise PenstockError(
            f"step {step.index + 1} `{step.name}` failed: {type(error).__name__}: {error}",
            where=f"record {name}",
            hint="`on_error: quarantine` sets such records aside and goes on",
        ) from error
    batch.set_aside(place, step, error)


def _check_size(step: Step, changed: pa.RecordBatch, places: np.ndarray) -> None:
    if changed.num_rows != len(places):
        raise PenstockError(
            f"step {step.index + 1} `{step.name}` gave {changed.num_rows} rows for {len(places)}",
            hint="a map changes documents one for one; a filter drops them",
        )


def step_schema(rows: pa.RecordBatch, step: Step) -> pa.RecordBatch:
    """Send no rows through a step, for the columns that come out. Mistakes about columns show here,
    before anything is read, and name the step."""
    try:
        return _through(rows, step)
    except PenstockError as error:
        error.where = error.where or f"step {step.index + 1} `{step.name}`"
        raise


def _through(rows: pa.RecordBatch, step: Step) -> pa.RecordBatch:
    operator = step.operator
    if isinstance(operator, Survey):
        operator = operator.bind(None)
    if isinstance(operator, Map):
        rows = operator.batch(rows)
        return rows.drop_columns([PARENT]) if operator.many else rows
    if isinstance(operator, Filter):
        measures = operator.measure_batch(rows)
        for measure, column in operator.columns.items():
            rows = put(rows, column, measures[measure])
    if isinstance(operator, Group):
        operator.look_for_columns(rows)
    return rows


def schema_after(schema: pa.Schema, steps: Iterable[Step]) -> pa.Schema:
    """The columns that come out of some steps."""
    rows = pa.RecordBatch.from_pylist([], schema)
    for step in steps:
        rows = step_schema(rows, step)
    return rows.schema
