"""Starting an endpoint as a child process, knowing when it answers, and stopping it for certain."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import FrameType, TracebackType

from penstock.errors import MissingError, PenstockError, UsageError
from penstock.models.client import list_models
from penstock.runs import children
from penstock.runs.commit import file_digest
from penstock.runs.folder import Listener, Run, open_run, recording
from penstock.serve.server import ADDRESS, DRAIN_SECONDS
from penstock.serve.settings import Endpoint, check_address, key_in_force, load_endpoint

__all__ = ["Endpoint", "RunningEndpoint", "load_endpoint", "serve_forever", "start_endpoint"]

_CLEAN = (0, -signal.SIGTERM)  # uvicorn drains at SIGTERM, and then dies of it as one should


class RunningEndpoint:
    """An endpoint that answers at `url`; `with` it, it is stopped at the end.

    The run in its folder ends as succeeded when it was stopped, as failed when the server died.
    """

    def __init__(
        self, run: Run, url: str, child: subprocess.Popen[bytes], stack: contextlib.ExitStack
    ) -> None:
        self.run = run
        self.url = url
        self._child = child
        self._stack = stack

    @property
    def alive(self) -> bool:
        """Whether the server process runs."""
        return self._child.poll() is None

    def wait(self) -> None:
        """Wait until the server ends. Raises PenstockError when it died of something else."""
        if (code := self._child.wait()) not in _CLEAN:
            raise _died(self.run, code)

    def stop(self) -> None:
        """Drain and end the server. Raises PenstockError when it had died before."""
        self._stack.close()

    def __enter__(self) -> "RunningEndpoint":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)


def start_endpoint(
    endpoint: Endpoint,
    *,
    root: Path,
    name: str,
    listener: Listener | None = None,
    trust: bool = False,
) -> RunningEndpoint:
    """Start the server of an endpoint and return when every model has generated a token.

    Its run folder is under `root`; run.json says `url`, `pid` and `models` while it runs. The
    server ends when this process does, however it does. Raises UsageError for an address that is
    not allowed, and what the server raised, with the last lines of its log, when it ended instead
    or took longer than `startup_seconds`.
    """
    check_address(endpoint.host, key_in_force())
    spec = asdict(endpoint)
    run = open_run(
        root, kind="endpoint", name=name, spec=spec, inputs=_inputs(endpoint), listener=listener
    )
    with contextlib.ExitStack() as stack:
        stack.enter_context(recording(run, url=""))
        child = _start_child(run, trust)
        stack.push(_ending(run, child))
        url = _when_ready(run, child, endpoint.startup_seconds)
        models = list_models(url, key=key_in_force() or None)
        run.save(url=url, pid=child.pid, models=models)
        run.note("ready", url=url, models=models)
        return RunningEndpoint(run, url, child, stack.pop_all())


def serve_forever(
    endpoint: Endpoint,
    *,
    root: Path,
    name: str,
    listener: Listener | None = None,
    trust: bool = False,
) -> None:
    """Serve in the foreground until Ctrl-C or SIGTERM, which raise KeyboardInterrupt here.

    The listener hears `ready` with the `url` and the `models`. Raises what `start_endpoint`
    raises, and PenstockError when the server dies.
    """
    with (
        _sigterm_as_interrupt(),
        start_endpoint(endpoint, root=root, name=name, listener=listener, trust=trust) as running,
    ):
        running.wait()


def _inputs(endpoint: Endpoint) -> dict[str, str]:
    """The digests of all weights, so that other weights are another run."""
    if endpoint.engine == "scripted":
        path = Path(endpoint.model)
        if not path.is_file():
            raise MissingError(f"no script {path}", hint="the scripted engine takes a JSON file")
        return {"model": file_digest(path)}
    from penstock.models.folder import weights_of
    from penstock.serve.voices import name_sources

    sources = name_sources(endpoint.model, endpoint.adapters)
    return {name: weights_of(source) for name, source in sources.items()}


def _start_child(run: Run, trust: bool) -> subprocess.Popen[bytes]:
    for left in (run.path / ADDRESS, _log(run)):
        left.unlink(missing_ok=True)
    arguments = [str(run.path), "--parent", str(os.getpid()), *(["--trust"] if trust else [])]
    return children.start_python("penstock.serve.server", arguments, _log(run))


def _ending(run: Run, child: subprocess.Popen[bytes]) -> Callable[..., None]:
    """How to leave: end the child, and say so when it had died of itself before."""

    def end(kind: type[BaseException] | None, *_: object) -> None:
        code = child.poll()
        children.stop(child, DRAIN_SECONDS + 5.0)
        if kind is None and code is not None and code not in _CLEAN:
            raise _died(run, code)

    return end


def _when_ready(run: Run, child: subprocess.Popen[bytes], seconds: float) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (code := child.poll()) is not None:
            raise _died(run, code)
        if (url := _address(run)) and _answers(run, url):
            return url
        time.sleep(0.05)
    raise PenstockError(
        f"the endpoint was not ready after {seconds:g} seconds",
        where=str(_log(run)),
        hint=f"raise `startup_seconds`, or see what it was doing:\n{children.tail(_log(run))}",
    )


def _address(run: Run) -> str:
    try:
        return str(json.loads((run.path / ADDRESS).read_text(encoding="utf-8"))["url"])
    except FileNotFoundError:
        return ""


def _answers(run: Run, url: str) -> bool:
    """Whether the server is ready; raises PenstockError when it says that it never will be."""
    import httpx

    key = key_in_force()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        answer = httpx.get(f"{url}/ping", headers=headers, timeout=30, trust_env=False)
    except httpx.TransportError:
        return False  # it listens already and does not accept yet
    if "error" in (said := answer.json()):
        raise PenstockError(
            f"the model does not answer: {said['error']['message']}",
            where=str(_log(run)),
            hint=f"the last lines of the log:\n{children.tail(_log(run))}",
        )
    return answer.status_code == 200


def _died(run: Run, code: int) -> PenstockError:
    """The error for a server that ended by itself, of the kind its exit code says."""
    kinds = {kind.exit_code: kind for kind in (UsageError, MissingError)}
    return kinds.get(code, PenstockError)(
        f"the endpoint's process ended (exit code {code})",
        where=str(_log(run)),
        hint=f"the last lines of the log:\n{children.tail(_log(run))}",
    )


def _log(run: Run) -> Path:
    return run.path / "logs" / "server.log"


@contextlib.contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Let SIGTERM stop the endpoint in good order, as Ctrl-C does; only a main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
