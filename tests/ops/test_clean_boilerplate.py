"""Boilerplate lines: counts are exact, and how parts are merged does not show."""

import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import UsageError
from penstock.ops.clean.boilerplate_lines import FEWEST, BoilerplateLines

LINES = st.lists(st.sampled_from(["Home", "News", "About us", "a", "b", "-", ""]), max_size=6)
PAGES = st.lists(st.tuples(st.sampled_from(["x.example", "www.y.example"]), LINES), max_size=40)


def rows_of(pages: list[tuple[str, list[str]]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "url": pa.array(
                [f"http://{site}/{n}" for n, (site, _) in enumerate(pages)], pa.string()
            ),
            "text": pa.array(["\n".join(lines) for _, lines in pages], pa.string()),
        }
    )


def merged(operator: BoilerplateLines, parts: list[Any], order: random.Random) -> Any:
    parts = parts[:]
    order.shuffle(parts)
    while len(parts) > 1:
        at = order.randrange(len(parts) - 1)
        parts[at : at + 2] = [operator.merge(parts[at], parts[at + 1])]
    return parts[0]


@given(PAGES, st.integers(3, 8), st.sampled_from([0.2, 0.5, 1.0]))
@settings(max_examples=200, deadline=None)
def test_lines_go_by_exact_counts(
    pages: list[tuple[str, list[str]]], least: int, share: float
) -> None:
    operator = BoilerplateLines(pages=least, share=share, min_length=1)
    rows = rows_of(pages)
    found = operator.bind(operator.survey(rows)).batch(rows).column("text").to_pylist()
    sizes = Counter(site for site, lines in pages if any(lines) or len(lines) > 1)
    seen = Counter((site, line) for site, lines in pages for line in set(lines) if line.isalnum())
    seen.update((site, "About us") for site, lines in pages if "About us" in lines)
    for (site, lines), text in zip(pages, found, strict=True):
        kept = [
            line
            for line in lines
            if (count := seen[site, line]) < FEWEST
            or (count < least and count < share * sizes[site])
        ]
        assert text == "\n".join(kept)


@pytest.mark.parametrize("ceiling", [50, 400, 10_000_000])
def test_how_parts_are_merged_does_not_show(ceiling: int) -> None:
    pages = [(f"s{n % 5}.example", ["Home", "News", f"story {n}"]) for n in range(600)]
    rows = rows_of(pages)
    operator = BoilerplateLines(max_lines=ceiling)
    parts = [operator.survey(rows.slice(start, 7)) for start in range(0, 600, 7)]
    bound = {operator.bind(merged(operator, parts, random.Random(seed))) for seed in range(6)}
    assert bound == {operator.bind(operator.survey(rows))}
    left = set(bound.pop().batch(rows).column("text").to_pylist())
    # Under a ceiling a share of the pages is counted; large sites still lose their boilerplate.
    if ceiling >= 400:
        assert left == {f"story {n}" for n in range(600)}
    else:
        assert {text.partition("story")[1] for text in left} == {"story"}


def test_summaries_stay_under_their_ceiling() -> None:
    operator = BoilerplateLines(max_lines=100)
    pages = [("a.example", [f"line {n} {m}" for m in range(5)]) for n in range(300)]
    rows = rows_of(pages)
    summary = operator.survey(rows.slice(0, 10))
    for start in range(10, 300, 10):
        summary = operator.merge(summary, operator.survey(rows.slice(start, 10)))
        assert sum(len(keys) for keys, _ in summary[1]) <= 100
    assert operator.bind(summary).batch(rows).equals(rows)


def test_a_missing_column_is_told() -> None:
    rows = pa.RecordBatch.from_pydict({"text": ["a"], "link": ["http://a.example"]})
    with pytest.raises(UsageError, match="no column `url`"):
        BoilerplateLines().survey(rows)


def test_nothing_surveyed_changes_nothing() -> None:
    rows = rows_of([("a.example", ["Home"])])
    assert BoilerplateLines().bind(None).batch(rows).equals(rows)


@pytest.mark.parametrize("wrong", [{"pages": 1}, {"share": 0.0}, {"share": 1.5}, {"max_lines": 0}])
def test_wrong_values_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="`pages` must be"):
        BoilerplateLines(**wrong)
