"""Conditions on columns: what they mean, and that nothing else can be got in through them."""

import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import RecordError, UsageError
from penstock.ops.filter.field import Field
from penstock.specs.build import build

ROWS = pa.RecordBatch.from_pylist(
    [{"text": "dam", "score": 0.5, "n": 3, "tags": ["a"]}, {"text": None, "score": None, "n": -1}]
)

HOSTILE = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0]",
    "(lambda: 1)()",
    "[x for x in y]",
    "{x for x in y}",
    "f'{text}'",
    "open('/etc/passwd')",
    "text.format(text)",
    "getattr(text, 'x')",
    "score if text else n",
    "n ** n",
    "1 << 99",
    "~n",
    "n @ n",
    "text[0]",
    "n := 3",
    "await n",
    "(yield)",
    "*n",
    "len(*text)",
    "len(text, 3)",
    "len(x=text)",
    "lower()",
    "column(text)",
    "column('a', 'b')",
    "...",
    "b'x' == text",
    "1j",
    "99999999999999999999 > n",
    "[1, 2] == n",
    "n in [n]",
    "n in [[1]]",
    "len([1])",
    "{'a': 1}",
    "n; n",
    "import os",
    "",
    "  ",
    "n\x00",
    "'unclosed",
    "-" * 100 + "n",
    "-" * 9000 + "n",
    "(" * 4000 + "n" + ")" * 4000,
    "lambda: " + "-" * 400 + "n",
    "n" * 10_001,
    "9" * 5000 + " > n",
    "n.(text)",
    "print",
]


def measured(where: str, rows: pa.RecordBatch) -> pa.Array:
    operator = build(Field, {"where": where}, lambda key: f"r.yaml:{key}", owner="filter.field")
    return operator.measure_batch(rows)["where"]


@pytest.mark.parametrize("where", HOSTILE)
def test_what_is_no_condition_is_refused(where: str) -> None:
    with pytest.raises(UsageError) as caught:
        measured(where, ROWS.slice(0, 0))  # before a run
    assert len(caught.value.message) < 1000


@settings(deadline=None)
@given(st.text(max_size=30) | st.text("n score()[]'+-*/<>=.,andor i", max_size=30))
def test_any_text_is_refused_or_a_condition(where: str) -> None:
    try:
        found = Field(where=where).measure_batch(ROWS)["where"]
    except (ValueError, UsageError, RecordError):
        return
    assert found.type == pa.bool_()
    assert found.null_count == 0


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no column `scor`; their columns: text, score") as caught:
        Field(where="scor > 1").measure_batch(ROWS.slice(0, 0))
    assert caught.value.hint == "did you mean `score`?"


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("text > 3", r"`text > 3` cannot be computed.*string, int64"),
        ("n", "`n` is int64, neither true nor false"),
        ("not n", "cannot be computed"),
        ("n in ['a']", "cannot be computed"),
        ("matches(text, '(')", "missing"),
        ("len(n) > 1", "cannot be computed"),
        ("text in text", "what stands before `in`"),
        ("contains(text, text)", "`contains` takes a text in quotes"),
        ("lenght(text) > 1", r"did you mean `len`|functions:"),
    ],
)
def test_types_that_do_not_fit_are_found_before_a_run(where: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        measured(where, ROWS.slice(0, 0))


def test_a_value_that_is_too_large_costs_its_record_only() -> None:
    with pytest.raises(RecordError, match="overflow"):
        Field(where="n + 9223372036854775807 > 0").measure_batch(ROWS)


Names = st.sampled_from(["a", "b"])
Conditions = st.recursive(
    st.tuples(Names, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), st.integers(-3, 3)).map(
        lambda parts: " ".join(map(str, parts))
    )
    | st.tuples(Names, st.lists(st.integers(-3, 3), min_size=1, max_size=3)).map(
        lambda parts: f"{parts[0]} in {parts[1]}"
    ),
    lambda inner: (
        inner.map(lambda one: f"not ({one})")
        | st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        )
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(Conditions, st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1))
def test_without_nulls_a_condition_means_what_python_means(
    where: str, values: list[tuple[int, int]]
) -> None:
    rows = pa.RecordBatch.from_pylist([{"a": a, "b": b} for a, b in values])
    expected = [bool(eval(where, {"__builtins__": {}}, {"a": a, "b": b})) for a, b in values]
    assert Field(where=where).measure_batch(rows)["where"].to_pylist() == expected


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("day >= '2026-03-01'", [False, True, False]),
        ("'2026-03-01' > day", [True, False, False]),
        ("day is null", [False, False, True]),
        ("kind in ['x', 'y']", [True, False, True]),
        ("kind == 'x'", [True, False, False]),
    ],
)
def test_dates_and_dictionaries_compare_with_texts(where: str, kept: list[bool]) -> None:
    days: list[Any] = [datetime.datetime(2026, 2, 1), datetime.datetime(2026, 3, 2), None]
    kinds = pa.array(["x", "z", "y"]).dictionary_encode()
    rows = pa.RecordBatch.from_pydict({"day": pa.array(days, pa.timestamp("us")), "kind": kinds})
    assert Field(where=where).measure_batch(rows)["where"].to_pylist() == kept
