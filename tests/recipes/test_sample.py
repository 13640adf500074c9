"""The sample crawl: it rebuilds to the same bytes, holds what its README says, and answers."""

import base64
import gzip
import hashlib
import json
import re
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from resiliparse.extract.html2text import extract_plain_text

SAMPLE = Path(__file__).parents[2] / "recipes" / "sample"
ARCHIVE = SAMPLE / "rivers.warc.gz"
QUESTION_FILES = {"questions-train.jsonl": 160, "questions-heldout.jsonl": 40}
MEMBER_START = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
COPY_HOSTS = {"reader.valley-press.example", "zhuanzai.hebian.example"}

EMAIL = re.compile(r"[\w.]+@[\w.-]+\.example", re.IGNORECASE)
PHONE = re.compile(r"\+44 20 7946 0\d{3}|\(555\) 01\d\d|(?<!\d)1[3-9]\d{9}(?!\d)")


@dataclass(frozen=True)
class Member:
    """A gzip member: where it starts, what it unpacks to, and what is wrong with it."""

    offset: int
    data: bytes
    fault: str = ""


@dataclass(frozen=True)
class Reply:
    """A response record, its HTTP part taken apart by hand."""

    url: str
    warc: dict[str, str]
    status: int
    http: dict[str, str]
    body: bytes

    @property
    def is_page(self) -> bool:
        return self.status == 200 and self.http["Content-Type"].startswith("text/html")

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def payload(self) -> bytes:
        body = self.body
        if self.http.get("Transfer-Encoding") == "chunked":
            body = dechunk(body)
        return gzip.decompress(body) if self.http.get("Content-Encoding") == "gzip" else body

    @property
    def text(self) -> str:
        try:
            document = self.payload.decode("utf-8")
        except UnicodeDecodeError:
            document = self.payload.decode("gbk" if self.host.startswith("shuili") else "cp1252")
        return str(extract_plain_text(document, main_content=True, alt_texts=False))

    @property
    def lang(self) -> str:
        found = re.search(rb'<html lang="?(\w\w)', self.payload, re.IGNORECASE)
        han = re.search("[\u4e00-\u9fff]", self.text)
        return found[1].decode().lower() if found else "zh" if han else "en"


def dechunk(body: bytes) -> bytes:
    whole = b""
    while (size := int(body.split(b"\r\n", 1)[0], 16)) > 0:
        rest = body.split(b"\r\n", 1)[1]
        whole, body = whole + rest[:size], rest[size + 2 :]
    return whole


def read_members(data: bytes) -> Iterator[Member]:
    offset = 0
    while offset < len(data):
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            unpacked = unpacker.decompress(data[offset:])
        except zlib.error:
            yield Member(offset, b"", "damaged")
            offset = data.index(MEMBER_START, offset + 1)
            continue
        yield Member(offset, unpacked, "" if unpacker.eof else "cut")
        offset = len(data) - len(unpacker.unused_data)


def headers_of(lines: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in lines.decode().split("\r\n")[1:])


def read_reply(record: bytes) -> Reply:
    warc_lines, _, block = record.partition(b"\r\n\r\n")
    warc = headers_of(warc_lines)
    http_lines, _, body = block[: int(warc["Content-Length"])].partition(b"\r\n\r\n")
    status = int(http_lines.split(b" ")[1])
    return Reply(warc["WARC-Target-URI"], warc, status, headers_of(http_lines), body)


@pytest.fixture(scope="module")
def members() -> list[Member]:
    return list(read_members(ARCHIVE.read_bytes()))


@pytest.fixture(scope="module")
def replies(members: list[Member]) -> list[Reply]:
    sound = [m.data for m in members if not m.fault]
    return [read_reply(data) for data in sound if b"\r\nWARC-Type: response\r\n" in data]


@pytest.fixture(scope="module")
def pages(replies: list[Reply]) -> list[Reply]:
    return [reply for reply in replies if reply.is_page]


@pytest.fixture(scope="module")
def texts(pages: list[Reply]) -> dict[str, str]:
    return {page.url: page.text for page in pages}


@pytest.fixture(scope="module")
def shingles(texts: dict[str, str]) -> dict[str, set[tuple[str, ...]]]:
    return {url: shingles_of(text) for url, text in texts.items()}


@pytest.fixture(scope="module")
def questions() -> dict[str, list[dict[str, str]]]:
    return {
        name: [json.loads(line) for line in (SAMPLE / name).read_text("utf-8").splitlines()]
        for name in QUESTION_FILES
    }


def words_of(text: str) -> list[str]:
    return re.findall("[\u4e00-\u9fff]|[^\\W\u4e00-\u9fff]+", text.lower())


def shingles_of(text: str, size: int = 5) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def similarity(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> float:
    return len(one & other) / max(1, len(one | other))


def similar_pairs(shingles: dict[str, set[tuple[str, ...]]], least: float) -> set[tuple[str, str]]:
    pairs = combinations(sorted(shingles), 2)
    return {(a, b) for a, b in pairs if similarity(shingles[a], shingles[b]) >= least}


def reads_as_spam(page: Reply) -> bool:
    words = words_of(page.text)
    blocks = re.findall(rb"<(p|li)>", page.payload.partition(b"<main>")[2].partition(b"</main>")[0])
    symbols = len(re.findall(r"[#$*!<>]|\.\.\.", page.text))
    return (
        len(words) < 50
        or len(set(words)) < 0.35 * len(words)
        or blocks.count(b"li") > 0.8 * max(1, len(blocks))
        or symbols > 0.1 * len(words)
    )


def html_is_broken(page: Reply) -> bool:
    document = page.payload.lower()
    return (
        b"\x00" in document
        or b"<head>" not in document
        or b"</html>" not in document
        or document.count(b"<table") != document.count(b"</table")
    )


def charset_is_wrong(page: Reply) -> bool:
    label = re.search(r"charset=(\S+)", page.http["Content-Type"])
    if not label:
        return True
    try:
        page.payload.decode("utf-8")
    except UnicodeDecodeError:
        return label[1] == "utf-8"
    return label[1] != "utf-8"


def has_personal_data(text: str) -> bool:
    return bool(EMAIL.search(text) or PHONE.search(text))


def length_lies(reply: Reply) -> bool:
    return int(reply.http.get("Content-Length", len(reply.body))) != len(reply.body)


def is_copy(page: Reply) -> bool:
    return page.host in COPY_HOSTS


@pytest.fixture(scope="module")
def inventory(
    members: list[Member],
    replies: list[Reply],
    pages: list[Reply],
    texts: dict[str, str],
    shingles: dict[str, set[tuple[str, ...]]],
) -> list[int]:
    """The faults found in the archive, in the order of the README's table."""
    distinct_bytes = {page.warc["WARC-Payload-Digest"]: page for page in pages}
    distinct_texts = {texts[page.url]: page.url for page in distinct_bytes.values()}
    near = similar_pairs({url: shingles[url] for url in distinct_texts.values()}, 0.5)
    ours = [page for page in pages if page.lang in ("en", "zh")]
    faults = Counter(member.fault for member in members)
    statuses = Counter(reply.status for reply in replies)
    return [
        len(pages) - len(distinct_bytes),
        len(distinct_bytes) - len(distinct_texts),
        len(near),
        sum(reads_as_spam(page) for page in ours),
        sum(html_is_broken(page) for page in pages),
        sum(charset_is_wrong(page) for page in pages),
        sum(has_personal_data(texts[page.url]) for page in pages),
        len(pages) - len(ours),
        sum("Content-Encoding" in page.http for page in pages),
        sum("Transfer-Encoding" in page.http for page in pages),
        sum(length_lies(reply) for reply in replies),
        faults["damaged"],
        faults["cut"],
        statuses[404],
        statuses[301],
        sum(not reply.http["Content-Type"].startswith("text/html") for reply in replies),
    ]


def test_rebuilding_gives_the_committed_bytes(tmp_path: Path) -> None:
    command = [sys.executable, SAMPLE / "build.py", "--out", tmp_path]
    subprocess.run(command, check=True)
    for name in ("rivers.warc.gz", *QUESTION_FILES):
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes(), name


def test_the_archive_is_small_and_starts_with_its_description(members: list[Member]) -> None:
    assert ARCHIVE.stat().st_size <= 1_000_000
    assert b"WARC-Type: warcinfo" in members[0].data
    assert all(member.data.startswith(b"WARC/1.0\r\n") for member in members if not member.fault)


def test_there_are_enough_distinct_pages_in_both_languages(
    pages: list[Reply], texts: dict[str, str]
) -> None:
    distinct = {texts[page.url]: page.lang for page in pages if not is_copy(page)}
    languages = Counter(distinct.values())
    assert languages["en"] >= 100
    assert languages["zh"] >= 40


def test_every_exchange_has_its_request_and_digests_are_right(
    members: list[Member], replies: list[Reply]
) -> None:
    requested = {
        headers_of(member.data.partition(b"\r\n\r\n")[0])["WARC-Target-URI"]
        for member in members
        if b"\r\nWARC-Type: request\r\n" in member.data
    }
    assert {reply.url for reply in replies} == requested
    for reply in replies:
        chunked = reply.http.get("Transfer-Encoding") == "chunked"
        payload = dechunk(reply.body) if chunked else reply.body
        digest = base64.b32encode(hashlib.sha1(payload).digest()).decode()
        assert reply.warc["WARC-Payload-Digest"] == f"sha1:{digest}", reply.url
        assert reply.warc["WARC-Date"].startswith("2026-")


def test_the_readme_counts_every_fault(inventory: list[int]) -> None:
    readme = (SAMPLE / "README.md").read_text("utf-8")
    promised = re.findall(r"^\| ([A-Z].+) \| (\d+) \|$", readme, flags=re.MULTILINE)
    assert {name: int(count) for name, count in promised} == dict(
        zip([name for name, _ in promised], inventory, strict=True)
    )


def test_distinct_pages_are_not_alike(
    pages: list[Reply], shingles: dict[str, set[tuple[str, ...]]]
) -> None:
    unique = {page.warc["WARC-Payload-Digest"]: page.url for page in pages if not is_copy(page)}
    assert similar_pairs({url: shingles[url] for url in unique.values()}, 0.5) == set()


def test_personal_data_stands_next_to_han_characters(texts: dict[str, str]) -> None:
    everything = "\n".join(texts.values())
    assert re.search("[\u4e00-\u9fff]1[3-9]\\d{9}[\u4e00-\u9fff]", everything)
    assert re.search("[\u4e00-\u9fff][a-z]+@[a-z.]+example[\u4e00-\u9fff]", everything)
    assert re.search(r"[A-Z.]+@[A-Z-]+\.EXAMPLE", everything)


def test_one_member_stops_a_plain_reader_and_the_rest_are_sound(members: list[Member]) -> None:
    data = ARCHIVE.read_bytes()
    [damaged] = [number for number, member in enumerate(members) if member.fault == "damaged"]
    broken, following = members[damaged], members[damaged + 1]
    assert len(gzip.decompress(data[: broken.offset])) == sum(
        len(member.data) for member in members[:damaged]
    )
    with pytest.raises(zlib.error):
        gzip.decompress(data[: following.offset])
    assert damaged > 100
    assert len([member for member in members[damaged + 1 :] if not member.fault]) > 100


def test_the_last_member_is_cut(members: list[Member]) -> None:
    assert [member.fault for member in members].index("cut") == len(members) - 1
    with pytest.raises(EOFError):
        gzip.decompress(ARCHIVE.read_bytes()[members[-1].offset :])


def test_there_are_200_different_questions(questions: dict[str, list[dict[str, str]]]) -> None:
    assert {name: len(rows) for name, rows in questions.items()} == QUESTION_FILES
    rows = [row for file in questions.values() for row in file]
    assert len({row["id"] for row in rows}) == 200
    assert len({row["question"].casefold() for row in rows}) == 200
    assert Counter(row["language"] for row in rows) == {"en": 150, "zh": 50}
    assert max(Counter(row["answer"] for row in rows).values()) <= 5
    for row in rows:
        short = (
            len(row["answer"]) <= 10 if row["language"] == "zh" else row["answer"].count(" ") < 5
        )
        assert short, row


def test_every_answer_stands_on_its_page(
    questions: dict[str, list[dict[str, str]]], texts: dict[str, str]
) -> None:
    missing = [
        row
        for file in questions.values()
        for row in file
        if row["answer"] not in texts[row["page"]]
    ]
    assert missing == []


def test_questions_ask_only_about_sound_pages(
    questions: dict[str, list[dict[str, str]]],
    pages: list[Reply],
    texts: dict[str, str],
    shingles: dict[str, set[tuple[str, ...]]],
) -> None:
    asked = {row["page"] for file in questions.values() for row in file}
    doubled = {url for pair in similar_pairs(shingles, 0.5) for url in pair}
    assert asked & doubled == set()
    for page in pages:
        if page.url in asked:
            assert "Content-Encoding" not in page.http
            assert "Transfer-Encoding" not in page.http
            assert not length_lies(page)
            assert not charset_is_wrong(page)
            assert not html_is_broken(page)
            assert not has_personal_data(texts[page.url])
