"""Samples are exact, whatever the shards, buckets and order, and whatever runs before them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import UsageError
from penstock.ops.base import Filter, Group, Survey, failing
from penstock.ops.sample.domain_cap import DomainCap
from penstock.ops.sample.frequency import Frequency
from penstock.ops.sample.percentile import Percentile
from penstock.ops.sample.random import place
from penstock.ops.sample.split import Split
from penstock.ops.sample.stratified import Stratified
from penstock.ops.sample.top_k import TopK

ORDER = [(name, "ascending") for name in ("key", "rank", "shard", "row")]
VALUES = st.lists(st.sampled_from(["a", "b", "c", "水", "", None]), max_size=60)
NUMBERS = st.lists(
    st.none() | st.integers(-5, 5) | st.floats(-1e9, 1e9, allow_nan=False), max_size=60
)


def batch(**columns: Sequence[Any]) -> pa.RecordBatch:
    size = len(next(iter(columns.values())))
    arrays = {"id": pa.array([f"d{at}" for at in range(size)], pa.string())}
    arrays |= {"source": pa.array(["s"] * size, pa.string()), "offset": pa.array(range(size))}
    for name, values in columns.items():
        kind = pa.float64() if name == "number" else pa.string()
        arrays[name] = pa.array(values, kind)
    return pa.RecordBatch.from_pydict(arrays)


def pieces(rows: pa.RecordBatch, chance: random.Random) -> list[pa.RecordBatch]:
    cuts = sorted(chance.choices(range(rows.num_rows + 1), k=chance.randrange(5)))
    ends = [0, *cuts, rows.num_rows]
    return [rows.slice(one, other - one) for one, other in pairwise(ends)]


def dropped(operator: Group, rows: pa.RecordBatch, chance: random.Random) -> set[str]:
    """The ids that a group drops, its rows cut into shards and its keys put into buckets."""
    tables = []
    for shard, part in enumerate(pieces(rows, chance)):
        tables.append(
            pa.table(
                {
                    "key": operator.keys(part),
                    "shard": pa.array([shard] * part.num_rows, pa.int32()),
                    "row": pa.array(range(part.num_rows), pa.int64()),
                    "id": part.column("id"),
                    "rank": operator.ranks(part),
                }
            )
        )
    table = pa.concat_tables(tables)
    table = table.filter(table.column("key").is_valid())
    buckets = chance.randrange(1, 5)
    gone = set()
    which = np.array([key[0] % buckets for key in table.column("key").to_pylist()], int)
    for number in range(buckets):
        bucket = table.filter(pa.array(which == number)).sort_by(ORDER).combine_chunks()
        named = {
            (shard, row): one
            for shard, row, one in zip(
                *(bucket.column(name).to_pylist() for name in ("shard", "row", "id")), strict=True
            )
        }
        for verdict in operator.elect(bucket).to_pylist():
            assert verdict["state"] == "dropped"
            gone.add(named[verdict["shard"], verdict["row"]])
    return gone


def surveyed(operator: Survey, rows: pa.RecordBatch, chance: random.Random) -> Any:
    """A summary of the rows cut at random, merged in any order."""
    summaries = [operator.survey(part) for part in pieces(rows, chance)]
    while len(summaries) > 1:
        chance.shuffle(summaries)
        summaries.append(operator.merge(summaries.pop(), summaries.pop()))
    return summaries[0]


def kept(operator: Survey, rows: pa.RecordBatch, chance: random.Random) -> list[bool]:
    bound = operator.bind(surveyed(operator, rows, chance))
    assert isinstance(bound, Filter)
    rules = bound.rules()
    return [
        at < 0
        for part in pieces(rows, chance)
        for at in failing(rules, bound.measure_batch(part), part.num_rows)
    ]


@given(VALUES, st.integers(1, 9), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_each_stratum_keeps_exactly_so_many(values, each, chance):
    rows = batch(value=values)
    operator = Stratified(by="value", each=each)
    stay = set(rows.column("id").to_pylist()) - dropped(operator, rows, chance)
    for value, size in Counter(values).items():
        ours = [f"d{at}" for at, one in enumerate(values) if one == value]
        first = sorted(ours, key=lambda one: place(one, 0, "sample.stratified"))[:each]
        assert stay & {*ours} == {*first}
        assert len(first) == min(each, size)


@given(VALUES, st.floats(0.01, 1), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_each_stratum_keeps_its_share(values, share, chance):
    rows = batch(value=values)
    gone = dropped(Stratified(by="value", share=share), rows, chance)
    for value, size in Counter(values).items():
        ours = {f"d{at}" for at, one in enumerate(values) if one == value}
        assert len(ours - gone) == max(1, int(share * size + 0.5))


@given(
    VALUES,
    st.lists(st.none() | st.integers(0, 4), min_size=60, max_size=60),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
@settings(max_examples=80, deadline=None)
def test_a_cap_keeps_the_preferred(values, scores, most, chance):
    rows = batch(value=values, number=scores[: len(values)])
    gone = dropped(DomainCap(max=most, by="value", prefer="number"), rows, chance)
    for value in {*values}:
        ours = [at for at, one in enumerate(values) if one == value]
        best = sorted(ours, key=lambda at: (scores[at] is None, -(scores[at] or 0), at))
        stay = ours if value is None else best[:most]
        assert {f"d{at}" for at in ours} - gone == {f"d{at}" for at in stay}


@given(NUMBERS, st.integers(1, 20), st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_top_k_is_exact(numbers, k, largest, chance):
    rows = batch(number=numbers)
    operator = TopK(k=k, by="number", order="largest" if largest else "smallest")
    stays = kept(operator, rows, chance)
    known = sorted((one for one in numbers if one is not None), reverse=largest)
    found = [one for one, stay in zip(numbers, stays, strict=True) if stay]
    assert sorted(found, reverse=largest) == known[:k]


@given(st.integers(0, 80), st.integers(1, 40), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_k_at_random_is_exact_and_the_same_in_any_order(size, k, chance):
    rows = batch(text=["x"] * size)
    operator = TopK(k=k)
    stays = kept(operator, rows, chance)
    assert sum(stays) == min(k, size)
    order = chance.sample(range(size), size)
    shuffled = kept(operator, rows.take(pa.array(order, pa.int64())), chance)
    assert [stays[at] for at in order] == shuffled


def test_documents_with_one_id_are_still_two():
    rows = batch(text=["x"] * 200)
    same = rows.set_column(0, "id", pa.array(["same"] * 200, pa.string()))
    for k in (1, 50, 199):
        assert sum(kept(TopK(k=k), same, random.Random(k))) == k


@given(
    VALUES,
    *(st.none() | st.integers(1, 5) for _ in range(4)),
    st.randoms(use_true_random=False),
)
@settings(max_examples=100, deadline=None)
def test_frequencies_are_exact(values, low, high, top, skip, chance):
    if low is high is top is skip is None:
        low = 1
    stays = kept(Frequency("value", low, high, top, skip), batch(value=values), chance)
    counts = Counter(value for value in values if value is not None)
    digests = {value: xxhash.xxh3_64_intdigest(value.encode()) for value in counts}
    ranked = sorted(counts, key=lambda value: (-counts[value], digests[value]))
    expected = {
        value
        for rank, value in enumerate(ranked, start=1)
        if (low or 0) <= counts[value] <= (high or 99) and (skip or 0) < rank <= (top or 99)
    }
    assert stays == [value is None or value in expected for value in values]


@given(NUMBERS, st.floats(0, 0.9), st.floats(0.1, 1), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_percentiles_never_drop_more_than_asked(numbers, low, high, chance):
    if low >= high:
        low, high = high / 2, max(low, high)
    stays = kept(Percentile("number", low, high), batch(number=numbers), chance)
    known = [one for one in numbers if one is not None]
    gone = [one for one, stay in zip(numbers, stays, strict=True) if not stay]
    left = [one for one, stay in zip(numbers, stays, strict=True) if stay and one is not None]
    lower = [one for one in gone if left and one < min(left)]
    higher = [one for one in gone if left and one > max(left)]
    assert not left or sorted(lower + higher) == sorted(gone)
    assert len(lower) <= low * len(known) + 1e-9
    assert len(higher) <= (1 - high) * len(known) + 1e-9


@given(st.lists(st.integers(-8192, 8192), min_size=1, max_size=60), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_percentiles_of_whole_numbers_are_exact(numbers, tenths):
    stays = kept(Percentile("number", low=tenths / 10), batch(number=numbers), random.Random(0))
    for one, stay in zip(numbers, stays, strict=True):
        assert stay == (sum(other <= one for other in numbers) / len(numbers) > tenths / 10)


def test_percentiles_of_many_values_are_near():
    generator = np.random.default_rng(0)
    numbers = generator.lognormal(3, 2, 20_000)
    stays = np.array(kept(Percentile("number", 0.1, 0.7), batch(number=numbers), random.Random(1)))
    low, high = np.quantile(numbers, (0.1, 0.7), method="inverted_cdf")
    wrong = numbers[stays != ((numbers > low) & (numbers < high))]
    assert all(min(abs(one / low - 1), abs(one / high - 1)) <= 2 / 4096 for one in wrong)
    assert 0.6 <= stays.mean() < 0.601


@given(VALUES, st.floats(0, 0.5), st.floats(0, 0.5), st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_a_split_leaks_nothing(values, validation, test, seed):
    operator = Split(validation=validation, test=test, by="value", seed=seed)
    labels = operator.batch(batch(value=values)).column("split").to_pylist()
    assert {*labels} <= {"train", "validation", "test"}
    sides = {}
    for value, label in zip(values, labels, strict=True):
        if value is not None:
            assert sides.setdefault(value, label) == label


def test_a_split_has_its_shares_and_does_not_depend_on_other_samples():
    names = [f"d{at}" for at in range(20_000)]
    sampled = [one for one in names if place(one, 0) < 0.1]
    for ids in (names, sampled):
        labels = Counter(Split(validation=0.1, test=0.2).label(f"id {one}") for one in ids)
        assert abs(labels["test"] / len(ids) - 0.2) < 0.03
        assert abs(labels["validation"] / len(ids) - 0.1) < 0.03


@pytest.mark.parametrize(
    "operator",
    [TopK(k=1, by="txet"), Frequency("txet", min=1), Percentile("txet")],
    ids=lambda one: type(one).__name__,
)
def test_a_column_that_is_not_there_is_told_before_the_run(operator):
    rows = batch(text=[]).slice(0, 0)
    with pytest.raises(UsageError) as caught:
        operator.bind(None).measure_batch(rows)
    assert "column" in caught.value.message


def test_text_is_no_number():
    with pytest.raises(UsageError, match="`text` is string, not a number"):
        TopK(k=1, by="text").survey(batch(text=["3"]))


def test_dates_are_numbers():
    days = pa.array([1, 3, 2], pa.int32()).cast(pa.date32())
    rows = batch(text=["a", "b", "c"]).append_column("day", days)
    assert kept(TopK(k=2, by="day"), rows, random.Random(0)) == [False, True, True]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TopK(k=0), "`k` is 0"),
        (lambda: Stratified(by="x"), "either `each`"),
        (lambda: Stratified(by="x", each=1, share=0.5), "either `each`"),
        (lambda: Stratified(by="x", share=2), "`share` is 2"),
        (lambda: DomainCap(max=0), "`max` is 0"),
        (lambda: Frequency("x"), "at least one of"),
        (lambda: Percentile("x", low=0.5, high=0.5), "`low` and `high`"),
        (lambda: Split(validation=0.9, test=0.2), "at most 1 together"),
        (lambda: Split(column="id"), "`id` cannot be set"),
    ],
)
def test_wrong_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()
