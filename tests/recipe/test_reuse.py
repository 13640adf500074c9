"""What an earlier run has done is not done again, and the bytes are those of a run from nothing."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.data import shards
from penstock.engines.local import Local
from penstock.ops.read.jsonl import Jsonl
from penstock.recipe import rejudge
from penstock.recipe import run as of_run
from penstock.recipe.load import load_recipe
from penstock.recipe.rejudge import Again
from penstock.recipe.run import run_recipe
from penstock.runs.folder import Run
from penstock.specs.read import parse_spec

OPS = Path(__file__).parent / "shapes.py"
WORDS = ["The", "dam", "holds", "back", "a", "river", "that", "fed", "mills.", "Here", "#", "…"]


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two files, of many shards, with some lines that are not JSON."""
    monkeypatch.setattr(shards.cut, "__kwdefaults__", {**shards.cut.__kwdefaults__, "size": 20_000})
    folder = tmp_path / "pages"
    folder.mkdir()
    for name, seed in (("b.jsonl", 1), ("d.jsonl", 2)):
        write(folder / name, seed)
    return folder


def write(path: Path, seed: int, rows: int = 600) -> None:
    draw = random.Random(seed)
    lines = []
    for number in range(rows):
        text = " ".join(draw.choices(WORDS, k=draw.randint(1, 60)))
        lines.append(f'{{"text": "{text}", "n": {number}}}' if number % 97 else "not JSON")
    path.write_text("\n".join(lines) + "\n", "utf-8")


def run(folder: Path, steps: tuple[str, ...], root: Path, *settings: str, **options: Any) -> Run:
    lines = [f"read.jsonl: {{path: {folder}}}", *steps]
    text = "kind: recipe\nname: again\nsteps:\n" + "".join(f"  - {line}\n" for line in lines)
    return run_recipe(load_recipe(parse_spec(text), settings), Local(1), root=root, **options)


def contents(one: Run) -> dict[str, bytes]:
    kept = ("dataset", "ledger", "measures", "quarantine")
    files = [file for name in kept for file in sorted((one.path / name).rglob("*.*"))]
    return {
        str(file.relative_to(one.path)): file.read_bytes()
        for file in files
        if file.name != "dataset.json"  # which names the run
    }


def funnel(one: Run) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in step.items() if key != "seconds"}
        for step in one.record["steps"]
    ]


@pytest.fixture
def work_done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What each task that was really done was: read from its input, or decided again."""
    done: list[str] = []
    do = of_run.do

    def watched(task: Any) -> Any:
        done.append("again" if isinstance(task, Again) else task.shard.file.address)
        return do(task)

    monkeypatch.setattr(of_run, "do", watched)
    return done


FILTERS = (
    "filter.word_count: {min: 20, max: 50}",
    "mask.pii",
    "filter.gopher_quality: {min_words: 10, max_bullet_lines: 2, min_stop_words: 0}",
    "filter.word_count: {min: 25}",
    "write.parquet",
)


@pytest.mark.parametrize(
    "settings",
    [
        ("2:filter.word_count.min=30",),
        ("2:filter.word_count.min=19",),  # lets some in that must be read again
        ("2:filter.word_count.max=40", "5:filter.word_count.min=22"),
        ("4:filter.gopher_quality.max_symbol_ratio=0.05", "5:filter.word_count.min=26"),
        ("write.parquet.path=published",),
    ],
    ids=str,
)
def test_other_thresholds_are_decided_from_measures(
    pages: Path,
    tmp_path: Path,
    work_done: list[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    first = run(pages, FILTERS, tmp_path / "runs")
    assert len(work_done) == first.record["shards"] > 3
    work_done.clear()
    second = run(pages, FILTERS, tmp_path / "runs", *settings)
    assert second.path != first.path
    assert set(work_done) <= {"again"}
    fresh = run(pages, FILTERS, tmp_path / "fresh", *settings)
    assert contents(second) == contents(fresh)
    assert second.record["totals"] == fresh.record["totals"]
    assert funnel(second) == funnel(fresh)


def test_only_what_is_open_is_read_again(
    pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejudge, "MOST_AGAIN", 0.5)
    run(pages, FILTERS, tmp_path / "runs")
    read = 0
    objects = Jsonl.objects

    def counted(self: Jsonl, shard: Any, columns: Any) -> Any:
        nonlocal read
        for record in objects(self, shard, columns):
            read += getattr(record, "num_rows", 1)
            yield record

    monkeypatch.setattr(Jsonl, "objects", counted)
    run(pages, FILTERS, tmp_path / "runs", "2:filter.word_count.min=21")
    assert read == 0
    run(pages, FILTERS, tmp_path / "runs", "2:filter.word_count.min=19")
    assert 0 < read < 60


def test_a_threshold_that_opens_much_reads_all(pages: Path, tmp_path: Path) -> None:
    run(pages, FILTERS, tmp_path / "runs")
    second = run(pages, FILTERS, tmp_path / "runs", "2:filter.word_count.min=2")
    fresh = run(pages, FILTERS, tmp_path / "fresh", "2:filter.word_count.min=2")
    assert contents(second) == contents(fresh)


@pytest.mark.parametrize(
    "steps",
    [
        FILTERS,
        ("filter.word_count", "write.jsonl"),
        ("filter.word_count: {min: 20}", "dedup.exact", "write.parquet"),
        ("dedup.exact", "mask.pii", f"{OPS}:Longest: {{most: 9}}", "write.parquet"),
        (f"{OPS}:Sentences", f"{OPS}:Common: {{times: 3}}", "dedup.exact", "write.parquet"),
    ],
    ids=["filters", "jsonl", "dedup", "two groups", "survey"],
)
@pytest.mark.parametrize("added", ["a.jsonl", "c.jsonl", "e.jsonl"])
def test_only_new_files_are_read(
    pages: Path, tmp_path: Path, work_done: list[str], steps: tuple[str, ...], added: str
) -> None:
    run(pages, steps, tmp_path / "runs")
    work_done.clear()
    write(pages / added, 3, 90)
    second = run(pages, steps, tmp_path / "runs")
    first_pass = [one for one in work_done if one.endswith(added)]
    assert first_pass
    if len(steps) < 3 or steps is FILTERS:
        assert work_done == first_pass
    fresh = run(pages, steps, tmp_path / "fresh")
    assert contents(second) == contents(fresh)
    assert second.record["totals"] == fresh.record["totals"]
    assert funnel(second) == funnel(fresh)


def test_a_changed_file_is_read_again(pages: Path, tmp_path: Path, work_done: list[str]) -> None:
    run(pages, FILTERS, tmp_path / "runs")
    work_done.clear()
    write(pages / "d.jsonl", 7)
    second = run(pages, FILTERS, tmp_path / "runs")
    assert {Path(one).name for one in work_done} == {"d.jsonl"}
    assert contents(second) == contents(run(pages, FILTERS, tmp_path / "fresh"))


def test_an_earlier_run_that_was_damaged_is_not_trusted(
    pages: Path, tmp_path: Path, work_done: list[str]
) -> None:
    first = run(pages, FILTERS, tmp_path / "runs")
    shutil.rmtree(first.path / "ledger")
    work_done.clear()
    second = run(pages, FILTERS, tmp_path / "runs", "2:filter.word_count.min=30")
    assert "again" not in work_done
    assert second.record["state"] == "succeeded"


def test_fresh_means_from_nothing(pages: Path, tmp_path: Path, work_done: list[str]) -> None:
    run(pages, FILTERS, tmp_path / "runs")
    work_done.clear()
    again = run(pages, FILTERS, tmp_path / "runs", fresh=True)
    assert len(work_done) == again.record["shards"]


def test_a_run_may_be_removed_that_another_took_from(
    pages: Path, tmp_path: Path, write_jsonl: Callable[..., Path]
) -> None:
    first = run(pages, FILTERS, tmp_path / "runs")
    write(pages / "e.jsonl", 5, 50)
    second = run(pages, FILTERS, tmp_path / "runs")
    before = contents(second)
    shutil.rmtree(first.path)
    assert contents(second) == before


def test_an_operator_or_list_of_the_users_that_changed_is_another_recipe(
    pages: Path, tmp_path: Path, work_done: list[str]
) -> None:
    ops, words = tmp_path / "ops.py", tmp_path / "words.txt"
    ops.write_text(OPS.read_text())
    words.write_text("dam\n")
    steps = (f"{ops}:Sentences", f"filter.flagged_words: {{words: {words}}}", "write.parquet")
    first = run(pages, steps, tmp_path / "runs")
    assert run(pages, steps, tmp_path / "runs").path == first.path
    words.write_text("river\n")
    second = run(pages, steps, tmp_path / "runs")
    ops.write_text(OPS.read_text().replace('split(".")', 'split("#")'))
    work_done.clear()
    third = run(pages, steps, tmp_path / "runs")
    assert len({first.path, second.path, third.path}) == 3
    assert len(work_done) == third.record["shards"]
