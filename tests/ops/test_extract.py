"""What holds for the operators of extract on any page, and on real ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from penstock.crawl.main_text import html_of
from penstock.crawl.pages import FEW_TAGS
from penstock.data.files import File
from penstock.data.shards import Shard
from penstock.errors import RecordError, UsageError
from penstock.ops.base import Map
from penstock.ops.extract.links import Links
from penstock.ops.extract.main_text import MainText
from penstock.ops.extract.metadata import Metadata
from penstock.ops.extract.tables import Tables
from penstock.ops.read.warc import Warc
from penstock.text.charset import decode

TAGS = (
    b"<p>", b"</p>", b"<div class='nav'>", b"<div id=content>", b"</div>", b"<table>", b"<tr>",
    b"<td colspan=3>", b"<a href='/x'>", b"</a>", b"<pre>", b"<li>", b"<h1>", b"<h2>", b"<br>",
    b"<script>", b"</script>", b"<!--", b"-->", b"<base href='//['>", b"<meta charset=utf-16>",
    b"<meta property='og:title' content='&#xD800;'>", b"<svg><title>", b"<frameset>", b"</body>",
    b"<template>", b"<form>", b"<title>", b"&#0;", b"&#xD800;", b"&amp", b"\0", b"\xff\xfe",
    b"A dam at the head of the valley holds back the river in spring, and keeps its water. ",
    "三峡大坝位于湖北省宜昌市，是世界上最大的水电站之一。".encode(), b"Related articles", b"\x1b$B",
)  # fmt: skip
PAGES = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(TAGS), max_size=40).map(b"".join),
    st.text(max_size=200).map(str.encode),
)
CHARSETS = st.sampled_from(("", "utf-8", "gb2312", "shift_jis", "utf-16", "iso-8859-1", "klingon"))
OTHERS = (Links(), Metadata(), Tables(), Tables(to="text"))


def rows_of(*pages: bytes | None, charset: str = "", url: str = "http://a.example/b/") -> Any:
    size = len(pages)
    return pa.RecordBatch.from_pydict(
        {
            "content": pa.array(pages, pa.binary()),
            "charset": pa.array([charset] * size, pa.string()),
            "url": pa.array([url] * size, pa.string()),
        }
    )


def texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts_in(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts_in(one)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("profile", ["fast", "balanced"])
@given(page=PAGES, charset=CHARSETS)
@example(page=b"<div>" * 3000 + b"deep", charset="")
@example(page=b"<p><b><i>" * 900, charset="")
def test_any_bytes_are_a_page(profile: Any, page: bytes, charset: str) -> None:
    try:
        text, title = MainText(profile=profile).page(page, charset)
    except RecordError:
        return
    for found in (text, title):
        assert found is None or (found and "\0" not in found and found.encode())


@settings(max_examples=40, deadline=None)
@given(page=PAGES, charset=CHARSETS)
def test_any_bytes_are_a_page_for_the_precise_profile(page: bytes, charset: str) -> None:
    try:
        text, _ = MainText(profile="precise").page(page, charset)
    except RecordError:
        return
    assert text is None or ("\0" not in text and text.encode())


@given(page=PAGES, charset=CHARSETS)
def test_any_bytes_have_links_tables_and_metadata(page: bytes, charset: str) -> None:
    for operator in OTHERS:
        found = operator.batch(rows_of(page, charset=charset)).drop_columns(["content"])
        for text in texts_in(found.to_pylist()):
            assert "\0" not in text
            assert text.encode() is not None


@given(pages=st.lists(PAGES, min_size=2, max_size=5))
def test_a_page_gives_the_same_alone_and_in_a_batch(pages: list[bytes]) -> None:
    for operator in (MainText(), MainText(profile="fast"), *OTHERS):
        together = operator.batch(rows_of(*pages)).to_pylist()
        assert together == [operator.batch(rows_of(page)).to_pylist()[0] for page in pages]


@pytest.mark.parametrize("operator", [MainText(), *OTHERS], ids=lambda one: type(one).__name__)
def test_pages_are_missed_with_a_hint(operator: Map) -> None:
    with pytest.raises(UsageError, match="reads the column `content`") as caught:
        operator.batch(pa.RecordBatch.from_pydict({"text": ["a"]}))
    assert "keep_content" in caught.value.hint


@pytest.mark.parametrize("operator", [MainText(), *OTHERS], ids=lambda one: type(one).__name__)
def test_a_document_without_a_page_stays_empty(operator: Map) -> None:
    found = operator.batch(rows_of(None)).to_pylist()[0]
    for column in ("text", "title", "links", "metadata", "tables"):
        assert found.get(column) is None


@pytest.mark.parametrize("operator", [MainText, Links, Metadata, Tables])
def test_a_time_limit_is_above_zero(operator: Any) -> None:
    with pytest.raises(ValueError, match="number of seconds above 0"):
        operator(timeout=0)


def test_the_page_itself_is_kept_on_request() -> None:
    assert MainText().batch(rows_of(b"<p>a")).schema.names == ["url", "title", "text"]
    kept = MainText(keep_content=True).batch(rows_of(b"<p>a")).schema.names
    assert kept == ["content", "charset", "url", "title", "text"]


def test_tables_go_to_the_end_of_the_text() -> None:
    page = b"<p>Levels of the river.</p><table><tr><th>May<th>June<tr><td>41<td>38</table>"
    rows = MainText(profile="fast", keep_content=True).batch(rows_of(page))
    text = Tables(to="text").batch(rows).to_pylist()[0]["text"]
    assert text.startswith("Levels of the river.")
    assert text.endswith("\n\n| May | June |\n| --- | --- |\n| 41 | 38 |")


LINKED = [
    (b"<a href='c.html'>c</a>", "http://a.example/b/c.html"),
    (b"<a href='#top'>top</a><a href='http://a.example/b/'>self</a>", None),
    (b"<base href='../x/'><a href='y'>y</a>", "http://a.example/x/y"),
    (b"<base href='http://['><a href='y'>y</a>", "http://a.example/b/y"),
]


@pytest.mark.parametrize(("page", "address"), LINKED)
def test_links_are_relative_to_the_page(page: bytes, address: str | None) -> None:
    found = Links().batch(rows_of(page)).to_pylist()[0]["links"]
    assert [link["url"] for link in found] == ([address] if address else [])


def test_metadata_reads_the_address_too() -> None:
    page = b"<link rel=canonical href='/news/dam'>"
    rows = rows_of(page, url="http://a.example/2024/05/01/dam?x=1")
    found = Metadata().batch(rows).to_pylist()[0]["metadata"]
    assert (found["date"], found["url"]) == ("2024-05-01", "http://a.example/news/dam")


def test_a_large_page_is_handled_like_a_small_one() -> None:
    paragraph = b"<p>A dam at the head of the valley holds back the river in spring. <b>It</b></p>"
    page = paragraph * (FEW_TAGS // 4 + 1)
    for profile in ("fast", "balanced"):
        operator = MainText(profile=profile)  # type: ignore[arg-type]
        assert (operator.page(page, "")[0] or "").count("A dam") == FEW_TAGS // 4 + 1
    links = Links().batch(rows_of(b"<a href='/a'>a</a>" * FEW_TAGS)).to_pylist()[0]["links"]
    assert links == [{"url": "http://a.example/a", "text": "a", "rel": ""}] * FEW_TAGS


WRITTEN = {
    "日本には多くのダムがあり、川の水を利用して電気を作っています。": (
        "utf-8", "utf-16", "utf-16-le", "utf-16-be", "euc_jp", "shift_jis", "iso2022_jp", "cp932",
    ),
    "三峡大坝位于湖北省宜昌市，是世界上最大的水电站之一。": (
        "gb2312", "gbk", "gb18030", "utf-8-sig",
    ),
    "三峽大壩位於湖北省宜昌市，是世界上最大的水電站之一。": ("big5", "big5hkscs"),
    "댐은 강의 물을 막아 전기를 만든다. 한국에는 많은 댐이 있다.": ("euc_kr", "cp949"),
    "Плотина удерживает воду реки весной и отдаёт её летом.": ("cp1251", "koi8-r", "utf-16-le"),
    "Der Damm hält das Wasser – im Frühjahr “viel” davon.": ("cp1252", "utf-8"),
    "السد يحجز مياه النهر في الربيع ويطلقها في الصيف": ("cp1256",),
    "เขื่อนกักเก็บน้ำในแม่น้ำในฤดูใบไม้ผลิ": ("cp874", "tis-620"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "codec"), [(text, codec) for text, codecs in WRITTEN.items() for codec in codecs]
)
def test_a_page_is_read_by_the_charset_it_is_in(text: str, codec: str) -> None:
    page = f"<html><head><title>x</title></head><body><p>{text}</p></body></html>"
    said = codec.replace("_", "-")
    assert decode(page.encode(codec)).endswith(page[20:])
    assert decode(page.encode(codec), said) == page
    assert decode(page.encode(codec), "iso-8859-1") == page
    named = page.replace("<head>", f"<head><meta charset='{said}'>")
    assert decode(named.encode(codec)) == named


@pytest.mark.parametrize("said", ["utf-8", "", "iso-8859-1"])
def test_a_few_wrong_bytes_do_not_change_the_charset(said: str) -> None:
    text = "水库的水位在夏天下降，在冬天上升。" * 20
    assert decode(text.encode() + b"\xff" + text.encode(), said) == f"{text}\ufffd{text}"
    assert decode(text.encode()[:-1], said) == text[:-1]
    assert decode(text.encode("gb18030") + b"\xff ", "gbk").startswith(text)


@given(page=PAGES, charset=CHARSETS)
def test_any_bytes_can_be_decoded(page: bytes, charset: str) -> None:
    assert decode(page, charset).encode() is not None


ODD = {
    "kcna.html": "조선통신",
    "krokozyabry.html": "Кракозябры",
    "mojibake.html": "文字化け",
    "videogame_top.htm": "号館",
    "twitchplayspokemonfirered.html": "♂♀",
    "soup.html": "<",
    "xhtml_invalid.html": "<",
    "rss.xml": "<rss",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_pages_are_read(real_data: Path, name: str) -> None:
    content = (real_data / "html_odd" / name).read_bytes()
    assert ODD[name] in decode(content)
    for profile in ("fast", "balanced", "precise"):
        MainText(profile=profile, timeout=60).page(content, "")  # type: ignore[arg-type]
    for operator in (Links(timeout=60), Metadata(timeout=60), Tables(timeout=60)):
        assert operator.batch(rows_of(content)).num_rows == 1


def test_archived_pages_are_read_without_wrong_characters(real_data: Path) -> None:
    """346 pages, 50 of them in EUC-JP, GBK, windows-1251 or ISO 8859-1."""
    pages = []
    for file in sorted((real_data / "warc").rglob("*.warc.gz")):
        source = File(str(file), file.stat().st_size)
        records = Warc(path=str(file)).records(Shard(0, source, 0, source.size))
        pages += [one for one in records if isinstance(one, dict)]
    wrong = [one for one in pages if "\ufffd" in html_of(one["content"], one["charset"])]
    assert len(pages) > 250
    assert len(wrong) <= len(pages) // 100


def test_a_poison_page_costs_one_record(
    penstock: Callable[..., Any], write_warc: Callable[..., Path], make_record: Any, prose: Any
) -> None:
    pages = [f"<p>{prose(number)}</p>".encode() for number in range(5)]
    pages.insert(2, b"<div>" * 60_000 + b"x")  # keeps the parser busy for half a minute
    records = [make_record("http://a.example/", page) for page in pages]
    folder = write_warc(records).parent
    (folder / "r.yaml").write_text(
        "kind: recipe\nsteps:\n  - read.warc: {path: crawl.warc.gz}\n"
        "  - extract.main_text: {profile: fast, timeout: 1}\n  - write.jsonl: {path: out}\n"
    )
    done = penstock("run", "r.yaml", "--workers", "2", "--json", "--out", "run")
    assert done.returncode == 0, done.stderr
    totals = json.loads(done.stdout)["totals"]
    assert (totals["kept"], totals["quarantined"]) == (5, 1)
    (entry,) = pq.read_table(next((folder / "run" / "quarantine").glob("*"))).to_pylist()
    assert entry["error"] == "RecordError: took longer than 1 s"
