"""One bad record costs one record, whatever kind of operator meets it; and what else fails."""

import datetime
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from penstock.data.dataset import read_rows
from penstock.engines.choose import engine
from penstock.engines.local import Local
from penstock.errors import PenstockError, UsageError
from penstock.recipe import reading
from penstock.recipe.load import load_recipe
from penstock.recipe.run import run_recipe
from penstock.runs import folder
from penstock.runs.folder import Run
from penstock.specs.read import parse_spec

OPS = Path(__file__).parent / "shapes.py"


def run(steps: list[str], root: Path, **options: Any) -> Run:
    text = "kind: recipe\nname: f\nsteps:\n" + "".join(f"  - {step}\n" for step in steps)
    return run_recipe(load_recipe(parse_spec(text)), Local(1), root=root, **options)


@pytest.fixture
def rows(write_jsonl: Callable[..., Path]) -> Path:
    """Forty documents, one of them poison."""
    texts = [f"{'dam' if n % 2 else 'lake'} number {n}" for n in range(40)]
    texts[17] = "poison " + texts[17]
    return write_jsonl([{"text": text} for text in texts])


@pytest.mark.parametrize(
    "step",
    [
        f"{OPS}:Sentences: {{poison: poison}}",
        f"{OPS}:Common: {{times: 1, poison: poison}}",
        f"{OPS}:Longest: {{most: 99, poison: poison}}",
    ],
    ids=["one to many", "survey", "group"],
)
def test_one_poison_record_costs_one_record(rows: Path, tmp_path: Path, step: str) -> None:
    one = run([f"read.jsonl: {{path: {rows}}}", step, "write.jsonl"], tmp_path)
    assert one.record["totals"]["quarantined"] == 1
    assert len(list(read_rows(one.record["out"]))) == 39
    (file,) = (one.path / "quarantine").glob("*.parquet")
    (entry,) = pq.read_table(file).to_pylist()
    assert entry["error"] == "ValueError: poison"
    assert b"poison" in entry["raw"]


def test_a_reader_of_the_users_may_meet_poison(tmp_path: Path) -> None:
    (tmp_path / "n.txt").write_text("1\n2\nmany\n4\n99999999999\n")
    one = run([f"{OPS}:Numbers: {{path: {tmp_path / 'n.txt'}}}", "write.jsonl"], tmp_path / "runs")
    assert [row["number"] for row in read_rows(one.record["out"])] == [1, 2, 4]
    assert one.record["totals"]["quarantined"] == 2


def test_a_writer_that_fails_ends_the_run_and_says_where(rows: Path, tmp_path: Path) -> None:
    steps = [f"read.jsonl: {{path: {rows}}}", f"{OPS}:Careful"]
    with pytest.raises(PenstockError, match=r"step 2 .*Careful` failed: ValueError: poison"):
        run(steps, tmp_path)
    assert not list((tmp_path).glob("*/done/*"))


def test_a_record_too_large_is_set_aside(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_RECORD", 600)
    monkeypatch.setattr(reading, "BATCH_BYTES", 100)
    rows.write_text(rows.read_text() + '{"text": "' + "long " * 200 + '"}\n')
    one = run([f"read.jsonl: {{path: {rows}}}", "write.jsonl"], tmp_path)
    assert one.record["totals"]["quarantined"] == 1
    assert one.record["totals"]["kept"] == 40


def test_a_clock_that_goes_backwards_hurts_nobody(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = [23]

    def now() -> str:
        hour[0] -= 1
        return datetime.datetime(2026, 1, 1, max(hour[0], 0), tzinfo=datetime.UTC).isoformat()

    monkeypatch.setattr(folder, "_now", now)
    steps = [f"read.jsonl: {{path: {rows}}}", "dedup.exact", "write.jsonl"]
    one = run(steps, tmp_path)
    assert one.record["ended"] < one.record["started"]
    assert one.record["state"] == "succeeded"
    assert run(steps, tmp_path).path == one.path
    rows.write_text(rows.read_text() + '{"text": "new"}\n')
    assert run(steps, tmp_path).record["totals"]["kept"] == 41


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_size_of_batches_does_not_show(
    write_jsonl: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    draw = random.Random(2)
    words = ["dam", "lake", "mill.", "river"]
    file = write_jsonl([{"text": " ".join(draw.choices(words, k=n % 9))} for n in range(120)])
    steps = [f"read.jsonl: {{path: {file}}}", f"{OPS}:Sentences", "filter.word_count: {min: 2}"]
    steps += ["dedup.exact", f"{OPS}:Common: {{times: 3}}", "write.jsonl"]
    found = []
    for rows in (size, 1024):
        monkeypatch.setattr(reading, "BATCH_ROWS", rows)
        one = run(steps, tmp_path / str(rows))
        ledger = [pq.read_table(path) for path in sorted((one.path / "ledger").glob("*"))]
        found.append((list(read_rows(one.record["out"])), ledger))
    assert found[0] == found[1]


def test_memory_is_asked_for_and_recorded(rows: Path, tmp_path: Path) -> None:
    steps = [f"read.jsonl: {{path: {rows}}}", "dedup.exact", "write.jsonl"]
    one = run(steps, tmp_path, memory=1 << 30)
    assert one.record["memory"] == 1 << 30
    assert 0 < one.record["peak_memory"] < 1 << 33
    assert engine("local", 8, 1 << 30).workers == 2  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="a run needs"):
        engine("local", 1, 100 << 20)
