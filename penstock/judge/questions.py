"""Questions with reference answers, from the shapes that such files have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.data.dataset import read_rows
from penstock.errors import UsageError

Message = Mapping[str, str]

# Columns of a question, of what belongs to it, and of its answer; the first shape that fits.
_SHAPES = (
    ("question", "", "answer"),
    ("instruction", "input", "output"),
    ("instruction", "context", "response"),
    ("prompt", "", "response"),
    ("prompt", "", "completion"),
)


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
    turns = _turns(row) if row.get("messages") else _pair(row)
    if turns is None:
        shapes = ", ".join(f"{asked} + {answer}" for asked, _, answer in _SHAPES)
        raise UsageError(
            f"the row is no question with its answer; its columns: {', '.join(row)}",
            where=where,
            hint=f"it takes {shapes}, or messages that end with the assistant's",
        )
    if row.get("system") and turns[0]["role"] != "system":
        turns.insert(0, {"role": "system", "content": str(row["system"])})
    *asked, answer = turns
    given = row.get("id")
    return Question(
        id=str(number if given is None else given),
        messages=tuple(asked),
        answer=answer["content"],
        language=str(row.get("language") or ""),
    )


def _pair(row: Mapping[str, Any]) -> list[dict[str, str]] | None:
    for asked, more, answer in _SHAPES:
        if isinstance(row.get(asked), str) and isinstance(row.get(answer), str):
            extra = row.get(more) or ""
            question = f"{row[asked]}\n\n{extra}" if extra else row[asked]
            return [
                {"role": "user", "content": question},
                {"role": "assistant", "content": row[answer]},
            ]
    return None


def _turns(row: Mapping[str, Any]) -> list[dict[str, str]] | None:
    """The messages as role and text, or None when they do not end with question and answer."""
    turns = []
    for turn in row["messages"]:
        if not isinstance(turn, Mapping) or not isinstance(turn.get("content"), str):
            return None
        turns.append({"role": str(turn.get("role", "")), "content": turn["content"]})
    ends = [turn["role"] for turn in turns[-2:]]
    return turns if ends == ["user", "assistant"] else None
