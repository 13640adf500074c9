"""One stage over one shard: read, run the fused steps, commit. This is what an engine is given."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from penstock.data.atomic import replacing, write_text
from penstock.data.schema import put
from penstock.data.shards import Shard
from penstock.errors import PenstockError
from penstock.ops.base import Group, Read, Survey, Write, Writer
from penstock.recipe.apply import apply_pass, schema_after
from penstock.recipe.batch import CHILD_BITS, Batch
from penstock.recipe.handed import ROW
from penstock.recipe.load import Step
from penstock.recipe.meeting import meeting_of
from penstock.recipe.plan import Stage
from penstock.recipe.reading import read_batches
from penstock.recipe.records import Records, measure_schema
from penstock.recipe.survey import bound, read_summary, surveyed, write_summary
from penstock.runs.commit import commit
from penstock.runs.ledger import SCHEMA, STATES
from penstock.runs.memory import peak_memory

# A shard this small is measured by the reference, which needs no compiled code to be loaded.
FAST_BYTES = 2 << 20
EVERY = 1.0  # seconds between signs of life from within a shard


@dataclass(frozen=True)
class Task:
    """One stage over one shard of one run; small enough to travel.

    `stages` are those up to this one, `schema` the columns that enter it. `key` stands for all that
    its files depend on, `input_key` for the shard alone.
    """

    run: Path
    shard: Shard
    stages: tuple[Stage, ...]
    schema: pa.Schema
    key: str = ""
    input_key: str = ""

    @property
    def stage(self) -> Stage:
        """The stage to run."""
        return self.stages[-1]

    @property
    def marker(self) -> str:
        """The name of the marker that says this task is done."""
        return f"{self.shard.name}.{self.stage.index}"

    def file(self, role: str, stage: int | None = None) -> Path:
        """Where an intermediate file of this shard stands, for this stage or an earlier one."""
        index = self.stage.index if stage is None else stage
        return self.run / "stages" / str(index) / f"{self.shard.name}.{role}"

    def target(self, role: str) -> Path:
        """Where a file of this task stands, by its role in the marker."""
        if role.startswith("data-"):
            return _data_file(self, int(role.removeprefix("data-")))
        if role in ("ledger", "quarantine", "measures"):
            name = f"{self.shard.name}.parquet"
            if self.stage.meets is None:
                return self.run / role / name
            return self.file(f"{role}.parquet")
        return self.file("repairs.json" if role == "repairs" else role)

    def summary(self) -> Path:
        """What the survey that this stage begins with has found."""
        return summary_file(self.run, cast(Step, self.stage.settles))

    def pulse(self) -> Path:
        """Where the task says now and then how far it is."""
        return self.run / "stages" / "pulse" / self.marker


def summary_file(run: Path, step: Step) -> Path:
    """Where a run keeps what one of its surveys has found."""
    return run / "surveys" / f"{step.index + 1}.pickle"


# Gives the batches of a task as they are at the end of its stage.
Source = Callable[[Task, "Tally", Records], Iterator[Batch]]


def run_task(task: Task, source: Source | None = None) -> dict[str, Any]:
    """Run a task and commit its files; the report is also what its marker keeps.

    Without a `source` of batches the input is read and sent through the steps.
    """
    began = time.monotonic()
    tally = Tally(task)
    final = task.stage.meets is None
    files = _record_files(task, final)
    with _records(task, files, final) as records:
        batches = (source or _batches)(task, tally, records)
        if final:
            files |= _write_out(task, batches, tally, records)
        else:
            files |= _hand_on(task, batches, tally, records)
    if not final:
        files["repairs"] = task.target("repairs")
        write_text(files["repairs"], json.dumps(records.repairs))
    report = {
        "handed_on": tally.handed_on,
        "stage": task.stage.index,
        "shard": task.shard.name,
        "read": tally.read,
        "born": tally.born,
        "states": {**dict.fromkeys(STATES, 0), **records.states} if final else {},
        "bytes": task.shard.size if task.stage.reader else 0,
        "steps": [{"step": label, **tally.steps[label]} for label in tally.steps],
        "seconds": round(time.monotonic() - began, 3),
        "cuts": tally.cuts,
        "key": task.key,
        "input_key": task.input_key,
        "worker": os.getpid(),
        "peak_memory": peak_memory(),
    }
    commit(task.run, task.marker, files, report)
    task.pulse().unlink(missing_ok=True)
    return report


class Tally:
    """What a task counts while its batches go by."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._last = time.monotonic()
        self.read = 0
        self.born = 0
        self.kept = 0
        self.bytes = 0
        self.handed_on = 0
        self.cuts: list[int] = []  # the last record of each batch
        self.steps: dict[str, Any] = {}  # a Counter each, of rows and seconds

    def take(self, batch: Batch) -> None:
        """Count a batch that has come to the end of the stage."""
        for label, counts in batch.counts.items():
            self.steps.setdefault(label, Counter()).update(counts)
        self.cuts.append(batch.last >> CHILD_BITS)
        self.born += batch.born
        self.kept += batch.rows.num_rows
        if time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            here = {"read": self.read, "kept": self.kept, "bytes": self.bytes, "steps": self.steps}
            write_text(self._task.pulse(), json.dumps(here))


def _record_files(task: Task, final: bool) -> dict[str, Path]:
    roles = ["ledger", "quarantine"]
    if len(measure_schema(task.stages if final else [task.stage])) > 2:
        roles.append("measures")
    return {role: task.target(role) for role in roles}


def _records(task: Task, files: Mapping[str, Path], final: bool) -> Records:
    if not final:
        return Records(files, measure_schema([task.stage]), final=False)
    earlier = []
    for stage in range(task.stage.index):
        paths = {role: task.file(f"{role}.parquet", stage) for role in files}
        earlier.append({role: path for role, path in paths.items() if path.exists()})
    records = Records(files, measure_schema(task.stages), earlier, final=True)
    if task.stage.index:
        repairs = json.loads(task.file("repairs.json", 0).read_text("utf-8"))
        records.repairs = {int(number): note for number, note in repairs.items()}
    return records


def _batches(task: Task, tally: Tally, records: Records) -> Iterator[Batch]:
    """The batches of the stage after its passes."""
    passes = list(task.stage.passes)
    settles = task.stage.settles
    if settles is None:
        source = _read(task, tally, records)
    elif isinstance(settles.operator, Survey):
        passes.insert(0, (bound(settles, read_summary(task.summary())),))
        source = _resumed(task)
    else:
        source = _settled(task, tally, settles)
    fast = task.shard.size >= FAST_BYTES
    births = [stage.births for stage in task.stages]
    for batch in source:
        before = sum(births[:-1])
        for steps in passes:
            apply_pass(batch, steps, births=before, fast=fast)
            before += int(getattr(steps[0].operator, "many", False))
        yield batch


def _read(task: Task, tally: Tally, records: Records) -> Iterator[Batch]:
    step = cast(Step, task.stage.reader)
    counts = tally.steps.setdefault(step.label, Counter(rows_in=0, rows_out=0))
    began = time.perf_counter()
    for cut in read_batches(cast(Read, step.operator), step, task.shard, task.schema):
        tally.read += cut.size
        tally.bytes += cut.bytes
        batch = Batch(cut.rows, cut.numbers, cut.last)
        if cut.entries:
            batch.fates.append(pa.Table.from_pylist(cut.entries, SCHEMA))
        batch.quarantine += cut.quarantine
        records.repairs.update(cut.repairs)
        counts.update(
            {
                "rows_in": cut.size,
                "rows_out": cut.rows.num_rows,
                "quarantined": len(cut.quarantine),
                "seconds": time.perf_counter() - began,
            }
        )
        yield batch
        began = time.perf_counter()


def _settled(task: Task, tally: Tally, step: Step) -> Iterator[Batch]:
    """The rows that the stage before left, as its group has decided on them."""
    tally.steps[step.label] = Counter(rows_in=0, rows_out=0)
    meeting = meeting_of(cast(Group, step.operator))
    file = task.file(meeting.FOUND, task.stage.index - 1)
    found = meeting.read_found(file)
    for batch in _resumed(task):
        meeting.settle(batch, step, found)
        yield batch


def _resumed(task: Task) -> Iterator[Batch]:
    """The rows that the stage before left."""
    file = task.file("rows.arrow", task.stage.index - 1)
    with pa.ipc.open_stream(pa.memory_map(str(file))) as reader:
        for rows in reader:
            numbers = rows.column(ROW).to_numpy()
            yield Batch(rows.drop_columns([ROW]), numbers, int(numbers[-1]))


def _hand_on(
    task: Task, batches: Iterator[Batch], tally: Tally, records: Records
) -> dict[str, Path]:
    """Write the rows for the next stage, and what the step between has to know of them."""
    step = cast(Step, task.stage.meets)
    schema = task_schema(task)
    meeting = meeting_of(step.operator) if isinstance(step.operator, Group) else None
    files = {role: task.file(role) for role in ("rows.arrow", *(["keys.arrow"] if meeting else []))}
    summary, place = None, 0
    with ExitStack() as stack:
        rows_file = _opened(stack, files["rows.arrow"], schema.append(pa.field(ROW, pa.int64())))
        keys_file = _opened(stack, files["keys.arrow"], meeting.KEYS) if meeting else None
        for batch in batches:
            if meeting and keys_file:
                keys = meeting.key_rows(batch, step, task.shard.index, place)
                keys_file.write_table(keys)
                tally.handed_on += keys.num_rows
            else:
                summary = surveyed(batch, step, summary)
            place += batch.rows.num_rows
            records.add(batch)
            tally.take(batch)
            if batch.rows.num_rows:
                rows = batch.rows.cast(schema)
                rows_file.write_batch(put(rows, ROW, pa.array(batch.numbers, pa.int64())))
    if not meeting:
        files["summary"] = task.file("summary")
        write_summary(files["summary"], summary)
    return files


def task_schema(task: Task) -> pa.Schema:
    """The columns of the rows that leave a task's stage."""
    return schema_after(task.schema, task.stage.steps)


def _opened(stack: ExitStack, path: Path, schema: pa.Schema) -> pa.RecordBatchStreamWriter:
    temporary = stack.enter_context(replacing(path))
    return stack.enter_context(pa.ipc.new_stream(str(temporary), schema))


def _write_out(
    task: Task, batches: Iterator[Batch], tally: Tally, records: Records
) -> dict[str, Path]:
    """Write the shard's part of each dataset."""
    schema = task_schema(task)
    roles = [f"data-{number}" for number in range(len(task.stage.writers))]
    files = {role: task.target(role) for role in roles}
    with ExitStack() as stack:
        writers = []
        for role, step in zip(roles, task.stage.writers, strict=True):
            temporary = stack.enter_context(replacing(files[role]))
            writer = cast(Write, step.operator).open(temporary, schema)
            stack.callback(writer.close)
            writers.append((step, writer))
        for batch in batches:
            for step, writer in writers:
                began, size = time.perf_counter(), batch.rows.num_rows
                if size:
                    _write(step, writer, batch.rows.cast(schema))
                spent = {"rows_in": size, "rows_out": size, "seconds": time.perf_counter() - began}
                tally.steps.setdefault(step.label, Counter()).update(spent)
            records.add(batch)
            tally.take(batch)
    return files


def _write(step: Step, writer: Writer, rows: pa.RecordBatch) -> None:
    """Write rows. What is written of a batch that a writer fails on is not known: the run ends."""
    try:
        writer.write(rows)
    except (PenstockError, OSError):
        raise
    except Exception as error:
        raise PenstockError(
            f"step {step.index + 1} `{step.name}` failed: {type(error).__name__}: {error}",
            where=f"a record from {rows.column('id')[0]} on",
        ) from error


def dataset_folder(run: Path, number: int) -> Path:
    """Where a run keeps what its writers write: `dataset` for the first, `dataset-2` and so on."""
    return run / ("dataset" if number == 0 else f"dataset-{number + 1}")


def _data_file(task: Task, number: int) -> Path:
    operator = cast(Write, task.stage.writers[number].operator)
    # Those that are joined in the end stand apart, so that `data` holds each document once.
    inner = "data" if operator.shard_size is None else "parts"
    folder = dataset_folder(task.run, number) / inner
    return folder / f"part-{task.shard.name}{operator.suffix}"
