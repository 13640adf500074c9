"""A batch of records on its way through a stage: the rows that are left, the fate of the others."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.recipe.load import Step
from penstock.runs import ledger

TRACEBACK_KEPT = 4000

# A row's number: the record's number within its shard, and in the low bits which of its children it
# is: the place of the step that bore it among the one-to-many steps (3 bits), then a count (21
# bits). So a record's family stands together in row order, and no number is given twice.
CHILD_BITS = 24
COUNT_BITS = 21
MOST_CHILDREN = (1 << COUNT_BITS) - 1


class Batch:
    """The records of one cut of a shard.

    `rows` holds the documents still on their way, `numbers` their numbers; `last` is the number of
    the last record that came in. A batch gets thinner and is never refilled, so that what an
    operator sees never depends on other shards or on workers.
    """

    def __init__(self, rows: pa.RecordBatch, numbers: np.ndarray, last: int) -> None:
        self.rows = rows
        self.numbers = numbers
        self.last = last
        self.fates: list[pa.Table] = []
        self.quarantine: list[dict[str, Any]] = []
        self.measures: list[tuple[np.ndarray, dict[str, pa.Array]]] = []
        self.counts: dict[str, dict[str, float]] = {}
        self.born = 0
        self._entered = 0.0

    def enter(self, step: Step, rows: int) -> None:
        """Count the rows that come to a step."""
        self.counts.setdefault(step.label, _new_count())["rows_in"] += rows
        self._entered = time.perf_counter()

    def leave(self, step: Step, rows: int) -> None:
        """Count the rows that go on from a step."""
        self.counts[step.label]["rows_out"] += rows
        self.counts[step.label]["seconds"] += time.perf_counter() - self._entered

    def end(self, places: np.ndarray | Sequence[int], **columns: Any) -> None:
        """Record that the rows at `places` end here: ledger columns as arrays or single values."""
        rows = self.rows.take(pa.array(places, pa.int64()))
        self.fates.append(entries(rows, self.numbers[places], **columns))

    def set_aside(self, place: int, step: Step, error: Exception) -> None:
        """Record that a step failed on the row at `place`, with what it was given."""
        message = f"{type(error).__name__}: {error}"
        # Formatting a traceback takes a millisecond, and where many rows fail they fail alike.
        seen = any(one["error"] == message for one in self.quarantine[-1:])
        self.end([place], state="quarantined", step=step.label, error=message)
        self.counts[step.label]["quarantined"] += 1
        row = self.rows.slice(place, 1).to_pylist()[0]
        trace = "" if seen else "".join(traceback.format_exception(error))[-TRACEBACK_KEPT:]
        raw = json.dumps(row, ensure_ascii=False, default=_plain).encode("utf-8", "replace")
        identity = {name: row[name] for name in ("id", "source", "offset")}
        fault = _fault(step, message, trace, raw)
        self.quarantine.append({**split_number(self.numbers[place]), **identity, **fault})

    def thin(self, keep: np.ndarray) -> None:
        """Go on with the rows marked in `keep`; the others must have met their fate."""
        if not keep.all():
            self.rows = self.rows.filter(pa.array(keep))
            self.numbers = self.numbers[keep]

    def replace(self, rows: pa.RecordBatch, numbers: np.ndarray) -> None:
        """Go on with other rows: those a map has made."""
        self.rows, self.numbers = rows, numbers

    def measured(self, step: Step, places: np.ndarray, measures: Mapping[str, pa.Array]) -> None:
        """Keep the measures of the rows at `places`."""
        named = {f"{step.label}.{name}": values for name, values in measures.items()}
        self.measures.append((self.numbers[places], named))


def entries(rows: pa.RecordBatch, numbers: np.ndarray, **columns: Any) -> pa.Table:
    """Ledger entries of some rows; what `columns` does not name is null."""
    size = rows.num_rows
    ids = rows.column("id")
    children = numbers & ((1 << CHILD_BITS) - 1)
    known = {
        "row": pa.array(numbers >> CHILD_BITS, pa.int64()),
        "child": pa.array(children, pa.int32()),
        "parent": _parents(ids, children),
        **{name: rows.column(name) for name in ("id", "source", "offset")},
        **columns,
    }
    return pa.table(
        [_column(known.get(c.name), c.type, size) for c in ledger.SCHEMA], ledger.SCHEMA
    )


def _column(value: Any, kind: pa.DataType, size: int) -> pa.Array:
    if value is None:
        return pa.nulls(size, kind)
    if isinstance(value, pa.Array | pa.ChunkedArray):
        return value.cast(kind)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return pa.array(value, kind)
    return pa.repeat(pa.scalar(value, kind), size)


def _parents(ids: pa.Array, children: np.ndarray) -> pa.Array | None:
    if not children.any():
        return None
    named = zip(ids.to_pylist(), children, strict=True)
    return pa.array([name.rpartition("#")[0] if child else None for name, child in named])


def measure_table(
    pieces: Sequence[tuple[np.ndarray, Mapping[str, pa.Array]]], schema: pa.Schema
) -> pa.Table:
    """Measures of any steps as one table, a line for each row that was measured, in row order."""
    numbers = pieces[0][0]
    if any(piece is not numbers and not np.array_equal(piece, numbers) for piece, _ in pieces):
        numbers = np.unique(np.concatenate([piece for piece, _ in pieces]))
    columns: dict[str, pa.Array] = {
        "row": pa.array(numbers >> CHILD_BITS, pa.int64()),
        "child": pa.array(numbers & ((1 << CHILD_BITS) - 1), pa.int32()),
    }
    for piece, measures in pieces:
        index = None
        if len(piece) != len(numbers):
            source = np.full(len(numbers), -1)
            source[np.searchsorted(numbers, piece)] = np.arange(len(piece))
            index = pa.array(source, mask=source < 0)
        for name, values in measures.items():
            here = values if index is None else values.take(index)
            # Rows that were measured apart from each other have the same columns.
            columns[name] = pc.coalesce(columns[name], here) if name in columns else here
    size = len(numbers)
    return pa.table([_column(columns.get(c.name), c.type, size) for c in schema], schema)


def split_number(number: int) -> dict[str, int]:
    """A row's number as the ledger writes it."""
    return {"row": int(number) >> CHILD_BITS, "child": int(number) & ((1 << CHILD_BITS) - 1)}


def lost_entry(
    number: int, source: str, step: Step, lost: Any
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The ledger entry, and the quarantine entry if any, of a record that a reader gave up."""
    place = {"id": lost.id, "source": source, "offset": lost.offset}
    identity = {**split_number(number), **place}
    if lost.error:
        entry = {**identity, "state": "quarantined", "step": step.label, "error": lost.error}
        return entry, {**identity, **_fault(step, lost.error, "", lost.raw)}
    rule = {"rule": lost.rule, "value": lost.value, "threshold": lost.threshold}
    return {**identity, "state": "dropped", "step": step.label, **rule}, None


def _new_count() -> dict[str, float]:
    return {"rows_in": 0, "rows_out": 0, "quarantined": 0, "born": 0, "seconds": 0.0}


def _fault(step: Step, error: str, trace: str, raw: bytes) -> dict[str, Any]:
    return {"step": step.label, "error": error, "traceback": trace, "raw": raw}


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value)
