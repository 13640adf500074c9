"""What a run does, as it does it: a live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import IO, Any

EVERY = 10.0  # seconds between lines where there is no terminal

# Events worth a line of their own, wherever they are printed.
_LASTING = ("flow_step", "group", "data", "eval", "ready", "saved", "scored")


class Progress:
    """Hears the events of runs and prints them on stderr."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._open = False  # a live line stands unfinished on the terminal
        self._last = time.monotonic()
        self._began: dict[str, float] = {}

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_line()

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
            self._stream.write(f"\r\x1b[2K{text}")
            self._stream.flush()
            self._open = True
        elif time.monotonic() - self._last >= EVERY:
            self._line(text)

    def _line(self, text: str) -> None:
        self._end_line()
        self._stream.write(f"{text}\n")
        self._stream.flush()
        self._last = time.monotonic()

    def _end_line(self) -> None:
        if self._open:
            self._stream.write("\r\x1b[2K")
            self._open = False


def _shard(event: Mapping[str, Any], seconds: float) -> str:
    done, total = event["done"], event["shards"]
    left = f", {seconds / done * (total - done):.0f} s left" if done and done < total else ""
    # Only the first pass reads; a later one tells what it has kept.
    count, said = (event["read"], "read") if event["read"] else (event["kept"], "kept")
    rate = f", {count / seconds:,.0f} a second" if seconds > 0.5 and count else ""
    return f"{done} of {total} shards, {count:,} records {said}{rate}{left}"


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
    "group": lambda event, _: f"{event['step']} compares {event['rows']:,} documents",
    "data": _data,
    "step": _train_step,
    "eval": _evaluated,
    "ready": lambda event, _: f"serving at {event['url']}",
    "asked": _asked,
}
