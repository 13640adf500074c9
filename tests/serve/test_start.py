"""Endpoints as child processes: ready, recorded, listed, drained, and never left behind."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.errors import MissingError, PenstockError, UsageError
from penstock.models import client
from penstock.runs.folder import read_run
from penstock.serve import listing
from penstock.serve.start import Endpoint, RunningEndpoint, start_endpoint

Scripted = Callable[..., RunningEndpoint]
QUESTION = [{"role": "user", "content": "?"}]


def script(folder: Path, **script: Any) -> Endpoint:
    path = folder / "script.json"
    path.write_text(json.dumps(script), encoding="utf-8")
    return Endpoint(str(path), engine="scripted", startup_seconds=20)


def gone(pid: int, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True  # dead; whoever adopted it has yet to take note
        except FileNotFoundError:
            pass
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_it_answers_is_recorded_and_listed_and_ends(scripted: Scripted, tmp_path: Path) -> None:
    running = scripted(answers={"base": {"*": "长江"}})
    assert client.chat(running.url, "base", QUESTION) == "长江"
    assert list(client.stream_chat(running.url, "base", QUESTION)) == ["长", "江"]
    record = read_run(running.run.path).record
    assert (record["kind"], record["state"], record["url"]) == ("endpoint", "running", running.url)
    (found,) = listing.endpoints(tmp_path / "runs")
    assert (found.url, found.pid, found.name) == (running.url, record["pid"], "scripted")
    assert found.models == ("base",)
    running.stop()
    assert gone(record["pid"])
    assert read_run(running.run.path).record["state"] == "succeeded"
    assert listing.endpoints(tmp_path / "runs") == []


def test_the_same_endpoint_can_be_started_again(tmp_path: Path) -> None:
    endpoint = script(tmp_path, answers={"base": {"*": "yes"}})
    for _ in range(2):
        with start_endpoint(endpoint, root=tmp_path, name="again") as running:
            assert client.chat(running.url, "base", QUESTION) == "yes"
    assert len(list(tmp_path.glob("again-*"))) == 1


def test_the_key_is_asked_for_and_its_owner_served(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_KEY", "secret")
    running = scripted(answers={"base": {"*": "yes"}})
    assert httpx.get(f"{running.url}/ping").status_code == 401
    assert client.chat(running.url, "base", QUESTION, key="secret") == "yes"
    assert "secret" not in (running.run.path / "run.json").read_text()


def test_other_machines_need_a_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no key"):
        start_endpoint(Endpoint("m", host="0.0.0.0"), root=tmp_path, name="open")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text("{}!")
    endpoint = Endpoint(str(tmp_path / "script.json"), engine="scripted")
    with pytest.raises(UsageError, match="process ended") as error:
        start_endpoint(endpoint, root=tmp_path, name="broken")
    assert "not a script for the scripted engine" in error.value.hint
    (run,) = tmp_path.glob("broken-*")
    assert read_run(run).record["state"] == "failed"


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="nowhere"):
        start_endpoint(
            Endpoint(str(tmp_path / "nowhere"), engine="scripted"), root=tmp_path, name="n"
        )


def test_a_server_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    endpoint = script(tmp_path, ready_after=60.0)
    slow = Endpoint(endpoint.model, engine="scripted", startup_seconds=1.0)
    with pytest.raises(PenstockError, match="not ready after 1 seconds"):
        start_endpoint(slow, root=tmp_path, name="slow")
    assert not _servers(tmp_path)


def test_an_engine_that_never_answers_is_told_before_the_time_is_up(tmp_path: Path) -> None:
    endpoint = script(tmp_path, fails_after=0)
    with pytest.raises(PenstockError, match="RuntimeError"):
        start_endpoint(endpoint, root=tmp_path, name="mute")


def test_a_port_that_is_taken(scripted: Scripted, tmp_path: Path) -> None:
    port = int(scripted().url.rpartition(":")[2])
    endpoint = script(tmp_path)
    taken = Endpoint(endpoint.model, engine="scripted", port=port)
    with pytest.raises(PenstockError) as error:
        start_endpoint(taken, root=tmp_path, name="taken")
    assert f"cannot listen on 127.0.0.1:{port}" in error.value.hint


def test_a_server_that_dies_makes_the_run_fail(tmp_path: Path) -> None:
    running = start_endpoint(script(tmp_path), root=tmp_path, name="dies")
    os.kill(running.run.record["pid"], signal.SIGKILL)
    with pytest.raises(PenstockError, match="exit code -9"):
        running.wait()
    assert not running.alive
    with pytest.raises(PenstockError, match="exit code -9"):
        running.stop()
    assert read_run(running.run.path).record["state"] == "failed"


def test_sigterm_lets_answers_end(scripted: Scripted) -> None:
    running = scripted(answers={"base": {"*": "one two three four five"}}, delay=0.15)
    got: list[str] = []
    body = {"model": "base", "messages": QUESTION}

    def ask() -> None:
        answer = httpx.post(f"{running.url}/v1/chat/completions", json=body).json()
        got.append(answer["choices"][0]["message"]["content"])

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.3)
    os.kill(running.run.record["pid"], signal.SIGTERM)
    asking.join()
    assert got == ["one two three four five"]
    running.wait()


def test_a_streamed_answer_does_not_wait_for_acknowledgements(scripted: Scripted) -> None:
    running = scripted(answers={"base": {"*": "one two three"}})
    body = {"model": "base", "messages": QUESTION, "stream": True}
    taken = []
    with httpx.Client(base_url=running.url) as api:
        for _ in range(9):
            started = time.perf_counter()
            with api.stream("POST", "/v1/chat/completions", json=body) as answer:
                answer.read()
            taken.append(time.perf_counter() - started)
    assert sorted(taken)[4] < 0.03  # Nagle's algorithm would make it 0.04 and more


def test_an_endpoint_can_be_stopped_by_whoever_finds_it(tmp_path: Path) -> None:
    running = start_endpoint(script(tmp_path), root=tmp_path, name="found")
    (found,) = listing.endpoints(tmp_path)
    listing.stop(found)
    running.wait()
    running.stop()
    assert read_run(running.run.path).record["state"] == "succeeded"


_FOREGROUND = """
import json, sys
from pathlib import Path
from penstock.serve.start import Endpoint, serve_forever
serve_forever(
    Endpoint(sys.argv[1], engine="scripted"), root=Path(sys.argv[2]), name="front",
    listener=lambda event: print(json.dumps(dict(event)), flush=True),
)
"""


def _foreground(folder: Path) -> tuple["subprocess.Popen[str]", int]:
    """A parent that serves in the foreground, and the id of the server's process."""
    endpoint = script(folder)
    parent = subprocess.Popen(
        [sys.executable, "-c", _FOREGROUND, endpoint.model, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    while json.loads(parent.stdout.readline())["event"] != "ready":
        pass
    (run,) = folder.glob("front-*")
    return parent, read_run(run).record["pid"]


def test_the_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent, server = _foreground(tmp_path)
    assert not gone(server, 0.2)
    parent.kill()
    parent.communicate()
    assert gone(server)
    assert listing.endpoints(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_foreground_ends_in_good_order(tmp_path: Path, number: int) -> None:
    parent, server = _foreground(tmp_path)
    parent.send_signal(number)
    _, said = parent.communicate(timeout=20)
    assert "KeyboardInterrupt" in said
    assert gone(server)
    (run,) = tmp_path.glob("front-*")
    assert read_run(run).record["state"] == "stopped"


def _servers(folder: Path) -> list[str]:
    """The command lines of servers whose run is in `folder`."""
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in lines.stdout.splitlines() if f"penstock.serve.server {folder}" in line]
