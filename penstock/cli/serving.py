"""Deploying, talking and comparing, as the command line does them."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from penstock.cli.progress import Progress
from penstock.cli.table import table
from penstock.errors import MissingError, UsageError
from penstock.flow.deploy import endpoint_of, model_of
from penstock.runs.folder import Run
from penstock.text.nearest import did_you_mean


def serve(
    target: str, adapters: Sequence[str], port: int, runs: str, trust: bool, as_json: bool
) -> None:
    """Serve until Ctrl-C; the address is the one line on stdout."""
    from penstock.serve.start import serve_forever

    endpoint, name = endpoint_of(target, _named(adapters), port)

    def ready(event: Any) -> None:
        if event["event"] == "ready":
            found = {"url": event["url"], "models": event["models"]}
            print(json.dumps(found) if as_json else event["url"], flush=True)
            print(f"stop it with Ctrl-C; talk to it: penstock chat {event['url']}", file=sys.stderr)

    serve_forever(endpoint, root=Path(runs), name=name, listener=ready, trust=trust)


def talk(
    target: str, message: str | None, model: str | None, runs: str, trust: bool, as_json: bool
) -> None:
    """Put one question, or talk until the end of input; a model folder is served meanwhile."""
    from penstock.models.client import list_models
    from penstock.serve.start import start_endpoint

    key = os.environ.get("PENSTOCK_KEY")
    with ExitStack() as stack:
        url = target
        if not target.startswith(("http://", "https://")):
            endpoint, name = endpoint_of(target, {}, 0)
            print(f"loading {target} …", file=sys.stderr)
            started = start_endpoint(endpoint, root=Path(runs), name=name, trust=trust)
            url = stack.enter_context(started).url
        known = list_models(url, key=key)
        if model is not None and model not in known:
            raise UsageError(
                f"no model `{model}` there", hint=did_you_mean(model, known, label="models")
            )
        # Of a base and its adapters, a person wants to talk to what was tuned.
        chosen = model or known[-1]
        if message is not None:
            _once(url, chosen, message, key, as_json)
        else:
            _loop(url, chosen, key)


def _once(url: str, model: str, message: str, key: str | None, as_json: bool) -> None:
    from penstock.models.client import chat

    answer = chat(url, model, [{"role": "user", "content": message}], key=key)
    print(json.dumps({"model": model, "answer": answer}, ensure_ascii=False) if as_json else answer)


def _loop(url: str, model: str, key: str | None) -> None:
    from penstock.models.client import stream_chat

    print(f"talking to {model} at {url}; an empty line ends", file=sys.stderr)
    messages: list[dict[str, str]] = []
    while True:
        print("> ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline().strip()
        if not line:
            return
        messages.append({"role": "user", "content": line})
        said = ""
        for piece in stream_chat(url, model, messages, key=key):
            print(piece, end="", flush=True)
            said += piece
        print()
        messages.append({"role": "assistant", "content": said})


def comparison(
    base: str, tuned: str, questions: Path, train_questions: Path | None, runs: str, trust: bool
) -> Run:
    """Serve both models, put the questions to them, and write the report."""
    from penstock.flow.compare import compare

    with Progress(sys.stderr) as progress:
        return compare(
            model_of(base),
            model_of(tuned),
            str(questions),
            train_questions=None if train_questions is None else str(train_questions),
            root=Path(runs),
            trust=trust,
            listener=progress,
        )


def running_endpoints(runs: str) -> list[dict[str, Any]]:
    """The endpoints under a folder of runs, as plain data."""
    from penstock.serve.listing import endpoints

    return [{**dataclasses.asdict(one), "path": str(one.path)} for one in endpoints(Path(runs))]


def endpoint_listing(found: Sequence[dict[str, Any]]) -> str:
    """One line an endpoint."""
    rows = [[one["path"], one["url"], one["model"], one["started"]] for one in found]
    return table(rows, ["endpoint", "url", "model", "started"], left=4)


def endpoint_log(name: str, runs: str) -> str:
    """The log of an endpoint, running or not."""
    log = Path(name) / "logs" / "server.log"
    if not log.exists():
        log = Path(runs) / name / "logs" / "server.log"
    if not log.exists():
        raise MissingError(f"no endpoint {name} has a log", hint="`penstock endpoints ls`")
    return log.read_text(encoding="utf-8", errors="replace").rstrip()


def stop_endpoint(name: str, runs: str) -> dict[str, Any]:
    """Stop the endpoint of that name or run folder."""
    from penstock.serve.listing import endpoints, stop

    found = endpoints(Path(runs))
    for one in found:
        if name in (one.name, str(one.path), one.path.name):
            stop(one)
            return {**dataclasses.asdict(one), "path": str(one.path)}
    names = [one.path.name for one in found]
    raise MissingError(
        f"no endpoint {name} is running", hint=did_you_mean(name, names, label="running")
    )


def _named(adapters: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in adapters:
        name, equals, folder = one.partition("=")
        if not equals:
            raise UsageError(f"--adapter {one} has no name", hint="write --adapter tuned=FOLDER")
        found[name] = folder
    return found
