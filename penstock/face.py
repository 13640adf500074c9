"""What the command line does, as Python calls of the same names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.runs.folder import Listener, Run
    from penstock.serve.start import RunningEndpoint


def run(
    file: str | Path,
    *,
    set: Sequence[str] = (),  # noqa: A002 - the option is called --set
    engine: str = "local",
    workers: int | None = None,
    memory: int | str | None = None,
    runs: str | Path = "runs",
    out: str | Path | None = None,
    fresh: bool = False,
    trust: bool = False,
    listener: Listener | None = None,
) -> Run:
    """Run a recipe, training, endpoint, comparison or flow to its end; `run.record` says what came
    of it. A finished run of the same spec and inputs is returned at once."""
    from penstock.flow.run import KINDS, run_spec
    from penstock.flow.start import Options
    from penstock.specs.read import read_spec
    from penstock.text.sizes import parse_size

    options = Options(
        engine=engine,
        workers=workers,
        memory=None if memory is None else parse_size(memory),
        root=Path(runs),
        out=None if out is None else Path(out),
        fresh=fresh,
        trust=trust,
        listener=listener,
    )
    return run_spec(read_spec(file, KINDS), set, options)


def plan(
    file: str | Path,
    *,
    set: Sequence[str] = (),  # noqa: A002
    probe: bool = True,
    workers: int | None = None,
) -> dict[str, Any]:
    """Check a file and say what it would do, on which input; nothing is written.

    With `probe` a recipe is tried on its first thousand documents, for an estimate of time and rows
    and for what looks like a mistake.
    """
    from penstock.flow.plan import describe
    from penstock.flow.run import KINDS
    from penstock.specs.read import read_spec

    return describe(read_spec(file, KINDS), set, probe=probe, workers=workers)


def show(path: str | Path) -> dict[str, Any]:
    """What a run folder records."""
    from penstock.runs.folder import read_run

    return read_run(Path(path)).record


def why(path: str | Path, record_id: str, *, journey: bool = False) -> list[dict[str, Any]]:
    """The ledger entries of a record, with its measures: where it ended, and why.

    With `journey` the record is read again, and what each step made of it comes along.
    """
    from penstock.runs.folder import read_run
    from penstock.runs.why import fate

    run = read_run(Path(path))
    found = fate(run, record_id)
    if journey:
        from dataclasses import asdict

        from penstock.recipe.replay import journey as replay

        for entry in found:
            changes = replay(run, int(entry["shard"]), entry["row"])
            entry["journey"] = [asdict(change) for change in changes]
    return found


def what_if(
    path: str | Path,
    *,
    set: Sequence[str],  # noqa: A002
    run: bool = False,
) -> dict[str, Any]:
    """What a finished run would keep with other thresholds, from its stored measures.

    `kept` is [low, high]: equal unless rows are `open`, of which no stored measure tells. With
    `run` those are read again and counted.
    """
    from penstock.recipe.whatif import what_if as ask
    from penstock.runs.folder import read_run

    record = read_run(Path(path))
    found = ask(record, set)
    if run and found.open:
        from penstock.recipe.replay import resolve

        found = resolve(record, set, found)
    return {
        "set": list(set),
        "kept_before": found.before,
        "kept": [found.low, found.high],
        "open": found.open,
        "dropped_before": dict(found.dropped_before),
        "dropped": dict(found.dropped),
    }


def explore(path: str | Path, to: str | Path | None = None) -> Path:
    """Write a page of how a run's measures are distributed, and give its path."""
    from penstock.recipe.explore import explore as write
    from penstock.runs.folder import read_run

    return write(read_run(Path(path)), None if to is None else Path(to))


def operators() -> list[dict[str, str]]:
    """The operators there are, with their summaries (`penstock.ops` is the package they are in)."""
    from penstock.ops.catalogue import entry, names

    found = map(entry, names())
    return [{"name": one.name, "summary": one.summary, "file": str(one.file)} for one in found]


def deploy(
    target: str | Path,
    *,
    adapters: dict[str, str] | None = None,
    port: int = 0,
    runs: str | Path = "runs",
    trust: bool = False,
    listener: Listener | None = None,
) -> RunningEndpoint:
    """Serve a model folder, or what an endpoint file says, until `stop()` or the end of `with`."""
    from penstock.flow.deploy import endpoint_of
    from penstock.serve.start import start_endpoint

    endpoint, name = endpoint_of(str(target), adapters or {}, port)
    return start_endpoint(endpoint, root=Path(runs), name=name, listener=listener, trust=trust)


def chat(url: str, message: str, *, model: str | None = None, key: str | None = None) -> str:
    """One answer of an OpenAI-compatible endpoint; of its first model unless one is named."""
    from penstock.models.client import chat as ask
    from penstock.models.client import list_models

    chosen = model or list_models(url, key=key)[0]
    return ask(url, chosen, [{"role": "user", "content": message}], key=key)


def clean(runs: str | Path = "runs", *, really: bool = False) -> list[dict[str, Any]]:
    """What can be removed from a folder of runs: set aside, failed and stopped ones; `really`
    removes them."""
    from penstock.runs.clean import removable, remove

    found = list(removable(Path(runs)))
    return [remove(one) if really else one for one in found]


def new(template: str, folder: str | Path | None = None) -> Path:
    """Copy a shipped recipe or flow, with the sample it uses, into a folder to be changed."""
    from penstock.flow.templates import copy

    return copy(template, Path(folder or template))


def events(path: str | Path) -> Iterator[dict[str, Any]]:
    """The events of a run, in order."""
    import json

    with open(Path(path) / "events.jsonl", encoding="utf-8") as stream:
        yield from map(json.loads, stream)
