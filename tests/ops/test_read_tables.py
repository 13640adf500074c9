"""Parquet, Arrow and CSV: rows in order, whatever the cuts; what does not fit is named."""

import csv
import gzip
import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.data.files import File, expand
from penstock.data.shards import Shard, cut
from penstock.errors import PenstockError, UsageError
from penstock.ops.base import Lost
from penstock.ops.read.arrow import Arrow
from penstock.ops.read.csv import Csv
from penstock.ops.read.parquet import Parquet

TABLE = pa.table({"text": [f"水 {n}" for n in range(5000)], "n": range(5000)})


def read(reader: Any, path: Path, size: int = 1 << 40) -> list[dict[str, Any] | Lost]:
    """All records as rows, in order."""
    file = File(str(path), path.stat().st_size)
    reader.schema([file])
    found: list[dict[str, Any] | Lost] = []
    for shard in cut([file], splittable=reader.splittable, size=size):
        for part in reader.records(shard):
            found += part.to_pylist() if isinstance(part, pa.RecordBatch) else [part]
    return found


def stored(path: Path, table: pa.Table, **options: Any) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table, path, **options)
    else:
        opened = pa.ipc.new_stream if path.suffix == ".arrows" else pa.ipc.new_file
        with opened(str(path), table.schema) as writer:
            writer.write_table(table, **options)
    return path


READERS = {".parquet": Parquet, ".arrow": Arrow, ".arrows": Arrow}


@pytest.mark.parametrize("suffix", READERS)
def test_rows_come_in_order(tmp_path: Path, suffix: str) -> None:
    options = {"row_group_size": 700} if suffix == ".parquet" else {"max_chunksize": 700}
    path = stored(tmp_path / f"a{suffix}", TABLE, **options)
    for size in (1 << 40, 9000, 777):
        found = read(READERS[suffix](path="x"), path, size)
        assert [row["text"] for row in found] == TABLE["text"].to_pylist()
        assert [row["offset"] for row in found] == [*range(5000)]
    assert found[1400]["id"] == ("a.parquet:2:0" if suffix == ".parquet" else f"a{suffix}:1400")


@pytest.mark.parametrize("suffix", READERS)
def test_columns_are_named_chosen_and_made_plain(tmp_path: Path, suffix: str) -> None:
    table = pa.table(
        {
            "id": pa.array([7, None, 9], pa.int32()),
            "body": pa.array(["a", None, "c"], pa.large_string()),
            "text": ["not", "this", "one"],
            "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
            "tags": pa.array([["q"], [], None], pa.large_list(pa.large_string())),
            "none": pa.nulls(3),
            "left out": [1, 2, 3],
        }
    )
    path = stored(tmp_path / f"a{suffix}", table)
    reader = READERS[suffix](path="x", text="body", columns=("kind", "tags", "none"))
    file = File(str(path), path.stat().st_size)
    assert set(reader.schema([file])) == set(
        pa.schema(
            [
                ("text", pa.string()),
                ("kind", pa.string()),
                ("tags", pa.list_(pa.string())),
                ("none", pa.string()),
            ]
        )
    )
    found = read(reader, path)
    expected = "a.parquet:0:1" if suffix == ".parquet" else f"a{suffix}:1"
    assert [row["id"] for row in found] == ["7", expected, "9"]
    assert found[0] == {
        "id": "7", "offset": 0, "text": "a", "kind": "x", "tags": ["q"], "none": None,
    }  # fmt: skip


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize(
    ("other", "said"),
    [
        (pa.table({"text": ["a"], "n": ["x"]}), "column `n` is string in .*b"),
        (pa.table({"text": ["a"]}), r"b\..* has no column `n`, which .*a\."),
        (pa.table({"text": ["a"], "n": [1], "m": [1]}), r"a\..* has no column `m`"),
    ],
)
def test_files_that_differ_are_named(
    tmp_path: Path, suffix: str, other: pa.Table, said: str
) -> None:
    stored(tmp_path / f"a{suffix}", TABLE)
    stored(tmp_path / f"b{suffix}", other)
    files = expand(str(tmp_path), (suffix,))
    with pytest.raises(UsageError, match=said):
        READERS[suffix](path="x").schema(files)
    assert READERS[suffix](path="x", columns=("text",)).schema(files).names == ["text"]


def test_a_column_of_nulls_agrees_with_any(tmp_path: Path) -> None:
    stored(tmp_path / "a.parquet", pa.table({"text": ["a"], "n": pa.nulls(1)}))
    stored(tmp_path / "b.parquet", pa.table({"n": pa.array([1], pa.int8()), "text": ["a"]}))
    files = expand(str(tmp_path), (".parquet",))
    assert Parquet("x").schema(files).field("n").type == pa.int8()


@pytest.mark.parametrize("suffix", READERS)
def test_columns_that_are_not_there_are_told(tmp_path: Path, suffix: str) -> None:
    path = stored(tmp_path / f"a{suffix}", TABLE)
    for params, name in (({"text": "txet"}, "txet"), ({"columns": ("nn",)}, "nn")):
        with pytest.raises(UsageError, match=f"has no column `{name}`") as caught:
            read(READERS[suffix](path="x", **params), path)
        assert "did you mean" in caught.value.hint


@pytest.mark.parametrize("suffix", READERS)
def test_text_that_is_not_utf_8_costs_its_row(tmp_path: Path, suffix: str) -> None:
    raw = pa.array([b"ok", b"\xff\xfe", b"fine"], pa.binary())
    bad = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    path = stored(tmp_path / f"a{suffix}", pa.table({"text": bad, "n": [1, 2, 3]}))
    one, two, three = read(READERS[suffix](path="x"), path)
    assert (one["text"], three["text"], three["offset"]) == ("ok", "fine", 2)  # type: ignore[index]
    assert isinstance(two, Lost)
    assert two.error.startswith("column `text` should be string")
    assert two.offset == 1


def test_a_damaged_row_group_costs_its_rows(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.parquet", TABLE, row_group_size=1000, compression="zstd")
    group = pq.read_metadata(path).row_group(2).column(0)
    data = bytearray(path.read_bytes())
    middle = group.dictionary_page_offset + group.total_compressed_size // 2
    data[middle : middle + 60] = b"\xff" * 60
    path.write_bytes(data)
    found = read(Parquet("x"), path)
    lost = [one for one in found if isinstance(one, Lost)]
    assert [one.offset for one in lost] == [*range(2000, 3000)]
    assert "row group 2 cannot be unpacked" in lost[0].error
    assert len(found) == 5000


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("keep", [0, 3, 100])
def test_a_file_that_is_not_whole_is_told_before(tmp_path: Path, suffix: str, keep: int) -> None:
    path = stored(tmp_path / f"a{suffix}", TABLE)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(PenstockError, match="is not a whole") as caught:
        read(READERS[suffix](path="x"), path)
    assert str(path) in caught.value.message


def test_a_stream_that_is_cut_off_is_read_so_far(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.arrows", TABLE, max_chunksize=100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    *rows, last = read(Arrow("x"), path)
    assert len(rows) % 100 == 0
    assert 1000 < len(rows) < 4000
    assert isinstance(last, Lost)
    assert last.offset == len(rows)


def test_old_feather_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.feather").write_bytes(b"FEA1" + b"\0" * 100)
    with pytest.raises(PenstockError, match="old Feather file"):
        read(Arrow("x"), tmp_path / "a.feather")


def test_a_real_parquet_file_is_read(real_data: Path) -> None:
    path = real_data / "warc" / "commoncrawl" / "daft-common-crawl-sample.parquet"
    (row,) = read(Parquet("x", text="warc_headers"), path)
    assert "WARC-Filename" in row["text"]  # type: ignore[index]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(
    st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20),
    st.sampled_from([",", "\t", ";"]),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=150, deadline=None)
def test_what_the_csv_module_writes_is_read(  # type: ignore[no-untyped-def]
    tmp_path_factory, rows: list[tuple[str, str]], delimiter: str, end: str
) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "other"), *rows])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    data = stream.getvalue().encode()
    path.write_bytes(data)
    found = read(Csv("x", delimiter=delimiter), path)
    assert [(row["text"], row["other"]) for row in found] == rows
    for row in found:
        assert data[: row["offset"]].count(b"\n") <= data.count(b"\n")
        assert data[row["offset"] - 1 :].startswith(b"\n")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "cp1252"])
def test_csv_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    text = "é, ü" if encoding == "cp1252" else "水坝, 坝\n二"
    path = tmp_path / "a.csv"
    path.write_bytes(f'text,n\n"{text}",1\nlast,2\n'.encode(encoding))
    found = read(Csv("x", encoding=encoding), path)
    assert [row["text"] for row in found] == [text, "last"]


def test_bytes_that_are_no_text_cost_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b'text,n\na,1\n\xff\xfe,2\n"b\n\xff",3\nc,4\n'))
    found = read(Csv("x"), path)
    assert [one.error if isinstance(one, Lost) else one["text"] for one in found] == [
        "a",
        "line 3: not utf-8: byte ff at 0",
        "line 4: not utf-8: byte ff at 0",
        "line 5: not utf-8: byte ff at 0",
        "c",
    ]


def test_a_packed_csv_that_is_cut_off_is_read_so_far(tmp_path: Path) -> None:
    data = gzip.compress(b"text,n\n" + b"".join(b"%d,1\n" % (n * 7919) for n in range(50_000)))
    path = tmp_path / "a.csv.gz"
    path.write_bytes(data[: len(data) // 2])
    *rows, last = read(Csv("x"), path)
    assert len(rows) > 1000
    assert isinstance(last, Lost)
    assert "damaged or cut off here" in last.error


@pytest.mark.parametrize(
    ("first", "second", "params", "said"),
    [
        ("text,n\n", "text,m\n", {}, "column `m` is in one of"),
        ("text,text\n", "", {}, "has several columns `text`"),
        ("", "", {}, "does not begin with the names of its columns: the file is empty"),
        ("text\n", "", {"columns": {"n": "int64"}}, "has no column `n`"),
        ("text\n", "", {"columns": {"text": "number"}}, "`number` is not a type"),
    ],
)
def test_csv_headers_that_are_wrong_are_told(
    tmp_path: Path, first: str, second: str, params: dict[str, Any], said: str
) -> None:
    (tmp_path / "a.csv").write_text(first)
    if second:
        (tmp_path / "b.csv").write_text(second)
    with pytest.raises(UsageError, match=said):
        Csv("x", **params).schema(expand(str(tmp_path), (".csv",)))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"header": False}, "`columns` should name the columns"),
        ({"delimiter": "||"}, "`delimiter` should be one character"),
        ({"quote": "''"}, "`quote` should be one character"),
        ({"encoding": "utf8000"}, "is no encoding"),
    ],
)
def test_csv_parameters_are_checked(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Csv("x", **params)


@pytest.mark.parametrize(
    ("name", "params", "count"),
    [
        ("sst2/train.tsv", {"columns": {"text": "string", "label": "int64"}}, 67_349),
        ("toxic/cold/test.csv", {"text": "TEXT"}, 5_323),
        ("ccindex/cc-main-2020-05-language-charset-correlation.csv", {}, 703),
        (
            "cc_text/cc-wet-filtered-CC-MAIN-2025.csv",
            {
                "header": False,
                "escape": "\\",
                "columns": dict.fromkeys(["id", "url", "date", "lang", "tld", "text"], "string"),
            },
            276,
        ),
    ],
)
def test_real_tables_are_read_whole(
    real_data: Path, name: str, params: dict[str, Any], count: int
) -> None:
    found = read(Csv("x", **params), real_data / name)
    assert len(found) == count
    assert not any(isinstance(one, Lost) for one in found)


def test_shards_of_a_parquet_file_hold_each_row_group_once(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.parquet", TABLE, row_group_size=250)
    file = File(str(path), path.stat().st_size)
    bounds = [0, 4, 5, 3000, file.size // 2, file.size]
    rows = [
        row
        for low, high in pairwise(bounds)
        for part in Parquet("x").records(Shard(0, file, low, high))
        for row in part.column("n").to_pylist()  # type: ignore[union-attr]
    ]
    assert rows == [*range(5000)]
