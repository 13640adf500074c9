"""Calls that may hang, crash or eat the memory, made in a child process that can be killed.

Parsers meet every page there is. What one page does to them may cost that page, and neither the
worker nor the other pages. A worker has one child, which lives from call to call.
"""

import atexit
import json
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib import import_module
from typing import IO, Any, cast

from penstock.errors import RecordError

# What a child may use, as far as the system can limit it (Linux can).
MEMORY = 2 << 30
# Calls that were given up are remembered, so that a batch tried again does not wait again.
REMEMBERED = 1000
# A child that is late is stopped by its own alarm. One that cannot even do that gets this long.
GRACE = 5.0
PIPE = 1 << 20


class Killable:
    """One child process that makes calls, started at the first call and again after its end."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._served = 0
        self._given_up: dict[bytes, str] = {}
        self._turn = threading.Lock()

    def call(self, function: str, *arguments: Any, timeout: float) -> Any:
        """What `module:function` returns, as far as JSON can say it.

        Raises RecordError where the call raises, takes longer than `timeout` seconds, or ends the
        child: of that an earlier call may be the cause, so it is tried once more in a fresh one.
        """
        request = pickle.dumps((function, arguments, timeout))
        with self._turn:
            if self._given_up and (known := self._given_up.get(_key(request))):
                raise RecordError(known)
            fresh = self._start()
            reply = self._ask(request, timeout)
            if reply is None and not fresh:
                self._start()
                reply = self._ask(request, timeout)
            outcome, result = reply or ("bad", self._cause())
        if outcome == "ok":
            return result
        if outcome == "import":
            raise ImportError(result)
        self._remember(_key(request), result)
        raise RecordError(result)

    def stop(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        child.kill()
        _close(child)

    def _start(self) -> bool:
        """See to it that there is a child; whether it is a new one."""
        ours = self._owner == os.getpid()  # not so in a fork of the process that started it
        if ours and self._child is not None and self._child.poll() is None:
            return self._served == 0
        if ours and self._child is not None:
            _close(self._child)
        self._child = subprocess.Popen(
            [sys.executable, "-c", "from penstock.crawl.killable import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # Ctrl-C is for the worker to answer
        )
        _widen(self._child)
        self._owner, self._served = os.getpid(), 0
        atexit.unregister(self.stop)
        atexit.register(self.stop)
        return True

    def _ask(self, request: bytes, timeout: float) -> tuple[str, Any] | None:
        """The child's reply; None if it ended for another reason than being late."""
        child = self._child
        assert child is not None
        assert child.stdin is not None
        assert child.stdout is not None
        line = b""
        try:
            child.stdin.write(len(request).to_bytes(8))
            child.stdin.write(request)
            child.stdin.flush()
            if select.select([child.stdout], [], [], timeout + GRACE)[0]:
                line = child.stdout.readline()
            else:
                child.send_signal(signal.SIGALRM)
        except BrokenPipeError:
            pass  # it has ended, and its return code says how
        if line.endswith(b"\n"):
            self._served += 1
            outcome, result = json.loads(line)
            return outcome, result
        child.kill()
        if child.wait() == -signal.SIGALRM:
            return "bad", f"took longer than {timeout:g} s"
        return None

    def _cause(self) -> str:
        code = self._child.returncode if self._child is not None else 0
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"the process that handled this ended with {name}"

    def _remember(self, key: bytes, message: str) -> None:
        self._given_up[key] = message
        if len(self._given_up) > REMEMBERED:
            del self._given_up[next(iter(self._given_up))]


@cache
def child() -> Killable:
    """The child of this process."""
    return Killable()


def _key(request: bytes) -> bytes:
    return blake2b(request, digest_size=16).digest()


def _widen(child: subprocess.Popen[bytes]) -> None:
    """Let a whole page into the pipe, where the system can, so that both need not take turns."""
    if sys.platform == "linux":
        import fcntl

        for pipe in (child.stdin, child.stdout):
            with suppress(OSError):  # a user's pipes may be small by the system's rules
                fcntl.fcntl(cast(IO[bytes], pipe), fcntl.F_SETPIPE_SZ, PIPE)


def _close(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):  # what was left to send has nobody to read it
                pipe.close()
    child.wait()


def serve() -> None:
    """Make calls until nobody is there to ask; this is the child.

    Each call is under an alarm that ends the process whatever it is doing, so that a child never
    outlives its worker by more than that.
    """
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print is no reply
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    requests: IO[bytes] = sys.stdin.buffer
    while length := requests.read(8):
        function, arguments, timeout = pickle.loads(requests.read(int.from_bytes(length)))
        reply, out_of_memory = _reply(function, arguments, timeout)
        replies.write(reply + b"\n")
        replies.flush()
        if out_of_memory:
            return


def _reply(function: str, arguments: tuple[Any, ...], timeout: float) -> tuple[bytes, bool]:
    try:
        call = _resolved(function)  # what this imports takes its time once, and not the page's
        signal.setitimer(signal.ITIMER_REAL, timeout)
        return _json("ok", call(*arguments)), False
    except ImportError as error:
        return _json("import", str(error)), False
    except MemoryError:
        return _json("bad", f"needs more than {MEMORY >> 30} GiB of memory"), True
    except RecordError as error:
        return _json("bad", error.message), False
    except Exception as error:
        return _json("bad", f"{type(error).__name__}: {error}"), False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _json(outcome: str, result: Any) -> bytes:
    return json.dumps([outcome, result], ensure_ascii=False).encode("utf-8", "surrogatepass")


@cache
def _resolved(function: str) -> Callable[..., Any]:
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
