"""A recipe file: every mistake in it is found here, before anything runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from penstock.errors import UsageError
from penstock.ops.base import Operator
from penstock.ops.catalogue import check_needs, find
from penstock.specs.build import build
from penstock.specs.read import Spec, set_key, split_setting
from penstock.text.nearest import did_you_mean

OnError = Literal["quarantine", "pass", "fail"]
KEYS = ("kind", "version", "name", "steps", "max_errors", "description")
ON_ERROR = ("quarantine", "pass", "fail")


@dataclass(frozen=True)
class Step:
    """One operator of a recipe, with its place and what happens to a record it cannot process."""

    index: int
    name: str
    operator: Operator
    on_error: OnError = "quarantine"

    @property
    def label(self) -> str:
        """How the ledger names the step: the operator, numbered from 1 as in the file."""
        return f"{self.index + 1}:{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        # By name and parameters, so that a class in a file of the user's travels too.
        return _step, (self.index, self.name, parameters(self.operator), self.on_error)


@dataclass(frozen=True)
class Recipe:
    """A checked recipe. `max_errors` is the share of records that may be quarantined, 0 to 1."""

    name: str
    steps: tuple[Step, ...]
    max_errors: float | None = None

    def spec(self) -> dict[str, Any]:
        """The resolved recipe as plain data: what the run's digest is made of."""
        return {
            "kind": "recipe",
            "name": self.name,
            "steps": [
                {
                    step.name: {
                        **parameters(step.operator),
                        **({"on_error": step.on_error} if step.on_error != "quarantine" else {}),
                    }
                }
                for step in self.steps
            ],
            "max_errors": self.max_errors,
        }


def load_recipe(spec: Spec, settings: Sequence[str] = ()) -> Recipe:
    """Check a recipe and build its operators. `settings` are `operator.parameter=value`.

    Raises UsageError that names file, line and step, and the nearest name where one is unknown.
    """
    for setting in settings:
        path, value = split_setting(setting)
        spec = override(spec, ".".join(path), value)
    for key in spec.data:
        if key not in KEYS:
            hint = did_you_mean(key, KEYS, label="keys")
            raise UsageError(f"a recipe has no key `{key}`", where=spec.where(key), hint=hint)
    steps = spec.data.get("steps")
    if not isinstance(steps, list) or not steps:
        raise UsageError(
            "a recipe needs `steps`, a list of operators",
            where=spec.where("steps"),
            hint="steps:\n  - read.jsonl: {path: …}",
        )
    built = tuple(_load_step(spec, index, item) for index, item in enumerate(steps))
    return Recipe(spec.name, built, _share(spec))


def parameters(operator: Operator) -> dict[str, Any]:
    """The parameters of an operator as plain data."""
    return {
        field.name: _plain(getattr(operator, field.name)) for field in dataclasses.fields(operator)
    }


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _load_step(spec: Spec, index: int, item: Any) -> Step:
    name, values = _named(spec, index, item)
    where = spec.where("steps", index, name)
    owner = f"step {index + 1} `{name}`"
    on_error = values.pop("on_error", "quarantine")
    if on_error not in ON_ERROR:
        hint = did_you_mean(str(on_error), ON_ERROR, label="choices")
        raise UsageError(f"{owner}: on_error cannot be `{on_error}`", where=where, hint=hint)
    cls = find(name, where)
    check_needs(name, cls, where)
    located = _located(spec, index, name)
    return Step(index, name, build(cls, values, located, owner=owner), cast(OnError, on_error))


def _located(spec: Spec, index: int, name: str) -> Callable[[str], str]:
    return lambda key: spec.where("steps", index, name, key)


def _named(spec: Spec, index: int, item: Any) -> tuple[str, dict[str, Any]]:
    """A step is written `name` or `name: {parameters}`."""
    if isinstance(item, str):
        return item, {}
    if isinstance(item, dict) and len(item) == 1:
        ((name, values),) = item.items()
        if values is None or isinstance(values, dict):
            return name, dict(values or {})
    raise UsageError(
        f"step {index + 1} is not an operator with its parameters",
        where=spec.where("steps", index),
        hint="write `- filter.word_count: {min: 50}`",
    )


def override(spec: Spec, key: str, value: Any) -> Spec:
    """The recipe with `filter.word_count.min`, or a key of its own, set to another value.

    Where an operator stands more than once, `4:filter.word_count.min` picks the fourth step.
    """
    path = key.split(".")
    if path[0] in KEYS and path[0] != "steps":
        return set_key(spec, path, value, KEYS)
    steps = spec.data.get("steps")
    items = steps if isinstance(steps, list) else []
    found = [_named(spec, index, item) for index, item in enumerate(items)]
    name, parameter = ".".join(path[:-1]), path[-1]
    places = [
        index for index, (step, _) in enumerate(found) if name in (step, f"{index + 1}:{step}")
    ]
    if len(places) != 1:
        known = [step for step, _ in found]
        numbered = ", ".join(f"{index + 1}:{name}" for index in places)
        hint = f"say which: {numbered}" if places else did_you_mean(name, known, label="steps")
        said = "stands more than once" if places else "is not a step of this recipe"
        raise UsageError(f"--set {key}: `{name}` {said}", hint=hint)
    (place,) = places
    step, values = found[place]
    items = [*items[:place], {step: {**values, parameter: value}}, *items[place + 1 :]]
    return dataclasses.replace(spec, data={**spec.data, "steps": items})


def _share(spec: Spec) -> float | None:
    value = spec.data.get("max_errors")
    if value is None:
        return None
    try:
        text = str(value)
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError(
            f"max_errors is {value}", where=spec.where("max_errors"), hint="write a share: 0.1%"
        )
    return share


def _step(index: int, name: str, values: Mapping[str, Any], on_error: OnError) -> Step:
    owner = f"step {index + 1} `{name}`"
    return Step(index, name, build(find(name), values, lambda _: "", owner=owner), on_error)
