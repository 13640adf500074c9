"""From the files of shards to a dataset: joined to the size asked for, listed, published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from penstock.data.atomic import replacing, write_text
from penstock.data.dataset import Dataset, Part, publish
from penstock.ops.base import Write
from penstock.recipe.apply import schema_after
from penstock.recipe.shard import dataset_folder
from penstock.recipe.work import Work
from penstock.runs.commit import file_digest
from penstock.runs.folder import Run
from penstock.text.sizes import parse_size


def publish_all(run: Run, work: Work, final: Sequence[Mapping[str, Any]]) -> Path:
    """Write `dataset.json` for every writer, and publish; where the last one's documents stand.

    `final` are the markers of the last stage, in shard order.
    """
    last = work.stages[-1]
    columns = {
        column.name: str(column.type) for column in schema_after(work.schema_of(last), last.steps)
    }
    out = run.path
    for number, step in enumerate(last.writers):
        operator = cast(Write, step.operator)
        folder = dataset_folder(run.path, number)
        parts = [_part(run, folder, record, number) for record in final]
        if operator.shard_size is not None:
            parts = list(_joined(operator, folder, parts))
        dataset = Dataset(folder, run.path.name, tuple(parts), columns)
        dataset.write()
        for name, text in operator.beside(dataset.rows).items():
            write_text(folder / name, text)
        beside = tuple(operator.beside(dataset.rows))
        out = publish(dataset, Path(operator.path), beside).folder if operator.path else folder
    return out


def _part(run: Run, folder: Path, record: Mapping[str, Any], number: int) -> Part:
    file = record["files"][f"data-{number}"]
    path = str((run.path / file["path"]).relative_to(folder))
    return Part(path, record["report"]["states"]["kept"], file["bytes"], file["digest"])


def _joined(operator: Write, folder: Path, parts: Sequence[Part]) -> Iterator[Part]:
    """Neighbouring parts as one file each, as large as asked for. The parts stay in the run: what
    is done is known by them."""
    for number, group in enumerate(_groups(parts, parse_size(operator.shard_size or 0))):
        path = f"data/part-{number:05d}{operator.suffix}"
        with replacing(folder / path) as temporary:
            operator.join([folder / part.path for part in group], temporary)
        file = folder / path
        rows = sum(part.rows for part in group)
        yield Part(path, rows, file.stat().st_size, file_digest(file))


def _groups(parts: Sequence[Part], target: int) -> Iterator[list[Part]]:
    """Neighbours until they are as large as the target; empty ones never stand alone."""
    group: list[Part] = []
    for part in parts:
        group.append(part)
        if sum(one.bytes for one in group if one.rows) >= target:
            yield group
            group = []
    if group:
        yield group
