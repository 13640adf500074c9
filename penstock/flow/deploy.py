"""What `penstock deploy` is given: an endpoint file, a model folder, an adapter, or a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.errors import MissingError, UsageError
from penstock.specs.read import read_spec

if TYPE_CHECKING:
    from penstock.serve.settings import Endpoint


def endpoint_of(target: str, adapters: Mapping[str, str], port: int) -> tuple[Endpoint, str]:
    """The endpoint for a target, and its name.

    An adapter folder is served beside its base, as `tuned` and `base`. Raises MissingError when a
    run has made no model.
    """
    from penstock.serve.settings import Endpoint, load_endpoint

    if target.endswith((".yaml", ".yml")):
        if adapters or port:
            raise UsageError("an endpoint file says its adapters and port itself")
        spec = read_spec(target, ("endpoint",))
        return load_endpoint(spec), spec.name
    model = model_of(target)
    name = name_of(model)
    if (Path(model) / "adapter_config.json").exists():
        from penstock.models.load import base_of

        folder = Path(model)
        return Endpoint(base_of(folder), {"tuned": model, **adapters}, port=port), name
    return Endpoint(model, adapters, port=port), name


def name_of(model: str) -> str:
    """What a model is called: by its card, or else by the last part of its folder or hub id."""
    from penstock.models.folder import read_model

    return read_model(model).name if Path(model).is_dir() else Path(model).name


def model_of(target: str) -> str:
    """The model folder of a target: itself, or what the run in it has made."""
    record = Path(target) / "run.json"
    if not record.is_file():
        return target
    out = json.loads(record.read_text(encoding="utf-8"))["out"]
    if not out or not Path(out, "model.json").exists():
        raise MissingError(f"the run {target} has made no model", hint="name a training's run")
    return str(out)
