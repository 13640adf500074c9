"""What starts a spec of each kind but a flow."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.errors import UsageError
from penstock.runs.folder import Listener, Run
from penstock.specs.read import Spec, set_key, split_setting


@dataclass(frozen=True)
class Options:
    """How to run, as opposed to what: nothing here changes a result or a digest.

    `memory` is in bytes, for all processes of a recipe together.
    `root` is where run folders are made, `out` names this one. `trust` lets downloaded code and
    pickled weights run. The listener hears every event.
    """

    engine: str = "local"
    workers: int | None = None
    memory: int | None = None
    root: Path = Path("runs")
    out: Path | None = None
    fresh: bool = False
    trust: bool = False
    listener: Listener | None = None

    def recorded(self) -> dict[str, Any]:
        """What every run that records itself takes."""
        return {"out": self.out, "fresh": self.fresh, "listener": self.listener}


def load(spec: Spec, settings: Sequence[str] = ()) -> Any:
    """What a spec says, checked: a Recipe, Training, Endpoint or Comparison.

    `settings` are `key=value` changes. Raises UsageError with file and line where it is wrong.
    """
    loaders = {
        "recipe": _load_recipe,
        "train": _load_training,
        "endpoint": _load_endpoint,
        "compare": _load_comparison,
    }
    return loaders[spec.kind](spec, settings)


def start(spec: Spec, settings: Sequence[str], options: Options) -> Run:
    """Run a spec to its end and give its run folder; one that is finished already is not run again.

    An endpoint serves until it is stopped.
    """
    starts: dict[str, Callable[[Any, Spec, Options], Run]] = {
        "recipe": _run_recipe,
        "train": _train,
        "endpoint": _serve,
        "compare": _compare,
    }
    return starts[spec.kind](load(spec, settings), spec, options)


def _load_recipe(spec: Spec, settings: Sequence[str]) -> Any:
    from penstock.recipe.load import load_recipe
    from penstock.recipe.plan import plan

    recipe = load_recipe(spec, settings)
    plan(recipe)  # an order of steps that makes no sense is a mistake in the file too
    return recipe


def _load_training(spec: Spec, settings: Sequence[str]) -> Any:
    from penstock.train.settings import keys, load_training

    return load_training(_changed(spec, settings, keys()))


def _load_endpoint(spec: Spec, settings: Sequence[str]) -> Any:
    from penstock.serve.settings import Endpoint, load_endpoint

    return load_endpoint(_changed(spec, settings, _keys(Endpoint)))


def _load_comparison(spec: Spec, settings: Sequence[str]) -> Any:
    from penstock.judge.settings import Comparison, load_comparison

    return load_comparison(_changed(spec, settings, _keys(Comparison)))


def _keys(cls: type) -> list[str]:
    return ["name", *(field.name for field in dataclasses.fields(cls))]


def _changed(spec: Spec, settings: Sequence[str], known: Sequence[str]) -> Spec:
    for setting in settings:
        path, value = split_setting(setting)
        spec = set_key(spec, path, value, known)
    return spec


def _run_recipe(recipe: Any, _spec: Spec, options: Options) -> Run:
    from penstock.engines.choose import engine
    from penstock.recipe.run import run_recipe

    where = engine(options.engine, options.workers, options.memory)
    recorded = options.recorded()
    try:
        return run_recipe(recipe, where, root=options.root, memory=options.memory, **recorded)
    finally:
        where.close()


def _train(training: Any, spec: Spec, options: Options) -> Run:
    from penstock.train.run import run_training

    return run_training(
        training,
        root=options.root,
        name=spec.name,
        folder=spec.folder,
        trust=options.trust,
        **options.recorded(),
    )


def _serve(endpoint: Any, spec: Spec, options: Options) -> Run:
    from penstock.serve.start import start_endpoint

    if options.out is not None:
        raise UsageError("--out does not go with an endpoint", hint="leave it out")
    running = start_endpoint(
        endpoint,
        root=options.root,
        name=spec.name,
        listener=options.listener,
        trust=options.trust,
    )
    with running:
        running.wait()
    return running.run


def _compare(comparison: Any, spec: Spec, options: Options) -> Run:
    from penstock.judge.run import run_comparison

    return run_comparison(
        comparison, root=options.root, name=spec.name, trust=options.trust, **options.recorded()
    )
