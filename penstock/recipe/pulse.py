"""How far a stage is: what finished shards report, and what running ones say of themselves."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from penstock.runs.folder import Run


class Pulse:
    """Adds up a stage as it goes. `told` is what the listener hears; steps by label, in order."""

    def __init__(self, run: Run, shards: int, size: int) -> None:
        self._run = run
        self._folder = run.path / "stages" / "pulse"
        self._lock = threading.Lock()
        self._shards = shards
        self._size = size
        self._done = 0
        self._sums = Counter(read=0, kept=0, bytes=0)
        self._steps: dict[str, Counter[str]] = {}

    def add(self, report: Mapping[str, Any], *, say: bool = True) -> None:
        """A shard is done."""
        with self._lock:
            self._done += 1
            kept = report["states"].get("kept", 0)
            self._sums.update(read=report["read"], kept=kept, bytes=report["bytes"])
            for step in report["steps"]:
                _add_step(self._steps, step["step"], step)
            if say:
                self._run.note("shard", shard=report["shard"], **self.told())

    def told(self) -> dict[str, Any]:
        """Where the stage is, finished shards only."""
        return {
            "shards": self._shards,
            "done": self._done,
            "total_bytes": self._size,
            **self._sums,
            "steps": [{"step": label, **rows} for label, rows in self._steps.items()],
        }

    @contextlib.contextmanager
    def beating(self, every: float = 1.0) -> Iterator[None]:
        """Tell the listener now and then how far the shards are that are being worked on."""
        ended = threading.Event()
        beat = threading.Thread(target=self._beat, args=(ended, every), daemon=True)
        beat.start()
        try:
            yield
        finally:
            ended.set()
            beat.join()

    def _beat(self, ended: threading.Event, every: float) -> None:
        while not ended.wait(every):
            with self._lock:
                self._run.tell("progress", **self._with_running())

    def _with_running(self) -> dict[str, Any]:
        sums = Counter(self._sums)
        steps = {label: Counter(rows) for label, rows in self._steps.items()}
        for file in sorted(self._folder.glob("[0-9]*")):
            here = _read(file)
            if here is not None:
                sums.update(read=here["read"], kept=here["kept"], bytes=here["bytes"])
                for label, rows in here["steps"].items():
                    _add_step(steps, label, rows)
        told = {**self.told(), **sums}
        told["steps"] = [{"step": label, **rows} for label, rows in steps.items()]
        return told


def _add_step(steps: dict[str, Counter[str]], label: str, rows: Mapping[str, Any]) -> None:
    counts = {key: rows.get(key, 0) for key in ("rows_in", "rows_out")}
    steps.setdefault(label, Counter()).update(counts)


def _read(file: Path) -> dict[str, Any] | None:
    try:
        return json.loads(file.read_text("utf-8"))  # type: ignore[no-any-return]
    except FileNotFoundError:  # its shard has just been finished
        return None
