"""What a spec would do: everything is checked, nothing runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from penstock.data.files import is_there
from penstock.flow.start import load
from penstock.specs.read import Spec


def describe(
    spec: Spec, settings: Sequence[str] = (), *, probe: bool = True, workers: int | None = None
) -> dict[str, Any]:
    """Check a spec of any kind and give what `penstock plan` prints.

    With `probe` a recipe is tried on its first thousand documents.
    """
    head = {"kind": spec.kind, "name": spec.name}
    if spec.kind == "recipe":
        recipe = load(spec, settings)
        return {**head, **_describe_recipe(recipe, probe, workers or os.cpu_count() or 1)}
    tell = _describe_flow if spec.kind == "flow" else _describe_settings
    return {**head, **tell(spec, settings)}


def _describe_recipe(recipe: Any, probe: bool, workers: int) -> dict[str, Any]:
    from penstock.recipe.load import parameters
    from penstock.recipe.work import prepare

    work = prepare(recipe)
    last = work.stages[-1]
    return {
        **(_probed(work, workers) if probe else {}),
        "input": {
            "files": len(work.files),
            "bytes": sum(file.size for file in work.files),
            "shards": len(work.shards),
        },
        "steps": [{"step": step.label, **parameters(step.operator)} for step in recipe.steps],
        "passes": [
            [step.label for one in stage.passes for step in one]
            + [step.label for step in (stage.meets, *stage.writers) if step]
            for stage in work.stages
        ],
        "columns": {field.name: str(field.type) for field in work.schema_of(last)},
    }


def _probed(work: Any, workers: int) -> dict[str, Any]:
    from penstock.recipe.probe import probe, suggestions, warnings

    found = probe(work)
    size = sum(file.size for file in work.files)
    steps = [
        {
            "step": one.step.label,
            "rows_in": one.rows_in,
            "rows_out": one.rows_out,
            "seconds": round(one.seconds, 4),
        }
        for one in found.steps
    ]
    return {
        "probe": {"read": found.read, "bytes": found.bytes, "steps": steps},
        "estimate": {"workers": workers, **found.estimate(size, workers)},
        "warnings": warnings(work, found),
        "suggestions": suggestions(work, found),
    }


def _describe_settings(spec: Spec, settings: Sequence[str]) -> dict[str, Any]:
    return {"settings": asdict(load(spec, settings))}


def _describe_flow(spec: Spec, settings: Sequence[str]) -> dict[str, Any]:
    """A step that works on an earlier step's result is checked as far as that allows."""
    from penstock.flow.load import load_flow

    flow = load_flow(spec, settings)
    values = dict(flow.inputs)
    steps = []
    for step in flow.steps:
        resolved = step.resolved(values)
        values[step.name] = f"<{step.name}>"
        if resolved.kind == "recipe" and "<" in str(resolved.data):
            load(resolved)
            steps.append({"kind": "recipe", "name": step.name})
        else:
            steps.append(describe(resolved, probe=False))
    missing = {
        name: address
        for name, address in flow.inputs.items()
        if "://" not in address and not is_there(address)
    }
    return {"inputs": flow.inputs, "missing": missing, "flow_steps": steps}
