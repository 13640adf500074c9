"""One self-contained HTML page for a comparison: nothing is fetched, whatever a model said.

Every text is escaped by the template engine, and the page forbids itself (by a content security
policy) to load anything or to run any script but its own, which is named by its hash.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from typing import Any

from penstock.errors import MissingError
from penstock.judge.compare import Answer, Row, Scores
from penstock.judge.diff import word_diff
from penstock.judge.questions import Question
from penstock.judge.settings import Comparison
from penstock.judge.summary import Result
from penstock.judge.table import measure_rows
from penstock.judge.verdict import judge
from penstock.judge.weigh import Weighed
from penstock.runs.folder import Run
from penstock.version import VERSION

_TITLES = {"held_out": "Held-out questions", "train": "Training questions"}
_NOTES = {
    "held_out": "Kept out of the training: the verdict rests on them. Small print: 95 % intervals.",
    "train": "The tuned side was trained on these. They show what it learned by heart, not more.",
}
# Regressions come first: they are what a reader must see before anything is shipped.
_ORDER = ("regressed", "fixed", "wrong", "right")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def render(
    run: Run,
    comparison: Comparison,
    results: Mapping[str, Result],
    weighed: Weighed,
    digests: Mapping[str, str],
) -> str:
    """The page as text. Raises MissingError when the template engine is not installed."""
    script = _file("report.js")
    summary = results["held_out"].summary
    rows = [(group, row) for group, result in results.items() for row in result.rows]
    rows.sort(key=lambda one: _ORDER.index(one[1].change))
    page: str = _template().render(
        script=script,
        script_hash=_hash(script),
        style=_file("report.css"),
        version=VERSION,
        title=run.record["name"],
        digest=run.record["digest"],
        started=run.record["started"],
        base=comparison.base,
        tuned=comparison.tuned,
        verdict=judge(summary),
        suspicious=summary.suspicious,
        same_share=summary.same_share,
        same_prompts=weighed.same_prompts,
        groups=[_group(group, result, weighed) for group, result in results.items()],
        text_rows=measure_rows(None, weighed.text),
        cards=[_card(group, row) for group, row in rows],
        filters=_filters([row for _, row in rows]),
        sides=_sides(comparison, digests),
        settings={k: v for k, v in asdict(comparison).items() if v != ""},
        inputs=run.record["inputs"],
    )
    return page


def _group(group: str, result: Result, weighed: Weighed) -> dict[str, Any]:
    summary = result.summary
    return {
        "id": group,
        "title": _TITLES[group],
        "note": _NOTES[group],
        "questions": summary.questions,
        "counts": [(change, summary.counts[change]) for change in _ORDER],  # type: ignore[index]
        "rows": measure_rows(summary, weighed.answers.get(group)),
    }


def _card(group: str, row: Row) -> dict[str, Any]:
    question = row.question
    return {
        "set": group,
        "set_title": _TITLES[group].removesuffix(" questions"),
        "id": question.id,
        "change": row.change,
        "same": row.same,
        "earlier": question.messages[:-1],
        "question": question.text,
        "reference": question.answer,
        "language": _language(question),
        "sides": [
            _side("base", row.base, row.base_scores, row),
            _side("tuned", row.tuned, row.tuned_scores, row),
        ],
    }


def _side(side: str, answer: Answer, scores: Scores, row: Row) -> dict[str, Any]:
    pieces = word_diff(answer.text, row.question.answer)
    if [kind for kind, _ in pieces] == ["extra"]:
        pieces = [("same", answer.text)]  # nothing in common: marking all of it would mark nothing
    return {
        "side": side,
        "right": bool(getattr(scores, row.correct)),
        "empty": not answer.text.strip(),
        "pieces": pieces,
        "f1": f"{scores.f1:.2f}",
        "seconds": f"{answer.seconds:.2f} s",
    }


def _filters(rows: list[Row]) -> list[tuple[str, str, int]]:
    """What can be filtered for: key, label, and how many there are."""
    labels = {"regressed": "Regressed", "fixed": "Fixed", "wrong": "Still wrong", "right": "Right"}
    filters = [("all", "All", len(rows))]
    filters += [(key, labels[key], sum(row.change == key for row in rows)) for key in _ORDER]
    return [*filters, ("same", "Same answer", sum(row.same for row in rows))]


def _sides(comparison: Comparison, digests: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {
            "side": side,
            "name": getattr(comparison, side),
            "source": getattr(comparison, f"{side}_model") or "not known here",
            "digest": digests[side] or "not known here",
        }
        for side in ("base", "tuned")
    ]


def _language(question: Question) -> str:
    """The question's language as a `lang` attribute, "" when it is no language tag."""
    return question.language if _LANGUAGE.fullmatch(question.language) else ""


def _template() -> Any:
    try:
        import jinja2
    except ModuleNotFoundError:
        raise MissingError(
            "the report needs jinja2, which is not installed", hint="pip install 'penstock[serve]'"
        ) from None
    world = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    world.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    return world.from_string(_file("report.html.j2"))


def _file(name: str) -> str:
    return resources.files("penstock.judge").joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
