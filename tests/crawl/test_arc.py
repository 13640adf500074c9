"""ARC archives, zstd archives, and what Common Crawl derives from archives, on real files."""

import gzip
import io
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fastwarc.stream_io import ZstdWriter
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.crawl import frames as cutting
from penstock.crawl.arc import as_warc
from penstock.crawl.frames import ARC, frames
from penstock.crawl.record import parse_record
from penstock.crawl.window import Frame
from penstock.data.files import File
from penstock.data.shards import Shard, cut
from penstock.ops.base import Lost, Read
from penstock.ops.read.arc import Arc
from penstock.ops.read.warc import Warc
from penstock.ops.read.wat import Wat
from penstock.ops.read.wet import Wet

WHOLE = 1 << 62


def records(count: int) -> list[bytes]:
    made = []
    for number in range(count):
        body = random.Random(number).randbytes(number * 37 % 900).replace(b"\n", b"")
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
        line = b"http://a.example/%d 1.2.3.4 20080430204825 text/html %d\n" % (number, len(block))
        made.append(line + block + b"\n")
    return made


def framed(data: bytes, start: int = 0, stop: int = WHOLE) -> list[Frame]:
    return list(frames(io.BytesIO(data), start, stop, ARC))


def urls(found: list[Frame]) -> list[str]:
    return [parse_record(as_warc(frame)).url for frame in found if not frame.problem]


EXPECTED = [f"http://a.example/{n}" for n in range(30)]


@pytest.mark.parametrize("packed", [False, True])
def test_whole_archives_are_cut_at_every_record(packed: bool) -> None:
    parts = [gzip.compress(one, mtime=0) if packed else one for one in records(30)]
    found = framed(b"".join(parts))
    assert urls(found) == EXPECTED
    assert [frame.offset for frame in found] == [sum(map(len, parts[:n])) for n in range(30)]


@given(st.lists(st.integers(0, 9000), max_size=6))
@settings(max_examples=40, deadline=None)
def test_shards_of_a_gzip_archive_hold_each_record_once(cuts: list[int]) -> None:
    data = b"".join(gzip.compress(one, mtime=0) for one in records(20))
    bounds = [0, *sorted(min(one, len(data)) for one in cuts), len(data)]
    found = [one for low, high in pairwise(bounds) for one in framed(data, low, high)]
    assert found == framed(data)


@given(st.integers(0, 20_000), st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_a_damaged_byte_costs_one_record(place: int, change: int) -> None:
    data = bytearray(b"".join(gzip.compress(one, mtime=0) for one in records(12)))
    data[place % len(data)] ^= change
    assert len(set(EXPECTED[:12]) - set(urls(framed(bytes(data))))) <= 1


@given(st.binary(max_size=2000))
@settings(max_examples=100, deadline=None)
def test_any_bytes_end_in_frames(data: bytes) -> None:
    line = b"http://a.example/ 1.2.3.4 20080430204825 text/html 9\n"
    for frame in framed(data) + framed(line + data) + framed(b"\x1f\x8b\x08" + data):
        assert frame.problem or parse_record(as_warc(frame))


@pytest.mark.parametrize("said", [b"7", b"9000", b"-1", b"x"])
def test_a_length_that_lies_loses_no_neighbour(said: bytes) -> None:
    first, second, third = records(3)
    line, _, block = second.partition(b"\n")
    wrong = line.rpartition(b" ")[0] + b" " + said + b"\n" + block
    found = framed(first + wrong + third)
    assert [url for url in urls(found) if not url.endswith("/1")] == [EXPECTED[0], EXPECTED[2]]
    assert len(found) == 3
    assert found[1].problem or "content_length" in found[1].repair


def of_zstd(parts: list[bytes]) -> bytes:
    packed = io.BytesIO()
    for part in parts:
        writer = ZstdWriter(packed)
        writer.write(part)
        writer.finish()
    return packed.getvalue()


def warc_records(count: int, make_record: Any) -> list[bytes]:
    return [make_record(f"http://a.example/{n}", b"<p>%d</p>" % n * n) for n in range(count)]


def test_zstd_archives(tmp_path: Path, make_record: Any) -> None:
    whole = of_zstd(warc_records(30, make_record))
    path = tmp_path / "a.warc.zst"
    for data, lost in ((whole, 0), (whole[:-10], 1), (whole[: len(whole) // 2], 1)):
        path.write_bytes(data)
        found = read(Warc("x"), path)
        good = [one["url"] for one in found if isinstance(one, dict)]
        assert good == EXPECTED[: len(good)]
        assert len(found) - len(good) == lost
        if lost:
            assert "zstd" in found[-1].error
        assert len(good) >= 5


def test_sound_members_are_read_the_same_with_care(
    make_record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [gzip.compress(one, mtime=0) for one in warc_records(40, make_record)]
    parts[7] = parts[7][:-6] + b"\0\0\0\0\0\0"  # its checksum is wrong
    parts[9] = gzip.compress(b"".join(warc_records(3, make_record)), mtime=0)
    data = b"".join(parts)
    fast = list(frames(io.BytesIO(data), 0, WHOLE))
    monkeypatch.setattr(cutting, "_whole", lambda *_: None)
    assert list(frames(io.BytesIO(data), 0, WHOLE)) == fast
    assert sum(bool(frame.problem) for frame in fast) == 1
    assert len(fast) == 42


def test_a_page_that_unpacks_to_too_much_is_told(make_record: Any) -> None:
    body = gzip.compress(b"\0" * (65 << 20))
    record = make_record("http://a.example/", body)
    record = record.replace(b"Content-Type: text/html", b"Content-Encoding:  gzip")
    with pytest.raises(Exception, match="unpacks to more than 67,108,864 bytes"):
        parse_record(Frame(0, record))


def test_an_answer_without_headers_has_a_status() -> None:
    block = b"HTTP/1.1 404 Not Found\r\n\r\n"
    head = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\n"
    data = head + b"Content-Length: %d\r\n\r\n" % len(block) + block
    assert parse_record(Frame(0, data)).status == 404


def read(reader: Read, path: Path, size: int = 1 << 40) -> list[Any]:
    file = File(str(path), path.stat().st_size)
    shards: list[Shard] = cut([file], splittable=reader.splittable, size=size)
    return [one for shard in shards for one in reader.records(shard)]


def test_a_real_arc_holds_the_pages_of_its_warc(real_data: Path) -> None:
    name = "IAH-20080430204825-00000-blackbook"
    folder = real_data / "warc" / "other"
    arc = read(Arc("x"), folder / f"{name}.arc.gz")
    assert arc == read(Arc("x"), folder / f"{name}.arc.gz", 20_000)
    warc = read(Warc("x"), folder / f"{name}.warc.gz")
    pages, same = (
        {one["url"]: one["content"] for one in found if isinstance(one, dict)}
        for found in (arc, warc)
    )
    assert len(pages) > 90
    assert pages == same
    assert not any(one.error for one in arc if isinstance(one, Lost))


@pytest.mark.parametrize(
    ("name", "causes"),
    [
        ("broken/warcio-example.arc", {"": 1, "kinds": 1}),
        ("broken/warcio-example.arc.gz", {"": 1, "kinds": 1}),
        ("broken/warcio-bad.arc", {"the ARC header has the length '-1'": 2, "media_types": 1,
                                   "the ARC header has the length 'abc'": 1}),
        ("broken/warcio-example-space-in-url.arc",
         {"kinds": 1, "the file ends in the middle of this record": 1}),
    ],
)  # fmt: skip
def test_real_arc_files(real_data: Path, name: str, causes: dict[str, int]) -> None:
    found = read(Arc("x"), real_data / "warc" / name)
    assert causes == Counter(
        one.rule or one.error if isinstance(one, Lost) else "" for one in found
    )


def test_the_trio_of_one_crawl_agrees(real_data: Path) -> None:
    name = "CC-MAIN-20140820021334-00006-ip-10-180-136-8.ec2.internal.warc"
    warc, wat, wet = (
        [one for one in read(reader, real_data / "warc" / "commoncrawl" / f"{name}{suffix}")
         if isinstance(one, dict)]
        for reader, suffix in ((Warc("x"), ""), (Wat("x"), ".wat"), (Wet("x"), ".wet"))
    )  # fmt: skip
    described = {one["url"]: one for one in wat}
    texts = {one["url"]: one["text"] for one in wet}
    both = [page for page in warc if page["url"] in described]
    assert both
    for page in both:
        assert described[page["url"]]["date"] == page["date"]
        assert described[page["url"]]["status"] == 200
    titled = [one for one in wat if one["title"]]
    assert titled
    for one in titled:
        assert texts[one["url"]].startswith(one["title"])
        assert one["links"]
        assert one["warc_file"].startswith(name)


def test_languages_of_a_newer_crawl(real_data: Path) -> None:
    for suffix in ("", ".gz"):
        path = real_data / "warc" / "commoncrawl" / f"whirlwind.warc.wet{suffix}"
        (page,) = [one for one in read(Wet("x"), path) if isinstance(one, dict)]
        assert page["languages"] == ["spa"]
        assert page["text"].startswith("Escopete - Biquipedia")
