"""Near-duplicates in runs, against comparing every document with every other."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.data import shards
from penstock.engines.local import Local
from penstock.errors import UsageError
from penstock.recipe.clusters import WINDOW, best_of, candidates, components, forest
from penstock.recipe.load import load_recipe
from penstock.recipe.run import run_recipe
from penstock.runs.folder import Run
from penstock.specs.read import parse_spec
from penstock.text.shingles import Shingling, shingles

# So many bands of two rows that what is alike meets for sure.
SURE = {"bands": 60, "rows": 2, "threshold": 0.6}


def run(
    rows: Sequence[dict[str, Any]],
    step: dict[str, Any],
    folder: Path,
    workers: int,
    memory: int | None = None,
) -> Run:
    file = folder / "in.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    steps = [{"read.jsonl": {"path": str(file)}}, step, {"write.jsonl": {}}]
    spec = json.dumps({"kind": "recipe", "name": "near", "steps": steps})
    engine = Local(workers)
    try:
        recipe = load_recipe(parse_spec(spec))
        return run_recipe(recipe, engine, root=folder / f"runs-{workers}-{memory}", memory=memory)
    finally:
        engine.close()


@pytest.fixture
def many_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = {**shards.cut.__kwdefaults__, "size": 2_000}
    monkeypatch.setattr(shards.cut, "__kwdefaults__", defaults)


def ledger(one: Run) -> dict[str, dict[str, Any]]:
    files = sorted((one.path / "ledger").glob("*.parquet"))
    return {row["id"]: row for file in files for row in pq.read_table(file).to_pylist()}


def alike(one: str, other: str) -> float:
    how = Shingling("words", 5)
    ours, theirs = set(shingles(one, how)), set(shingles(other, how))
    return len(ours & theirs) / max(1, len(ours | theirs))


def documents(draw: random.Random, count: int) -> list[str]:
    """Texts of random words, some of which are others with a word or two changed."""
    texts: list[str] = []
    for _ in range(count):
        if texts and draw.random() < 0.5:
            words = draw.choice(texts).split()
            for _ in range(draw.randint(0, 2)):
                words[draw.randrange(len(words))] = str(draw.randrange(10**6))
        else:
            words = [str(draw.randrange(10**6)) for _ in range(draw.randint(15, 40))]
        texts.append(" ".join(words))
    return texts


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.usefixtures("many_shards")
def test_clusters_are_those_of_all_pairs(tmp_path: Path, workers: int) -> None:
    texts = documents(random.Random(3), 200)
    rows = [{"id": f"d{place}", "text": text} for place, text in enumerate(texts)]
    found = ledger(run(rows, {"dedup.minhash": SURE}, tmp_path, workers))
    pairs = [
        (one, other)
        for other in range(len(texts))
        for one in range(other)
        if alike(texts[one], texts[other]) >= 0.6
    ]
    ones, others = np.array(pairs).T
    roots = components(ones, others, len(texts))
    assert (roots != np.arange(len(texts))).sum() > 50
    for place, root in enumerate(roots.tolist()):
        entry = found[f"d{place}"]
        if root == place:
            assert entry["state"] == "kept"
        else:
            assert (entry["state"], entry["merged_into"]) == ("merged", f"d{root}")
            assert entry["similarity"] == pytest.approx(alike(texts[place], texts[root]))


@pytest.mark.usefixtures("many_shards")
def test_workers_and_memory_do_not_show(tmp_path: Path) -> None:
    texts = documents(random.Random(5), 300)
    rows = [{"id": f"d{place}", "text": text} for place, text in enumerate(texts)]
    runs = []
    for workers, memory in ((1, None), (2, None), (2, 1 << 20)):
        runs.append(run(rows, {"dedup.minhash": {}}, tmp_path, workers, memory))
    for role in ("ledger", "dataset/data"):
        first, *rest = (
            [f.read_bytes() for f in sorted((one.path / role).glob("*"))] for one in runs
        )
        assert first
        assert all(one == first for one in rest)


@pytest.mark.usefixtures("many_shards")
def test_chain_of_many_links_is_one_cluster(tmp_path: Path) -> None:
    words = [str(number) for number in range(1_060)]
    texts = [" ".join(words[start : start + 60]) for start in range(1_000)]
    rows = [{"id": f"d{place}", "text": text} for place, text in enumerate(texts)]
    draw = random.Random(1)
    draw.shuffle(rows)
    found = ledger(run(rows, {"dedup.minhash": {}}, tmp_path, 2))
    merged = [entry for entry in found.values() if entry["state"] == "merged"]
    assert len(merged) == len(texts) - 1
    assert {entry["merged_into"] for entry in merged} == {rows[0]["id"]}
    # Those at the far ends of the chain have nothing in common, and that is said.
    assert min(entry["similarity"] for entry in merged) == 0


def test_one_document_many_times_is_no_square_of_work() -> None:
    size = 200_000
    keys = np.full(size, 7, np.uint64)
    same = np.zeros(size, np.uint64)
    ones, _, sure = candidates(keys, same, np.zeros(size), np.arange(size))
    assert len(ones) == size - 1
    assert sure.all()
    ones, _, sure = candidates(
        keys, np.arange(size).astype(np.uint64), np.zeros(size), np.arange(size)
    )
    assert len(ones) <= size * (WINDOW + 1)
    assert not sure.any()


edges = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40)


@given(edges)
def test_components_are_those_of_a_walk(pairs: list[tuple[int, int]]) -> None:
    ones, others = np.array(pairs, np.int64).reshape(-1, 2).T
    neighbours: dict[int, set[int]] = {node: {node} for node in range(31)}
    for one, other in pairs:
        neighbours[one].add(other)
        neighbours[other].add(one)
    for node, root in enumerate(components(ones, others, 31).tolist()):
        seen, left = {node}, [node]
        while left:
            new = neighbours[left.pop()] - seen
            seen |= new
            left += new
        assert root == min(seen)
    some = np.unique(np.concatenate(forest(ones, others)))
    assert np.array_equal(
        components(*forest(ones, others), 31)[some], components(ones, others, 31)[some]
    )


def test_components_of_a_long_chain_in_any_order() -> None:
    order = np.random.default_rng(2).permutation(10_000)
    assert set(components(order[1:], order[:-1], 10_000).tolist()) == {0}


def test_best_is_the_smallest_rank_then_the_first() -> None:
    roots, ranks = np.array([0, 0, 2, 0, 2]), np.array([3.0, 1.0, 5.0, 1.0, 5.0])
    assert best_of(roots, ranks).tolist() == [1, 1, 2, 1, 2]


def test_real_pairs(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "dedup" / "minhash-articles"
    for size in (100, 1000):
        lines = (folder / f"articles_{size}.train").read_text().splitlines()
        rows = [dict(zip(("id", "text"), line.split(" ", 1), strict=True)) for line in lines]
        here = tmp_path / str(size)
        here.mkdir()
        found = ledger(run(rows, {"dedup.minhash": {}}, here, 1)).values()
        merged = {
            frozenset((one["id"], one["merged_into"])) for one in found if one["state"] == "merged"
        }
        truth = (folder / f"articles_{size}.truth").read_text().splitlines()
        assert merged == {frozenset(line.split()) for line in truth if line}


@pytest.mark.parametrize(
    ("step", "column"),
    [
        ({"dedup.minhash": {"prefer": "score"}}, "score"),
        ({"dedup.lines": {"across": "site"}}, "url"),
        ({"dedup.semantic": {}}, "embedding"),
    ],
)
def test_missing_column_is_said_before_anything_is_read(
    tmp_path: Path, step: dict[str, Any], column: str
) -> None:
    with pytest.raises(UsageError, match=f"no column `{column}`"):
        run([{"id": "a", "text": "a dam"}], step, tmp_path, 1)
