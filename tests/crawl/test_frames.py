"""Every byte of an archive ends in a frame, whatever state the archive is in."""

import gzip
import io
import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.crawl.frames import Frame, frames
from penstock.crawl.record import parse_record

WHOLE = 1 << 62


def cut(data: bytes, start: int = 0, stop: int = WHOLE) -> list[Frame]:
    return list(frames(io.BytesIO(data), start, stop))


def plain(count: int) -> list[bytes]:
    bodies = [b"<p>%d</p>" % n + random.Random(n).randbytes(n * 37 % 900) for n in range(count)]
    return [_record(n, body) for n, body in enumerate(bodies)]


def _record(number: int, body: bytes) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
    return (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/%d\r\n"
        b"Content-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n"
        % (number, len(block))
        + block
        + b"\r\n\r\n"
    )


def urls(found: list[Frame]) -> list[str]:
    return [parse_record(frame).url for frame in found if not frame.problem]


def members(count: int) -> list[bytes]:
    return [gzip.compress(one, mtime=0) for one in plain(count)]


@pytest.mark.parametrize("pack", [lambda r: r, lambda r: gzip.compress(r, mtime=0)])
def test_whole_archives_are_cut_at_every_record(pack: Callable[[bytes], bytes]) -> None:
    packed = [pack(one) for one in plain(30)]
    found = cut(b"".join(packed))
    assert [frame.problem or frame.repair for frame in found] == [""] * 30
    assert [frame.offset for frame in found] == [sum(map(len, packed[:n])) for n in range(30)]
    assert urls(found) == [f"http://a.example/{n}" for n in range(30)]


@given(st.lists(st.integers(0, 9000), max_size=6))
@settings(max_examples=60, deadline=None)
def test_shards_of_a_gzip_archive_hold_each_record_once(cuts: list[int]) -> None:
    data = b"".join(members(20))
    bounds = [0, *sorted(min(one, len(data)) for one in cuts), len(data)]
    found = [one for low, high in pairwise(bounds) for one in cut(data, low, high)]
    assert found == cut(data)


@given(st.integers(1, 4000))
@settings(max_examples=60, deadline=None)
def test_a_gzip_archive_cut_anywhere_says_so(keep: int) -> None:
    packed = members(20)
    data = b"".join(packed)[:keep]
    ends = [sum(map(len, packed[: n + 1])) for n in range(20)]
    whole = sum(end <= keep for end in ends)
    found = cut(data)
    assert len(urls(found)) == whole
    assert len(found) - whole == (keep not in ends and keep < ends[-1])
    assert all(frame.problem for frame in found[whole:])


@given(st.integers(0, 4000), st.integers(1, 255))
@settings(max_examples=80, deadline=None)
def test_a_damaged_byte_costs_one_record(place: int, change: int) -> None:
    packed = members(12)
    data = bytearray(b"".join(packed))
    place %= len(data)
    data[place] ^= change
    good = urls(cut(b"".join(packed)))
    assert len(set(good) - set(urls(cut(bytes(data))))) <= 1


def test_garbage_between_members_is_told_and_passed() -> None:
    first, second, third = members(3)
    found = cut(first + b"<html>not a record</html>" * 9 + second + third)
    assert urls(found) == [f"http://a.example/{n}" for n in range(3)]
    assert [(frame.offset, frame.problem) for frame in found if frame.problem] == [
        (len(first), "damaged gzip data: Error -3 while decompressing data: incorrect header check")
    ]


def test_zeros_at_the_end_are_padding() -> None:
    assert not [frame for frame in cut(b"".join(members(2)) + b"\0" * 512) if frame.problem]


def test_a_damaged_member_of_many_records_keeps_those_before_the_damage() -> None:
    packed = bytearray(gzip.compress(b"".join(plain(200)), mtime=0))
    packed[len(packed) // 2] ^= 255
    found = cut(bytes(packed))
    assert 1 < len(urls(found)) < 200
    assert found[-1].problem.startswith("damaged gzip data")


def test_several_records_in_one_member_have_inner_offsets() -> None:
    records = plain(5)
    found = cut(gzip.compress(b"".join(records), mtime=0))
    assert [frame.offset for frame in found] == [0] * 5
    assert [frame.inner for frame in found] == [sum(map(len, records[:n])) for n in range(5)]


@pytest.mark.parametrize("said", [3, 5, 5000], ids=["short", "shorter by less", "long"])
@pytest.mark.parametrize("pack", [lambda r: r, lambda r: gzip.compress(r, mtime=0)])
def test_a_length_that_lies_loses_no_neighbour(said: int, pack: Callable[[bytes], bytes]) -> None:
    first, second, third = plain(3)
    length = len(second.split(b"\r\n\r\n", 1)[1]) - 4
    wrong = second.replace(b"Content-Length: %d" % length, b"Content-Length: %d" % said)
    assert wrong != second
    found = cut(pack(first + wrong + third))
    assert urls(found) == [f"http://a.example/{n}" for n in range(3)]
    assert "content_length" in found[1].repair


def test_a_plain_archive_that_ends_early_says_so() -> None:
    data = b"".join(plain(3))[:-40]
    found = cut(data)
    assert len(urls(found)) == 2
    assert found[2].problem == "the file ends in the middle of this record"


def test_headers_without_length_or_version_do_not_stop_the_reading() -> None:
    first, second, third = plain(3)
    lame = b"WARC/1.0\r\nWARC-Type: response\r\n\r\nbody\r\n\r\n"
    found = cut(first + lame + second + b"GARBAGE\r\n\r\n" + third)
    assert urls(found) == [f"http://a.example/{n}" for n in range(3)]
    assert [(n, frame.problem) for n, frame in enumerate(found) if frame.problem] == [
        (1, "the WARC header lacks Content-Length"),
        (3, "no WARC header stands here"),
    ]


@given(st.binary(max_size=3000))
@settings(max_examples=150, deadline=None)
def test_any_bytes_end_in_frames(data: bytes) -> None:
    for frame in cut(data) + cut(b"\x1f\x8b\x08" + data) + cut(b"WARC/1.0\r\n" + data):
        assert frame.problem or parse_record(frame)


def test_a_header_that_spans_blocks_is_found() -> None:
    # The search for the next record reads in blocks; a header on the seam must not be missed.
    first, second = plain(2)
    for shift in range(-40, 40, 7):
        garbage = b"x" * ((1 << 18) + shift)
        found = cut(garbage + b"\r\n" + first + second)
        assert urls(found) == ["http://a.example/0", "http://a.example/1"]
