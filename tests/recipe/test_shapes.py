"""One document into many, a look at all before deciding, and groups that drop."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from penstock.data import shards
from penstock.data.dataset import read_rows
from penstock.engines.local import Local
from penstock.recipe.load import load_recipe
from penstock.recipe.run import run_recipe
from penstock.runs.folder import Run
from penstock.runs.why import fate
from penstock.specs.read import parse_spec

OPS = Path(__file__).parent / "shapes.py"


@pytest.fixture(params=[1, 2], ids=["one", "two"])
def workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """One worker with one shard, or two with many."""
    if request.param == 2:
        defaults = {**shards.cut.__kwdefaults__, "size": 300}
        monkeypatch.setattr(shards.cut, "__kwdefaults__", defaults)
    return int(request.param)


def run(file: Path, steps: list[str], root: Path, workers: int) -> Run:
    lines = [f"read.jsonl: {{path: {file}}}", *steps, "write.jsonl"]
    text = "kind: recipe\nname: shapes\nsteps:\n" + "".join(f"  - {line}\n" for line in lines)
    engine = Local(workers)
    try:
        return run_recipe(load_recipe(parse_spec(text)), engine, root=root)
    finally:
        engine.close()


def ledger(one: Run) -> list[dict[str, Any]]:
    files = sorted((one.path / "ledger").glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


@pytest.fixture
def texts(write_jsonl: Callable[..., Path]) -> tuple[Path, list[str]]:
    draw = random.Random(1)
    words = ["dam", "gate", "lake", "river", "mill"]
    made = [
        ". ".join(
            " ".join(draw.choices(words, [9, 5, 4, 2, 1], k=draw.randint(1, 4)))
            for _ in range(draw.randint(0, 4))
        )
        for _ in range(80)
    ]
    return write_jsonl([{"text": text, "n": n} for n, text in enumerate(made)]), made


def test_children_are_born_and_their_parents_split(
    texts: tuple[Path, list[str]], tmp_path: Path, workers: int
) -> None:
    file, made = texts
    one = run(file, [f"{OPS}:Sentences"], tmp_path, workers)
    expected = [part for text in made for part in text.split(". ") if part]
    rows = list(read_rows(one.record["out"]))
    assert [row["text"] for row in rows] == expected
    totals = one.record["totals"]
    with_text = sum(bool(text) for text in made)
    assert totals["split"] == with_text
    assert totals["dropped"] == len(made) - with_text
    assert totals["born"] == totals["kept"] == len(expected)
    entries = {entry["id"]: entry for entry in ledger(one)}
    assert len(entries) == len(made) + len(expected)
    for row in rows:
        parent, _, number = row["id"].rpartition("#")
        assert entries[row["id"]]["parent"] == parent
        assert entries[parent]["state"] == "split"
        assert entries[row["id"]]["row"] == entries[parent]["row"]
        assert made[row["n"]].split(". ")[int(number) - 1] == row["text"]


def test_children_have_children_and_fates_of_their_own(
    texts: tuple[Path, list[str]], tmp_path: Path, workers: int
) -> None:
    file, made = texts
    steps = [
        f"{OPS}:Sentences: {{poison: mill gate}}",
        "dedup.exact",
        f"{OPS}:Words",
        "filter.word_count: {min: 1}",
        f"{OPS}:Common: {{times: 30}}",
    ]
    one = run(file, steps, tmp_path, workers)
    sentences = [
        part for text in made if "mill gate" not in text for part in text.split(". ") if part
    ]
    words = [word for sentence in dict.fromkeys(sentences) for word in sentence.split()]
    common = {word for word, count in Counter(words).items() if count >= 30}
    kept = [row["text"] for row in read_rows(one.record["out"])]
    assert 0 < len(common) < len(set(words))
    assert kept == [word for word in words if word in common]
    entries = ledger(one)
    assert len({(entry["id"], entry["source"]) for entry in entries}) == len(entries)
    assert sum(entry["state"] == "quarantined" for entry in entries) == sum(
        "mill gate" in text for text in made
    )
    measured = [
        row
        for path in sorted((one.path / "measures").glob("*.parquet"))
        for row in pq.read_table(path).to_pylist()
    ]
    assert len(measured) == len(words)
    assert all(row[f"6:{OPS}:Common.times"] for row in measured)
    kept_id = next(entry["id"] for entry in entries if entry["state"] == "kept")
    assert kept_id.count("#") == 2
    assert len(fate(one, kept_id)[0]["measures"]) == 2


def test_a_group_may_drop_by_rank(
    texts: tuple[Path, list[str]], tmp_path: Path, workers: int
) -> None:
    file, made = texts
    one = run(file, [f"{OPS}:Longest: {{most: 3}}"], tmp_path, workers)
    kept = []
    for letter in {text[:1] for text in made}:
        ours = [(-len(text), n) for n, text in enumerate(made) if text[:1] == letter]
        kept += [n for _, n in sorted(ours)[:3]]
    # A document without text takes part too; only maps drop it.
    assert [row["n"] for row in read_rows(one.record["out"])] == sorted(kept)
    assert one.record["totals"]["dropped"] == len(made) - len(kept)
    assert {entry["rule"] for entry in ledger(one) if entry["state"] == "dropped"} == {"most"}


def test_workers_do_not_show_in_the_bytes(
    texts: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards.cut, "__kwdefaults__", {**shards.cut.__kwdefaults__, "size": 300})
    steps = [f"{OPS}:Sentences", f"{OPS}:Common", "dedup.exact", f"{OPS}:Words", "dedup.exact"]
    found = []
    for workers in (1, 2):
        one = run(texts[0], steps, tmp_path / str(workers), workers)
        kept = ("dataset", "ledger", "measures", "quarantine")
        files = [file for name in kept for file in sorted((one.path / name).rglob("*.*"))]
        found.append({str(f.relative_to(one.path)): f.read_bytes() for f in files})
    assert found[0] == found[1]


def test_many_children_of_a_long_document(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    text = ". ".join(f"The dam has {n} gates" for n in range(12_000))
    one = run(write_jsonl([{"text": text}]), [f"{OPS}:Sentences"], tmp_path, 1)
    assert one.record["totals"]["born"] == one.record["totals"]["kept"] == 12_000
