"""Filters on characters, words and lines: fast ways equal the reference, and no text is slow."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.ops.catalogue import find
from penstock.text.character_ngrams import _counts_by_rank, ngram_counts
from penstock.text.letters import count, is_letter, is_letter_or_number, is_special

PEER = {"profile": "data-juicer"}
FILTERS: list[tuple[str, dict[str, Any]]] = [
    ("text_length", {}),
    ("line_length", {}),
    ("alphanumeric", {}),
    ("alphanumeric", PEER),
    ("special_characters", {}),
    ("special_characters", PEER),
    ("character_repetition", {"n": 3}),
    ("word_repetition", {"n": 2}),
    ("word_repetition", {"n": 2, **PEER}),
    ("stop_words", {"language": "zh"}),
    ("stop_words", {"words": ("a", "б"), **PEER}),
    ("flagged_words", {"words": ("a", "ab", "水", "b c")}),
    ("flagged_words", {"words": ("a", "水"), **PEER}),
    ("language", {"keep": ("en",)}),
]
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=60) | st.text(
    "ab 水库.\n-👍", max_size=60
)


def measured(name: str, values: dict[str, Any], texts: list[str | None]) -> dict[str, list[Any]]:
    operator = find(f"filter.{name}")(**values)
    rows = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string())})
    return {key: found.to_pylist() for key, found in operator.measure_batch(rows).items()}


@pytest.mark.parametrize(("name", "values"), FILTERS)
@settings(deadline=None, max_examples=50)
@given(texts=st.lists(TEXTS | st.none(), max_size=4))
def test_a_batch_has_the_measures_of_its_texts(
    name: str, values: dict[str, Any], texts: list[str | None]
) -> None:
    operator = find(f"filter.{name}")(**values)
    found = measured(name, values, texts)
    for at, text in enumerate(texts):
        alone = None if text is None else operator.measure(text)
        for key, column in found.items():
            assert column[at] == (alone[key] if isinstance(alone, dict) else alone)


@pytest.mark.parametrize(("name", "values"), FILTERS)
@settings(deadline=None, max_examples=50)
@given(text=TEXTS)
def test_shares_are_from_0_to_1(name: str, values: dict[str, Any], text: str) -> None:
    for key, (value,) in measured(name, values, [text]).items():
        if key not in ("text_length", "mean_line_length", "longest_line", "language"):
            assert 0 <= value <= 1


HOSTILE = {
    "dots": "a" + (".." * 2000 + "a") * 500,
    "dots and nothing": "." * 1_000_000 + "a" + "." * 1_000_000,
    "one word": "a" * 2_000_000,
    "one line": "river " * 300_000,
    "line ends": "\n" * 1_000_000,
    "marks": "a" + "\u0301" * 500_000,
    "Han": "水库" * 400_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize(("name", "values"), FILTERS)
def test_no_text_keeps_a_filter_busy(name: str, values: dict[str, Any], kind: str) -> None:
    # What is quadratic in any of these would need hours.
    assert measured(name, values, [HOSTILE[kind]])


@settings(deadline=None)
@given(text=st.text("ab水👍", max_size=40), n=st.integers(1, 12))
def test_counting_by_sorting_is_counting(text: str, n: int) -> None:
    assert _counts_by_rank(text, n) == ngram_counts(text, n)


@pytest.mark.parametrize("test", [is_letter, is_letter_or_number, is_special, str.isspace])
def test_tables_hold_what_the_tests_say_of_every_character(test: Any) -> None:
    every = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    for start in range(0, len(every), 4096):
        part = every[start : start + 4096]
        assert count(part, test) == sum(map(test, part))


@pytest.mark.parametrize("name", ["character_repetition", "word_repetition"])
def test_a_run_has_a_length(name: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        find(f"filter.{name}")(n=0)
