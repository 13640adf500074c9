"""The libraries that models need: checked before use, their telemetry switched off."""

import contextlib
import importlib.util
import os
import warnings
from collections.abc import Iterator

from penstock.errors import MissingError

_NEEDED = ("torch", "transformers", "peft", "safetensors")

# Defaults only: what the user has set stands. HF_ENDPOINT and proxies are read by the libraries.
_QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    # Silences a warning about forks, of which penstock makes none while it tokenises.
    "TOKENIZERS_PARALLELISM": "true",
}


def need_libraries() -> None:
    """Make sure that torch, transformers and PEFT can be imported; call it before they are.

    Raises MissingError when they are not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingError(
            f"models need {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'}"
            " not installed",
            hint="pip install 'penstock[train]'",
        )


@contextlib.contextmanager
def adapting() -> Iterator[None]:
    """Around calls that wrap a model in an adapter: what PEFT 0.21 warns of is for it to mend.

    It reads an attribute that transformers 5 has renamed, and says that it has put right how
    GPT-2's layers lie in memory.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        warnings.filterwarnings("ignore", ".*fan_in_fan_out", UserWarning)
        yield


@contextlib.contextmanager
def no_bars() -> Iterator[None]:
    """Keep transformers' progress bars for files off stderr."""
    from transformers.utils import logging as theirs

    shown = theirs.is_progress_bar_enabled()
    theirs.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            theirs.enable_progress_bar()  # type: ignore[no-untyped-call]
