"""Applying maps and blocks of filters to a batch, so that one bad record costs one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.data.schema import put
from penstock.errors import PenstockError, RecordError
from penstock.ops.base import Filter, Map, Rule, failing
from penstock.recipe.batch import Batch
from penstock.recipe.load import Step

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


def apply_pass(batch: Batch, steps: tuple[Step, ...]) -> None:
    """Apply one map, or one block of filters."""
    if isinstance(steps[0].operator, Map):
        apply_map(batch, steps[0])
    else:
        apply_block(batch, steps)


def apply_map(batch: Batch, step: Step) -> None:
    """Change the rows; those whose text is gone afterwards are dropped by the rule `no_text`."""
    before = batch.rows
    batch.enter(step, before.num_rows)
    outcome = isolate(before, cast(Map, step.operator).batch)
    for place, error in outcome.faults:
        _fault(batch, step, place, error)
    if step.on_error == "pass" and outcome.faults:
        raise PenstockError(
            f"`{step.name}` failed on {batch.rows.column('id')[outcome.faults[0][0]]}:"
            f" {outcome.faults[0][1]}",
            hint="`on_error: pass` is for filters; a map that fails leaves no row to pass on",
        )
    if outcome.results:
        changed = pa.concat_batches(outcome.results)
        _check_size(step, changed, outcome.places)
        batch.at, batch.rows = batch.at[outcome.places], changed
        _drop_textless(batch, step)
    else:
        batch.thin(np.zeros(before.num_rows, dtype=bool))
    batch.leave(step, batch.rows.num_rows)


def apply_block(batch: Batch, steps: tuple[Step, ...]) -> None:
    """Measure with every filter of a block, and blame the first that fails in written order.

    A filter marked `cost = "model"` measures only the rows that none before it has failed.
    """
    undecided = np.ones(batch.rows.num_rows, dtype=bool)
    for step in steps:
        operator = cast(Filter, step.operator)
        batch.enter(step, int(undecided.sum()))
        asked = np.flatnonzero(undecided) if operator.cost == "model" else np.arange(len(undecided))
        outcome = isolate(batch.rows.take(pa.array(asked)), operator.measure_batch)
        for place, error in outcome.faults:
            if undecided[asked[place]] and step.on_error != "pass":
                _fault(batch, step, int(asked[place]), error)
                undecided[asked[place]] = False
        if outcome.results:
            places = asked[outcome.places]
            measures = _joined(outcome.results)
            batch.measured(step, places, measures)
            _add_columns(batch, operator, places, measures)
            _decide(batch, step, places, measures, undecided)
        batch.leave(step, int(undecided.sum()))
    batch.thin(undecided)


def _decide(
    batch: Batch,
    step: Step,
    places: np.ndarray,
    measures: dict[str, pa.Array],
    undecided: np.ndarray,
) -> None:
    rules = cast(Filter, step.operator).rules()
    failed = failing(rules, measures, len(places))
    for index in np.flatnonzero((failed >= 0) & undecided[places]):
        rule: Rule = rules[failed[index]]
        value = measures[rule.measure][int(index)].as_py()
        batch.drop(int(places[index]), step, rule.name, shown(value), shown(rule.threshold))
        undecided[places[index]] = False


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
    batch: Batch, operator: Filter, places: np.ndarray, measures: dict[str, pa.Array]
) -> None:
    source = np.full(batch.rows.num_rows, -1)
    source[places] = np.arange(len(places))
    index = pa.array(source, mask=source < 0)
    for measure, column in operator.columns.items():
        batch.rows = put(batch.rows, column, measures[measure].take(index))


def _drop_textless(batch: Batch, step: Step) -> None:
    if batch.rows.schema.get_field_index("text") < 0:
        return
    empty = pc.equal(pc.fill_null(pc.utf8_length(batch.rows.column("text")), 0), 0)
    gone = empty.to_numpy(zero_copy_only=False)
    for place in np.flatnonzero(gone):
        batch.drop(int(place), step, "no_text", "0", "1")
    batch.thin(~gone)


def _fault(batch: Batch, step: Step, place: int, error: Exception) -> None:
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


def _joined(results: list[dict[str, pa.Array]]) -> dict[str, pa.Array]:
    return {name: pa.concat_arrays([one[name] for one in results]) for name in results[0]}


def schema_after(schema: pa.Schema, passes: tuple[tuple[Step, ...], ...]) -> pa.Schema:
    """The columns that come out of some passes, found by sending no rows through them."""
    rows = pa.RecordBatch.from_pylist([], schema)
    for step in (step for one in passes for step in one):
        operator = step.operator
        if isinstance(operator, Map):
            rows = operator.batch(rows)
        elif isinstance(operator, Filter):
            measures = operator.measure_batch(rows)
            for measure, column in operator.columns.items():
                rows = put(rows, column, measures[measure])
    return rows.schema
