"""Operators against their cases, which are data: tests/cases/<kind>/<operator>.yaml."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from ruamel.yaml import YAML

from penstock.data.dataset import read_rows
from penstock.data.files import File
from penstock.data.schema import put
from penstock.data.shards import Shard
from penstock.engines.local import Local
from penstock.ops.base import PARENT, Filter, Group, Lost, Map, Read, Survey, Write, failing
from penstock.ops.catalogue import find
from penstock.recipe.batch import CHILD_BITS, Batch
from penstock.recipe.group import Part
from penstock.recipe.handed import ROW, write_rows
from penstock.recipe.load import Step
from penstock.recipe.meeting import meeting_of
from penstock.recipe.reading import document_schema, read_batches
from penstock.specs.build import build

CASES = Path(__file__).parent.parent / "cases"


def load() -> list[Any]:
    found = []
    for file in sorted(CASES.glob("*/*.yaml")):
        name = f"{file.parent.name}.{file.stem}"
        for number, case in enumerate(YAML(typ="safe").load(file.read_text("utf-8")), start=1):
            found.append(pytest.param(name, case, id=f"{name}-{number}"))
    return found


@pytest.mark.parametrize(("name", "case"), load())
def test_case(name: str, case: dict[str, Any], tmp_path: Path, make_record: Any) -> None:
    needed = {"path": "x"} if name.startswith("read.") else {}
    values = {**needed, **case.get("params", {})}
    operator = build(find(name), values, lambda _: "", owner=name)
    check: dict[type, Callable[..., None]] = {
        Filter: check_filter, Map: check_map, Group: check_group, Write: check_write,
        Survey: check_survey,
    }  # fmt: skip
    if isinstance(operator, Read):
        file = tmp_path / case.get("name", "case.warc" if "records" in case else "case.jsonl")
        if "records" in case:
            records = [
                make_record("http://a.example/", b"<p>x</p>", kind, status, media)
                for kind, status, media in case["records"]
            ]
            file.write_bytes(b"".join(records))
        else:
            file.write_bytes(case["file"].encode("utf-8"))
        check_read(operator, case, file)
        return
    checker = next(check[shape] for shape in check if isinstance(operator, shape))
    checker(operator, case, tmp_path)


def rows_of(case: dict[str, Any]) -> pa.RecordBatch:
    """The rows of a case: `rows`, `texts`, or one of `text` and the columns `given`."""
    if "texts" in case:
        rows = [{"text": text} for text in case["texts"]]
    else:
        rows = case.get("rows", [{"text": case.get("text"), **case.get("given", {})}])
    named = [{"id": str(place), "offset": place, **row} for place, row in enumerate(rows)]
    columns = dict.fromkeys(key for row in named for key in row)
    arrays = {}
    for key in columns:
        values = pa.array([row.get(key) for row in named])
        arrays[key] = values.cast(pa.string()) if pa.types.is_null(values.type) else values
    return pa.RecordBatch.from_pydict(arrays)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def check_rows(found: pa.RecordBatch, expected: list[dict[str, Any]]) -> None:
    rows = found.to_pylist()
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert {key: row.get(key) for key in wanted} == wanted


def check_filter(operator: Filter, case: dict[str, Any], _: Path) -> None:
    rows = rows_of(case)
    applies = operator.applies(rows)
    if applies is not None:
        text = pa.array(rows.column("text")).to_pylist()
        masked = [one if yes else None for one, yes in zip(text, applies.to_pylist(), strict=True)]
        at = rows.schema.get_field_index("text")
        rows = rows.set_column(at, "text", pa.array(masked, pa.string()))
    measures = operator.measure_batch(rows)
    assert {name: str(values.type) for name, values in measures.items()} == {
        name: kind.replace("float64", "double") for name, kind in operator.measures.items()
    }
    found = {name: values[0].as_py() for name, values in measures.items()}
    for name, expected in case.get("measures", {}).items():
        assert found[name] == expected, name
    for name, expected in case.get("columns", {}).items():
        measure = {column: measure for measure, column in operator.columns.items()}.get(name)
        assert measure is None or found[measure] == expected
    rules = operator.rules()
    failed = failing(rules, measures, rows.num_rows)
    drops = [None if place < 0 else rules[place].name for place in failed]
    assert drops == as_list(case["drops"])


def check_map(operator: Map, case: dict[str, Any], _: Path) -> None:
    if "content" in case:
        content = case["content"].encode(case.get("encoding", "utf-8"))
        rows = pa.RecordBatch.from_pydict(
            {
                "content": pa.array([content], pa.binary()),
                "charset": pa.array([case.get("charset", "utf-8")], pa.string()),
            }
        )
    else:
        rows = rows_of(case)
    found = operator.batch(rows)
    changed = found.to_pylist()
    if operator.many:
        parents = [row[PARENT] for row in changed]
        assert parents == sorted(parents)
    if "pieces" in case:
        assert [row["text"] for row in changed] == case["pieces"]
        return
    assert operator.many or len(changed) == rows.num_rows
    if "drops" in case:
        assert [None if row["text"] else "no_text" for row in changed] == as_list(case["drops"])
    elif "contains" in case:
        assert case["contains"] in changed[0]["text"]
    elif isinstance(case.get("result"), list):
        check_rows(found, case["result"])
    elif "result" in case:
        assert changed[0]["text"] == case["result"]
    for column in ("title",):
        if column in case:
            assert changed[0][column] == case[column]


def check_survey(operator: Survey, case: dict[str, Any], folder: Path) -> None:
    rows = rows_of(case)
    whole = operator.survey(rows)
    parts = [operator.survey(rows.slice(place, 1)) for place in range(rows.num_rows)]
    merged = parts[-1]
    for part in reversed(parts[:-1]):
        merged = operator.merge(part, merged)
    for summary in (whole, merged):
        bound = operator.bind(summary)
        (check_map if isinstance(bound, Map) else check_filter)(bound, case, folder)


def check_group(operator: Group, case: dict[str, Any], folder: Path) -> None:
    """Let the rows of a case meet as those of a run do."""
    step, meeting = Step(1, "case", operator), meeting_of(operator)
    rows = rows_of(case)
    rows = put(rows, "source", pa.repeat("case", rows.num_rows))
    numbers = np.arange(rows.num_rows) << CHILD_BITS
    batch = Batch(rows, numbers, int(numbers[-1]))
    keys = meeting.key_rows(batch, step, 0, 0)
    assert not batch.quarantine
    part = Part(0, folder / "rows.arrow", folder / "keys.arrow", keys.num_rows)
    handed = put(batch.rows, ROW, pa.array(batch.numbers))
    for path, table in ((part.rows, pa.table(handed)), (part.keys, keys)):
        write_rows(path, table)
    meeting.gather(Local(1), step, [part], folder, folder / "scratch", 1000)
    meeting.settle(batch, step, meeting.read_found(folder / f"00000.{meeting.FOUND}"))
    fates = [one for table in batch.fates for one in table.to_pylist()]
    merged = {one["row"]: int(one["merged_into"]) for one in fates if one["state"] == "merged"}
    assert merged == case.get("merged", {})
    dropped = {one["row"]: one["rule"] for one in fates if one["state"] == "dropped"}
    assert dropped == case.get("dropped", {})
    if "result" in case:
        assert batch.rows.column("text").to_pylist() == case["result"]


def check_read(operator: Read, case: dict[str, Any], file: Path) -> None:
    source = File(str(file), file.stat().st_size)
    shard = Shard(0, source, 0, source.size)
    schema = document_schema(operator, [source])
    cuts = list(read_batches(operator, Step(0, "read", operator), shard, schema))
    rows = [row for one in cuts for row in one.rows.to_pylist()]
    entries = [entry for one in cuts for entry in one.entries]
    if "documents" in case:
        assert len(rows) == case["documents"]
    for row, expected in zip(rows, case.get("rows", rows), strict=True):
        assert {key: row[key] for key in expected} == expected
        assert row["source"] == str(file)
        assert row["id"]
    causes = [entry.get("rule") or entry["error"] for entry in entries]
    for cause, expected in zip(causes, case.get("lost", []), strict=True):
        assert expected in cause
    assert sum(one.size for one in cuts) == len(rows) + len(entries)


def check_write(operator: Write, case: dict[str, Any], folder: Path) -> None:
    rows = pa.RecordBatch.from_pylist([{"id": f"{n}", "text": "水\u2028" * n} for n in range(5)])
    contents = []
    for _ in range(2):
        file = folder / f"part-00000{operator.suffix}"
        writer = operator.open(file, rows.schema)
        writer.write(rows.slice(0, 2))
        writer.write(rows.slice(2))
        writer.close()
        contents.append(file.read_bytes())
    assert file.name == case["file"]
    assert contents[0] == contents[1]
    assert list(read_rows(file)) == rows.to_pylist()


def test_a_lost_record_has_a_cause() -> None:
    assert Lost("a", 0, error="x") != Lost("a", 0, rule="x")
