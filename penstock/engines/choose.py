"""An engine by its name."""

from __future__ import annotations

import os
from typing import Any

from penstock.engines.engine import Engine
from penstock.errors import UsageError
from penstock.text.nearest import did_you_mean

NAMES = ("local", "ray")


# What a process needs at least: the one that gives out the work, and each that does it.
PARENT_BYTES = 160 << 20
WORKER_BYTES = 320 << 20


def engine(
    name: str = "local",
    workers: int | None = None,
    memory: int | None = None,
    **options: Any,
) -> Engine:
    """The engine `local` or `ray`, with so many workers (all cores by default).

    Where `memory` (bytes, for all processes) is given, `local` starts no more workers than have
    room in it. Raises UsageError for another name or too little memory, MissingError where Ray is
    not installed.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers}: at least one worker is needed")
    if name == "local":
        from penstock.engines.local import Local

        return Local(workers if memory is None else _fitting(workers, memory))
    if name == "ray":
        from penstock.engines.ray import Ray

        return Ray(workers, **options)
    raise UsageError(f"no engine `{name}`", hint=did_you_mean(name, NAMES, label="engines"))


def _fitting(workers: int | None, memory: int) -> int:
    """How many of the workers have room in memory."""
    room = (memory - PARENT_BYTES) // WORKER_BYTES
    if room < 1:
        raise UsageError(
            f"--memory {memory >> 20}M: a run needs {PARENT_BYTES + WORKER_BYTES >> 20}M at least"
        )
    return min(workers or os.cpu_count() or 1, room)
