"""Lines of streams: whole, in shards, packed, damaged, too long."""

import dataclasses
import gzip
import io
from itertools import accumulate, pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.data import streams
from penstock.data.encodings import detected
from penstock.data.files import File
from penstock.data.shards import Shard
from penstock.data.streams import head, runs, unpacked
from penstock.errors import RecordError

LINES = [b"%d " % n + b"x" * (n * 37 % 90) for n in range(3000)]


def shard_of(path: Path, start: int = 0, stop: int | None = None) -> Shard:
    size = path.stat().st_size
    return Shard(0, File(str(path), size), start, size if stop is None else stop)


def found(shard: Shard, encoding: str = "utf-8") -> list[tuple[int, bytes]]:
    """All lines with their offsets; a problem stands as it is told."""
    lines = []
    for run in runs(shard, encoding):
        if run.problem:
            lines.append((run.offset, run.problem.encode()))
        offset = run.offset
        for line in run.lines:
            lines.append((offset, line))
            offset += len(line) + 1
    return lines


def expected(data: bytes) -> list[tuple[int, bytes]]:
    lines = data.split(b"\n")
    offsets = accumulate((len(line) + 1 for line in lines[:-1]), initial=0)
    return [*zip(offsets, lines, strict=True)][: len(lines) - (not lines[-1])]


@given(st.lists(st.binary(max_size=40), max_size=30), st.lists(st.integers(0, 900), max_size=6))
@settings(max_examples=150, deadline=None)
def test_shards_hold_each_line_once(tmp_path_factory, lines: list[bytes], cuts: list[int]) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    data = b"\n".join(lines)
    path.write_bytes(data)
    bounds = [0, *sorted(min(one, len(data)) for one in cuts), len(data)]
    pieces = [found(shard_of(path, low, high)) for low, high in pairwise(bounds) if low < high]
    assert [line for piece in pieces for line in piece] == expected(data)


def test_blocks_end_at_line_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BLOCK", 100)
    path = tmp_path / "a.txt"
    path.write_bytes(b"\n".join(LINES))
    assert found(shard_of(path)) == expected(path.read_bytes())


def pack(data: bytes, suffix: str) -> bytes:
    return gzip.compress(data) if suffix == ".gz" else pa.compress(data, "zstd", asbytes=True)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_packed_lines_have_the_offsets_of_what_is_inside(tmp_path: Path, suffix: str) -> None:
    data = b"\n".join(LINES)
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(pack(data[:999], suffix) + pack(data[999:], suffix))  # two members
    assert found(shard_of(path)) == expected(data)
    assert head(File(str(path), 1), 10) == data[:10]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("harm", ["cut", "damage", "empty", "other"])
def test_damage_is_told_and_what_is_before_is_read(tmp_path: Path, suffix: str, harm: str) -> None:
    data = b"\n".join(b"%d" % (n * 7919) * 9 for n in range(40_000))
    packed = bytearray(pack(data, suffix))
    if harm == "cut":
        del packed[len(packed) * 3 // 4 :]
    elif harm == "damage":
        packed[len(packed) // 2 : len(packed) // 2 + 40] = b"\xff" * 40
    else:
        packed[:] = b"" if harm == "empty" else b"not packed at all, as it seems"
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(packed)
    lines = found(shard_of(path))
    if (harm, suffix) == ("damage", ".zst"):
        return  # without a checksum, which Arrow does not write, it may go unnoticed
    assert b"damaged or cut off here" in lines[-1][1]
    if harm == "cut":
        assert len(lines) > 1000
        assert lines[:-1] == expected(data)[: len(lines) - 1]
        assert lines[-1][0] == expected(data)[len(lines) - 1][0]
    with unpacked(File(str(path), len(packed))) as stream, pytest.raises(RecordError):
        stream.read()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_line_too_long_is_told_and_passed(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MAX_LINE", 1000)
    monkeypatch.setattr(streams, "BLOCK", 300)
    for long in (1000, 1001, 5000):
        data = b"a\n" + b"x" * long + b"\nb"
        path = tmp_path / f"a.jsonl{suffix}"
        path.write_bytes(gzip.compress(data) if suffix else data)
        lines = found(shard_of(path))
        assert [lines[0], lines[-1]] == [(0, b"a"), (long + 3, b"b")]
        told = b"a line of %s bytes is too long" % f"{long + 1:,}".encode()
        assert lines[1] == (2, told)


def test_a_spooled_part_is_read_in_place_of_the_file(tmp_path: Path) -> None:
    data = b"\n".join(LINES)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(data))
    middle = data.index(b"\n", len(data) // 2) + 1
    (tmp_path / "part").write_bytes(data[middle:])
    inside = Shard(1, File(str(path), path.stat().st_size), middle, len(data), inside=True)
    part = dataclasses.replace(inside, part=str(tmp_path / "part"))
    first = dataclasses.replace(inside, start=0, stop=middle)
    assert found(inside) == found(part)
    assert found(first) + found(part) == expected(data)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
def test_wide_encodings_are_read_as_utf_8(tmp_path: Path, encoding: str) -> None:
    text = "水坝 🌊\r\nਊ\n\nlast"  # U+0A0A has the byte of a line end twice
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    assert found(shard_of(path), encoding) == expected(text.encode())
    assert found(shard_of(path, 5), encoding) == []
    path.write_bytes(text.encode(encoding)[:-1])
    assert b"is not utf" in found(shard_of(path), encoding)[-1][1]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Wasser läuft 水"),
        ("utf-8", ""),
        ("utf-8-sig", "水坝"),
        ("utf-16", "Dämme"),
        ("gb18030", "水力发电站位于河流上游，工程师们日夜看守闸门。" * 3),
        ("gbk", "水力发电站位于河流上游，工程师们日夜看守闸门。" * 3),
        ("shift_jis", "水力発電所は川の上流にあります。" * 3),
        ("euc-kr", "수력 발전소는 강 상류에 있습니다. " * 3),
        ("cp1251", "Гидроэлектростанция стоит на реке. " * 3),
        ("cp1252", "Das Wasser läuft über die Mauer, née façade."),
    ],
)
def test_encodings_are_found(encoding: str, text: str) -> None:
    data = text.encode(encoding)
    assert data.decode(detected(data)).removeprefix("\ufeff") == text


def test_a_stream_is_closed_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"x"))
    stream = unpacked(File(str(path), 1))
    assert isinstance(stream, io.BufferedReader)
    stream.close()
    stream.close()
    assert stream.closed
