"""Models as `penstock models` shows them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from penstock.cli.table import table
from penstock.flow.deploy import model_of
from penstock.models.folder import read_model


def made_by_runs(root: Path) -> list[dict[str, Any]]:
    """The models that the runs under `root` have made, newest first."""
    found = []
    for file in root.glob("*/run.json"):
        record = json.loads(file.read_text(encoding="utf-8"))
        if record["kind"] == "train" and record["out"] and Path(record["out"]).is_dir():
            found.append(described(record["out"]))
    return sorted(found, key=lambda model: str(model["created"]), reverse=True)


def described(target: str) -> dict[str, Any]:
    """What is known of a model, as plain data."""
    model = read_model(Path(model_of(target)))
    return {**dataclasses.asdict(model), "folder": str(model.folder)}


def listing(found: Sequence[dict[str, Any]]) -> str:
    """One line a model."""
    rows = [
        [one["name"], one["kind"], f"{one['parameters']:,}", one["architecture"], one["folder"]]
        for one in found
    ]
    return table(rows, ["model", "kind", "parameters", "architecture", "folder"], left=2)


def page(found: dict[str, Any]) -> str:
    """Everything about one model."""
    rows = [[name, _shown(value)] for name, value in found.items() if value not in ("", None)]
    return table(rows, ["", ""], left=2).lstrip("\n")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)
