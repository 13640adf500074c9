"""What a spec would do: everything is checked, nothing runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from penstock.data.files import is_there
from penstock.flow.start import load
from penstock.specs.read import Spec


def describe(spec: Spec, settings: Sequence[str] = ()) -> dict[str, Any]:
    """Check a spec of any kind and give what `penstock plan` prints."""
    describers = {"recipe": _describe_recipe, "flow": _describe_flow}
    tell = describers.get(spec.kind, _describe_settings)
    return {"kind": spec.kind, "name": spec.name, **tell(spec, settings)}


def _describe_recipe(spec: Spec, settings: Sequence[str]) -> dict[str, Any]:
    from penstock.recipe.load import parameters
    from penstock.recipe.run import prepare

    recipe = load(spec, settings)
    work = prepare(recipe)
    last = work.stages[-1]
    return {
        "input": {
            "files": len(work.files),
            "bytes": sum(file.size for file in work.files),
            "shards": len(work.shards),
        },
        "steps": [{"step": step.label, **parameters(step.operator)} for step in recipe.steps],
        "passes": [
            [step.label for one in stage.passes for step in one]
            + [step.label for step in (stage.group, *stage.writers) if step]
            for stage in work.stages
        ],
        "columns": {field.name: str(field.type) for field in work.schema_of(last)},
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
            steps.append(describe(resolved))
    missing = {
        name: address
        for name, address in flow.inputs.items()
        if "://" not in address and not is_there(address)
    }
    return {"inputs": flow.inputs, "missing": missing, "flow_steps": steps}
