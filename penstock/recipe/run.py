"""A recipe on an engine: plan times shards, resumable, with sums that must match."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from penstock.data.atomic import sweep, write_text
from penstock.data.files import fingerprint
from penstock.data.shards import Shard
from penstock.engines.engine import Engine
from penstock.errors import GateError, PenstockError
from penstock.ops.base import Group, Survey
from penstock.ops.near import Near
from penstock.recipe.apply import is_fast
from penstock.recipe.group import Part, bucket_rows
from penstock.recipe.load import Recipe
from penstock.recipe.meeting import meeting_of
from penstock.recipe.outside import outside
from penstock.recipe.plan import Stage
from penstock.recipe.publishing import publish_all
from penstock.recipe.pulse import Pulse
from penstock.recipe.rejudge import Again, run_again
from penstock.recipe.reuse import Earlier, task_key
from penstock.recipe.shard import FAST_BYTES, Task, run_task, summary_file
from penstock.recipe.spool import spooled
from penstock.recipe.survey import unite
from penstock.recipe.work import Work, prepare
from penstock.runs.commit import committed
from penstock.runs.folder import Listener, Run, digest, open_run, recording
from penstock.runs.ledger import Totals, add_up
from penstock.runs.memory import peak_memory
from penstock.text.features import KERNELS


def run_recipe(
    recipe: Recipe,
    engine: Engine,
    *,
    root: Path,
    memory: int | None = None,
    out: Path | None = None,
    fresh: bool = False,
    listener: Listener | None = None,
) -> Run:
    """Run a recipe and record it; a finished run of the same recipe and input is returned as it is.

    `memory` (bytes) bounds what meets in one place: the buckets of groups. What all processes have
    held at most is recorded as `peak_memory`.

    Raises PenstockError when the sums do not match, and GateError when more records were
    quarantined than `max_errors` allows.
    """
    work = prepare(recipe)
    spec = recipe.spec()
    spec["operators"] = {step.name: step.operator.version for step in recipe.steps}
    run = open_run(
        root,
        kind="recipe",
        name=recipe.name,
        spec=spec,
        inputs={"documents": fingerprint(work.files), **outside_files(recipe)},
        out=out,
        fresh=fresh,
        listener=listener,
    )
    if run.finished and Path(run.record["out"], "dataset.json").exists():
        run.close()
        return run
    # Bytes are promised for one set of versions and one kind of machine.
    versions = {**run.record["versions"], "pyarrow": pa.__version__}
    with recording(run, engine=engine.name, versions=versions):
        sweep(run.path)
        _do(run, work, engine, memory, None if fresh else Earlier(run, recipe))
    return run


def _do(run: Run, work: Work, engine: Engine, memory: int | None, earlier: Earlier | None) -> None:
    """Do all stages, one after the other, and finish."""
    large = any(shard.size >= FAST_BYTES for shard in work.shards)
    if large and any(map(is_fast, work.recipe.steps)):
        engine.preload(KERNELS)
    work = spooled(run, work, engine)
    run.save(shards=len(work.shards))
    bucket = bucket_rows(memory)
    reports = []
    for stage in work.stages:
        reports += _run_stage(run, work, stage, engine, bucket, earlier)
    run.save(memory=memory, peak_memory=_peak([record["report"] for record in reports]))
    _finish(run, work, reports)


def outside_files(recipe: Recipe) -> dict[str, str]:
    """Digests of the lists, models and code that the steps depend on, by the step's label."""
    found = {step.label: outside(step) for step in recipe.steps}
    return {label: digest(files) for label, files in found.items() if files}


def _peak(reports: list[dict[str, Any]]) -> int:
    """What all processes have held at most, as if all had held their most at the same time."""
    workers: dict[int, int] = {os.getpid(): peak_memory()}
    for report in reports:
        workers[report["worker"]] = max(workers.get(report["worker"], 0), report["peak_memory"])
    return sum(workers.values())


def _run_stage(
    run: Run, work: Work, stage: Stage, engine: Engine, bucket: int, earlier: Earlier | None
) -> list[dict[str, Any]]:
    """Do what is not committed yet; the markers of all shards, in order."""
    tasks = _tasks(run, work, stage)
    found = [committed(run.path, task.marker) for task in tasks]
    pending = [task for task, record in zip(tasks, found, strict=True) if record is None]
    pulse = Pulse(run, len(tasks), sum(file.size for file in work.files))
    for record in found:
        if record is not None:
            pulse.add(record["report"], say=False)
    done = len(tasks) - len(pending)
    run.note("stage", stage=stage.index + 1, stages=len(work.stages), shards=len(tasks), done=done)
    todo: list[Task | Again] = []
    # Documents that are alike are compared by their texts, which no earlier run has kept.
    near = stage.meets is not None and isinstance(stage.meets.operator, Near)
    for task in pending:
        reused = earlier.adopt(task) if earlier and not near else None
        if reused is not None:
            pulse.add(reused)
        else:
            todo.append((earlier.again(task) if earlier else None) or task)
    with pulse.beating():
        _bring_back(run, work, stage, todo, engine)
        for report in engine.each(todo, do):
            pulse.add(report)
    records = [_finished(run, task) for task in tasks]
    _meet(run, stage, tasks, records, engine, bucket)
    return records


def _tasks(run: Run, work: Work, stage: Stage, shards: Iterable[Shard] | None = None) -> list[Task]:
    stages = work.stages[: stage.index + 1]
    schema = work.schema_of(stage)
    tasks = []
    for shard in work.shards if shards is None else shards:
        known = work.input_keys[shard.index]
        key = task_key(run.path, known, shard, stages)
        tasks.append(Task(run.path, shard, stages, schema, key, known))
    return tasks


def _bring_back(
    run: Run, work: Work, stage: Stage, todo: Iterable[Task | Again], engine: Engine
) -> None:
    """Make the rows again that earlier stages handed on, where only their keys were taken over from
    an earlier run."""
    for before in work.stages[: stage.index]:
        tasks = _tasks(run, work, before, [one.shard for one in todo])
        gone = [task for task in tasks if not task.file("rows.arrow").exists()]
        for _ in engine.each(gone, run_task):
            pass  # counted when its keys were


def do(task: Task | Again) -> dict[str, Any]:
    """Do a task, from its input or from what an earlier run has measured."""
    return run_again(task) if isinstance(task, Again) else run_task(task)


def _finished(run: Run, task: Task) -> dict[str, Any]:
    record = committed(run.path, task.marker)
    if record is None:
        raise PenstockError(
            f"the files of shard {task.shard.name} are gone, though it was finished just now",
            where=str(run.path),
            hint="does something else clean this folder?",
        )
    return record


def _meet(
    run: Run,
    stage: Stage,
    tasks: list[Task],
    records: list[dict[str, Any]],
    engine: Engine,
    bucket: int,
) -> None:
    """Let the key rows of a stage meet. Done again after an interruption: keys are small."""
    step = stage.meets
    if step is None:
        return
    home = run.path / "stages" / str(stage.index)
    if isinstance(step.operator, Survey):
        run.note("survey", step=step.label, shards=len(tasks))
        unite(engine, step, [task.file("summary") for task in tasks], summary_file(run.path, step))
        return
    parts = [
        Part(task.shard.index, task.file("rows.arrow"), task.file("keys.arrow"), _rows_out(record))
        for task, record in zip(tasks, records, strict=True)
    ]
    meeting = meeting_of(cast(Group, step.operator))
    for old in home.glob(f"*.{meeting.FOUND}"):
        old.unlink()
    run.note("group", step=step.label, rows=sum(part.size for part in parts))
    scratch = home / "scratch"
    meeting.gather(engine, step, parts, home, scratch, bucket)
    shutil.rmtree(scratch, ignore_errors=True)
    if (home / "pairs.parquet").exists():
        (run.path / "pairs").mkdir(exist_ok=True)
        (home / "pairs.parquet").replace(run.path / "pairs" / f"{step.index + 1}.parquet")


def _rows_out(record: dict[str, Any]) -> int:
    return int(record["report"]["handed_on"])


def _finish(run: Run, work: Work, records: list[dict[str, Any]]) -> None:
    """Check the sums and the gates, publish the datasets, and record what happened."""
    totals = _totals(work, [record["report"] for record in records])
    steps = _steps(work, [record["report"] for record in records])
    lines = [json.dumps(_line(record["report"]), ensure_ascii=False) for record in records]
    write_text(run.path / "steps.jsonl", "".join(f"{line}\n" for line in lines))
    run.save(totals=vars(totals), steps=steps)
    _check_steps(run, steps)
    _check_budget(work.recipe, totals)
    run.save(out=str(publish_all(run, work, records[-len(work.shards) :])))
    _clear(run.path / "stages")
    shutil.rmtree(run.path / "spool", ignore_errors=True)


def _clear(stages: Path) -> None:
    """Remove the rows that stages handed on. Their keys are small, and are kept: they say what a
    later run with more input has not to read again."""
    for file in stages.glob("*/*"):
        if file.name.endswith(("rows.arrow", "verdicts.arrow")):
            file.unlink()
    shutil.rmtree(stages / "pulse", ignore_errors=True)


def _totals(work: Work, reports: list[dict[str, Any]]) -> Totals:
    """The totals of all shards, each checked by itself."""
    by_shard: dict[str, Counter[str]] = {}
    for report in reports:
        counts = by_shard.setdefault(report["shard"], Counter())
        counts.update({"read": report["read"], "born": report["born"], **report["states"]})
    for shard in work.shards:
        Totals(**by_shard[shard.name]).check(f"shard {shard.name} of {shard.file.address}")
    return add_up(by_shard.values())


def _steps(work: Work, reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sums: dict[str, Counter[str]] = {}
    for report in reports:
        for step in report["steps"]:
            counts = {key: value for key, value in step.items() if key != "step"}
            sums.setdefault(step["step"], Counter()).update(counts)
    labels = [step.label for step in work.recipe.steps]
    return [{"step": label, **_rounded(sums.get(label, Counter()))} for label in labels]


def _rounded(counts: Counter[str]) -> dict[str, Any]:
    return {
        "rows_in": counts["rows_in"],
        "rows_out": counts["rows_out"],
        "quarantined": counts["quarantined"],
        "born": counts["born"],
        "seconds": round(counts["seconds"], 3),
    }


def _line(report: dict[str, Any]) -> dict[str, Any]:
    return {key: report[key] for key in ("shard", "stage", "steps", "seconds", "bytes")}


def _check_steps(run: Run, steps: list[dict[str, Any]]) -> None:
    """A step that fails on all its rows is broken, whatever the error budget says."""
    for step in steps:
        if step["quarantined"] > 1 and step["quarantined"] == step["rows_in"]:
            files = sorted((run.path / "quarantine").glob("*.parquet"))
            errors = [error for name, error, _ in quarantine_causes(files) if name == step["step"]]
            number, _, name = step["step"].partition(":")
            raise PenstockError(
                f"step {number} `{name}` failed on all {step['rows_in']:,} rows:"
                f" {errors[0] if errors else 'see the quarantine'}",
                where=str(run.path),
            )


def _check_budget(recipe: Recipe, totals: Totals) -> None:
    if recipe.max_errors is None or not totals.read:
        return
    share = totals.quarantined / totals.read
    if share > recipe.max_errors:
        raise GateError(
            f"{totals.quarantined:,} of {totals.read:,} records are quarantined ({share:.2%}),"
            f" more than max_errors allows ({recipe.max_errors:.2%})",
            hint="`penstock show` names the causes; the records are in the run's quarantine/",
        )


def quarantine_causes(files: Iterable[Path], limit: int = 5) -> list[tuple[str, str, int]]:
    """The commonest (step, error) of a run's quarantine files, with their counts."""
    import pyarrow.parquet as pq

    causes: Counter[tuple[str, str]] = Counter()
    for file in files:
        table = pq.read_table(file, columns=["step", "error"])
        causes.update(
            zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True)
        )
    return [(step, error, count) for (step, error), count in causes.most_common(limit)]
