"""What a run does, as it does it: a live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from penstock.cli.table import size, table

EVERY = 10.0  # seconds between lines where there is no terminal

# Events worth a line of their own, wherever they are printed.
_LASTING = ("flow_step", "group", "survey", "data", "eval", "ready", "saved", "scored")


class Progress:
    """Hears the events of runs and prints them on stderr."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._lines = 0  # that stand unfinished on the terminal
        self._last = time.monotonic()
        self._began: dict[str, float] = {}

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._wipe()

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Print an event, if it is worth it now."""
        kind = event["event"]
        if kind in ("started", "stage"):
            self._began[str(event.get("flow_step"))] = time.monotonic()
        say = _SAYINGS.get(kind)
        if say is None:
            return
        step = event.get("flow_step") or ""
        seconds = time.monotonic() - self._began.get(str(event.get("flow_step")), self._last)
        text = f"{step + ': ' if step and kind != 'flow_step' else ''}{say(event, seconds)}"
        if kind in _LASTING:
            self._line(text)
        elif self._live:
            self._wipe()
            # A line that wraps would take more rows than can be taken back.
            columns, rows = shutil.get_terminal_size()
            lines = [line[: columns - 1] for line in text.split("\n")][: rows - 1]
            self._stream.write("\n".join(lines))
            self._stream.flush()
            self._lines = len(lines)
        elif time.monotonic() - self._last >= EVERY:
            self._line(text.partition("\n")[0])

    def _line(self, text: str) -> None:
        self._wipe()
        self._stream.write(f"{text}\n")
        self._stream.flush()
        self._last = time.monotonic()

    def _wipe(self) -> None:
        """Take back the lines that stand unfinished on the terminal."""
        if self._lines:
            self._stream.write("\r\x1b[2K" + "\x1b[1A\x1b[2K" * (self._lines - 1))
            self._lines = 0


def _shard(event: Mapping[str, Any], seconds: float) -> str:
    """How far a stage is, at what rate, and the funnel below it."""
    done, total = event["done"], event["shards"]
    parts = [f"{done} of {total} shards"]
    # Only the first pass reads; a later one tells what it has kept.
    count, said = (event["read"], "read") if event["read"] else (event["kept"], "kept")
    parts.append(f"{count:,} records {said}")
    if seconds > 0.5 and count:
        parts.append(f"{count / seconds:,.0f} a second")
        if event["bytes"]:
            parts.append(f"{size(event['bytes'] / seconds)}/s")
    if event["read"] and event["kept"]:
        parts.append(f"{event['kept'] / event['read']:.1%} kept")
    left = _left(event, seconds)
    return ", ".join([*parts, *left]) + _funnel(event.get("steps", []))


def _left(event: Mapping[str, Any], seconds: float) -> list[str]:
    """The time left, by bytes where they are known, else by shards."""
    share = event["done"] / event["shards"] if event["shards"] else 1.0
    if event["bytes"] and event.get("total_bytes"):
        share = event["bytes"] / event["total_bytes"]
    return [f"{seconds / share * (1 - share):.0f} s left"] if 0 < share < 1 else []


def _funnel(steps: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [step["step"], f"{step['rows_in']:,}", f"{step['rows_out']:,}"]
        for step in steps
        if step["rows_in"]
    ]
    return "\n" + table(rows, ["step", "in", "out"]) if rows else ""


def _train_step(event: Mapping[str, Any], seconds: float) -> str:
    step, total = event["step"], event["total"]
    left = f", {seconds / step * (total - step):.0f} s left" if step < total else ""
    return f"step {step} of {total}, loss {event['loss']:.3f}{left}"


def _data(event: Mapping[str, Any], _seconds: float) -> str:
    train = event["train"]
    return (
        f"{train['rows']:,} rows, {train['tokens']:,} tokens, {event['trained_parameters']:,} of"
        f" {event['parameters']:,} parameters, {event['steps']:,} steps on {event['device']}"
    )


def _evaluated(event: Mapping[str, Any], _seconds: float) -> str:
    return f"held-out loss {event['loss']:.3f} at step {event['step']}"


def _asked(event: Mapping[str, Any], _seconds: float) -> str:
    return f"{event['done']} of {event['total']} questions asked"


_SAYINGS: Mapping[str, Callable[[Mapping[str, Any], float], str]] = {
    "flow_step": lambda event, _: f"[{event['number']}/{event['steps']}] {event['step']}",
    "stage": lambda event, _: (
        f"pass {event['stage']} of {event['stages']}: {event['shards']} shards"
    ),
    "shard": _shard,
    "progress": _shard,
    "group": lambda event, _: f"{event['step']} compares {event['rows']:,} documents",
    "survey": lambda event, _: f"{event['step']} has looked at all documents",
    "data": _data,
    "step": _train_step,
    "eval": _evaluated,
    "ready": lambda event, _: f"serving at {event['url']}",
    "asked": _asked,
}
