"""A flow file: named inputs, and steps that name each other's results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.data.files import expand, fingerprint, is_there, look_up
from penstock.errors import UsageError
from penstock.specs.read import Spec, set_key, split_setting
from penstock.text.nearest import did_you_mean

KEYS = ("kind", "version", "name", "description", "inputs", "steps")
STEP_KINDS = ("recipe", "train", "endpoint", "compare")


@dataclass(frozen=True)
class FlowStep:
    """One step: a spec of its own, in which `$name` stands for an input or an earlier step."""

    name: str
    spec: Spec

    def resolved(self, values: Mapping[str, str]) -> Spec:
        """The step's spec with every `$name` replaced by what it stands for."""
        return Spec(_resolve(self.spec.data, values), self.spec.file, self.spec.lines)


@dataclass(frozen=True)
class Flow:
    """A checked flow: its inputs as addresses, its steps in order."""

    name: str
    inputs: dict[str, str]
    steps: tuple[FlowStep, ...]


def load_flow(spec: Spec, settings: Sequence[str] = ()) -> Flow:
    """Check a flow. `settings` are `input=value` or `step.key=value`.

    Inputs are looked for in the current folder, and then beside the file. Raises UsageError for a
    name that nothing before it has.
    """
    for key in spec.data:
        if key not in KEYS:
            hint = did_you_mean(key, KEYS, label="keys")
            raise UsageError(f"a flow has no key `{key}`", where=spec.where(key), hint=hint)
    inputs = {name: str(value) for name, value in _mapping(spec, "inputs").items()}
    steps = [_step(spec, name, data) for name, data in _mapping(spec, "steps").items()]
    for setting in settings:
        _apply(setting, inputs, steps)
    inputs = {name: look_up(address, spec.folder) for name, address in inputs.items()}
    known = list(inputs)
    for step in steps:
        _check_names(step, known)
        known.append(step.name)
    return Flow(spec.name, inputs, tuple(steps))


def _mapping(spec: Spec, key: str) -> dict[str, Any]:
    found = spec.data.get(key) or {}
    if not isinstance(found, dict) or (key == "steps" and not found):
        raise UsageError(f"a flow needs `{key}`, a mapping of names", where=spec.where(key))
    return found


def _step(spec: Spec, name: str, data: Any) -> FlowStep:
    kind = data.get("kind") if isinstance(data, dict) else None
    where = spec.where("steps", name, "kind")
    if kind not in STEP_KINDS:
        hint = did_you_mean(str(kind), STEP_KINDS, label="kinds")
        raise UsageError(f"step `{name}`: no kind `{kind}` in a flow", where=where, hint=hint)
    prefix = ("steps", name)
    lines = {path[2:]: line for path, line in spec.lines.items() if path[: len(prefix)] == prefix}
    return FlowStep(name, Spec({"name": name, **data}, spec.file, lines))


def _apply(setting: str, inputs: dict[str, str], steps: list[FlowStep]) -> None:
    path, value = split_setting(setting)
    if path[0] in inputs and len(path) == 1:
        inputs[path[0]] = str(value)
        return
    for place, step in enumerate(steps):
        if step.name == path[0] and len(path) > 1:
            rest = path[1:]
            known = [*step.spec.data, rest[0]]
            if step.spec.kind == "recipe" and rest[0] not in step.spec.data:
                from penstock.recipe.load import override

                steps[place] = FlowStep(step.name, override(step.spec, ".".join(rest), value))
            else:
                steps[place] = FlowStep(step.name, set_key(step.spec, rest, value, known))
            return
    names = [*inputs, *(step.name for step in steps)]
    hint = did_you_mean(path[0], names, label="inputs and steps")
    raise UsageError(f"--set {setting}: no input or step `{path[0]}`", hint=hint)


def _check_names(step: FlowStep, known: list[str]) -> None:
    for path, name in _references(step.spec.data, ()):
        if name not in known:
            raise UsageError(
                f"step `{step.name}`: `${name}` is no input and no step before this one",
                where=step.spec.where(*path),
                hint=did_you_mean(name, known, label="known here"),
            )


def _references(node: Any, path: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], str]]:
    if isinstance(node, str) and node.startswith("$"):
        return [(path, node[1:])]
    items: Any = ()
    if isinstance(node, dict):
        items = node.items()
    elif isinstance(node, list):
        items = enumerate(node)
    return [found for key, value in items for found in _references(value, (*path, key))]


def _resolve(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, str) and node.startswith("$"):
        return values[node[1:]]
    if isinstance(node, dict):
        return {key: _resolve(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_resolve(value, values) for value in node]
    return node


def input_files(flow: Flow) -> dict[str, str]:
    """The inputs that are here, by name, with a digest of what they are."""
    return {
        name: fingerprint(expand(address, ("",)))
        for name, address in flow.inputs.items()
        if is_there(address)
    }
