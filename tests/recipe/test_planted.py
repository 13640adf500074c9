"""The planted near-duplicates of the benchmarks are what they say, and so is their checker."""

import importlib
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SIZE = 3000


@pytest.fixture(scope="module")
def planted() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("planted")


@pytest.fixture(scope="module")
def texts(planted: Any) -> list[tuple[int, int, str]]:
    return list(planted.documents(planted.plan(SIZE)))


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def test_members_are_as_near_to_the_first_as_is_said(planted: Any, texts: Any) -> None:
    planned = planted.plan(SIZE)
    said = planted.edits(planned.keys, planned.member).jaccard
    first = {planned.cluster[n]: shingles(t) for n, _, t in texts if planned.member[n] == 0}
    kinds = set()
    for number, cluster, text in texts:
        if cluster >= 0:
            one, other = shingles(text), first[cluster]
            found = len(one & other) / len(one | other)
            # A word may be replaced by the same.
            assert found >= said[number] - 1e-9 >= 0.8 - 1e-9
            kinds.add(round(found, 1))
    assert {0.8, 0.9, 1.0} <= kinds


def test_others_share_nothing(texts: Any) -> None:
    seen: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for number, cluster, text in texts:
        for shingle in shingles(text):
            seen[shingle].add(cluster if cluster >= 0 else -1 - number)
    assert all(len(owners) == 1 for owners in seen.values())


def test_a_fifth_stands_in_clusters_of_2_to_50(planted: Any, texts: Any) -> None:
    planned = planted.plan(20_000)
    sizes = np.bincount(planned.cluster[planned.cluster >= 0])
    assert sizes.min() == 2
    assert 30 < sizes.max() <= 50
    assert sizes.sum() == pytest.approx(4000, abs=50)
    assert all(150 < len(text) < 450 for _, _, text in texts)


def test_files_hold_the_documents_and_stay(
    planted: Any, texts: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(planted, "FILE_BYTES", 300_000)
    monkeypatch.setattr(planted, "BLOCK", 700)
    planted.write(tmp_path, SIZE)
    files = sorted(tmp_path.glob("*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert len(files) > 2
    assert [(int(row["id"]), row["cluster"], row["text"]) for row in rows] == texts
    before = files[0].stat().st_mtime_ns
    planted.write(tmp_path, SIZE)
    assert files[0].stat().st_mtime_ns == before


def ledger(*rows: tuple[str, str, str | None]) -> pa.Table:
    return pa.table(dict(zip(("id", "state", "merged_into"), zip(*rows, strict=True), strict=True)))


def test_the_checker_on_a_ledger_made_by_hand(planted: Any) -> None:
    planned = planted.Plan(
        cluster=np.array([0, 0, 0, -1, 1, 1, -1, 2, 2, -1]),
        member=np.array([0, 1, 2, 0, 0, 1, 0, 0, 1, 0]),
    )
    found = planted.check(
        planned,
        ledger(
            ("9", "merged", "3"),  # wrongly: neither stands in a cluster
            ("0", "kept", None),
            ("1", "merged", "0"),
            ("2", "merged", "1"),  # by way of 1
            ("3", "kept", None),
            ("4", "kept", None),
            ("5", "kept", None),  # not found
            ("6", "merged", "4"),  # wrongly
            ("7", "kept", None),
            ("8", "dropped", None),
        ),
    )
    assert found["clusters"] == 3
    assert found["clusters_whole"] == pytest.approx(1 / 3, abs=1e-5)
    assert found["pairs_found"] == pytest.approx(3 / 5)
    assert found["members_found"] == pytest.approx(2 / 4)
    assert 0.9 < found["members_expected"] <= 1
    assert found["merged"] == 4
    assert found["merged_wrongly"] == 2
    assert found["neither_kept_nor_merged"] == 1


def test_the_checker_when_all_is_found(planted: Any) -> None:
    planned = planted.plan(SIZE)
    first = {planned.cluster[n]: n for n in range(SIZE) if planned.member[n] == 0}
    rows = []
    for number, cluster in enumerate(planned.cluster):
        into = number if cluster < 0 else first[cluster]
        kept = into == number
        rows.append((str(number), "kept" if kept else "merged", None if kept else str(into)))
    found = planted.check(planned, ledger(*rows))
    assert found["clusters_whole"] == found["pairs_found"] == found["members_found"] == 1
    assert found["merged_wrongly"] == found["neither_kept_nor_merged"] == 0
