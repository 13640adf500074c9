"""Filters that take lists: words and phrases, sites and pages, from specs and from files."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import UsageError
from penstock.ops.filter.flagged_words import FlaggedWords
from penstock.ops.filter.refinedweb_url import RefinedwebUrl
from penstock.ops.filter.stop_words import LANGUAGES, StopWords
from penstock.ops.filter.url_blocklist import UrlBlocklist
from penstock.ops.label.domain import Domain
from penstock.specs.build import build
from penstock.text import urls
from penstock.text.phrases import Phrases, folded

LABELS = st.text("ab0-水", min_size=1, max_size=4)
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


def test_lists_come_from_files_folders_and_globs(tmp_path: Path) -> None:
    (tmp_path / "adult").mkdir()
    (tmp_path / "adult" / "domains").write_text("# a comment\nbad.example\n\n  worse.example \r\n")
    (tmp_path / "adult" / "urls").write_text("mixed.example/bad\n")
    (tmp_path / "adult" / "usage").write_text("good.example\n")
    (tmp_path / "more.txt.gz").write_bytes(gzip.compress(b"\xef\xbb\xbfgzipped.example\n"))
    folder = UrlBlocklist(blocked=str(tmp_path / "adult"))
    assert folder.match("http://worse.example/x") == "worse.example"
    assert folder.match("http://mixed.example/bad/x") == "mixed.example/bad"
    assert folder.match("http://good.example/") == ""
    assert UrlBlocklist(blocked=str(tmp_path / "*.gz")).match("http://a.gzipped.example/")


def test_a_list_that_is_not_there_is_named_before_the_run(tmp_path: Path) -> None:
    for cls, name in ((FlaggedWords, "words"), (UrlBlocklist, "blocked"), (StopWords, "words")):
        with pytest.raises(UsageError, match=f"`{name}`: there is no file .*nowhere") as caught:
            build(cls, {name: str(tmp_path / "nowhere.txt")}, lambda key: f"x:{key}", owner="step")
        assert caught.value.where == f"x:{name}"


def test_a_list_that_is_no_text_stops_the_run_and_no_record(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes(b"\xff\xfe\x00dam\n")
    with pytest.raises(UsageError, match=r"list\.txt is no list"):
        FlaggedWords(words=str(file)).measure("dam")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_of_stop_words_has_words_of_one_kind(language: str) -> None:
    words = StopWords(language=language)._list
    assert len(words) > 80
    assert all(word == word.lower() and word.strip() == word for word in words)
    if language == "zh":
        assert all(len(word) == 1 for word in words)


def test_a_language_without_a_list_is_refused() -> None:
    with pytest.raises(UsageError, match="no list for xx, only for ar, de, en"):
        build(StopWords, {"language": "xx"}, lambda _: "", owner="filter.stop_words")


@settings(deadline=None)
@given(
    st.text("ab 水.A", max_size=30), st.lists(st.text("ab 水", min_size=1, max_size=3), max_size=4)
)
def test_phrases_are_found_from_the_left_the_longest_first(text: str, phrases: list[str]) -> None:
    wanted = {folded(phrase).strip() for phrase in phrases} - {""}
    plain, found, at = folded(text), [], 0

    def whole(start: int, stop: int) -> bool:
        spaced = "ab"
        before = start > 0 and plain[start - 1] in spaced and plain[start] in spaced
        after = stop < len(plain) and plain[stop - 1] in spaced and plain[stop] in spaced
        return not before and not after

    while at < len(plain):
        here = [one for one in wanted if plain.startswith(one, at) and whole(at, at + len(one))]
        found += [max(here, key=len)] if here else []
        at += len(found[-1]) if here else 1
    assert Phrases(phrases).find(text) == found


def test_a_lexicon_is_found_in_labelled_chinese_text(real_data: Path) -> None:
    lexicon = str(real_data / "toxic" / "zh-lexicon" / "*.txt")
    flagged = FlaggedWords(words=lexicon)
    novel = (real_data / "lm" / "zh" / "xiyouji.txt").read_text("utf-8")
    pages = [novel[start : start + 1000] for start in range(0, 400_000, 2000)]
    spam = (real_data / "toxic" / "zh-lexicon" / "广告类型.txt").read_text("utf-8")
    assert flagged.measure(spam) > 0.9
    assert sum(flagged.measure(page) > flagged.max for page in pages) < len(pages) / 20


@settings(deadline=None)
@given(HOSTS, st.lists(LABELS, max_size=3), st.sampled_from(["", "www.", "a.", "WWW.A."]))
def test_a_domain_blocks_all_hosts_below_it_and_no_other(
    domain: str, path: list[str], prefix: str
) -> None:
    blocklist = UrlBlocklist(blocked=(domain,))
    url = "/".join([f"http://{prefix}{domain}", *path])
    assert blocklist.match(url) == urls.readable(domain)
    assert blocklist.match(f"http://x{domain}/") in ("", urls.readable(domain).partition(".")[2])
    assert blocklist.match(f"http://other.example/{domain}/") == ""


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
def test_no_url_is_refused(url: str) -> None:
    rows = pa.RecordBatch.from_pydict({"url": pa.array([url, None], pa.string())})
    hosts = Domain().batch(rows).column("host").to_pylist()
    assert hosts[1] is None
    UrlBlocklist(blocked=("a.example",)).measure_batch(rows)
    RefinedwebUrl(hard_words=("a",)).measure_batch(rows)
    assert urls.suffix(url) == urls.suffix(url).lower()


def test_a_url_of_a_thousand_slashes_is_looked_up_in_one_pass() -> None:
    deep = "http://a.example/" + "x/" * 300_000
    blocklist = UrlBlocklist(blocked=("a.example/" + "x/" * 200,))
    assert blocklist.match(deep) == ("a.example/" + "x/" * 200).rstrip("/")
    assert urls.registered_domain(urls.host("http://" + "a." * 300_000 + "example/")) == ""
    assert urls.host("http://xn--" + "a" * 200 + ".example/")


def test_the_rules_of_refinedweb_are_those_of_datatrove_on_its_own_lists(real_data: Path) -> None:
    lists = real_data / "toxic"
    operator = RefinedwebUrl(
        hard_words=str(lists / "datatrove-banned_words.txt"),
        subwords=str(lists / "datatrove-banned_subwords.txt"),
        profile="datatrove",
    )
    assert operator.look("http://a.example/porn/x")["hard_words"] == 1
    assert operator.look("http://a.example/Porn/x")["hard_words"] == 0
    assert operator.look("http://free-p-ornhub.example/")["subwords"] > 0
    assert not any(list(operator.look("https://www.bbc.co.uk/weather").values())[1:])


def test_refinedweb_needs_a_list() -> None:
    with pytest.raises(UsageError, match="no list is given"):
        build(RefinedwebUrl, {}, lambda _: "", owner="filter.refinedweb_url")
