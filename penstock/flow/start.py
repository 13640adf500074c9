"""What starts a spec of each kind but a flow."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock.errors import UsageError
from penstock.runs.folder import Listener, Run
from penstock.specs.read import Spec, set_key, split_setting


@dataclass(frozen=True)
class Options:
    """How to run, as opposed to what: nothing here changes a result or a digest.

    `root` is where run folders are made, `out` names this one. `trust` lets downloaded code and
    pickled weights run. The listener hears every event.
    """

    engine: str = "local"
    workers: int | None = None
    root: Path = Path("runs")
    out: Path | None = None
    fresh: bool = False
    trust: bool = False
    listener: Listener | None = None


def start(spec: Spec, settings: Sequence[str], options: Options) -> Run:
    """Run a spec to its end and give its run folder; one that is finished already is not run again.

    `settings` are `key=value` changes. An endpoint serves until it is stopped.
    """
    starts = {
        "recipe": _start_recipe,
        "train": _start_training,
        "endpoint": _start_endpoint,
        "compare": _start_comparison,
    }
    return starts[spec.kind](spec, settings, options)


def _start_recipe(spec: Spec, settings: Sequence[str], options: Options) -> Run:
    from penstock.engines.choose import engine
    from penstock.recipe.load import load_recipe
    from penstock.recipe.run import run_recipe

    recipe = load_recipe(spec, settings)
    where = engine(options.engine, options.workers)
    try:
        return run_recipe(
            recipe,
            where,
            root=options.root,
            out=options.out,
            fresh=options.fresh,
            listener=options.listener,
        )
    finally:
        where.close()


def _start_training(spec: Spec, settings: Sequence[str], options: Options) -> Run:
    from penstock.train.run import run_training
    from penstock.train.settings import keys, load_training

    training = load_training(changed(spec, settings, keys()))
    return run_training(
        training,
        root=options.root,
        name=spec.name,
        folder=spec.folder,
        out=options.out,
        fresh=options.fresh,
        listener=options.listener,
        trust=options.trust,
    )


def _start_endpoint(spec: Spec, settings: Sequence[str], options: Options) -> Run:
    from penstock.serve.settings import Endpoint, load_endpoint
    from penstock.serve.start import start_endpoint

    known = ["name", *(field.name for field in dataclasses.fields(Endpoint))]
    endpoint = load_endpoint(changed(spec, settings, known))
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


def _start_comparison(spec: Spec, settings: Sequence[str], options: Options) -> Run:
    from penstock.judge.run import run_comparison
    from penstock.judge.settings import Comparison, load_comparison

    known = ["name", *(field.name for field in dataclasses.fields(Comparison))]
    comparison = load_comparison(changed(spec, settings, known))
    return run_comparison(
        comparison,
        root=options.root,
        name=spec.name,
        out=options.out,
        fresh=options.fresh,
        listener=options.listener,
        trust=options.trust,
    )


def changed(spec: Spec, settings: Sequence[str], known: Sequence[str]) -> Spec:
    """The spec with every `key=value` applied; a key must be one of `known`."""
    for setting in settings:
        path, value = split_setting(setting)
        spec = set_key(spec, path, value, known)
    return spec
