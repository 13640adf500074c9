"""Checkpoints that are whole or do not count, and from which training goes on exactly.

    checkpoints/step-000200/
        weights.safetensors      what is trained, by parameter name
        optimizer.safetensors    AdamW's moments, by parameter name
        random.safetensors       the state of torch's generators
        COMPLETE                 written last: progress, and the size and digest of each file

What is not trained (the base under an adapter) is not in it: the run's digest names the base.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from penstock.data.atomic import disk_errors, write_json
from penstock.runs.commit import file_digest

_MARKER = "COMPLETE"
_FILES = ("weights.safetensors", "optimizer.safetensors", "random.safetensors")


def save_checkpoint(
    folder: Path,
    step: int,
    model: Any,
    optimizer: torch.optim.Optimizer,
    progress: Mapping[str, Any],
    keep: int,
) -> Path:
    """Write `folder/step-…` and remove all but the newest `keep`. `progress` is plain data."""
    path = folder / f"step-{step:06d}"
    with disk_errors(path / _MARKER):
        shutil.rmtree(path, ignore_errors=True)  # one that SIGKILL left unfinished
        path.mkdir(parents=True)
        parts = (_trained(model), _moments(model, optimizer), _random())
        for name, tensors in zip(_FILES, parts, strict=True):
            save_file(tensors, path / name)
    files = {
        name: {"bytes": (path / name).stat().st_size, "digest": file_digest(path / name)}
        for name in _FILES
    }
    write_json(path / _MARKER, {"step": step, "progress": dict(progress), "files": files})
    for old in sorted(folder.glob("step-*"))[:-keep]:
        (old / _MARKER).unlink(missing_ok=True)  # from here on it does not count
        shutil.rmtree(old)
    return path


def latest_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that is whole, or None."""
    newest_first = sorted(folder.glob("step-*"), reverse=True)
    return next((path for path in newest_first if _whole(path)), None)


def restore(path: Path, model: Any, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Put model, optimizer and random numbers back to where they were; gives the progress."""
    trained = _trained(model)
    with torch.no_grad():
        for name, value in load_file(path / _FILES[0]).items():
            trained[name].copy_(value)
    _restore_moments(load_file(path / _FILES[1]), model, optimizer)
    generators = load_file(path / _FILES[2])
    torch.set_rng_state(generators.pop("cpu"))
    if generators and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([generators[name] for name in sorted(generators)])
    record = json.loads((path / _MARKER).read_text(encoding="utf-8"))
    return record["progress"]  # type: ignore[no-any-return]


def _whole(path: Path) -> bool:
    marker = path / _MARKER
    if not marker.exists():
        return False
    files = json.loads(marker.read_text(encoding="utf-8"))["files"]
    return all(
        (path / name).is_file() and file_digest(path / name) == said["digest"]
        for name, said in files.items()
    )


def _trained(model: Any) -> dict[str, torch.Tensor]:
    return {
        name: weight.detach() for name, weight in model.named_parameters() if weight.requires_grad
    }


def _moments(model: Any, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    names = {weight: name for name, weight in model.named_parameters()}
    return {
        f"{names[weight]}/{key}": value
        for weight, state in optimizer.state.items()
        for key, value in state.items()
    }


def _restore_moments(
    moments: Mapping[str, torch.Tensor], model: Any, optimizer: torch.optim.Optimizer
) -> None:
    names = {weight: name for name, weight in model.named_parameters()}
    by_name: dict[str, dict[str, torch.Tensor]] = {}
    for path, value in moments.items():
        name, _, key = path.rpartition("/")
        by_name.setdefault(name, {})[key] = value
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state = {at: by_name[names[weight]] for at, weight in enumerate(weights)}
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _random() -> dict[str, torch.Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        every = torch.cuda.get_rng_state_all()
        states |= {f"cuda-{at:03d}": state for at, state in enumerate(every)}
    return states
