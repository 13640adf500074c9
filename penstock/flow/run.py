"""A flow, step by step: what did not change is not run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from penstock.errors import PenstockError
from penstock.flow.load import Flow, FlowStep, input_files, load_flow
from penstock.flow.start import Options, load, start
from penstock.runs.folder import Listener, Run, open_run, recording
from penstock.specs.read import Spec

KINDS = ("recipe", "train", "endpoint", "compare", "flow")


def run_spec(spec: Spec, settings: Sequence[str], options: Options) -> Run:
    """Run a spec of any kind, changed by `settings` (`key=value`), and give its run folder."""
    if spec.kind == "flow":
        flow = load_flow(spec, settings)
        check(flow)
        return run_flow(flow, options)
    return start(spec, settings, options)


def check(flow: Flow) -> None:
    """Check every step before the first one runs; an earlier step's result is taken on trust."""
    values = {**flow.inputs, **{step.name: f"<{step.name}>" for step in flow.steps}}
    for step in flow.steps:
        load(step.resolved(values))


def run_flow(flow: Flow, options: Options) -> Run:
    """Run the steps in order, each in a run folder of its own under the same root.

    A step whose spec and inputs did not change since an earlier flow is taken from there. An
    endpoint is started when the first step that asks it runs, and stopped at the end.
    """
    run = open_run(
        options.root,
        kind="flow",
        name=flow.name,
        spec={"steps": {step.name: step.spec.data for step in flow.steps}, "inputs": flow.inputs},
        inputs=input_files(flow),
        out=options.out,
        fresh=options.fresh,
        listener=options.listener,
    )
    root = options.root if options.out is None else run.path / "steps"
    inner = replace(options, root=root, out=None)
    with recording(run, steps=[]), ExitStack() as stack:
        values = dict(flow.inputs)
        waiting = _Waiting(stack, inner)
        for number, step in enumerate(flow.steps, start=1):
            listener = _named(options.listener, step.name)
            run.note("flow_step", step=step.name, number=number, steps=len(flow.steps))
            done = _run_step(step, values, waiting, replace(inner, listener=listener))
            if done is not None:
                values[step.name] = done.record["out"]
                _record(run, step, done)
        run.save(out=values.get(flow.steps[-1].name, ""))
    return run


class _Waiting:
    """Endpoints that a flow names, each started when its address is first asked for."""

    def __init__(self, stack: ExitStack, options: Options) -> None:
        self._stack = stack
        self._options = options
        self._endpoints: dict[str, Any] = {}
        self._urls: dict[str, str] = {}

    def add(self, name: str, spec: Spec) -> None:
        """Remember an endpoint; nothing is started yet."""
        self._endpoints[name] = load(spec)

    def has(self, name: str) -> bool:
        """Whether this is the name of an endpoint of the flow, and not an address."""
        return name in self._endpoints

    def url(self, name: str) -> str:
        """The address of an endpoint, started now if it is not running."""
        from penstock.serve.start import start_endpoint

        if name not in self._urls:
            running = start_endpoint(
                self._endpoints[name],
                root=self._options.root,
                name=name,
                listener=_named(self._options.listener, name),
                trust=self._options.trust,
            )
            self._urls[name] = self._stack.enter_context(running).url
        return self._urls[name]


def _run_step(
    step: FlowStep, values: dict[str, str], waiting: _Waiting, options: Options
) -> Run | None:
    """Run one step; None for an endpoint, which only waits to be asked."""
    try:
        return _run_kind(step, values, waiting, options)
    except PenstockError as error:
        error.where = error.where or f"step `{step.name}` of the flow"
        raise


def _run_kind(
    step: FlowStep, values: dict[str, str], waiting: _Waiting, options: Options
) -> Run | None:
    if step.spec.kind == "endpoint":
        waiting.add(step.name, step.resolved(values))
        values[step.name] = step.name
        return None
    spec = step.resolved(values)
    if step.spec.kind == "compare" and waiting.has(str(spec.data.get("endpoint"))):
        return _compare(spec, waiting, options)
    return start(spec, (), options)


def _compare(spec: Spec, waiting: _Waiting, options: Options) -> Run:
    from penstock.judge.run import run_comparison

    comparison = load(spec)
    return run_comparison(
        comparison,
        root=options.root,
        name=spec.name,
        trust=options.trust,
        url=lambda: waiting.url(comparison.endpoint),
        **options.recorded(),
    )


def _record(run: Run, step: FlowStep, done: Run) -> None:
    entry = {
        "step": step.name,
        "kind": step.spec.kind,
        "run": str(done.path),
        "state": done.record["state"],
        "out": done.record["out"],
    }
    run.save(steps=[*run.record["steps"], entry])


def _named(listener: Listener | None, step: str) -> Listener | None:
    """A listener that hears which step an event is from."""
    if listener is None:
        return None
    heard = listener

    def listen(event: Mapping[str, Any]) -> None:
        heard({**event, "flow_step": step})

    return listen
