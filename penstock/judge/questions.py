"""Questions with reference answers, from the shapes that such files have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.data.dataset import read_rows
from penstock.errors import UsageError
from penstock.models.conversation import messages_of

Message = Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """What is asked (`messages`, the last one the user's) and the answer that is hoped for."""

    id: str
    messages: tuple[Message, ...]
    answer: str
    language: str = ""

    @property
    def text(self) -> str:
        """The last message: what a reader takes for the question."""
        return self.messages[-1]["content"]


def read_questions(address: str | Path) -> tuple[Question, ...]:
    """All questions of a file or dataset folder.

    A row has `question` and `answer`, or Alpaca's or prompt-response columns, or `messages`, of
    which the last is the reference answer. `id` (else the row's number), `language` and `system`
    are used when there. Raises MissingError when there is no file, and UsageError that names the
    row when it is of no known shape, when two have the same id, or when there are none.
    """
    questions: dict[str, Question] = {}
    for number, row in enumerate(read_rows(address), start=1):
        where = f"{address}, row {number}"
        question = _question(row, number, where)
        if question.id in questions:
            raise UsageError(f"two questions have the id `{question.id}`", where=where)
        questions[question.id] = question
    if not questions:
        raise UsageError("there are no questions", where=str(address))
    return tuple(questions.values())


def read_texts(address: str | Path) -> Iterator[str]:
    """The `text` of every row. Raises UsageError for a row that has none."""
    for number, row in enumerate(read_rows(address), start=1):
        text = row.get("text")
        if not isinstance(text, str):
            raise UsageError(
                "the row has no `text`",
                where=f"{address}, row {number}",
                hint=f"its columns: {', '.join(row)}",
            )
        yield text


def _question(row: Mapping[str, Any], number: int, where: str) -> Question:
    try:
        turns = messages_of(row)
    except UsageError as error:
        raise UsageError(error.message, where=where, hint=error.hint) from None
    if [turn["role"] for turn in turns[-2:]] != ["user", "assistant"]:
        raise UsageError("the conversation does not end with a question and answer", where=where)
    *asked, answer = turns
    given = row.get("id")
    return Question(
        id=str(number if given is None else given),
        messages=tuple(asked),
        answer=answer["content"],
        language=str(row.get("language") or ""),
    )
