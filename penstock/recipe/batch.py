"""A batch of records on its way through a stage: the rows that are left, the fate of the others."""

from __future__ import annotations

import json
import time
import traceback
from typing import Any

import numpy as np
import pyarrow as pa

from penstock.recipe.load import Step
from penstock.runs import ledger

TRACEBACK_KEPT = 4000


class Batch:
    """The records of one cut of a shard.

    `rows` holds the documents still on their way and `at` the place of each among the records that
    came in; `numbers` are the records' row numbers within the shard. A batch gets thinner and is
    never refilled, so that what an operator sees never depends on other shards or on workers.
    """

    def __init__(self, rows: pa.RecordBatch, numbers: np.ndarray) -> None:
        self.rows = rows
        self.at = np.arange(rows.num_rows)
        self.numbers = numbers
        self.measures: dict[str, pa.Array] = {}
        self.entries: list[dict[str, Any]] = []
        self.quarantine: list[dict[str, Any]] = []
        self.counts: dict[str, dict[str, float]] = {}
        self._size = rows.num_rows
        self._entered = 0.0

    def enter(self, step: Step, rows: int) -> None:
        """Count the rows that come to a step."""
        self.counts.setdefault(step.label, _new_count())["rows_in"] += rows
        self._entered = time.perf_counter()

    def leave(self, step: Step, rows: int) -> None:
        """Count the rows that go on from a step."""
        self.counts[step.label]["rows_out"] += rows
        self.counts[step.label]["seconds"] += time.perf_counter() - self._entered

    def drop(self, place: int, step: Step, rule: str, value: str, threshold: str) -> None:
        """Record that the row at `place` (in `rows`) ends here."""
        entry = {"state": "dropped", "rule": rule, "value": value, "threshold": threshold}
        self._end(place, step, entry)

    def merge(self, place: int, step: Step, merged_into: str, similarity: float) -> None:
        """Record that the row at `place` is a copy of another document."""
        entry = {"state": "merged", "merged_into": merged_into, "similarity": similarity}
        self._end(place, step, entry)

    def set_aside(self, place: int, step: Step, error: Exception) -> None:
        """Record that a step failed on the row at `place`, with what it was given."""
        message = f"{type(error).__name__}: {error}"
        self._end(place, step, {"state": "quarantined", "error": message})
        self.counts[step.label]["quarantined"] += 1
        row = self.rows.slice(place, 1).to_pylist()[0]
        trace = "".join(traceback.format_exception(error))[-TRACEBACK_KEPT:]
        raw = json.dumps(row, ensure_ascii=False, default=_plain).encode("utf-8", "replace")
        self.quarantine.append({**self._identity(place), **_fault(step, message, trace, raw)})

    def thin(self, keep: np.ndarray) -> None:
        """Go on with the rows marked in `keep`; the others must have met their fate."""
        self.rows = self.rows.filter(pa.array(keep))
        self.at = self.at[keep]

    def measured(self, step: Step, places: np.ndarray, measures: dict[str, pa.Array]) -> None:
        """Keep the measures of some rows, given by their place in `rows`."""
        source = np.full(self._size, -1)
        source[self.at[places]] = np.arange(len(places))
        index = pa.array(source, mask=source < 0)
        for name, values in measures.items():
            self.measures[f"{step.label}.{name}"] = values.take(index)

    def _end(self, place: int, step: Step, entry: dict[str, Any]) -> None:
        self.entries.append({**self._identity(place), "step": step.label, **entry})

    def _identity(self, place: int) -> dict[str, Any]:
        return {
            "row": int(self.numbers[self.at[place]]),
            **{name: self.rows.column(name)[place].as_py() for name in ("id", "source", "offset")},
        }

    def measure_table(self) -> pa.Table | None:
        """All measures of this batch, one line a record; None where nothing was measured."""
        if not self.measures:
            return None
        return pa.table({"row": pa.array(self.numbers), **self.measures})


def lost_entry(
    row: int, source: str, step: Step, lost: Any
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The ledger entry, and the quarantine entry if any, of a record that a reader gave up."""
    identity = {"row": row, "id": lost.id, "source": source, "offset": lost.offset}
    if lost.error:
        entry = {**identity, "state": "quarantined", "step": step.label, "error": lost.error}
        return entry, {**identity, **_fault(step, lost.error, "", lost.raw)}
    rule = {"rule": lost.rule, "value": lost.value, "threshold": lost.threshold}
    return {**identity, "state": "dropped", "step": step.label, **rule}, None


def _new_count() -> dict[str, float]:
    return {"rows_in": 0, "rows_out": 0, "quarantined": 0, "seconds": 0.0}


def _fault(step: Step, error: str, trace: str, raw: bytes) -> dict[str, Any]:
    return {"step": step.label, "error": error, "traceback": trace, "raw": raw}


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value)


def ledger_table(entries: list[dict[str, Any]]) -> pa.Table:
    """Ledger entries as a table in row order."""
    return pa.Table.from_pylist(entries, ledger.SCHEMA).sort_by("row")


def quarantine_table(entries: list[dict[str, Any]]) -> pa.Table:
    """Quarantine entries as a table in row order."""
    return pa.Table.from_pylist(entries, ledger.QUARANTINE).sort_by("row")
