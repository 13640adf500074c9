"""Dolma, DCLM and NeMo Curator: Gopher's rules as each has them, by the profile of its name."""

from typing import Any

import golden
import pytest
from comparison import WAYS, Row, blames, differences, disagreements, measured, rows, taken
from splitter import split_alnum

from penstock.ops.catalogue import find

SHARED = (
    "words",
    "symbol_ratio",
    "bullet_lines",
    "ellipsis_lines",
    "alphabetic_words",
    "stop_words",
)
LINES = ("dup_line_frac", "dup_line_char_frac")
PARAGRAPHS = ("dup_para_frac", "dup_para_char_frac")
TOP = tuple(f"top_{n}_gram" for n in (2, 3, 4))
GRAMS = (*TOP, *(f"dup_{n}_gram" for n in range(5, 11)))
MEASURES = {
    ("dolma", "gopher_quality"): {
        **{name: name for name in SHARED},
        "mean_word_length": "median_word_length",
    },
    ("dolma", "gopher_repetition"): {name: name for name in (*LINES, *GRAMS)},
    **{
        (peer, name): {measure: measure for measure in names}
        for peer in ("dclm", "curator")
        for name, names in (
            ("gopher_quality", (*SHARED, "mean_word_length")),
            ("gopher_repetition", (*LINES, *PARAGRAPHS, *GRAMS)),
        )
    },
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("peer", "name"), MEASURES)
def test_all_is_equal(peer: str, name: str, way: str, known: Any) -> None:
    operator = find(f"filter.{name}")(profile=peer)
    found = taken(rows(f"{peer}-{name.replace('_', '-')}", known), way)
    texts = [row.text.text for row in found]
    words = split_alnum if (peer, name) == ("dclm", "gopher_repetition") else None
    ours = measured(operator, texts, way, words)
    assert not differences(found, ours, MEASURES[peer, name])[:5]
    if peer == "dolma":
        return  # its taggers have no verdicts
    decided = [
        (row, blame)
        for row, blame in zip(found, blames(operator, ours), strict=True)
        if _is_decided(row, blame)
    ]
    assert len(decided) >= 0.7 * len(found)
    reasons = {"empty": "characters", **{measure: measure for measure in MEASURES[peer, name]}}
    assert not disagreements(*zip(*decided, strict=True), reasons)[:5]


@pytest.mark.parametrize("way", WAYS)
def test_c4_finds_what_dolma_finds(way: str, known: Any) -> None:
    """Dolma counts a line under every rule that it breaks; penstock, under the first."""
    operator = find("filter.c4")(profile="dolma")
    found = taken(rows("dolma-c4", known), way)
    ours = measured(operator, [row.text.text for row in found], way)
    ends = {"lines": "lines_v2", "without_end": "lines_with_no_ending_punctuation_v2"}
    assert not differences(found, ours, ends)[:5]
    for name, theirs in (
        ("javascript", "has_javascript_v2"),
        ("lorem_ipsum", "has_lorem_ipsum_v2"),
        ("curly_bracket", "has_curly_brace_v2"),
    ):
        has = {name: [int(value > 0) for value in ours[name]]}
        assert not differences(found, has, {name: theirs})[:5]


def test_verdicts_agree_with_words_of_dclms_own(real: dict[bytes, golden.Text]) -> None:
    """It splits by Unicode's rules."""
    found = [row for row in rows("dclm-own-words", real) if row.text.language in ("en", "und")]
    operator = find("filter.gopher_repetition")(profile="dclm")
    ours = blames(operator, measured(operator, [row.text.text for row in found], "batch"))
    agree = [
        (blame is None) == (row.said["gopher_repetition"] is None)
        for row, blame in zip(found, ours, strict=True)
    ]
    assert sum(agree) / len(agree) >= 0.98


def _is_decided(row: Row, blame: str | None) -> bool:
    """Curator raises for some texts, and of n-grams that are as frequent it takes any."""
    by_chance = {name for name in TOP if row.said.get(name, 0) is None}
    return row.said["reason"] != "raises" and not by_chance & {blame, row.said["reason"]}
