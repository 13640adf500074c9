"""JSON Lines and JSON: the fast way and the plain one give the same, whatever stands in a line."""

import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.data.columns import named
from penstock.data.files import File, expand
from penstock.data.shards import Shard
from penstock.errors import UsageError
from penstock.ops.base import Lost
from penstock.ops.read.json import Json
from penstock.ops.read.jsonl import Jsonl

COLUMNS = {"text": "string", "n": "int64", "x": "double", "tags": "list<string>"}


def write(path: Path, data: bytes) -> File:
    path.write_bytes(data)
    return File(str(path), len(data))


def read(
    reader: Any, file: File, cuts: tuple[int, ...] = (), schema: pa.Schema | None = None
) -> list[dict[str, Any] | Lost]:
    """All records as rows, in order."""
    schema = schema or reader.schema([file])
    bounds = [0, *sorted(cuts), file.size]
    found: list[dict[str, Any] | Lost] = []
    for low, high in pairwise(bounds):
        for part in reader.documents(Shard(0, file, low, high), schema):
            found += part.to_pylist() if isinstance(part, pa.RecordBatch) else [part]
    return found


def plainly(line: bytes, offset: int, name: str) -> dict[str, Any] | Lost | None:
    """What a line is, by the standard library and Arrow alone."""
    try:
        row = json.loads(line)
    except ValueError as error:
        return Lost(f"{name}:{offset}", offset, error=f"not JSON: {error}", raw=line)
    if not isinstance(row, dict):
        return Lost(f"{name}:{offset}", offset, error="not a JSON object", raw=line)
    for key, value in row.items():
        if key != "id" and type(value) is int and not -(1 << 63) <= value < 1 << 64:
            row[key] = float(value)  # beyond 64 bits
    kinds = {"text": str, "n": int, "x": (int, float), "tags": list}
    own = f"{name}:{offset}" if row.get("id") is None else str(row["id"])
    for key, kind in kinds.items():
        value = row.get(key)
        fits = value is None or (isinstance(value, kind) and not isinstance(value, bool))
        fits = fits and (key != "tags" or all(isinstance(one, str | None) for one in value or ()))
        try:
            pa.array([value], {"x": pa.float64()}.get(key)) if fits else None
        except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
            fits = False
        if not fits:
            return Lost(own, offset, error=f"column `{key}`", raw=line)
    try:
        own.encode()
    except UnicodeEncodeError:
        return Lost(own, offset, error="column `id`", raw=line)
    return {"id": own, "offset": offset, **{key: row.get(key) for key in kinds}}


VALUES: Any = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**66), 2**66), st.floats(), st.text(max_size=8),
    st.sampled_from(["\ud800", "水坝", "\x00", "\u2028", "🌊"]),
    st.lists(st.text(max_size=3) | st.integers(0, 3), max_size=3),
)  # fmt: skip
ROWS = st.dictionaries(st.sampled_from(["text", "n", "x", "tags", "id", "source"]), VALUES)
LINES = st.one_of(
    st.builds(lambda row: json.dumps(row).encode(), ROWS),
    st.builds(
        lambda row: json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass"), ROWS
    ),
    st.builds(lambda text: json.dumps({"text": text}).encode() + b"\r", st.text()),
    st.sampled_from([b"3", b"[]", b"{", b'"a"', b"{}", b"\xff", b'{"text": "\xed\xa0\x80"}']),
)


@given(st.lists(LINES, max_size=12), st.lists(st.integers(0, 300), max_size=3))
@settings(max_examples=300, deadline=None)
def test_the_fast_way_is_the_plain_one(  # type: ignore[no-untyped-def]
    tmp_path_factory, lines: list[bytes], cuts: list[int]
) -> None:
    lines = [line for line in lines if b"\n" not in line]
    data = b"\n".join(lines)
    file = write(tmp_path_factory.mktemp("jsonl") / "a.jsonl", data)
    expected = []
    offset = 0
    for line in lines:
        expected.append(plainly(line, offset, "a.jsonl"))
        offset += len(line) + 1
    bounds = tuple(min(one, len(data)) for one in cuts)
    found = read(Jsonl("x", columns=COLUMNS), file, bounds, named(COLUMNS, "text"))
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        if isinstance(other, Lost):
            assert isinstance(one, Lost)
            assert (one.id, one.offset, one.raw) == (other.id, other.offset, other.raw)
            assert one.error.startswith(other.error[:12])
        else:
            assert repr(one) == repr({**other, "x": other["x"] and float(other["x"])}) or (
                one == {**other, "x": other["x"]}
            )


def test_without_a_schema_documents_come_one_by_one(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", b'{"body": "one", "text": "x", "extra": [1]}\nno\n')
    found = list(Jsonl("x", text="body").records(Shard(0, file, 0, file.size)))
    assert found[0] == {"text": "one", "extra": [1], "id": "a.jsonl:0", "offset": 0}
    assert isinstance(found[1], Lost)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_packed_files_give_the_same(tmp_path: Path, suffix: str) -> None:
    data = b"".join(b'{"text": "%d"}\n' % n for n in range(5000))
    packed = {"": data, ".gz": gzip.compress(data), ".zst": pa.compress(data, "zstd", asbytes=True)}
    file = write(tmp_path / f"a.jsonl{suffix}", packed[suffix])
    found = read(Jsonl("x"), file)
    assert [row["text"] for row in found] == [str(n) for n in range(5000)]
    assert found[1]["offset"] == 14


def test_a_packed_file_that_is_cut_off_is_read_so_far(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"{n * 7919} " * 9}).encode() for n in range(30_000)]
    packed = gzip.compress(b"\n".join(lines))
    file = write(tmp_path / "a.jsonl.gz", packed[: len(packed) * 3 // 4])
    *rows, last = read(Jsonl("x", columns={"text": "string"}), file)
    assert isinstance(last, Lost)
    assert "the gzip data is damaged or cut off here" in last.error
    assert last.offset == sum(len(line) + 1 for line in lines[: len(rows)])
    assert len(rows) > 20_000


def test_the_schema_is_of_the_first_file_with_documents(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", b"")
    write(tmp_path / "b.jsonl", b'{"text": "one", "n": 1}\n')
    files = expand(str(tmp_path), (".jsonl",))
    assert Jsonl("x").schema(files) == pa.schema([("text", pa.string()), ("n", pa.int64())])
    assert Jsonl("x").schema(files[:1]) == pa.schema([])


@pytest.mark.parametrize(
    ("data", "said", "hint"),
    [
        (b'[{"text": "one"}]', "is a JSON array", "read.json"),
        (b'\xef\xbb\xbf\n [\n{"text": "one"}]', "is a JSON array", "read.json"),
        (b'{\n "text": "one"\n}\n', "is a JSON object over several lines", "read.json"),
        (b'{"n": 1}\n\n{"n": "x"}\n', "line 1: int, line 3: string", "columns: {n: string"),
        (b'{"m": {"a": 1}}\n{"m": {"a": "x"}}\n', "line 2 does not agree", "json"),
    ],
)
def test_what_cannot_be_read_is_told_before(
    tmp_path: Path, data: bytes, said: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        Jsonl("x").schema([write(tmp_path / "a.jsonl", data)])
    assert hint in caught.value.hint
    assert "a.jsonl" in caught.value.message + caught.value.where


@pytest.mark.parametrize(
    ("data", "params", "said"),
    [
        (b'{"data": [{"text": "a"}, {"text": "b"}]}', {}, "is one object, not an array"),
        (b'{"a": {"text": "x"}, "b": {"text": "y"}}', {}, "is one object, not an array"),
        (b'{"data": []}', {"field": "rows"}, "has no `rows`: there is data"),
        (b'{"data": 3}', {"field": "data"}, "holds a int, not an array"),
        (b'{"text": "a"}\n{"text": "b"}', {}, "not JSON: Extra data"),
        (b'[{"text": "a"', {}, "not JSON"),
        (b"", {}, "not JSON"),
        (b"[" * 100_000, {}, "nested too deeply"),
        (b'[{"text": "a"}, {"text": 1}]', {}, "object 0: string, object 1: int"),
    ],
)
def test_json_that_is_no_array_is_told(
    tmp_path: Path, data: bytes, params: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        Json("x", **params).schema([write(tmp_path / "a.json", data)])


def test_an_array_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.ops.read.json.LARGEST", 100)
    file = write(tmp_path / "a.json.gz", gzip.compress(b"[" + b" " * 1000 + b"]"))
    with pytest.raises(UsageError, match="too much for one array") as caught:
        Json("x").schema([file])
    assert "read.jsonl" in caught.value.hint


def test_long_arrays_come_in_batches_in_order(tmp_path: Path) -> None:
    rows: list[Any] = [{"text": str(n)} for n in range(3000)]
    rows[1500] = {"text": 5}
    file = write(tmp_path / "a.json", json.dumps(rows).encode())
    found = read(Json("x", columns={"text": "string"}), file)
    assert [one.offset if isinstance(one, Lost) else one["offset"] for one in found] == [
        *range(3000)
    ]
    assert isinstance(found[1500], Lost)


def test_real_files_are_read_whole(real_data: Path) -> None:
    for name, count in (
        ("cc_text/c4_demo.jsonl", 300),
        ("sft/alpaca_en/alpaca_20k.jsonl.gz", 20_000),
        ("cc_text/oscar-sample.jsonl", 63),
        ("sft/llama-factory/v1_sft_demo.jsonl", 500),
    ):
        (file,) = expand(str(real_data / name), ())
        found = read(Jsonl("x"), file)
        assert len(found) == count
        assert not any(isinstance(one, Lost) for one in found)
    (file,) = expand(str(real_data / "sft/llama-factory/dpo_zh_demo.json"), ())
    assert len(read(Json("x"), file)) == 300
