"""An engine by its name."""

from __future__ import annotations

from typing import Any

from penstock.engines.engine import Engine
from penstock.errors import UsageError
from penstock.text.nearest import did_you_mean

NAMES = ("local", "ray")


def engine(name: str = "local", workers: int | None = None, **options: Any) -> Engine:
    """The engine `local` or `ray`, with so many workers (all cores by default).

    Raises UsageError for another name, MissingError where Ray is not installed.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers}: at least one worker is needed")
    if name == "local":
        from penstock.engines.local import Local

        return Local(workers)
    if name == "ray":
        from penstock.engines.ray import Ray

        return Ray(workers, **options)
    raise UsageError(f"no engine `{name}`", hint=did_you_mean(name, NAMES, label="engines"))
