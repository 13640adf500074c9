"""A recipe on an engine: plan times shards, resumable, with sums that must match."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from penstock.data.atomic import sweep, write_text
from penstock.data.dataset import Dataset, Part, publish
from penstock.data.files import File, expand, fingerprint
from penstock.data.shards import Shard, cut
from penstock.engines.engine import Engine
from penstock.errors import GateError, PenstockError
from penstock.ops.base import Read, Write
from penstock.recipe.apply import schema_after
from penstock.recipe.group import gather
from penstock.recipe.load import Recipe
from penstock.recipe.plan import Stage, plan
from penstock.recipe.reading import document_schema
from penstock.recipe.shard import Task, dataset_folder, run_task
from penstock.runs.commit import committed
from penstock.runs.folder import Listener, Run, open_run, recording
from penstock.runs.ledger import Totals, add_up


@dataclass(frozen=True)
class Work:
    """All there is to do: the stages, over these shards of these files."""

    recipe: Recipe
    stages: tuple[Stage, ...]
    files: tuple[File, ...]
    shards: tuple[Shard, ...]
    schema: pa.Schema

    def schema_of(self, stage: Stage) -> pa.Schema:
        """The columns of the rows that enter a stage."""
        schema = self.schema
        for earlier in self.stages[: stage.index]:
            schema = schema_after(schema, earlier.passes)
        return schema


def prepare(recipe: Recipe) -> Work:
    """Plan a recipe and look at its input. Raises MissingError when there is none."""
    stages = plan(recipe)
    reader = cast(Read, recipe.steps[0].operator)
    paths = (reader.path,) if isinstance(reader.path, str) else reader.path
    files = expand(paths, reader.suffixes)
    shards = cut(files, splittable=reader.splittable)
    return Work(recipe, stages, tuple(files), tuple(shards), document_schema(reader, files))


def run_recipe(
    recipe: Recipe,
    engine: Engine,
    *,
    root: Path,
    out: Path | None = None,
    fresh: bool = False,
    listener: Listener | None = None,
) -> Run:
    """Run a recipe and record it; a finished run of the same recipe and input is returned as it is.

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
        inputs={"documents": fingerprint(work.files)},
        out=out,
        fresh=fresh,
        listener=listener,
    )
    if run.finished and Path(run.record["out"], "dataset.json").exists():
        run.close()
        return run
    # Bytes are promised for one set of versions and one kind of machine.
    versions = {**run.record["versions"], "pyarrow": pa.__version__}
    with recording(run, engine=engine.name, shards=len(work.shards), versions=versions):
        sweep(run.path)
        reports = [
            record for stage in work.stages for record in _run_stage(run, work, stage, engine)
        ]
        _finish(run, work, reports)
    return run


def _run_stage(run: Run, work: Work, stage: Stage, engine: Engine) -> list[dict[str, Any]]:
    """Do what is not committed yet; the markers of all shards, in order."""
    schema = work.schema_of(stage)
    tasks = [Task(run.path, shard, stage, schema) for shard in work.shards]
    found = [committed(run.path, task.marker) for task in tasks]
    pending = [task for task, record in zip(tasks, found, strict=True) if record is None]
    totals: Counter[str] = Counter()
    for record in found:
        if record is not None:
            totals.update(_progress(record["report"]))
    done = len(tasks) - len(pending)
    run.note("stage", stage=stage.index + 1, stages=len(work.stages), shards=len(tasks), done=done)
    for report in engine.each(pending, run_task):
        done += 1
        totals.update(_progress(report))
        run.note("shard", shard=report["shard"], shards=len(tasks), done=done, **totals)
    records = [_finished(run, task) for task in tasks]
    _meet(run, stage, tasks, records, engine)
    return records


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
    run: Run, stage: Stage, tasks: list[Task], records: list[dict[str, Any]], engine: Engine
) -> None:
    """Let the key rows of a stage meet. Done again after an interruption: keys are small."""
    if stage.group is None:
        return
    keys = [
        (task.file("keys.arrow"), _rows_out(record))
        for task, record in zip(tasks, records, strict=True)
    ]
    home = run.path / "stages" / str(stage.index)
    for old in home.glob("*.verdicts.arrow"):
        old.unlink()
    run.note("group", step=stage.group.label, rows=sum(rows for _, rows in keys))
    gather(engine, stage.group, keys, home / "scratch", home)
    shutil.rmtree(home / "scratch", ignore_errors=True)


def _rows_out(record: dict[str, Any]) -> int:
    return int(record["report"]["handed_on"])


def _progress(report: dict[str, Any]) -> dict[str, int]:
    return {
        "read": report["read"],
        "kept": report["states"].get("kept", 0),
        "bytes": report["bytes"],
    }


def _finish(run: Run, work: Work, records: list[dict[str, Any]]) -> None:
    """Check the sums and the gates, publish the datasets, and record what happened."""
    totals = _totals(work, [record["report"] for record in records])
    steps = _steps(work, [record["report"] for record in records])
    lines = [json.dumps(_line(record["report"]), ensure_ascii=False) for record in records]
    write_text(run.path / "steps.jsonl", "".join(f"{line}\n" for line in lines))
    run.save(totals=vars(totals), steps=steps)
    _check_steps(run, steps)
    _check_budget(work.recipe, totals)
    run.save(out=str(_publish(run, work, records[-len(work.shards) :])))
    shutil.rmtree(run.path / "stages", ignore_errors=True)


def _totals(work: Work, reports: list[dict[str, Any]]) -> Totals:
    """The totals of all shards, each checked by itself."""
    by_shard: dict[str, Counter[str]] = {}
    for report in reports:
        counts = by_shard.setdefault(report["shard"], Counter())
        counts.update({"read": report["read"], **report["states"]})
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
        "seconds": round(counts["seconds"], 3),
    }


def _line(report: dict[str, Any]) -> dict[str, Any]:
    return {key: report[key] for key in ("shard", "stage", "steps", "seconds", "bytes")}


def _publish(run: Run, work: Work, final: list[dict[str, Any]]) -> Path:
    """Write `dataset.json` for every writer; where the last one's documents stand."""
    schema = schema_after(work.schema_of(work.stages[-1]), work.stages[-1].passes)
    out = run.path
    for number, step in enumerate(work.stages[-1].writers):
        folder = dataset_folder(run.path, number)
        parts = tuple(_part(run, folder, record, number) for record in final)
        columns = {column.name: str(column.type) for column in schema}
        dataset = Dataset(folder, run.path.name, parts, columns)
        dataset.write()
        target = cast(Write, step.operator).path
        out = publish(dataset, Path(target)).folder if target else folder
    return out


def _part(run: Run, folder: Path, record: dict[str, Any], number: int) -> Part:
    file = record["files"][f"data-{number}"]
    path = str((run.path / file["path"]).relative_to(folder))
    return Part(path, record["report"]["states"]["kept"], file["bytes"], file["digest"])


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
