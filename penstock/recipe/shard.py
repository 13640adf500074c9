"""One stage over one shard: read, run the fused steps, commit. This is what an engine is given."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from penstock.data.atomic import replacing
from penstock.data.schema import put
from penstock.data.shards import Shard
from penstock.ops.base import Read, Write
from penstock.recipe.apply import apply_pass, schema_after
from penstock.recipe.batch import Batch, ledger_table, quarantine_table
from penstock.recipe.group import KEYS, key_rows, read_verdicts, settle
from penstock.recipe.load import Step
from penstock.recipe.plan import Stage
from penstock.recipe.reading import read_batches
from penstock.runs.commit import commit
from penstock.runs.ledger import STATES

ROW = "__row"
REPAIRS = pa.schema([("row", pa.int64()), ("repair", pa.string())])


@dataclass(frozen=True)
class Task:
    """One stage over one shard of one run; small enough to travel."""

    run: Path
    shard: Shard
    stage: Stage
    schema: pa.Schema

    @property
    def marker(self) -> str:
        """The name of the marker that says this task is done."""
        return f"{self.shard.name}.{self.stage.index}"

    def file(self, role: str, stage: int | None = None) -> Path:
        """Where an intermediate file of this shard stands, for this stage or an earlier one."""
        index = self.stage.index if stage is None else stage
        return self.run / "stages" / str(index) / f"{self.shard.name}.{role}"


def run_task(task: Task) -> dict[str, Any]:
    """Run a task and commit its files; the report is also what its marker keeps."""
    began = time.monotonic()
    tally = _Tally()
    batches = _batches(task, tally)
    last = task.stage.group is None
    files = _finish(task, batches, tally) if last else _hand_on(task, batches, tally)
    report = {
        "handed_on": tally.handed_on,
        "stage": task.stage.index,
        "shard": task.shard.name,
        "read": tally.read,
        "states": tally.states,
        "bytes": task.shard.stop - task.shard.start if task.stage.reader else 0,
        "steps": [{"step": label, **tally.steps[label]} for label in tally.steps],
        "seconds": round(time.monotonic() - began, 3),
    }
    commit(task.run, task.marker, files, report)
    return report


class _Tally:
    """What a task counts and collects while its batches go by."""

    def __init__(self) -> None:
        self.read = 0
        self.entries: list[dict[str, Any]] = []
        self.quarantine: list[dict[str, Any]] = []
        self.repairs: list[dict[str, Any]] = []
        self.measures: list[pa.Table] = []
        self.steps: dict[str, Any] = {}
        self.states: dict[str, int] = {}
        self.handed_on = 0

    def take(self, batch: Batch) -> None:
        self.entries += batch.entries
        self.quarantine += batch.quarantine
        measures = batch.measure_table()
        if measures is not None:
            self.measures.append(measures)
        for label, counts in batch.counts.items():
            self.steps.setdefault(label, Counter()).update(counts)


def _batches(task: Task, tally: _Tally) -> Iterator[Batch]:
    """The batches of the stage after its passes, each with its rows numbered."""
    source = _read(task, tally) if task.stage.reader else _resumed(task, tally)
    for batch in source:
        for steps in task.stage.passes:
            apply_pass(batch, steps)
        yield batch


def _read(task: Task, tally: _Tally) -> Iterator[Batch]:
    step = cast(Step, task.stage.reader)
    counts = tally.steps.setdefault(step.label, Counter(rows_in=0, rows_out=0))
    began = time.perf_counter()
    for cut in read_batches(cast(Read, step.operator), step, task.shard, task.schema):
        counts["seconds"] += time.perf_counter() - began
        tally.read += cut.size
        counts["rows_in"] += cut.size
        counts["rows_out"] += cut.rows.num_rows
        tally.entries += cut.entries
        tally.quarantine += cut.quarantine
        tally.repairs += cut.repairs
        yield Batch(cut.rows, cut.numbers)
        began = time.perf_counter()


def _resumed(task: Task, tally: _Tally) -> Iterator[Batch]:
    """The rows that the stage before left, less those that its group merged."""
    step = cast(Step, task.stage.settles)
    before = task.stage.index - 1
    verdicts = read_verdicts(task.file("verdicts.arrow", before))
    tally.steps[step.label] = Counter(rows_in=0, rows_out=0)
    with _arrow(task.file("rows.arrow", before)) as reader:
        for rows in reader:
            numbers = rows.column(ROW).to_numpy()
            batch = Batch(rows.drop_columns([ROW]), numbers)
            settle(batch, step, verdicts)
            yield batch


def _hand_on(task: Task, batches: Iterator[Batch], tally: _Tally) -> dict[str, Path]:
    """Write the rows for the next stage and the key rows for the group between."""
    group = cast(Step, task.stage.group)
    schema = schema_after(task.schema, task.stage.passes)
    files = {role: task.file(role) for role in ("rows.arrow", "keys.arrow")}
    with ExitStack() as stack:
        rows_file = _opened(stack, files["rows.arrow"], schema.append(pa.field(ROW, pa.int64())))
        keys_file = _opened(stack, files["keys.arrow"], KEYS)
        for batch in batches:
            keys = key_rows(batch, group, task.shard.index)
            tally.take(batch)
            if batch.rows.num_rows:
                rows = batch.rows.cast(schema)
                numbers = pa.array(batch.numbers[batch.at], pa.int64())
                rows_file.write_batch(put(rows, ROW, numbers))
                keys_file.write_table(keys)
            tally.handed_on += keys.num_rows
    return {**files, **_records(task, tally, final=False)}


def _opened(stack: ExitStack, path: Path, schema: pa.Schema) -> pa.RecordBatchStreamWriter:
    temporary = stack.enter_context(replacing(path))
    return stack.enter_context(pa.ipc.new_stream(str(temporary), schema))


def _finish(task: Task, batches: Iterator[Batch], tally: _Tally) -> dict[str, Path]:
    """Write the shard's part of each dataset, its ledger, measures and quarantine."""
    schema = schema_after(task.schema, task.stage.passes)
    files = {f"data-{n}": _data_file(task, n) for n in range(len(task.stage.writers))}
    kept: list[pa.Table] = []
    with ExitStack() as stack:
        writers = []
        for number, step in enumerate(task.stage.writers):
            temporary = stack.enter_context(replacing(files[f"data-{number}"]))
            writer = cast(Write, step.operator).open(temporary, schema)
            stack.callback(writer.close)
            writers.append((step, writer))
        for batch in batches:
            for step, writer in writers:
                began, size = time.perf_counter(), batch.rows.num_rows
                if size:
                    writer.write(batch.rows.cast(schema))
                tally.steps.setdefault(step.label, Counter()).update(
                    rows_in=size, rows_out=size, seconds=time.perf_counter() - began
                )
            kept.append(_kept(batch))
            tally.take(batch)
    return {**files, **_records(task, tally, final=True, kept=kept)}


def dataset_folder(run: Path, number: int) -> Path:
    """Where a run keeps what its writers write: `dataset` for the first, `dataset-2` and so on."""
    return run / ("dataset" if number == 0 else f"dataset-{number + 1}")


def _data_file(task: Task, number: int) -> Path:
    operator = cast(Write, task.stage.writers[number].operator)
    folder = dataset_folder(task.run, number) / "data"
    return folder / f"part-{task.shard.name}{operator.suffix}"


def _kept(batch: Batch) -> pa.Table:
    rows = batch.rows
    columns = {name: rows.column(name) for name in ("id", "source", "offset")}
    states = pa.array(["kept"] * rows.num_rows, pa.string())
    return pa.table({"row": pa.array(batch.numbers[batch.at]), **columns, "state": states})


def _records(
    task: Task, tally: _Tally, *, final: bool, kept: list[pa.Table] | None = None
) -> dict[str, Path]:
    """Write ledger, quarantine and measures: of this stage, or in the end of all together."""
    tables = {
        "ledger": ledger_table(tally.entries),
        "quarantine": quarantine_table(tally.quarantine),
        "repairs": pa.Table.from_pylist(tally.repairs, REPAIRS),
    }
    if tally.measures:
        tables["measures"] = pa.concat_tables(tally.measures, promote_options="default")
    if final:
        tables = _together(task, tables, kept or [])
        tally.states = dict.fromkeys(STATES, 0)
        tally.states.update(Counter(tables["ledger"].column("state").to_pylist()))
    files = {
        role: task.run / role / f"{task.shard.name}.parquet"
        if final
        else task.file(f"{role}.parquet")
        for role in tables
    }
    for role, path in files.items():
        with replacing(path) as temporary:
            pq.write_table(tables[role].combine_chunks(), temporary, compression="zstd")
    return files


def _together(task: Task, tables: dict[str, pa.Table], kept: list[pa.Table]) -> dict[str, pa.Table]:
    """All stages' records of a shard, in row order."""
    ledgers = [tables["ledger"], *kept]
    quarantines = [tables["quarantine"]]
    repairs = [tables["repairs"]]
    measures = [tables["measures"]] if "measures" in tables else []
    for stage in range(task.stage.index):
        ledgers.append(pq.read_table(task.file("ledger.parquet", stage)))
        quarantines.append(pq.read_table(task.file("quarantine.parquet", stage)))
        repairs.append(pq.read_table(task.file("repairs.parquet", stage)))
        if task.file("measures.parquet", stage).exists():
            measures.append(pq.read_table(task.file("measures.parquet", stage)))
    ledger = pa.concat_tables(ledgers, promote_options="default").sort_by("row")
    found = {
        "ledger": _noted(ledger, pa.concat_tables(repairs)),
        "quarantine": pa.concat_tables(quarantines).sort_by("row"),
    }
    if measures:
        merged = measures[0]
        for other in measures[1:]:
            merged = merged.join(other, "row", join_type="full outer")
        found["measures"] = merged.sort_by("row")
    return found


def _noted(ledger: pa.Table, repairs: pa.Table) -> pa.Table:
    """The ledger with the repairs of the records that were read after all."""
    notes = dict(zip(*(repairs.column(name).to_pylist() for name in REPAIRS.names), strict=True))
    if not notes:
        return ledger
    rows, errors = (ledger.column(name).to_pylist() for name in ("row", "error"))
    noted = [error or notes.get(row) for row, error in zip(rows, errors, strict=True)]
    at = ledger.schema.get_field_index("error")
    return ledger.set_column(at, "error", pa.array(noted, pa.string()))


def _arrow(path: Path) -> pa.RecordBatchStreamReader:
    return pa.ipc.open_stream(pa.memory_map(str(path)))
