"""The report: whole in one file, safe whatever a model said, and honest in its words."""

import itertools
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from penstock.judge.compare import Answer, compare
from penstock.judge.questions import Question
from penstock.judge.report import render
from penstock.judge.settings import Comparison
from penstock.judge.summary import Result, Summary, summarise
from penstock.judge.verdict import judge
from penstock.judge.weigh import Weighed
from penstock.runs.folder import Run

HOSTILE = "</script><img src=x onerror=\"document.title='broken'\"><style>*{display:none}</style>"


def question(number: int, answer: str = "yes", **fields: Any) -> Question:
    return Question(
        str(number), ({"role": "user", "content": f"Is it {number}?"},), answer, **fields
    )


def rows(base: str, tuned: str) -> tuple[Any, ...]:
    """A row a letter: y is a right answer, n a wrong one."""
    said = {"y": "yes", "n": "no"}
    answers = iter([pair for both in zip(base, tuned, strict=True) for pair in both])
    questions = [question(number) for number in range(len(base))]
    pairs = {
        one.id: (Answer(said[next(answers)]), Answer(said[next(answers)])) for one in questions
    }

    def never(messages: Any) -> Answer:
        raise AssertionError

    return tuple(compare(never, never, questions, known=pairs))


def summary(base: str, tuned: str) -> Summary:
    return summarise(rows(base, tuned))


def page(found: tuple[Any, ...], **settings: Any) -> str:
    record = {"name": "qa", "digest": "0123456789ab", "started": "2026-01-01", "inputs": {}}
    comparison = Comparison("base", "tuned", "questions.jsonl", **settings)
    results = {"held_out": Result(found, summarise(found))}
    return render(
        Run(Path("qa"), record), comparison, results, Weighed(), {"base": "", "tuned": "d1"}
    )


class Outline(HTMLParser):
    """Every tag with its attributes, and the change of each card in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def hostile_page() -> str:
    asked = Question(HOSTILE, ({"role": "user", "content": HOSTILE},), HOSTILE, HOSTILE)
    found = list(
        compare(
            lambda _: Answer(HOSTILE + "!"), lambda _: Answer("&lt;b&gt; {{ 7 * 7 }}"), [asked] * 2
        )
    )
    return page(tuple(found))


def test_a_hostile_answer_stays_text() -> None:
    text = hostile_page()
    outline = Outline(text)
    assert not [tag for tag, _ in outline.tags if tag == "img"]
    assert len([tag for tag, _ in outline.tags if tag in ("script", "style")]) == 2
    assert not [name for _, attrs in outline.tags for name in attrs if name.startswith("on")]
    assert "&lt;/script&gt;&lt;img" in text
    assert "{{ 7 * 7 }}" in text
    assert "&amp;lt;b&amp;gt;" in text


def test_nothing_is_fetched_from_elsewhere() -> None:
    text = page(rows("yn", "ny"))
    outline = Outline(text)
    for tag, attrs in outline.tags:
        for name in ("src", "href", "srcset", "data", "action"):
            assert (attrs.get(name) or "#").startswith("#"), (tag, attrs)
    assert "url(" not in text
    assert "@import" not in text
    policy = next(attrs["content"] for _, attrs in outline.tags if "http-equiv" in attrs)
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy


def test_regressions_come_first() -> None:
    outline = Outline(page(rows("yynnn", "yynyn") + rows("y", "n")))
    changes = [attrs["data-change"] for tag, attrs in outline.tags if tag == "article"]
    assert changes == ["regressed", "fixed", "wrong", "wrong", "right", "right"]


def test_controls_have_names_and_headings_descend() -> None:
    outline = Outline(page(rows("yn", "ny")))
    labels = {attrs["id"] for _, attrs in outline.tags if attrs.get("id")}
    for tag, attrs in outline.tags:
        if named_by := attrs.get("aria-labelledby"):
            assert named_by in labels
        if tag == "button":
            assert attrs["type"] == "button"
            assert attrs["aria-pressed"] in ("true", "false")
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_a_language_goes_to_the_browser_and_nothing_else_does() -> None:
    asked = [question(1, language="zh-Hans"), question(2, language='x" onload="y')]
    found = tuple(compare(lambda _: Answer("a"), lambda _: Answer("b"), asked))
    languages = [attrs.get("lang") for tag, attrs in Outline(page(found)).tags if tag == "div"]
    assert [one for one in languages if one] == ["zh-Hans"]


@pytest.mark.parametrize(
    ("base", "tuned", "headline"),
    [
        ("n" * 10, "y" * 10, "Tuned is better than base"),
        ("y" * 10, "n" * 10, "Tuned is worse than base"),
        ("nnnnyyyy", "yyynyyyn", "No clear difference"),
        ("nnnn", "yyyy", "No clear difference"),  # p = 0.125: four questions prove nothing
        ("n", "y", "No clear difference"),
        ("nnyy", "nnyy", "Base and tuned say the same"),
    ],
)
def test_headlines(base: str, tuned: str, headline: str) -> None:
    verdict = judge(summary(base, tuned))
    assert verdict.headline == headline
    assert f"tuned answers {tuned.count('y')} of {len(tuned)}" in verdict.sentence


def test_better_is_never_said_while_the_interval_crosses_zero() -> None:
    for regressed in range(1, 9):
        found = summary("y" * regressed + "n" * 8, "n" * regressed + "y" * 8)
        difference = found.headline.difference
        assert difference is not None
        if difference.crosses_zero:
            assert "better" not in judge(found).sentence


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.more
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_browser_runs_the_page_and_none_of_the_answers(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(hostile_page(), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000"]
    done = subprocess.run(
        [str(CHROMIUM), *flags, "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "<title>qa: No clear difference</title>" in done.stdout
    assert "2 of 2 shown" in done.stdout  # the page's own script ran
    assert "<img" not in done.stdout
