"""Which endpoints are running, whoever started them."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from penstock.errors import PenstockError
from penstock.runs.folder import read_run
from penstock.serve.settings import key_in_force


@dataclass(frozen=True)
class Found:
    """An endpoint that answers: its run folder, address, server's process id, and models by name.

    `model` is what its spec names.
    """

    path: Path
    name: str
    url: str
    pid: int
    started: str
    model: str
    models: tuple[str, ...]


def endpoints(root: Path) -> list[Found]:
    """The endpoints under `root` whose run says running and whose server answers, newest first."""
    runs = [read_run(file.parent).record | {"path": file.parent} for file in _records(root)]
    found = [
        Found(
            run["path"],
            run["name"],
            run["url"],
            run["pid"],
            run["started"],
            run["spec"]["model"],
            tuple(run["models"]),
        )
        for run in runs
        if run["kind"] == "endpoint" and run["state"] == "running" and run.get("url")
    ]
    alive = [one for one in found if _is_alive(one.pid) and _answers(one.url)]
    return sorted(alive, key=lambda one: one.started, reverse=True)


def stop(found: Found) -> None:
    """Ask the server of an endpoint to drain and end; who started it records that.

    Raises PenstockError when it has gone, or belongs to another user.
    """
    try:
        os.kill(found.pid, signal.SIGTERM)
    except OSError as error:
        raise PenstockError(
            f"the endpoint {found.name} cannot be stopped: {error.strerror}", where=str(found.path)
        ) from error


def _records(root: Path) -> list[Path]:
    return sorted(root.glob("*/run.json"))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True


def _answers(url: str) -> bool:
    import httpx

    key = key_in_force()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        answer = httpx.get(f"{url}/health", headers=headers, timeout=5, trust_env=False)
    except httpx.TransportError:
        return False
    return answer.status_code in (200, 401)  # with another key it still is one
