"""Writers: the same bytes for the same rows, readable by others, joined without a trace."""

import base64
import datetime
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.data.dataset import read_rows
from penstock.ops.base import Write
from penstock.ops.write.arrow import Arrow
from penstock.ops.write.huggingface import Huggingface
from penstock.ops.write.jsonl import Jsonl
from penstock.ops.write.parquet import Parquet

WRITERS: list[Any] = [
    *(Jsonl(compression=one) for one in ("none", "gzip", "zstd")),  # type: ignore[arg-type]
    *(Parquet(compression=one) for one in ("none", "zstd")),  # type: ignore[arg-type]
    *(Arrow(compression=one) for one in ("none", "zstd", "lz4")),  # type: ignore[arg-type]
    Huggingface(),
]
IDS = [f"{type(one).__name__} {getattr(one, 'compression', '')}" for one in WRITERS]


def batches(count: int, size: int = 100) -> list[pa.RecordBatch]:
    return [
        pa.RecordBatch.from_pydict(
            {
                "id": [f"{batch}-{row}" for row in range(size)],
                "text": [f"水坝 {row} \u2028 " * 20 for row in range(size)],
                "tags": [["a", None], None] * (size // 2),
            }
        )
        for batch in range(count)
    ]


def written(writer: Write, file: Path, rows: list[pa.RecordBatch]) -> bytes:
    opened = writer.open(file, batches(1)[0].schema)
    for batch in rows:
        opened.write(batch)
    opened.close()
    return file.read_bytes()


@pytest.mark.parametrize("writer", WRITERS, ids=IDS)
def test_the_same_rows_make_the_same_bytes(tmp_path: Path, writer: Write) -> None:
    rows = batches(30)
    once = written(writer, tmp_path / f"a{writer.suffix}", rows)
    assert written(writer, tmp_path / f"b{writer.suffix}", rows) == once
    expected = [row for batch in rows for row in batch.to_pylist()]
    assert [*read_rows(tmp_path / f"a{writer.suffix}")] == expected


@pytest.mark.parametrize("writer", WRITERS, ids=IDS)
def test_parts_are_joined_in_order(tmp_path: Path, writer: Write) -> None:
    rows = batches(6, 2500)
    parts = [tmp_path / f"{n}{writer.suffix}" for n in range(4)]
    for part, some in zip(parts, (rows[:1], [], rows[1:2], rows[2:]), strict=True):
        written(writer, part, some)
    found = []
    for name in ("x", "y"):
        target = tmp_path / f"{name}{writer.suffix}"
        writer.join(parts, target)
        found.append(target.read_bytes())
    assert found[0] == found[1]
    expected = [row for batch in rows for row in batch.to_pylist()]
    assert [*read_rows(target)] == expected
    assert pa.Table.from_pylist(expected).num_rows == 15_000


@pytest.mark.parametrize("writer", WRITERS, ids=IDS)
def test_a_shard_without_rows_is_a_file(tmp_path: Path, writer: Write) -> None:
    file = tmp_path / f"a{writer.suffix}"
    written(writer, file, [])
    assert [*read_rows(file)] == []
    writer.join([file], tmp_path / f"b{writer.suffix}")
    assert [*read_rows(tmp_path / f"b{writer.suffix}")] == []


def test_joined_row_groups_are_full(tmp_path: Path) -> None:
    writer = Parquet()
    parts = [tmp_path / f"{n}.parquet" for n in range(30)]
    for part in parts:
        written(writer, part, batches(10))
    writer.join(parts, tmp_path / "all.parquet")
    with pq.ParquetFile(tmp_path / "all.parquet") as file:
        groups = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert sum(groups) == 30_000
    assert len(groups) == 3


VALUES = {
    pa.string(): st.text(),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float64(): st.floats(),
    pa.bool_(): st.booleans(),
    pa.null(): st.none(),
    pa.list_(pa.string()): st.lists(st.text() | st.none()),
    pa.struct([("a%", pa.float64()), ("水", pa.string())]): st.fixed_dictionaries(
        {"a%": st.floats(), "水": st.text()}
    ),
}


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_lines_are_those_of_the_standard_library(tmp_path_factory, data: Any) -> None:  # type: ignore[no-untyped-def]
    kinds = data.draw(st.lists(st.sampled_from([*VALUES]), min_size=1, max_size=4))
    names = data.draw(st.lists(st.text(), min_size=len(kinds), max_size=len(kinds), unique=True))
    row = st.tuples(*(VALUES[kind] | st.none() for kind in kinds))
    rows = data.draw(st.lists(row, max_size=5))
    columns = [pa.array([one[place] for one in rows], kind) for place, kind in enumerate(kinds)]
    batch = pa.RecordBatch.from_arrays(columns, names=names)
    file = tmp_path_factory.mktemp("write") / "a.jsonl"
    writer = Jsonl().open(file, batch.schema)
    writer.write(batch)
    writer.close()
    expected = [json.dumps(one, ensure_ascii=False) + "\n" for one in batch.to_pylist()]
    assert file.read_bytes() == "".join(expected).encode()


def test_what_json_has_no_form_for(tmp_path: Path) -> None:
    day = datetime.date(2026, 3, 1)
    noon = datetime.datetime(2026, 3, 1, 12, 0, 0, 5, datetime.UTC)
    row = {
        "bytes": b"\x00\xff", "day": day, "noon": noon, "number": Decimal("1.50"),
        "span": datetime.timedelta(seconds=90), "inner": {"bytes": [b"x"]},
    }  # fmt: skip
    batch = pa.RecordBatch.from_pylist([row])
    writer = Jsonl().open(tmp_path / "a.jsonl", batch.schema)
    writer.write(batch)
    writer.close()
    assert json.loads((tmp_path / "a.jsonl").read_text()) == {
        "bytes": base64.b64encode(b"\x00\xff").decode(),
        "day": "2026-03-01",
        "noon": "2026-03-01T12:00:00.000005+00:00",
        "number": "1.50",
        "span": "0:01:30",
        "inner": {"bytes": [base64.b64encode(b"x").decode()]},
    }


def test_a_gzip_file_does_not_say_when_it_was_made(tmp_path: Path) -> None:
    data = written(Jsonl(compression="gzip"), tmp_path / "a.jsonl.gz", batches(1))
    assert data[4:8] == b"\0" * 4
    assert gzip.decompress(data).count(b"\n") == 100


@pytest.mark.parametrize("operator", [Jsonl, Parquet, Arrow, Huggingface])
@pytest.mark.parametrize("size", ["many", "0", 0, -5])
def test_a_size_that_is_none_is_told(operator: Any, size: Any) -> None:
    with pytest.raises(ValueError, match="size"):
        operator(shard_size=size)


def test_a_split_is_a_name() -> None:
    with pytest.raises(ValueError, match="`split` should be a name"):
        Huggingface(split="my split\npath: /")


def test_the_folder_is_loaded_by_the_library_it_is_for(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.utils.logging.disable_progress_bar()
    writer = Huggingface(path=str(tmp_path), split="test", license="cc-by-4.0", language=("zh",))
    (tmp_path / "data").mkdir()
    for number in range(2):
        written(writer, tmp_path / "data" / f"part-0000{number}.parquet", batches(1))
    (tmp_path / "dataset.json").write_text('{"format": 1}')
    for name, text in writer.beside(200).items():
        (tmp_path / name).write_text(text)
    found = datasets.load_dataset(str(tmp_path), cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in found.items()} == {"test": 200}
    assert found["test"][0] == batches(1)[0].to_pylist()[0]
    card = datasets.load_dataset_builder(str(tmp_path), cache_dir=str(tmp_path / "cache"))
    assert card.config.name == "default"
