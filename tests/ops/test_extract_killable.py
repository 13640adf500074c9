"""Calls in a child that hangs, crashes, eats the memory or is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from penstock.crawl.killable import Killable
from penstock.errors import RecordError
from penstock.ops.extract.main_text import MainText

PAGE = b"<title>Dams</title><p>A dam holds back the river in spring and lets it go in summer.</p>"
TEXT = "A dam holds back the river in spring and lets it go in summer."


@pytest.fixture
def killable() -> Iterator[Killable]:
    one = Killable()
    yield one
    one.stop()


def pid_of(killable: Killable) -> int:
    return killable.call("os:getpid", timeout=10)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def wait_until_gone(pid: int) -> None:
    for _ in range(200):
        if not is_alive(pid):
            return
        time.sleep(0.1)
    pytest.fail(f"process {pid} is still there")


def test_one_child_answers_all_calls(killable: Killable) -> None:
    assert killable.call("math:hypot", 3, 4, timeout=10) == 5.0
    assert killable.call("penstock.crawl.main_text:html_of", "é\u2028\n".encode(), "", timeout=10)
    assert pid_of(killable) == pid_of(killable) != os.getpid()


def test_what_is_printed_is_no_answer(killable: Killable) -> None:
    assert killable.call("builtins:print", '["ok", 7]', timeout=10) is None
    assert killable.call("os:write", 1, b'["ok", 7]\n', timeout=10) == 10


@pytest.mark.parametrize(
    "call", [("time:sleep", 60), ("re:match", "(a|a)+$", "a" * 60 + "b")], ids=["waits", "computes"]
)
def test_a_call_that_hangs_is_given_up(killable: Killable, call: tuple[Any, ...]) -> None:
    before = pid_of(killable)
    with pytest.raises(RecordError, match=r"took longer than 0\.5 s"):
        killable.call(*call, timeout=0.5)
    assert not is_alive(before)
    assert pid_of(killable) != before


def test_what_was_given_up_is_not_tried_again(killable: Killable) -> None:
    with pytest.raises(RecordError, match="took longer"):
        killable.call("time:sleep", 60, timeout=0.5)
    next_child = pid_of(killable)
    with pytest.raises(RecordError, match="took longer"):
        killable.call("time:sleep", 60, timeout=0.5)
    assert pid_of(killable) == next_child


def test_a_child_that_cannot_be_late_is_stopped(
    killable: Killable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.crawl.killable.GRACE", 0.5)
    stopper = threading.Timer(0.3, os.kill, (pid_of(killable), signal.SIGSTOP))
    stopper.start()
    with pytest.raises(RecordError):
        killable.call("time:sleep", 60, timeout=1)
    assert killable.call("math:hypot", 3, 4, timeout=10) == 5.0


@pytest.mark.parametrize(
    ("function", "arguments", "cause"),
    [("os:abort", (), "SIGABRT"), ("os:_exit", (3,), "exit code 3")],
)
def test_a_call_that_ends_the_child_is_bad(
    killable: Killable, function: str, arguments: tuple[Any, ...], cause: str
) -> None:
    with pytest.raises(RecordError, match=cause):
        killable.call(function, *arguments, timeout=10)
    assert killable.call("math:hypot", 3, 4, timeout=10) == 5.0


def test_a_child_that_is_killed_is_replaced_and_asked_again(killable: Killable) -> None:
    killer = threading.Timer(0.3, os.kill, (pid_of(killable), signal.SIGKILL))
    killer.start()
    assert killable.call("time:sleep", 1, timeout=10) is None
    killer.join()


def test_a_child_that_died_between_calls_is_replaced(killable: Killable) -> None:
    first = pid_of(killable)
    os.kill(first, signal.SIGKILL)
    assert pid_of(killable) != first


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory")
def test_a_call_that_eats_the_memory_is_bad(killable: Killable) -> None:
    first = pid_of(killable)
    with pytest.raises(RecordError, match="2 GiB of memory"):
        killable.call("builtins:bytearray", 3 << 30, timeout=10)
    assert pid_of(killable) != first


def test_what_a_call_raises_is_told(killable: Killable) -> None:
    with pytest.raises(RecordError, match="ValueError: math domain error"):
        killable.call("math:sqrt", -1, timeout=10)
    with pytest.raises(ImportError, match="no_such_module"):
        killable.call("no_such_module:x", timeout=10)


def in_a_worker(results: Any) -> None:
    results.put(MainText(profile="precise").page(PAGE, "")[0])


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_workers_that_may_have_no_children_have_one(method: str) -> None:
    context = get_context(method)
    results = context.Queue()
    worker = context.Process(target=in_a_worker, args=(results,), daemon=True)
    worker.start()
    assert results.get(timeout=60) == TEXT
    worker.join(60)
    assert worker.exitcode == 0
    results.close()
    results.join_thread()


WORKER = """
import sys
from penstock.crawl.killable import child
print(child().call("os:getpid", timeout=10), flush=True)
child().call("time:sleep", float(sys.argv[1]), timeout=3)
sys.stdin.read()
"""


@pytest.mark.parametrize("busy", ["0", "60"], ids=["idle", "busy"])
def test_a_child_ends_with_its_worker_however_that_ends(busy: str) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdout is not None
    assert worker.stdin is not None
    pid = int(worker.stdout.readline())
    assert is_alive(pid)
    worker.kill()
    worker.wait()
    wait_until_gone(pid)
    worker.stdin.close()
    worker.stdout.close()


def test_a_fork_of_the_worker_has_a_child_of_its_own() -> None:
    code = """
import os
from penstock.crawl.killable import child
first = child().call("os:getpid", timeout=10)
if not os.fork():
    os._exit(0 if child().call("os:getpid", timeout=10) != first else 1)
_, status = os.wait()
assert status == 0
assert child().call("os:getpid", timeout=10) == first
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)
