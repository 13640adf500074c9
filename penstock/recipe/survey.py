"""A look at all documents before a step decides: summaries of shards, merged into one."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from penstock.data.atomic import replacing
from penstock.engines.engine import Engine
from penstock.ops.base import Filter, Map, Survey
from penstock.recipe.apply import isolate
from penstock.recipe.batch import Batch
from penstock.recipe.load import Step


def surveyed(batch: Batch, step: Step, summary: Any) -> Any:
    """The summary with a batch added. A row that cannot be surveyed is quarantined."""
    operator = cast(Survey, step.operator)
    # Rows are counted when the bound operator decides.
    batch.enter(step, 0)
    outcome = isolate(batch.rows, operator.survey)
    outcome.set_faults_aside(batch, step)
    batch.leave(step, 0)
    for found in outcome.results:
        summary = merged(operator, summary, found)
    return summary


def merged(operator: Survey, one: Any, other: Any) -> Any:
    """Two summaries as one, where None says nothing."""
    if one is None or other is None:
        return other if one is None else one
    return operator.merge(one, other)


def write_summary(path: Path, summary: Any) -> None:
    """Keep a summary; it is our own file, and read by nobody else."""
    with replacing(path) as temporary, open(temporary, "wb") as stream:
        pickle.dump(summary, stream)


def read_summary(path: Path) -> Any:
    """A summary that `write_summary` kept."""
    with open(path, "rb") as stream:
        return pickle.load(stream)


def unite(engine: Engine, step: Step, files: Sequence[Path], target: Path) -> None:
    """Merge the summaries of all shards."""
    operator = cast(Survey, step.operator)
    summary = engine.fold(files, read_summary, _Merge(operator))
    write_summary(target, summary)


@dataclasses.dataclass(frozen=True)
class _Merge:
    operator: Survey

    def __call__(self, one: Any, other: Any) -> Any:
        return merged(self.operator, one, other)


def bound(step: Step, summary: Any) -> Step:
    """The step with the map or filter that its survey has led to."""
    operator: Map | Filter = cast(Survey, step.operator).bind(summary)
    return dataclasses.replace(step, operator=operator)
