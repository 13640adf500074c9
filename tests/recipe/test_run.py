"""Recipes over real files: nothing is lost, and the same input gives the same bytes."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.data import shards
from penstock.data.dataset import read_dataset, read_rows
from penstock.engines.local import Local
from penstock.errors import GateError, PenstockError
from penstock.recipe.load import load_recipe
from penstock.recipe.run import run_recipe
from penstock.runs.folder import Run
from penstock.specs.read import parse_spec

ROOT = Path(__file__).parents[2]


def run(steps: Sequence[str], root: Path, workers: int = 1, **options: Any) -> Run:
    head = options.pop("head", "")
    text = f"kind: recipe\nname: test\n{head}steps:\n" + "".join(f"  - {step}\n" for step in steps)
    engine = Local(workers)
    try:
        return run_recipe(load_recipe(parse_spec(text)), engine, root=root, **options)
    finally:
        engine.close()


def ledger(one: Run) -> list[dict[str, Any]]:
    files = sorted((one.path / "ledger").glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def contents(one: Run) -> dict[str, bytes]:
    """Everything a run made but what tells of times."""
    kept = ("dataset", "ledger", "measures", "quarantine")
    files = [
        file for name in kept for file in sorted((one.path / name).rglob("*")) if file.is_file()
    ]
    return {str(file.relative_to(one.path)): file.read_bytes() for file in files}


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut input into shards of 4 kB, so that a small input has many."""
    monkeypatch.setattr(shards.cut, "__kwdefaults__", {**shards.cut.__kwdefaults__, "size": 4096})


@pytest.fixture
def rows(write_jsonl: Callable[..., Path], prose: Callable[[int], str]) -> Path:
    """60 documents: 30 good ones, 10 copies, 10 short ones, 10 in German."""
    good = [{"text": prose(n)} for n in range(30)]
    copies = [{"text": prose(n).replace(". ", ".  ")} for n in range(10)]
    short = [
        {"text": f"This report of the dam is too short to be of use to us, number {n}."}
        for n in range(10)
    ]
    german = [{"text": f"Der Fluss fließt am Dorf {n} vorbei ins Meer. " * 12} for n in range(10)]
    mixed = [*good, *copies, *short, *german]
    random.Random(3).shuffle(mixed)
    return write_jsonl(mixed)


STEPS = (
    "filter.language: {keep: [en]}",
    "filter.word_count",
    "filter.gopher_quality",
    "mask.pii",
    "dedup.exact",
)


def test_every_record_ends_in_one_state(rows: Path, tmp_path: Path) -> None:
    one = run([f"read.jsonl: {{path: {rows}}}", *STEPS, "write.parquet"], tmp_path / "runs")
    totals = one.record["totals"]
    ends = {"kept": 30, "dropped": 20, "merged": 10, "quarantined": 0, "split": 0}
    assert totals == {"read": 60, "born": 0, **ends}
    entries = ledger(one)
    assert [entry["row"] for entry in entries] == list(range(60))
    assert {entry["step"] for entry in entries if entry["state"] == "merged"} == {"6:dedup.exact"}
    dropped = {(e["step"], e["rule"]) for e in entries if e["state"] == "dropped"}
    assert dropped == {("2:filter.language", "keep"), ("3:filter.word_count", "min")}
    dataset = read_dataset(one.record["out"])
    assert dataset.rows == 30
    assert len(list(read_rows(one.record["out"]))) == 30
    by_id = {entry["id"]: entry for entry in entries}
    for entry in entries:
        if entry["state"] == "merged":
            assert by_id[entry["merged_into"]]["state"] == "kept"
            assert by_id[entry["merged_into"]]["row"] < entry["row"]


def test_filters_of_a_block_measure_every_row(rows: Path, tmp_path: Path) -> None:
    one = run([f"read.jsonl: {{path: {rows}}}", *STEPS, "write.parquet"], tmp_path / "runs")
    table = pq.read_table(next((one.path / "measures").glob("*.parquet")))
    assert table.num_rows == 60
    assert table.column("3:filter.word_count.word_count").null_count == 0
    # The rules of gopher_quality are about English: the others are not measured by it.
    languages = table.column("2:filter.language.language").to_pylist()
    measured = table.column("4:filter.gopher_quality.words").is_valid().to_pylist()
    assert measured == [language == "en" for language in languages]


@pytest.mark.usefixtures("small_shards")
def test_any_number_of_workers_gives_the_same_bytes(rows: Path, tmp_path: Path) -> None:
    steps = [f"read.jsonl: {{path: {rows}}}", *STEPS, "write.parquet"]
    runs = [run(steps, tmp_path / f"runs{workers}", workers) for workers in (1, 2, 3)]
    assert runs[0].record["shards"] > 3
    assert contents(runs[0]) == contents(runs[1]) == contents(runs[2])


@given(st.integers(300, 20_000))
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_kept_does_not_depend_on_shards(
    rows: Path, tmp_path_factory: pytest.TempPathFactory, size: int
) -> None:
    root = tmp_path_factory.mktemp("runs")
    before = shards.cut.__kwdefaults__
    shards.cut.__kwdefaults__ = {**before, "size": size}
    try:
        one = run([f"read.jsonl: {{path: {rows}}}", *STEPS, "write.parquet"], root)
    finally:
        shards.cut.__kwdefaults__ = before
    whole = run([f"read.jsonl: {{path: {rows}}}", *STEPS, "write.parquet"], root / "whole")
    assert list(read_rows(one.record["out"])) == list(read_rows(whole.record["out"]))
    assert one.record["totals"] == whole.record["totals"]


def test_a_finished_run_is_not_run_again(rows: Path, tmp_path: Path) -> None:
    steps = [f"read.jsonl: {{path: {rows}}}", *STEPS, "write.parquet"]
    first = run(steps, tmp_path / "runs")
    again = run(steps, tmp_path / "runs")
    assert again.path == first.path
    assert again.record["ended"] == first.record["ended"]
    fresh = run(steps, tmp_path / "runs", fresh=True)
    assert fresh.path == first.path
    assert fresh.record["started"] > first.record["ended"]
    assert first.path.with_name(f"{first.path.name}~1").is_dir()
    rows.write_text(rows.read_text("utf-8") + '{"text": "one more"}\n', "utf-8")
    assert run(steps, tmp_path / "runs").path != first.path


POISON = """
from dataclasses import dataclass
from penstock.ops.base import Filter, Group, Map

def check(text):
    if "poison" in text:
        raise ValueError("cannot take this")

@dataclass(frozen=True)
class Mapper(Map):
    def text(self, text):
        check(text)
        return text + "!"

@dataclass(frozen=True)
class Measurer(Filter):
    measures = {"length": "int64"}
    min: int = 0
    def measure(self, text):
        check(text)
        return len(text)

@dataclass(frozen=True)
class Grouper(Group):
    def keys(self, rows):
        import pyarrow as pa
        texts = rows.column("text").to_pylist()
        [check(text) for text in texts]
        return pa.array([text.encode()[:16].ljust(16) for text in texts], pa.binary(16))
    def elect(self, bucket):
        return bucket.slice(0, 0).select(["shard", "row"]).append_column(
            "merged_into", bucket.slice(0, 0).column("id")
        ).append_column("similarity", bucket.slice(0, 0).column("row").cast("float64"))
"""


@pytest.mark.parametrize("operator", ["Mapper", "Measurer", "Grouper"])
def test_one_poison_record_costs_one_record(
    operator: str, tmp_path: Path, write_jsonl: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(POISON)
    texts = [f"text {n}" for n in range(500)]
    texts[137] = "poison"
    rows = write_jsonl([{"text": text} for text in texts])
    one = run(
        [f"read.jsonl: {{path: {rows}}}", f"./mine.py:{operator}", "write.jsonl"], tmp_path / "runs"
    )
    assert one.record["totals"]["kept"] == 499
    assert one.record["totals"]["quarantined"] == 1
    (entry,) = [entry for entry in ledger(one) if entry["state"] == "quarantined"]
    assert entry["row"] == 137
    assert entry["error"] == "ValueError: cannot take this"
    (kept,) = pq.read_table(next((one.path / "quarantine").glob("*"))).to_pylist()
    assert json.loads(kept["raw"])["text"] == "poison"
    assert "cannot take this" in kept["traceback"]


def test_on_error_pass_and_fail(tmp_path: Path, write_jsonl: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(POISON)
    rows = write_jsonl([{"text": "fine"}, {"text": "poison"}])
    steps = [f"read.jsonl: {{path: {rows}}}", "./mine.py:Measurer: {on_error: pass}", "write.jsonl"]
    assert run(steps, tmp_path / "runs").record["totals"]["kept"] == 2
    steps[1] = "./mine.py:Measurer: {on_error: fail}"
    with pytest.raises(PenstockError, match="cannot take this") as caught:
        run(steps, tmp_path / "runs")
    assert caught.value.where == "record rows.jsonl:17"


def test_a_step_that_fails_on_everything_fails_the_run(
    tmp_path: Path, write_jsonl: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(POISON)
    rows = write_jsonl([{"text": f"poison {n}"} for n in range(5)])
    with pytest.raises(PenstockError, match="failed on all 5 rows: ValueError: cannot take this"):
        run([f"read.jsonl: {{path: {rows}}}", "./mine.py:Mapper", "write.jsonl"], tmp_path / "runs")


def test_the_error_budget_is_a_gate(tmp_path: Path, write_jsonl: Any) -> None:
    rows = write_jsonl([{"text": f"text {n}"} for n in range(99)])
    rows.write_text(rows.read_text() + "not json\n")
    steps = [f"read.jsonl: {{path: {rows}}}", "write.jsonl"]
    assert run(steps, tmp_path / "a", head="max_errors: 1%\n").record["totals"]["quarantined"] == 1
    steps[1] = f"write.jsonl: {{path: {tmp_path / 'out'}}}"
    with pytest.raises(GateError, match=r"1 of 100 records are quarantined \(1.00%\)"):
        run(steps, tmp_path / "b", head="max_errors: 0.5%\n")
    assert not (tmp_path / "out").exists(), "what a gate refused is not published"


def test_a_dataset_is_published_whole_and_replaces_only_its_own(
    tmp_path: Path, write_jsonl: Any
) -> None:
    rows, out = write_jsonl([{"text": "a b c"}]), tmp_path / "out"
    steps = [f"read.jsonl: {{path: {rows}}}", f"write.parquet: {{path: {out}}}"]
    first = run(steps, tmp_path / "runs")
    assert pq.read_table(out / "data").column("text").to_pylist() == ["a b c"]
    rows.write_text('{"text": "d e f"}\n')
    second = run(steps, tmp_path / "runs")
    assert pq.read_table(out / "data").column("text").to_pylist() == ["d e f"]
    assert read_dataset(out).run == second.path.name != first.path.name
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "letter.txt").write_text("dear")
    with pytest.raises(PenstockError, match="was not written by penstock"):
        run([steps[0], f"write.parquet: {{path: {precious}}}"], tmp_path / "runs")
    assert (precious / "letter.txt").read_text() == "dear"


def test_an_input_without_a_document_makes_an_empty_dataset(
    tmp_path: Path, write_jsonl: Any
) -> None:
    rows = write_jsonl([{"text": "short"}])
    one = run(
        [f"read.jsonl: {{path: {rows}}}", "filter.word_count", "dedup.exact", "write.parquet"],
        tmp_path / "r",
    )
    assert read_dataset(one.record["out"]).rows == 0
    assert pq.read_table(Path(one.record["out"], "data")).num_rows == 0


SLOW = """
import time
from dataclasses import dataclass
from penstock.ops.base import Map

@dataclass(frozen=True)
class Slow(Map):
    def text(self, text):
        time.sleep(0.002)
        return text
"""


def _script(tmp_path: Path, rows: Path, root: str) -> list[str]:
    (tmp_path / "mine.py").write_text(SLOW)
    steps = [f"read.jsonl: {{path: {rows}}}", "./mine.py:Slow", *STEPS, "write.parquet"]
    text = "kind: recipe\nname: test\nsteps:\n" + "".join(f"  - {step}\n" for step in steps)
    (tmp_path / "r.yaml").write_text(text)
    code = (
        "from penstock.data import shards\n"
        "shards.cut.__kwdefaults__ = {**shards.cut.__kwdefaults__, 'size': 4096}\n"
        "import penstock\n"
        "if __name__ == '__main__':\n"
        f"    penstock.run('r.yaml', workers=2, runs='{root}')\n"
    )
    (tmp_path / "go.py").write_text(code)
    return [sys.executable, "go.py"]


def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(rows: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = _script(tmp_path, rows, "whole")
    subprocess.run(argv, cwd=tmp_path, env=environment, check=True)
    (whole,) = (tmp_path / "whole").iterdir()
    argv = _script(tmp_path, rows, "cut")
    moments = random.Random(11)
    interrupted = 0
    for marker in range(5):
        child = subprocess.Popen(argv, cwd=tmp_path, env=environment, start_new_session=True)
        while child.poll() is None and len(list((tmp_path / "cut").glob("*/done/*"))) <= marker:
            time.sleep(0.005)
        time.sleep(moments.random() * 0.05)
        interrupted += child.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert interrupted >= 3
    # Killed while it wrote, a process leaves a temporary file; whatever the moments above were,
    # one is there now.
    (again,) = (tmp_path / "cut").iterdir()
    (again / "dataset" / "data").mkdir(parents=True, exist_ok=True)
    (again / "dataset" / "data" / ".part-00001.parquet.123.tmp").write_bytes(b"PAR1")
    subprocess.run(argv, cwd=tmp_path, env=environment, check=True)
    record = json.loads((again / "run.json").read_text())
    assert record["state"] == "succeeded"
    assert contents(Run(again, record)) == contents(Run(whole, record))
    assert not list((tmp_path / "cut").rglob("*.tmp"))


def test_ctrl_c_leaves_no_process_and_can_be_gone_on_with(rows: Path, tmp_path: Path) -> None:
    _script(tmp_path, rows, "runs")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = (
        (tmp_path / "go.py")
        .read_text()
        .replace(
            "    penstock.run('r.yaml', workers=2, runs='runs')",
            "    import sys; from penstock.cli.main import main\n"
            "    sys.argv = ['penstock', 'run', 'r.yaml', '--workers', '2']\n    main()",
        )
    )
    (tmp_path / "go.py").write_text(code)
    child = subprocess.Popen(
        [sys.executable, "go.py"], cwd=tmp_path, env=environment, start_new_session=True,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list((tmp_path / "runs").glob("*/done/*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "hint: the same command goes on where it stopped" in said
    (one,) = (tmp_path / "runs").iterdir()
    assert json.loads((one / "run.json").read_text())["state"] == "stopped"
    for _ in range(100):
        if not _group_is_there(child.pid):
            break
        time.sleep(0.05)
    else:
        pytest.fail("a process of the run is left")


def _group_is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_two_runs_of_one_folder_do_not_meet(rows: Path, tmp_path: Path) -> None:
    steps = [f"read.jsonl: {{path: {rows}}}", "write.jsonl"]
    one = run(steps, tmp_path / "runs")
    from penstock.runs import folder

    lock = folder._locked(one.path)
    with pytest.raises(PenstockError, match="another penstock is running in"):
        run(steps, tmp_path / "runs")
    lock.close()
    run(steps, tmp_path / "runs")
