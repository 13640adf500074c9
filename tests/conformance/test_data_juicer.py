"""Data-Juicer: every measure of its text filters, by the profile that follows it."""

from typing import Any, NamedTuple

import pytest
from comparison import WAYS, differences, measured, rows, taken
from word_lists import FLAGGED_WORDS, STOP_WORDS

from penstock.ops.catalogue import find


class Case(NamedTuple):
    """A filter of penstock's with parameters, and its measures in the golden's terms."""

    operator: str
    parameters: dict[str, Any]
    measures: dict[str, str]


PROFILE = {"profile": "data-juicer"}
CASES = (
    Case("alphanumeric", PROFILE, {"alphanumeric": "alphanumeric"}),
    Case("line_length", {}, {"mean_line_length": "mean_line_length"}),
    Case("line_length", {}, {"longest_line": "longest_line"}),
    Case("character_repetition", {}, {"character_repetition": "character_repetition"}),
    Case("character_repetition", {"n": 3}, {"character_repetition": "character_repetition_3"}),
    Case("word_repetition", PROFILE, {"word_repetition": "word_repetition"}),
    Case("word_repetition", {"n": 3, **PROFILE}, {"word_repetition": "word_repetition_3"}),
    Case("special_characters", PROFILE, {"special_characters": "special_characters"}),
    Case("stop_words", {"words": STOP_WORDS, **PROFILE}, {"stop_words": "stop_words"}),
    Case("flagged_words", {"words": FLAGGED_WORDS, **PROFILE}, {"flagged_words": "flagged_words"}),
    Case("text_length", {}, {"text_length": "text_length"}),
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: next(iter(case.measures.values())))
def test_measures_are_equal(case: Case, way: str, known: Any) -> None:
    operator = find(f"filter.{case.operator}")(**case.parameters)
    found = taken(rows("data-juicer", known), way)
    ours = measured(operator, [row.text.text for row in found], way)
    assert not differences(found, ours, case.measures)[:5]
