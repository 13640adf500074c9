"""A comparison as a run: ask, score, weigh, and write the report into the run folder."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from penstock.data.atomic import write_text
from penstock.data.dataset import data_files
from penstock.data.files import File, expand, fingerprint
from penstock.errors import UsageError
from penstock.judge.answers import Known, append_row, resume
from penstock.judge.compare import Answer, compare, refuse_same_weights
from penstock.judge.questions import Message, Question, read_questions
from penstock.judge.report import render
from penstock.judge.settings import Comparison
from penstock.judge.summary import Result, summarise
from penstock.judge.verdict import judge
from penstock.judge.weigh import Weighed, weigh
from penstock.models import client
from penstock.models.folder import weights_of
from penstock.runs.folder import Listener, Run, open_run, recording

# A model's name and a conversation in, an answer out.
Ask = Callable[[str, Sequence[Message]], Answer]

HELD_OUT, TRAIN = "held_out", "train"


def run_comparison(
    comparison: Comparison,
    *,
    root: Path,
    name: str,
    out: Path | None = None,
    fresh: bool = False,
    listener: Listener | None = None,
    trust: bool = False,
    generate: Ask | None = None,
    url: str | Callable[[], str] | None = None,
) -> Run:
    """Compare in a run folder that holds `report.html` and `answers.jsonl`; finished ones return.

    Both sides are asked at `url` (or what it returns, called only when there is something to ask),
    else at the comparison's `endpoint`, or through `generate`. Raises GateError when both sides
    have the same weights, UsageError when there is nobody to ask, and what reading, asking and
    loading raise. An interrupted comparison goes on with the question it had come to.
    """
    groups = _questions(comparison)
    digests = {
        side: weights_of(source) if source else "" for side, source in _folders(comparison).items()
    }
    refuse_same_weights(digests["base"], digests["tuned"])
    address = url or comparison.endpoint
    if generate is None and not address:
        raise UsageError(
            "the comparison does not say whom to ask",
            hint="add `endpoint:` with the address of a server, or compare within a flow",
        )
    run = open_run(
        root,
        kind="compare",
        name=name,
        # Where the models are served changes nothing about what they say.
        spec={key: value for key, value in asdict(comparison).items() if key != "endpoint"},
        inputs={**digests, **_fingerprints(comparison)},
        out=out,
        fresh=fresh,
        listener=listener,
    )
    if run.finished:
        run.close()
        return run
    with recording(run):
        ask = generate or _asking(address() if callable(address) else address, comparison)
        results = _answer_all(run, comparison, groups, ask)
        weighed = weigh(comparison, groups, trust=trust)
        _conclude(run, comparison, results, weighed, digests)
    return run


def _questions(comparison: Comparison) -> dict[str, tuple[Question, ...]]:
    groups = {HELD_OUT: read_questions(comparison.questions)}
    if comparison.train_questions:
        groups[TRAIN] = read_questions(comparison.train_questions)
    return groups


def _answer_all(
    run: Run, comparison: Comparison, groups: Mapping[str, tuple[Question, ...]], ask: Ask
) -> dict[str, Result]:
    path = run.path / "answers.jsonl"
    known = resume(path)
    total, done = sum(map(len, groups.values())), 0
    results = {}
    for group, questions in groups.items():
        rows = []
        before: Known = known.get(group, {})
        for row in compare(
            lambda messages: ask(comparison.base, messages),
            lambda messages: ask(comparison.tuned, messages),
            questions,
            correct=comparison.correct,
            known=before,
        ):
            if row.question.id not in before:
                append_row(path, group, row)
            rows.append(row)
            done += 1
            run.note("asked", done=done, total=total, set=group, change=row.change)
        results[group] = Result(tuple(rows), summarise(rows, seed=comparison.seed))
    return results


def _conclude(
    run: Run,
    comparison: Comparison,
    results: Mapping[str, Result],
    weighed: Weighed,
    digests: Mapping[str, str],
) -> None:
    """Write the report and the metrics."""
    verdict = judge(results[HELD_OUT].summary)
    metrics: dict[str, Any] = {"verdict": verdict.sentence, "finding": verdict.finding}
    for group, result in results.items():
        metrics[group] = {**result.summary.numbers(), **weighed.numbers(group)}
    if weighed.text is not None:
        metrics["text"] = weighed.text.numbers()
    metrics["suspicious"] = results[HELD_OUT].summary.suspicious
    metrics["same_prompts"] = weighed.same_prompts
    page = render(run, comparison, results, weighed, digests)
    write_text(run.path / "report.html", page)
    run.save(out=str(run.path / "report.html"), metrics=metrics)
    run.note("scored", verdict=verdict.sentence, suspicious=metrics["suspicious"])


def _asking(address: str, comparison: Comparison) -> Ask:
    """Ask a server, greedily; the key comes from PENSTOCK_KEY."""
    key = os.environ.get("PENSTOCK_KEY")

    def ask(model: str, messages: Sequence[Message]) -> Answer:
        started = time.perf_counter()
        text = client.chat(
            address,
            model,
            messages,
            key=key,
            max_tokens=comparison.max_tokens,
            temperature=0.0,
            seed=comparison.seed,
        )
        return Answer(text, time.perf_counter() - started)

    return ask


def _folders(comparison: Comparison) -> dict[str, str]:
    return {"base": comparison.base_model, "tuned": comparison.tuned_model}


def _fingerprints(comparison: Comparison) -> dict[str, str]:
    """What the question files are, as far as they are given."""
    found = {}
    for key in ("questions", "train_questions", "text"):
        if address := getattr(comparison, key):
            files: list[File] = expand(data_files(address), ())
            found[key] = fingerprint(files)
    return found
