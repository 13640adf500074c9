"""Packed streams are cut too, in places that depend on the file alone."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from penstock.data.dataset import read_rows
from penstock.engines.local import Local
from penstock.recipe import spool
from penstock.recipe.load import load_recipe
from penstock.recipe.replay import journey
from penstock.recipe.run import run_recipe
from penstock.runs.folder import Run
from penstock.specs.read import parse_spec


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut packed files of any size into parts of 4 kB."""
    monkeypatch.setattr(spool, "PACKED_BYTES", 0)
    monkeypatch.setattr(spool.Spool, "__init__", _with_size(spool.Spool.__init__, 4096))


def _with_size(init: Callable[..., None], size: int) -> Callable[..., None]:
    return lambda self, run, number, file, size=size: init(self, run, number, file, size)


def run(path: Path, root: Path, workers: int = 1) -> Run:
    text = (
        f"kind: recipe\nname: s\nsteps:\n  - read.jsonl: {{path: {path}}}\n"
        "  - filter.word_count: {min: 3}\n  - dedup.exact\n  - write.parquet\n"
    )
    engine = Local(workers)
    try:
        return run_recipe(load_recipe(parse_spec(text)), engine, root=root)
    finally:
        engine.close()


def ledger(one: Run) -> list[dict[str, Any]]:
    files = sorted((one.path / "ledger").glob("*.parquet"))
    names = ("id", "offset", "state", "merged_into")
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    return [{name: row[name] for name in names} for row in rows]


def lines(count: int) -> str:
    rows = [{"text": "dam " * (n % 40) + str(n % 300), "n": n} for n in range(count)]
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_a_packed_file_is_read_as_the_plain_one(tmp_path: Path, packing: str) -> None:
    text = lines(900)[:-1]  # no line end at the very end
    plain, packed = tmp_path / "rows.jsonl", tmp_path / f"packed/rows.jsonl.{packing}"
    packed.parent.mkdir()
    plain.write_text(text)
    if packing == "gz":
        packed.write_bytes(gzip.compress(text.encode()))
    else:
        import pyarrow as pa

        with pa.CompressedOutputStream(str(packed), "zstd") as stream:
            stream.write(text.encode())
    whole = run(plain, tmp_path / "plain")
    cut = run(packed, tmp_path / "one")
    parallel = run(packed, tmp_path / "two", 2)
    assert cut.record["shards"] > 5
    assert whole.record["shards"] == 1

    def unnamed(row: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in row.items() if key not in ("id", "source")}

    rows = [list(read_rows(one.record["out"])) for one in (whole, cut, parallel)]
    assert [unnamed(row) for row in rows[0]] == [unnamed(row) for row in rows[1]]
    assert rows[1] == rows[2]
    assert [entry["offset"] for entry in ledger(whole)] == [e["offset"] for e in ledger(cut)]
    assert ledger(cut) == ledger(parallel)
    assert not (cut.path / "spool").exists()


@pytest.mark.usefixtures("small")
def test_a_record_of_a_packed_file_is_found_again(tmp_path: Path) -> None:
    packed = tmp_path / "rows.jsonl.gz"
    packed.write_bytes(gzip.compress(lines(500).encode()))
    one = run(packed, tmp_path / "runs")
    assert journey(one, 3, 5) == []  # it is there, and no map changes it


@pytest.mark.usefixtures("small")
def test_a_damaged_file_is_left_to_its_reader(tmp_path: Path) -> None:
    packed = tmp_path / "rows.jsonl.gz"
    data = gzip.compress(lines(9000).encode())
    packed.write_bytes(data[: len(data) // 2])
    one = run(packed, tmp_path / "runs")
    assert one.record["shards"] == 1
    assert one.record["totals"]["quarantined"] == 1
    assert one.record["totals"]["read"] > 100
