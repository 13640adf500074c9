"""Columns can be changed in any way but one: the ledger still finds every document."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.data.schema import FIXED, IDENTITY
from penstock.errors import RecordError, UsageError
from penstock.ops.column.cast import Cast
from penstock.ops.column.drop import Drop
from penstock.ops.column.fill import Fill
from penstock.ops.column.json import Json
from penstock.ops.column.literal import Literal
from penstock.ops.column.rename import Rename
from penstock.ops.column.select import Select
from penstock.ops.column.sql import Sql

ROWS = pa.RecordBatch.from_pydict(
    {
        "id": ["a", "b", "c"],
        "source": ["s", "s", "s"],
        "offset": pa.array([0, 7, 9], pa.int64()),
        "text": ["one", None, "水库"],
        "number": ["1", "x", "3"],
    }
)
NONE = ROWS.slice(0, 0)


def test_the_fixed_columns_are_those_of_every_document():
    assert tuple(field.name for field in IDENTITY) == FIXED


@pytest.mark.parametrize("name", FIXED)
def test_the_identity_stays(name):
    for make in (
        lambda: Drop(columns=(name,)),
        lambda: Rename(columns={name: "x"}),
        lambda: Rename(columns={"text": name}),
        lambda: Cast(columns={name: "string"}),
        lambda: Fill(columns={name: "x"}),
        lambda: Literal(columns={name: "x"}),
        lambda: Json(column="text", columns={name: "string"}),
    ):
        with pytest.raises(ValueError, match=f"`{name}` cannot be"):
            make()
    assert name in Select(columns=("text",)).batch(ROWS).schema.names
    with pytest.raises(UsageError, match=f"the query changes `{name}`"):
        Sql(query=f'select * replace (null as "{name}") from rows').batch(ROWS)


@pytest.mark.parametrize(
    "operator",
    [
        Select(columns=("txet",)),
        Drop(columns=("txet",)),
        Rename(columns={"txet": "x"}),
        Cast(columns={"txet": "int64"}),
        Fill(columns={"txet": "x"}),
        Json(column="txet", columns={}),
    ],
    ids=lambda one: type(one).__name__,
)
def test_an_unknown_column_names_the_nearest_and_all(operator):
    with pytest.raises(UsageError) as caught:
        operator.batch(NONE)
    assert "`txet`; their columns: id, source, offset, text, number" in caught.value.message
    assert caught.value.hint == "did you mean `text`?"


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Rename(columns={"number": "text"}), "two columns would be called `text`"),
        (Fill(columns={"text": 3}), "`text` is string, which cannot hold 3"),
        (Cast(columns={"text": "string", "number": "list<int64>"}), "cannot be cast"),
        (Json(column="n", columns={}), "is int64, not text"),
    ],
)
def test_what_cannot_work_is_told_before_the_run(operator, message):
    rows = NONE.append_column("n", pa.array([], pa.int64()))
    with pytest.raises(UsageError, match=message):
        operator.batch(rows)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Select(columns=()), "`columns` is empty"),
        (lambda: Cast(columns={"n": "integer"}), "`integer` is not a type"),
        (lambda: Cast(columns={"text": "int64"}), "`text` cannot be cast"),
        (lambda: Json(column="text", columns={"n": "list<"}), "is not a type"),
    ],
)
def test_wrong_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("operator", "text", "message"),
    [
        (Cast(columns={"text": "string", "number": "int64"}), "", "column `number`: .*'x'"),
        (Json(column="text", columns={"a": "int64"}), "{", "`text` is not JSON"),
        (Json(column="text", columns={"a": "int64"}), "[1]", "not a JSON object"),
        (Json(column="text", columns={"a": "int64"}), '{"a": "x"}', "`a` does not fit int64"),
        (Json(column="text", columns={"a": "string"}), '{"a": "\\ud800"}', "`a` does not fit"),
        (Sql(query="select *, number::int as n from rows"), "", "Could not convert string 'x'"),
        (Sql(query="select *, text->>'a' as n from rows"), "{", "Malformed JSON"),
    ],
)
def test_a_bad_value_costs_its_document(operator, text, message):
    rows = pa.RecordBatch.from_pydict({"id": ["a"], "text": [text], "number": ["x"]})
    with pytest.raises(RecordError, match=message):
        operator.batch(rows)


@pytest.mark.parametrize(
    ("query", "message", "where"),
    [
        ("select *,\n  lenth(text) from rows", "lenth does not exist", "line 2, character 3"),
        ("select *, txet from rows", '"txet" not found', "line 1, character 11"),
        ("selec * from rows", "syntax error", "line 1, character 1"),
        ("select * from read_csv('/etc/passwd')", "disabled by configuration", "line 1"),
        ("select *, (select content from read_text('/etc/passwd')) from rows", "disabled", "line"),
        ("select * from other", "other does not exist", "line 1"),
        ("select text from rows", "lost the row numbers", ""),
        ("select *, text from rows", "two columns called `text`", ""),
        ("select * from rows where true", "the query drops rows", ""),
        ("select * from rows limit 1", "the query drops rows", ""),
        ("select distinct * from rows", "the query drops rows", ""),
        ("select *, random() as r from rows", "`random` gives another answer", ""),
        ("select *, now() as t from rows", "`now` gives another answer", ""),
        ("select *, current_date as t from rows", "`current_date` gives another answer", ""),
        ("select *, sum(1) over () as n from rows", "needs all rows", ""),
        ("select *, (select max(text) from rows) as m from rows", "`max` needs all rows", ""),
        ("delete from rows", "SELECT", ""),
        ("set threads = 2", "SELECT", ""),
        ("copy rows to 'x.csv'", "SELECT", ""),
        ("attach 'x.db'", "SELECT", ""),
        ("install httpfs", "SELECT", ""),
        ("select * from rows; select 1", "2 queries", ""),
        ("", "0 queries", ""),
    ],
)
def test_a_mistaken_query_is_told_before_the_run(query, message, where):
    with pytest.raises(UsageError) as caught:
        Sql(query=query).batch(NONE)
    assert message in caught.value.message
    assert where in caught.value.where


def test_a_query_that_multiplies_rows_is_refused():
    query = "select r.* from rows r, (select unnest([1, 2]) as n)"
    Sql(query=query).batch(NONE)
    with pytest.raises(UsageError, match="gave 6 rows for 3"):
        Sql(query=query).batch(ROWS)


def test_no_file_is_left_by_a_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Sql(query="select *, upper(text) as loud from rows").batch(ROWS)
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.text(max_size=20) | st.none(), max_size=40), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_sql_agrees_with_arrow_whatever_the_batch(texts, cut):
    clean = [text and text.encode("utf-8", "replace").decode() for text in texts]
    rows = pa.RecordBatch.from_pydict(
        {
            "id": pa.array(map(str, range(len(clean))), pa.string()),
            "text": pa.array(clean, "string"),
        }
    )
    found = []
    for part in (rows.slice(0, cut), rows.slice(cut)):
        result = SQL.batch(part)
        assert result.schema == SQL.batch(part.slice(0, 0)).schema
        found += result.to_pylist()
    assert [row["text"] for row in found] == clean
    assert [row["chars"] for row in found] == [None if one is None else len(one) for one in clean]


SQL = Sql(query="select *, length(text) as chars from rows order by md5(text)")
