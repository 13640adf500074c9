"""Child processes: start them, watch them, and never leave one behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


def start(
    argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own, its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as stream:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )


def start_python(
    module: str, arguments: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start `python -m module arguments…` with this very interpreter."""
    return start([sys.executable, "-m", module, *arguments], log, env)


def stop(child: subprocess.Popen[bytes], grace: float = 10.0) -> int:
    """End a child and its group: SIGTERM, then SIGKILL after `grace` seconds. Gives its code."""
    if child.poll() is None:
        _signal_group(child.pid, signal.SIGTERM)
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            _signal_group(child.pid, signal.SIGKILL)
    return child.wait()


def end_with(parent: int, grace: float) -> None:
    """Let this process get SIGTERM soon after the process `parent` is gone, however it went.

    Called by the child. After `grace` seconds more the process ends at once. A thread looks twice a
    second: Linux's parent-death signal would come when the *thread* that started this process ends,
    and other systems have none.
    """
    threading.Thread(target=_watch, args=(parent, grace), daemon=True, name="watch-parent").start()


def _watch(parent: int, grace: float) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    os._exit(1)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return  # it ended between the look and the signal


def tail(log: Path, lines: int = 15) -> str:
    """The last lines a child printed."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
