"""The folder in which a run records what it did (design: run.json, events, logs, markers)."""

import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from penstock.data.atomic import disk_errors, write_json
from penstock.errors import MissingError, PenstockError, StoppedError, UsageError
from penstock.text.nearest import did_you_mean
from penstock.version import VERSION

FORMAT = 1

# Hears every event of a run as it happens; the command line draws its progress from them.
Listener = Callable[[Mapping[str, Any]], None]


def digest(value: Any) -> str:
    """A short digest of plain data, the same for the same data in any key order.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Run:
    """An open run folder.

    `record` is what run.json says; `note` adds an event, which the listener hears too; `save`
    writes run.json. Use `open_run` to get one, and `with recording(run):` around the work so that
    its end is recorded however it ends.
    """

    def __init__(
        self,
        path: Path,
        record: dict[str, Any],
        lock: IO[str] | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.path = path
        self.record = record
        self._lock = lock
        self._listener = listener

    @property
    def finished(self) -> bool:
        """Whether the run succeeded before, with this very spec and input."""
        return bool(self.record["state"] == "succeeded")

    def save(self, **changes: Any) -> None:
        """Change fields of run.json and write it in one step."""
        self.record.update(changes)
        write_json(self.path / "run.json", self.record)

    def note(self, event: str, **fields: Any) -> None:
        """Append one line to events.jsonl, and tell the listener."""
        line = {"time": _now(), "event": event, **fields}
        path = self.path / "events.jsonl"
        with disk_errors(path), open(path, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        if self._listener is not None:
            self._listener(line)

    def tell(self, event: str, **fields: Any) -> None:
        """Tell the listener what is not worth keeping."""
        if self._listener is not None:
            self._listener({"time": _now(), "event": event, **fields})

    def close(self) -> None:
        """Let another process open the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def open_run(
    root: Path,
    *,
    kind: str,
    name: str,
    spec: Mapping[str, Any],
    inputs: Mapping[str, str],
    out: Path | None = None,
    fresh: bool = False,
    listener: Listener | None = None,
) -> Run:
    """Open the folder of this spec over these inputs, new or left from before.

    The folder is `out`, or `root/<name>-<digest>`. One that is there with the same digest is gone
    on with; `fresh` sets it aside first. Raises PenstockError when another process runs in it.
    """
    key = digest({"format": FORMAT, "kind": kind, "spec": spec, "inputs": inputs})
    path = out if out is not None else root / f"{name}-{key}"
    lock = _locked(path)
    try:
        found = _read_record(path)
        if found is not None and fresh:
            lock.close()
            _set_aside(path)
            lock, found = _locked(path), None
        if found is not None and found["digest"] != key:
            raise UsageError(
                f"{path} holds a run of another spec or input",
                hint="choose another --out, or add --fresh to set the old one aside",
            )
        run = Run(path, found or _new_record(kind, name, key, spec, inputs), lock, listener)
        if found is None:
            run.save()
    except BaseException:
        lock.close()
        raise
    return run


def read_run(path: Path) -> Run:
    """Open a run folder for reading. Raises MissingError when it is none."""
    record = _read_record(path)
    if record is None:
        others = [entry.name for entry in path.parent.glob("*/") if (entry / "run.json").exists()]
        raise MissingError(
            f"{path} is not a run folder", hint=did_you_mean(path.name, others, label="runs here")
        )
    return Run(path, record)


@contextlib.contextmanager
def recording(run: Run, **fields: Any) -> Iterator[None]:
    """Mark the run as running, and at the end as succeeded, failed or stopped, with the reason."""
    run.save(state="running", reason="", started=_now(), ended="", pid=os.getpid(), **fields)
    run.note("started")
    try:
        yield
    except (KeyboardInterrupt, StoppedError):
        _end(run, "stopped", "stopped by the user")
        raise
    except BaseException as error:
        message = error.message if isinstance(error, PenstockError) else repr(error)
        _end(run, "failed", message)
        raise
    else:
        _end(run, "succeeded", "")
    finally:
        run.close()


def _end(run: Run, state: str, reason: str) -> None:
    # A disk too full to record a failure must not hide the failure itself.
    unrecorded = () if state == "succeeded" else (PenstockError,)
    with contextlib.suppress(*unrecorded):
        run.save(state=state, reason=reason, ended=_now())
        run.note(state, reason=reason)


def _new_record(
    kind: str, name: str, key: str, spec: Mapping[str, Any], inputs: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "kind": kind,
        "name": name,
        "digest": key,
        "state": "new",
        "reason": "",
        "spec": dict(spec),
        "inputs": dict(inputs),
        "versions": {
            "penstock": VERSION,
            "python": platform.python_version(),
            "machine": platform.machine(),
        },
        "started": "",
        "ended": "",
        "out": "",
    }


def _read_record(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((path / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except json.JSONDecodeError as error:
        raise PenstockError(
            f"{path}/run.json is damaged: {error}", hint="remove the folder and run again"
        ) from None
    if record["format"] > FORMAT:
        raise UsageError(
            f"{path} was written by a newer penstock (format {record['format']})",
            hint="upgrade penstock",
        )
    return record  # type: ignore[no-any-return]


def _locked(path: Path) -> IO[str]:
    """Make the folder and hold its lock while this process lives; SIGKILL lets go of it too."""
    with disk_errors(path / ".lock"):
        path.mkdir(parents=True, exist_ok=True)
        lock = open(path / ".lock", "a", encoding="utf-8")  # noqa: SIM115 - held open on purpose
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise PenstockError(
            f"another penstock is running in {path}",
            hint="wait for it to end, or name another folder with --out",
        ) from None
    return lock


def _set_aside(path: Path) -> None:
    number = 1
    while (old := path.with_name(f"{path.name}~{number}")).exists():
        number += 1
    path.rename(old)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
