"""Run folders: found again, locked, recorded however they end; and the ledger's sums."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import MissingError, PenstockError, RecordError, UsageError
from penstock.runs.children import start_python, stop, tail
from penstock.runs.commit import commit, committed
from penstock.runs.folder import Run, digest, open_run, read_run, recording
from penstock.runs.ledger import STATES, Totals, add_up

Opened = Callable[..., Run]


@pytest.fixture
def opened() -> Iterator[Opened]:
    runs: list[Run] = []

    def call(root: Path, **changes: Any) -> Run:
        given = {"kind": "recipe", "name": "one", "spec": {"a": 1}, "inputs": {}, **changes}
        runs.append(open_run(root, **given))
        return runs[-1]

    yield call
    for run in runs:
        run.close()


def test_the_same_spec_and_inputs_find_the_same_folder(opened: Opened, tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.close()
    assert opened(tmp_path, spec={"a": 1}).path == first.path
    assert opened(tmp_path, spec={"a": 2}).path != first.path
    assert opened(tmp_path, inputs={"x": "y"}).path != first.path


def test_a_folder_named_by_out_takes_one_spec(opened: Opened, tmp_path: Path) -> None:
    run = opened(tmp_path, out=tmp_path / "mine")
    with recording(run):
        pass
    with pytest.raises(UsageError, match="holds a run of another spec"):
        opened(tmp_path, out=tmp_path / "mine", spec={"a": 2})
    opened(tmp_path, out=tmp_path / "mine", spec={"a": 2}, fresh=True)
    assert (tmp_path / "mine~1" / "run.json").exists()


@pytest.mark.parametrize(
    ("error", "state"),
    [(None, "succeeded"), (ValueError("x"), "failed"), (KeyboardInterrupt(), "stopped")],
)
def test_the_end_is_recorded(
    opened: Opened, tmp_path: Path, error: BaseException | None, state: str
) -> None:
    heard: list[str] = []
    run = opened(tmp_path, listener=lambda event: heard.append(event["event"]))

    def work() -> None:
        with recording(run):
            if error is not None:
                raise error

    with pytest.raises(type(error)) if error else contextlib.nullcontext():
        work()
    assert read_run(run.path).record["state"] == state
    assert heard == ["started", state]
    lines = (run.path / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == heard


def test_a_run_that_is_none_offers_the_nearest(opened: Opened, tmp_path: Path) -> None:
    run = opened(tmp_path)
    with pytest.raises(MissingError) as caught:
        read_run(tmp_path / run.path.name[:-1])
    assert caught.value.hint == f"did you mean `{run.path.name}`?"


def test_a_newer_format_is_refused(opened: Opened, tmp_path: Path) -> None:
    run = opened(tmp_path)
    run.save(format=99)
    with pytest.raises(UsageError, match="newer penstock"):
        read_run(run.path)


def test_a_marker_counts_only_with_its_files(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("abc")
    commit(tmp_path, "00000", {"data": tmp_path / "data"}, {"rows": 3})
    found = committed(tmp_path, "00000")
    assert found is not None
    assert found["report"] == {"rows": 3}
    (tmp_path / "data").write_text("ab")
    assert committed(tmp_path, "00000") is None
    (tmp_path / "data").unlink()
    assert committed(tmp_path, "00000") is None
    assert committed(tmp_path, "00001") is None


@given(st.dictionaries(st.sampled_from(STATES), st.integers(0, 99)), st.integers(-2, 2))
def test_sums_that_do_not_match_are_an_error(ends: dict[str, int], off: int) -> None:
    totals = Totals(read=max(0, sum(ends.values()) + off), **ends)
    if totals.read == sum(ends.values()):
        totals.check("here")
    else:
        with pytest.raises(PenstockError, match="does not balance"):
            totals.check("here")


@given(st.lists(st.dictionaries(st.sampled_from(["read", *STATES]), st.integers(0, 9))))
def test_totals_add_up(parts: list[dict[str, int]]) -> None:
    assert add_up(parts).read == sum(part.get("read", 0) for part in parts)


@given(st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4)))
def test_a_digest_knows_no_order(value: dict[str, Any]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


def test_errors_travel_between_processes() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(RecordError("what", where="where", hint="do")))
    assert (type(error), error.render()) == (RecordError, "error: what\n  at where\nhint: do")


def test_a_child_that_ignores_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    (tmp_path / "stubborn.py").write_text(
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(inner.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "logs" / "out.log"
    child = start_python("stubborn", [], log, {"PYTHONPATH": str(tmp_path)})
    while not tail(log).strip():
        time.sleep(0.02)
    assert stop(child, grace=0.2) == -signal.SIGKILL
    inner = int(tail(log))
    for _ in range(100):
        state = Path(f"/proc/{inner}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            break
        time.sleep(0.02)
    else:
        pytest.fail("the child's child still runs")


def test_a_killed_run_lets_go_of_its_lock(opened: Opened, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from penstock.runs.folder import open_run\n"
        f"spec, root = {{'a': 1}}, Path({str(tmp_path)!r})\n"
        "run = open_run(root, kind='recipe', name='one', spec=spec, inputs={})\n"
        "print('held', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(PenstockError, match="another penstock is running in"):
        opened(tmp_path)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    opened(tmp_path).close()
