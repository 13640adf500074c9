"""Datasets as they are published: files of the size that was asked for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.data import shards
from penstock.data.dataset import read_dataset, read_rows
from penstock.engines.local import Local
from penstock.recipe.load import load_recipe
from penstock.recipe.run import run_recipe
from penstock.runs.folder import Run
from penstock.specs.read import parse_spec


def run(steps: list[str], root: Path, workers: int = 1, fresh: bool = False) -> Run:
    text = "kind: recipe\nname: p\nsteps:\n" + "".join(f"  - {step}\n" for step in steps)
    engine = Local(workers)
    try:
        return run_recipe(load_recipe(parse_spec(text)), engine, root=root, fresh=fresh)
    finally:
        engine.close()


@pytest.fixture
def rows(
    write_jsonl: Callable[..., Path], prose: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """60 documents in shards of 4 kB."""
    monkeypatch.setattr(shards.cut, "__kwdefaults__", {**shards.cut.__kwdefaults__, "size": 4096})
    return write_jsonl([{"text": prose(n)} for n in range(60)])


@pytest.mark.parametrize("writer", ["write.parquet", "write.jsonl", "write.arrow"])
def test_files_of_neighbours_are_joined(rows: Path, tmp_path: Path, writer: str) -> None:
    steps = [f"read.jsonl: {{path: {rows}}}", "filter.word_count: {min: 20}"]
    split = run([*steps, writer], tmp_path / "runs")
    parts = read_dataset(split.record["out"]).parts
    target = 3 * parts[0].bytes
    out = tmp_path / "out"
    joined = run(
        [*steps, f"{writer}: {{path: {out}, shard_size: {target}}}"], tmp_path / "joined", 2
    )
    found = read_dataset(out)
    assert 1 < len(found.parts) < len(parts)
    assert found.rows == sum(part.rows for part in parts)
    assert list(read_rows(out)) == list(read_rows(split.record["out"]))
    again = run(
        [*steps, f"{writer}: {{path: {out}, shard_size: {target}}}"], tmp_path / "again", fresh=True
    )
    assert read_dataset(again.record["out"]).parts == found.parts
    assert joined.record["totals"] == split.record["totals"]
