"""Filters that measure shared features: to the last bit what their readable reference measures."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import MissingError
from penstock.ops.base import Filter
from penstock.ops.clean.c4_lines import C4Lines
from penstock.ops.filter.c4 import C4
from penstock.ops.filter.fineweb_quality import FinewebQuality
from penstock.ops.filter.gopher_quality import GopherQuality
from penstock.ops.filter.gopher_repetition import GopherRepetition
from penstock.ops.filter.word_count import WordCount
from penstock.text.features import Features

PROFILES = ("datatrove", "dolma", "dclm", "curator")
FILTERS: tuple[Filter, ...] = (
    *(GopherQuality(profile=profile) for profile in PROFILES),  # type: ignore[arg-type]
    *(GopherRepetition(profile=profile) for profile in PROFILES),  # type: ignore[arg-type]
    C4(),
    C4(profile="dolma"),
    C4(end_punctuation=False, citations=False, min_words_per_line=0, max_word_length=12),
    C4(javascript=False, policy=False, max_word_length=0, min_paragraph_length=30),
    FinewebQuality(),
    WordCount(),
)
# What some rule or splitter looks at.
ODD = (
    " ", "  ", "\n", "\n\n", "\n\n\n", "\t", "\r\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e",
    "\x1f", "\x85", "\u00a0", "\u1680", "\u2028", "\u2029", "\u3000", "\u200b", "\ufeff",
    "\0", "\x7f", "the", "of", "The", "TO", "the\0", "be", "a", "I", "word", "words", "café",
    "naïve", "cafe\u0301", "don't", "we’ll", "it's", "I'VE", "'", "’", "n't", ".", "..",
    "...", ". . .", "…", "?", "!", "?!", "J.", "U.S.", "e.g.", "end.Start", "3.14", "1,000",
    "5%", "$5", "€", "100€", "+5", "+", "=", "3+4", "2019-2020", "well-known", "a--b", "-",
    "--", "—", "•", "*", "●", "- ", "* ", "/", "and/or", "a=b", "http://a-b.c/d-e",
    "www.x-y.z", "me@a-b.c", "a@b", "://", "#", "##", "#a", "#tag", "[...]", "-»",
    "read more", "Read More..", "(", ")", "[", "]", "{", "}", "[12]", "[]", "[١٢]", "[edit]",
    "[citation needed]", "lorem ipsum", "Lorem Ipsum", "javascript", "java[1]script",
    "JAVASCRIPT", "terms of use", "cookie policy", "use coo\u212aies", "uses cookies.",
    "privacy policy!", '"', "长", "江大坝", "。", "，", "ダム", "한국어", "했다.", "السد",
    "؟", "नदी", "।", "😀", "👩‍👩‍👧", "🇨🇳", "ⓐ", "Ⅷ", "ß", "İ", "ﬁ", "²", "１", "\U0002f800",
    "\U0010fffe", "\u0301", "_", "a_b", "~", "^",
)  # fmt: skip
# Repeated, so that words, lines and n-grams are.
texts = st.lists(
    st.sampled_from(ODD) | st.text(max_size=4), max_size=60
).flatmap(
    lambda parts: st.lists(st.sampled_from(parts or [""]), max_size=80).map("".join)
    | st.just("".join(parts))
    | st.just(" ".join(parts) * 3)
)  # fmt: skip


def clean(text: str) -> str:
    """The text without lone surrogates, which no Arrow column holds."""
    return text.encode("utf-8", "replace").decode()


def check(column: pa.Array, words: Sequence[Sequence[str]] | None = None) -> None:
    """Compare all filters on a column, whose words may have been split elsewhere."""
    features = Features(column) if words is None else Features.from_words(column, words)
    for operator in FILTERS:
        if words is not None and isinstance(operator, C4 | WordCount):
            continue
        fast = operator.measure_features(features)
        assert fast is not None
        assert set(fast) == set(operator.measures)
        columns = {
            name: pa.array(fast[name]).cast(kind).to_pylist()
            for name, kind in operator.measures.items()
        }
        for row, text in enumerate(column.to_pylist()):
            if text is not None:
                found = {name: values[row] for name, values in columns.items()}
                assert found == measured(operator, text, None if words is None else words[row]), (
                    operator
                )


def measured(operator: Any, text: str, words: Sequence[str] | None) -> dict[str, Any]:
    one = operator.measure(text) if words is None else operator.measure(text, words)
    return one if isinstance(one, dict) else {next(iter(operator.measures)): one}


@given(st.lists(texts | st.none(), max_size=6))
@settings(max_examples=150, deadline=None)
def test_odd_texts(found: list[str | None]) -> None:
    check(pa.array([text and clean(text) for text in found], pa.string()))


@given(st.lists(st.text(max_size=300), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_any_text(found: list[str]) -> None:
    check(pa.array([clean(text) for text in found], pa.large_string()))


@given(
    st.lists(st.lists(st.sampled_from(["a", "bc", "abc", "c", "the", "#", "…", "水"])), max_size=5)
)
@settings(max_examples=100, deadline=None)
def test_words_split_elsewhere(words: list[list[str]]) -> None:
    check(pa.array([" ".join(document) for document in words], pa.string()), words)


def test_words_split_elsewhere_have_no_seam() -> None:
    for word in ("", "a\U0010ffffb"):
        with pytest.raises(ValueError, match="a word is empty"):
            Features.from_words(pa.array(["a"]), [["a", word]])


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_a_part_of_a_column_is_measured_alone(kind: pa.DataType) -> None:
    # Bytes before, behind and under a row without text must not count.
    parts = ["the gate # of the dam.\n", "水库 gate\n\ngate", "the gate # of the dam.\n", "… {"]
    whole = pa.array(parts, kind)
    masked = pa.Array.from_buffers(
        kind, 4, [pa.py_buffer(bytes([0b1101])), *whole.buffers()[1:]], null_count=1
    )
    for column in (whole.slice(1, 2), whole.slice(4), masked, masked.slice(1), masked.slice(2, 1)):
        check(column)
    assert Features(masked).marks["characters"].tolist() == [len(parts[0]), 0, len(parts[2]), 3]


@pytest.mark.parametrize(
    "text",
    ["x" * 300_000, "#" * 100_000, "." * 100_000, "-" * 100_000, "a-" * 50_000, "'s" * 50_000,
     "水" * 60_000, "!" * 100_000, "[" * 100_000, "[1" * 50_000, "\n" * 100_000, "a\n" * 50_000,
     " " * 100_000, ". " * 50_000, "a b " * 30_000, "lorem ipsu" * 10_000, "\u212a" * 50_000],
    ids=lambda text: text[:10].encode("unicode_escape").decode(),
)  # fmt: skip
def test_huge_lines_and_words(text: str) -> None:
    check(pa.array(["before", text, "behind"], pa.string()))


def test_what_is_no_utf8_is_left_to_the_reference() -> None:
    offsets, data = pa.py_buffer(b"\0\0\0\0\2\0\0\0\4\0\0\0"), pa.py_buffer(b"ab\xff\xfe")
    features = Features(pa.Array.from_buffers(pa.string(), 2, [None, offsets, data]))
    assert not features.sound
    assert all(operator.measure_features(features) is None for operator in FILTERS)


def test_spacy_is_left_to_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    features = Features(pa.array(["text"]))
    for operator in (GopherQuality, GopherRepetition, FinewebQuality):
        monkeypatch.setattr(f"{operator.__module__}.find_spec", lambda _: True)
        assert operator(words="spacy").measure_features(features) is None
        monkeypatch.setattr(f"{operator.__module__}.find_spec", lambda _: None)
        with pytest.raises(MissingError) as caught:
            operator(words="spacy")
        assert caught.value.hint == "pip install spacy"


@pytest.mark.parametrize("operator", [GopherQuality, GopherRepetition])
def test_spacy_is_for_the_program_that_has_it(operator: Any) -> None:
    with pytest.raises(ValueError, match="`words: spacy` is for the profile datatrove, not dolma"):
        operator(profile="dolma", words="spacy")


@pytest.mark.parametrize("name", ["min_words_per_line", "max_word_length"])
def test_c4_takes_no_negative_numbers(name: str) -> None:
    for operator in (C4, C4Lines):
        with pytest.raises(ValueError, match=f"`{name}` cannot be negative"):
            operator(**{name: -1})


@given(st.lists(texts, max_size=4))
@settings(max_examples=50, deadline=None)
def test_c4_judges_what_the_lines_leave(found: list[str]) -> None:
    for text in map(clean, found):
        for profile in ("datatrove", "dolma"):
            measures = C4(profile=profile).measure(text)
            left = C4Lines(profile=profile).text(text)
            assert len([line for line in left.split("\n") if line]) <= measures["kept"]
            assert C4Lines(profile=profile).text(left) == left or "[" in text


def documents(folder: Path) -> Iterator[str]:
    """Some seven hundred real documents of many kinds and languages."""
    for file in sorted((folder / "cc_text").glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines()[:60]:
            row = json.loads(line)
            yield str(row.get("text") or row.get("content") or row.get("raw_content"))
    csv.field_size_limit(1 << 30)
    with (folder / "cc_text" / "cc-wet-filtered-CC-MAIN-2025.csv").open(encoding="utf-8") as file:
        yield from ("\n".join(row) for row, _ in zip(csv.reader(file), range(60), strict=False))
    for name in ("tinyshakespeare.txt", "wikitext-2/test.txt", "zh/hongloumeng.txt"):
        text = (folder / "lm" / name).read_text("utf-8", "replace")
        yield from (text[start : start + 1500] for start in range(0, 120_000, 1500))
    for name in ("alpaca_en_demo.json", "alpaca_zh_demo.json"):
        rows = json.loads((folder / "sft" / "llama-factory" / name).read_text("utf-8"))
        yield from ("\n".join(map(str, row.values())) for row in rows[:80])


def test_real_documents(real_data: Path) -> None:
    found = [clean(text) for text in documents(real_data)]
    assert len(found) > 500
    check(pa.array(found, pa.string()))


def test_numba_is_loaded_by_the_first_kernel_only() -> None:
    code = (
        "import sys, penstock.text.features, penstock.text.characters\n"
        "from penstock.ops.filter.gopher_quality import GopherQuality\n"
        "GopherQuality().measure('the dam')\n"
        "print([name for name in ('numba', 'llvmlite', 'spacy') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
