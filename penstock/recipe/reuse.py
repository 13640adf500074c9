"""What earlier runs of a recipe have done already, shard by shard.

A shard's files depend on its bytes and on the steps alone. So a run with more input files does the
new ones, and a run with other thresholds decides again from stored measures.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from penstock.data.atomic import replacing
from penstock.data.schema import put
from penstock.data.shards import Shard
from penstock.errors import PenstockError
from penstock.recipe.load import Recipe
from penstock.recipe.outside import outside
from penstock.recipe.plan import Stage
from penstock.recipe.rejudge import Again, rejudgeable
from penstock.recipe.shard import Task, summary_file
from penstock.recipe.whatif import content, recorded_recipe
from penstock.runs.commit import commit, file_digest
from penstock.runs.folder import Run, digest, read_run
from penstock.version import VERSION

LOOKED_AT = 8  # earlier runs, the newest first


def task_key(run: Path, key: str, shard: Shard, stages: tuple[Stage, ...]) -> str:
    """What a task's files depend on: its shard, the steps so far, and what groups and surveys have
    found."""
    steps: list[Any] = []
    found: list[str] = []
    for stage in stages:
        for step in (stage.reader, *stage.steps, stage.meets, *stage.writers):
            if step is not None:
                version = step.operator.version
                steps.append([step.label, content(step), step.on_error, version, outside(step)])
        if stage.index:
            before = run / "stages" / str(stage.index - 1)
            files = [before / f"{shard.name}.{name}" for name in ("verdicts.arrow", "pieces.arrow")]
            files += [summary_file(run, stage.settles)] if stage.settles else []
            found += [file_digest(file) for file in files if file.exists()]
    made_by = [VERSION, pa.__version__]
    return digest({"input": key, "steps": steps, "found": found, "by": made_by})


@dataclass(frozen=True)
class Done:
    """A task of an earlier run."""

    run: Path
    files: Mapping[str, Any]
    report: Mapping[str, Any]


class Earlier:
    """The runs of the same recipe beside a run."""

    def __init__(self, run: Run, recipe: Recipe) -> None:
        self._run = run.path
        self._recipe = recipe
        self._by_key: dict[str, Done] = {}
        self._by_input: dict[str, Done] = {}
        for other in _beside(run):
            alike = other.record["state"] == "succeeded" and self._alike(run, other)
            for done in _done(other.path):
                self._by_key.setdefault(done.report["key"], done)
                if alike:
                    self._by_input.setdefault(done.report["input_key"], done)

    def _alike(self, run: Run, other: Run) -> bool:
        ours, theirs = (
            {key: value for key, value in one.record["inputs"].items() if key != "documents"}
            for one in (run, other)
        )
        if ours != theirs or run.record["versions"] != other.record["versions"]:
            return False
        try:
            _, recipe = recorded_recipe(other)
        except PenstockError:  # an operator of its own is gone, or takes other parameters now
            return False
        return rejudgeable(recipe, self._recipe)

    def adopt(self, task: Task) -> dict[str, Any] | None:
        """Take over the files of the same task of another run; its report, or None."""
        done = self._by_key.get(task.key)
        sources = _sources(done, without="rows.arrow") if done else None
        if done is None or sources is None:
            return None
        files = {role: task.target(role) for role in sources}
        for role, source in sources.items():
            if role == "keys.arrow":
                _rekey(source, files[role], task.shard.index)
            else:
                _link(source, files[role])
        own = {"shard": task.shard.name, "worker": os.getpid(), "peak_memory": 0, "seconds": 0.0}
        report = {**done.report, **own, "reused": done.run.name}
        commit(self._run, task.marker, files, report)
        return report

    def again(self, task: Task) -> Again | None:
        """The task as one that was done but for its thresholds; None where there is none."""
        done = self._by_input.get(task.input_key)
        sources = _sources(done) if done else None
        if done is None or sources is None:
            return None
        report = done.report
        return Again(task, done.run, report["shard"], sources, tuple(report["cuts"]))


def _beside(run: Run) -> Iterator[Run]:
    """Other runs in the same folder with the same name, the newest first."""
    found = []
    for folder in run.path.parent.glob("*/"):
        if folder != run.path and (folder / "run.json").exists():
            other = read_run(folder)
            if all(other.record[key] == run.record[key] for key in ("kind", "name", "format")):
                found.append(other)
    yield from sorted(found, key=lambda one: str(one.record["started"]), reverse=True)[:LOOKED_AT]


def _done(run: Path) -> Iterator[Done]:
    for file in sorted((run / "done").glob("[0-9]*")):
        record = json.loads(file.read_text("utf-8"))
        if "key" in record["report"]:
            yield Done(run, record["files"], record["report"])


def _sources(done: Done, without: str = "") -> dict[str, Path] | None:
    """The files of a task by role; None where one of them is gone or not what it was."""
    found = {}
    for role, file in done.files.items():
        path = done.run / file["path"]
        if role == without:
            continue
        if not path.is_file() or path.stat().st_size != file["bytes"]:
            return None
        found[role] = path
    return found


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        with replacing(target) as temporary:
            shutil.copyfile(source, temporary)


def _rekey(source: Path, target: Path, shard: int) -> None:
    """Copy key rows, which name their shard."""
    with (
        replacing(target) as temporary,
        pa.ipc.open_stream(str(source)) as rows,
        pa.ipc.new_stream(str(temporary), rows.schema) as out,
    ):
        for batch in rows:
            out.write_batch(put(batch, "shard", pa.array([shard] * batch.num_rows, pa.int32())))
