"""Which columns there are, and which values fit them."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.data.columns import Columns, MisfitError, found, isolated, named, type_of
from penstock.data.json_values import loads
from penstock.errors import UsageError


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("string", pa.string()),
        ("json", pa.string()),
        ("timestamp[us]", pa.timestamp("us")),
        ("list<string>", pa.list_(pa.string())),
        ("list<item: int64>", pa.list_(pa.int64())),
        ("struct<a: int64, b: list<struct<c: bool>>>", pa.struct(
            [("a", pa.int64()), ("b", pa.list_(pa.struct([("c", pa.bool_())])))]
        )),
    ],
)  # fmt: skip
def test_types_are_named_as_arrow_names_them(name: str, kind: pa.DataType) -> None:
    assert type_of(name, "x") == kind


@pytest.mark.parametrize(
    "name",
    ["text", "list", "list<string", "list<>", "struct<a>", "struct<a: >", "string>", "", "<"],
)
def test_what_is_no_type_is_told(name: str) -> None:
    with pytest.raises(UsageError, match="is not a type"):
        type_of(name, "x")


def rows(*values: Any) -> list[tuple[int, dict[str, Any]]]:
    return [(number, {"x": value}) for number, value in enumerate(values, start=1)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None, 2], pa.int64()),
        ([1, 2.5], pa.float64()),
        ([None, None], pa.string()),
        ([[], [None]], pa.list_(pa.string())),
        ([{"a": None}, {"b": 1}], pa.struct([("a", pa.string()), ("b", pa.int64())])),
        (["\ud800", "x"], pa.string()),
    ],
)
def test_types_are_found(values: list[Any], kind: pa.DataType) -> None:
    assert found(rows(*values), "text", "a.jsonl") == pa.schema([("x", kind)])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, 2, "a"], "line 1: int, line 3: string"),
        ([None, "a", "b", 5.0], "line 2: string, line 4: float"),
        ([True, 1], "line 1: bool, line 2: int"),
        ([{"a": 1}, {"a": "x"}], "line 2 does not agree with those before it"),
        (["a", ["b"]], "line 1: string, line 2: list"),
        ([{}, {}], "nothing but empty objects"),
    ],
)
def test_a_column_of_several_types_names_the_lines(values: list[Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        found(rows(*values), "text", "a.jsonl")
    assert "columns: {x:" in caught.value.hint
    assert caught.value.where == "a.jsonl"


def test_text_and_reserved_names() -> None:
    sample = [(1, {"id": 1, "source": "s", "offset": 0, "text": "t", "body": "b", "n": 1})]
    assert found(sample, "body", "").names == ["text", "n"]
    assert named({"body": "string", "n": "int64"}, "body").names == ["text", "n"]


@given(st.sets(st.integers(0, 40)))
def test_what_does_not_fit_is_set_apart_in_order(bad: set[int]) -> None:
    columns = Columns(pa.schema([("x", pa.int64())]))

    def build(some: Any) -> pa.RecordBatch:
        values = [{"x": str(one) if one in bad else one} for one in some]
        return columns.batch(values, [str(one) for one in some], list(some))

    seen: list[int] = []
    for part in isolated(range(30), build):
        if isinstance(part, tuple):
            assert part[0] in bad
            assert "column `x` should be int64" in part[1]
            seen.append(part[0])
        else:
            seen += part.column("x").to_pylist()
    assert seen == list(range(30))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.int64(), 1.0),
        (pa.int64(), True),
        (pa.int64(), 2**63),
        (pa.float64(), "1"),
        (pa.bool_(), 1),
        (pa.string(), 5),
        (pa.string(), "\ud800"),
        (pa.list_(pa.string()), "abc"),
        (pa.list_(pa.int64()), [1, 2.5]),
        (pa.struct([("a", pa.int64())]), {"a": 1, "b": 2}),
        (pa.struct([("a", pa.int64())]), [1]),
        (pa.list_(pa.struct([("a", pa.list_(pa.int64()))])), [{"a": [1, "x"]}]),
    ],
)
def test_no_value_is_bent_to_fit(kind: pa.DataType, value: Any) -> None:
    with pytest.raises(MisfitError, match="column `x"):
        Columns(pa.schema([("x", kind)])).batch([{"x": value}], ["1"], [0])


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
))  # fmt: skip
def test_json_means_what_the_standard_library_takes_it_for(value: Any) -> None:
    import json

    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        assert repr(loads(text)) == repr(json.loads(text))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"nul", "Expecting value"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff\xff", "codec can't decode"),
        (b"01", "Extra data"),
    ],
)
def test_what_is_no_json_is_a_value_error(bad: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        loads(bad)
