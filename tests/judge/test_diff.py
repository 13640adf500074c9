"""Word diffs: whatever the texts, the answer can be read from the pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.judge.diff import word_diff

TEXT = st.text(alphabet="长江大坝 adm.\n\t", max_size=30)


@given(TEXT, TEXT)
def test_the_pieces_are_the_answer(answer: str, reference: str) -> None:
    pieces = word_diff(answer, reference)
    assert "".join(text for kind, text in pieces if kind != "missing") == answer


@given(TEXT)
def test_equal_texts_differ_nowhere(text: str) -> None:
    assert {kind for kind, _ in word_diff(text, text)} <= {"same"}


@pytest.mark.parametrize(
    ("answer", "reference", "pieces"),
    [
        ("在黄河上", "在长江上", "在 +黄河 -长江 上"),
        ("on the Arlen river", "on a lake", "on_ +the_Arlen_river -a_lake"),
        ("It is.", "Six turbines.", "+It_is."),
        ("", "Six turbines.", "-Six_turbines."),
        ("six", "", "+six"),
    ],
)
def test_pieces(answer: str, reference: str, pieces: str) -> None:
    marks = {"same": "", "extra": "+", "missing": "-"}
    found = [marks[kind] + text.replace(" ", "_") for kind, text in word_diff(answer, reference)]
    assert found == pieces.split(" ")
