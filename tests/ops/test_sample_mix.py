"""Mixtures meet their budget, or say by how much they miss it."""

from __future__ import annotations

import random
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import RecordError, UsageError
from penstock.ops.base import PARENT, failing
from penstock.ops.sample.mix import BINS, Mix

NAMES = ("web", "books", "code")


def rows_of(sizes: list[tuple[str | None, int]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "id": pa.array([f"d{at}" for at in range(len(sizes))], pa.string()),
            "dataset": pa.array([name for name, _ in sizes], pa.string()),
            "text": pa.array(["x" * size for _, size in sizes], pa.string()),
        }
    )


def summary_of(mix: Mix, rows: pa.RecordBatch, parts: int = 3):
    step = -(-rows.num_rows // parts)
    summaries = [mix.survey(rows.slice(at, step)) for at in range(0, rows.num_rows, step)]
    random.Random(0).shuffle(summaries)
    merged = summaries[0]
    for one in summaries[1:]:
        merged = mix.merge(merged, one)
    return merged


def copies_of(mix: Mix, rows: pa.RecordBatch) -> list[int]:
    """How often each document comes out."""
    bound = mix.bind(summary_of(mix, rows))
    if mix.repeat == 1:
        failed = failing(bound.rules(), bound.measure_batch(rows), rows.num_rows)
        return [int(at < 0) for at in failed]
    counts = Counter(bound.batch(rows).column(PARENT).to_pylist())
    return [counts[at] for at in range(rows.num_rows)]


def taken(rows: pa.RecordBatch, copies: list[int]) -> Counter[str]:
    total: Counter[str] = Counter()
    for name, text, count in zip(
        rows.column("dataset").to_pylist(), rows.column("text").to_pylist(), copies, strict=True
    ):
        total[name] += len(text) * count
    return total


def corpus(size: int, seed: int = 0) -> pa.RecordBatch:
    chance = random.Random(seed)
    return rows_of([(chance.choice(NAMES), chance.randrange(1, 200)) for _ in range(size)])


@pytest.mark.parametrize("repeat", [1, 3])
def test_a_budget_is_met(repeat):
    rows = corpus(20_000)
    there = taken(rows, [1] * rows.num_rows)
    budget = int(sum(there.values()) * 0.5)
    mix = Mix({"web": 5, "books": 2, "code": 1}, budget=budget, repeat=repeat)
    found = taken(rows, copies_of(mix, rows))
    parts = mix.parts(summary_of(mix, rows))
    for part in parts:
        assert found[part.name] == part.taken
        # A 4,096th of a dataset, or a few of the largest documents where they are few.
        assert abs(part.taken - part.asked) <= max(there[part.name] / BINS * 4, 400)
    assert abs(sum(found.values()) - budget) / budget < 0.001


@given(
    st.lists(st.tuples(st.sampled_from([*NAMES, "none", None]), st.integers(1, 50)), max_size=60),
    st.lists(st.integers(1, 9), min_size=3, max_size=3),
    st.integers(1, 2000),
    st.integers(1, 4),
)
@settings(max_examples=150, deadline=None)
def test_what_is_said_is_what_is_taken(sizes, weights, budget, repeat):
    rows = rows_of([*((name, 3) for name in NAMES), *sizes])
    mix = Mix(
        dict(zip(NAMES, weights, strict=True)), budget=budget, repeat=repeat, shortfall="accept"
    )
    copies = copies_of(mix, rows)
    found = taken(rows, copies)
    for part in mix.parts(summary_of(mix, rows)):
        assert found[part.name] == part.taken <= part.most
        assert part.taken >= part.most or abs(part.taken - part.asked) <= part.there
    assert found["none"] == found[None] == 0
    assert max(copies) <= repeat


@given(st.lists(st.integers(1, 9), min_size=3, max_size=3), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_without_a_budget_nothing_is_missing(weights, repeat):
    rows = corpus(600, seed=weights[0])
    mix = Mix(dict(zip(NAMES, weights, strict=True)), repeat=repeat)
    parts = mix.parts(summary_of(mix, rows))
    assert any(part.taken == part.most for part in parts)
    assert all(part.asked < part.most + 1 for part in parts)
    mix.bind(summary_of(mix, rows))


def test_the_same_documents_in_any_order():
    rows = corpus(500)
    mix = Mix({"web": 1, "books": 1}, budget=8000)
    order = random.Random(1).sample(range(500), 500)
    shuffled = copies_of(mix, rows.take(pa.array(order)))
    copies = copies_of(mix, rows)
    assert [copies[at] for at in order] == shuffled


def test_a_shortfall_is_told_in_figures():
    rows = rows_of([("web", 100), ("books", 10)])
    mix = Mix({"web": 1, "books": 1}, budget=100)
    with pytest.raises(UsageError) as caught:
        mix.bind(mix.survey(rows))
    assert "`books` has 10 characters of the 50 asked" in caught.value.message
    assert "20" in caught.value.hint
    fixed = Mix({"web": 1, "books": 1}, budget=20)
    fixed.bind(fixed.survey(rows))


def test_a_dataset_that_is_not_there_is_told():
    mix = Mix({"web": 1, "boks": 1})
    with pytest.raises(UsageError, match="`boks` has 0 characters"):
        mix.bind(mix.survey(rows_of([("web", 1), ("books", 1)])))


def test_a_document_without_a_size_is_refused():
    rows = rows_of([("web", 1)]).append_column("tokens", pa.array([None], pa.int64()))
    with pytest.raises(RecordError, match="`tokens` is null"):
        Mix({"web": 1}, unit="tokens").survey(rows)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"weights": {}}, "at least one dataset"),
        ({"weights": {"a": 0.0}}, "more than 0"),
        ({"weights": {"a": 1.0}, "budget": 0}, "`budget` is 0"),
        ({"weights": {"a": 1.0}, "repeat": 0}, "`repeat` is 0"),
    ],
)
def test_wrong_parameters(values, message):
    with pytest.raises(ValueError, match=message):
        Mix(**values)
