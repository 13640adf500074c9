"""Questions from files of every shape."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.errors import MissingError, UsageError
from penstock.judge.questions import read_questions

Write = Callable[..., Path]
USER = {"role": "user", "content": "Where?"}
SAID = {"role": "assistant", "content": "Here."}


@pytest.mark.parametrize(
    ("row", "messages", "answer"),
    [
        ({"question": "Where?", "answer": "Here."}, [USER], "Here."),
        ({"prompt": "Where?", "response": "Here."}, [USER], "Here."),
        ({"prompt": "Where?", "completion": "Here."}, [USER], "Here."),
        ({"instruction": "Where?", "input": "", "output": "Here."}, [USER], "Here."),
        (
            {"instruction": "Sum up.", "input": "A text.", "output": "Short."},
            [{"role": "user", "content": "Sum up.\n\nA text."}],
            "Short.",
        ),
        ({"messages": [USER, SAID]}, [USER], "Here."),
        ({"messages": [USER, SAID, USER, SAID]}, [USER, SAID, USER], "Here."),
        (
            {"system": "Be brief.", "question": "Where?", "answer": "Here."},
            [{"role": "system", "content": "Be brief."}, USER],
            "Here.",
        ),
    ],
)
def test_shapes(
    write_jsonl: Write, row: dict[str, Any], messages: list[dict[str, str]], answer: str
) -> None:
    (question,) = read_questions(write_jsonl([row]))
    assert list(question.messages) == messages
    assert question.answer == answer
    assert question.text == messages[-1]["content"]


def test_ids_and_languages(write_jsonl: Write) -> None:
    rows = [
        {"id": 7, "question": "a", "answer": "b", "language": "zh"},
        {"question": "a", "answer": "b"},
    ]
    first, second = read_questions(write_jsonl(rows))
    assert (first.id, first.language, second.id, second.language) == ("7", "zh", "2", "")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no questions"),
        ([{"text": "a"}], "their columns are text"),
        ([{"question": "a", "answer": None}], "not text"),
        ([{"messages": [USER]}], "does not end with"),
        ([{"messages": [SAID, USER]}], "does not end with"),
        ([{"id": "x", "question": "a", "answer": "b"}] * 2, "the id `x`"),
    ],
)
def test_what_is_no_question(write_jsonl: Write, rows: list[Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_questions(write_jsonl(rows))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        read_questions(tmp_path / "none.jsonl")
