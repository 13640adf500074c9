"""What holds of every operator."""

import dataclasses
import pickle
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from penstock.errors import MissingError, UsageError
from penstock.ops.base import Filter, Map, Operator, Rule, failing
from penstock.ops.catalogue import check_needs, find, names
from penstock.ops.dedup.exact import Exact
from penstock.ops.filter.gopher_quality import GopherQuality
from penstock.ops.filter.language import Language
from penstock.ops.filter.word_count import WordCount
from penstock.ops.mask.pii import Pii
from penstock.ops.sample.random import Random

CASES = Path(__file__).parents[1] / "cases"


def make(name: str) -> Operator:
    """An operator as the first of its cases has it."""
    from penstock.specs.build import build

    kind, _, file = name.partition(".")
    cases = YAML(typ="safe").load((CASES / kind / f"{file}.yaml").read_text("utf-8"))
    needed = {"path": "x"} if kind == "read" else {}
    return build(find(name), {**needed, **cases[0].get("params", {})}, lambda _: "", owner=name)


@pytest.mark.parametrize("name", names())
def test_operators_travel_and_compare_by_their_parameters(name: str) -> None:
    operator = make(name)
    assert pickle.loads(pickle.dumps(operator)) == operator
    assert hash(operator) == hash(make(name))


def test_a_loaded_model_stays_behind() -> None:
    language = Language(keep=("en",))
    before = len(pickle.dumps(language))
    language.measure("The river flows to the sea.")
    assert len(pickle.dumps(language)) == before


@given(st.lists(st.text(max_size=200) | st.none(), max_size=30))
@settings(max_examples=50, deadline=None)
def test_batches_measure_what_texts_measure(texts: list[str | None]) -> None:
    clean = [text and text.encode("utf-8", "replace").decode() for text in texts]
    rows = pa.RecordBatch.from_pydict({"text": pa.array(clean, pa.string())})
    for operator in (WordCount(), GopherQuality()):
        batch = operator.measure_batch(rows)
        for place, text in enumerate(clean):
            one = None if text is None else operator.measure(text)
            for name, values in batch.items():
                expected = one[name] if isinstance(one, dict) else one
                assert values[place].as_py() == expected


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = Pii().text(text)
    assert Pii().text(once) == once


@pytest.mark.parametrize(
    "hostile",
    [
        "a@" * 50_000,
        "1" * 200_000,
        "+1 " * 60_000,
        "a." * 60_000 + "@",
        "@" + "a-" * 60_000,
        "(1" * 90_000,
    ],
    ids=["at", "digits", "plus", "dots", "hyphens", "brackets"],
)
def test_no_text_makes_masking_slow(hostile: str) -> None:
    # Twice the text may take about twice the work: counted in steps of the clock of the process,
    # generously, so that a quadratic pattern fails and a busy machine does not.
    import time

    def cost(text: str) -> float:
        began = time.process_time()
        Pii().text(text)
        return time.process_time() - began

    assert cost(hostile) < 20 * max(cost(hostile[: len(hostile) // 4]), 0.02)


@given(st.lists(st.text("ab \n", max_size=4), max_size=40), st.integers(1, 5))
def test_duplicates_do_not_depend_on_buckets(texts: list[str], shards: int) -> None:
    operator = Exact()
    keys = [operator.digest(text) for text in texts]
    expected = {n: keys.index(key) for n, key in enumerate(keys) if keys.index(key) != n}
    table = pa.table(
        {
            "key": pa.array(keys, pa.binary(16)),
            "shard": pa.array(
                [n * shards // max(len(texts), 1) for n in range(len(texts))], pa.int32()
            ),
            "row": pa.array(range(len(texts)), pa.int64()),
            "id": pa.array(map(str, range(len(texts))), pa.string()),
        }
    ).sort_by([("key", "ascending"), ("shard", "ascending"), ("row", "ascending")])
    verdicts = operator.elect(table.combine_chunks()).to_pylist()
    assert {one["row"]: int(one["merged_into"]) for one in verdicts} == expected


@given(st.lists(st.text(max_size=9), max_size=60), st.floats(0.05, 0.95))
def test_a_random_split_shares_nothing_and_loses_nothing(keys: list[str], share: float) -> None:
    clean = [key.encode("utf-8", "replace").decode() for key in keys]
    rows = pa.RecordBatch.from_pydict({"id": pa.array(clean, pa.string())})
    halves = [Random(high=share), Random(low=share)]
    kept = [failing(half.rules(), half.measure_batch(rows), len(keys)) < 0 for half in halves]
    assert all(kept[0] ^ kept[1])


def test_a_random_share_is_about_that_share() -> None:
    places = [Random(seed=seed).place(f"row {n}") for seed in (0, 1) for n in range(4000)]
    assert abs(sum(place < 0.3 for place in places) / len(places) - 0.3) < 0.02
    assert places[:4000] != places[4000:]


def test_rules_take_null_for_an_answer_not_given() -> None:
    rules = (
        Rule("min", "n", "<", 5),
        Rule("max", "n", ">", 9),
        Rule("keep", "s", "not in", ("x",)),
    )
    measures = {
        "n": pa.array([4, 5, 10, None, None, 6], pa.int64()),
        "s": pa.array(["x", "x", "x", None, "y", "y"], pa.string()),
    }
    assert failing(rules, measures, 6).tolist() == [0, -1, 1, -1, 2, 2]


def test_unknown_operators_name_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        find("filter.word_cont")
    assert caught.value.hint == "did you mean `filter.word_count`?"


def test_a_missing_package_is_told_before_anything_starts() -> None:
    @dataclasses.dataclass(frozen=True)
    class Needy(Map):
        needs = ("no_such_package",)

    with pytest.raises(MissingError, match="no_such_package"):
        check_needs("my.Needy", Needy)


def test_filters_declare_their_measures() -> None:
    for name in names():
        cls = find(name)
        if issubclass(cls, Filter):
            assert cls.measures, name
            assert set(cls.columns) <= set(cls.measures), name
