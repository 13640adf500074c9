"""Bring conversations of any known shape into one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from penstock.data.schema import column
from penstock.errors import RecordError, UsageError
from penstock.models.conversation import Pair, Turn, conversation_columns, turns_of
from penstock.models.shapes import shaped, thought_apart, thought_within, tools_text
from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa

PREFERENCES = ("chosen", "rejected")


@dataclass(frozen=True)
class Messages(Map):
    """Turn the columns of a conversation into those of another shape: `messages` unless `to` says.

    Recognised are OpenAI's `messages`, ShareGPT's `conversations` (from and value; `system`,
    `tools`, calls of tools), Alpaca (instruction, input, output, `system`, `history`), prompt and
    response, and question, `reasoning` and answer; `question`, `answer`, `reasoning` and `context`
    name columns that are called otherwise. The columns read are replaced, others stay. Reasoning
    goes into the answer between `<think>` tags, or with `thinking: field` into a field of the
    message. `tools` becomes JSON text, as OpenAI or ShareGPT writes it; `chosen` and `rejected`
    answers become messages too. A row without a conversation, or with one that the target cannot
    hold, is quarantined.

    ShareGPT and messages hold the same, but for the ids of calls; Alpaca's instruction and input
    become one text, and have no tools.

    >>> Messages(to="sharegpt").thinking
    'tags'
    """

    to: Literal["messages", "sharegpt", "alpaca", "prompt_response", "question_answer"] = "messages"
    thinking: Literal["tags", "field"] = "tags"
    system: str = ""
    question: str | None = None
    answer: str | None = None
    reasoning: str | None = None
    context: str | None = None

    def __post_init__(self) -> None:
        if (self.question is None) != (self.answer is None):
            raise ValueError("`question` and `answer` name columns together, or neither does")
        if self.question is None and (self.reasoning or self.context):
            raise ValueError("`reasoning` and `context` stand beside `question` and `answer`")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with their conversations in the target's columns."""
        from penstock.data.schema import put

        used = _used(rows, self._pair)
        talks = conversations(rows, self._pair)
        if None in talks:
            raise RecordError(f"the row holds no conversation: {', '.join(used)} are empty")
        turns = [self._finished(talk) for talk in talks if talk is not None]
        try:
            made = {**shaped(turns, self.to), **self._beside(rows)}
        except UsageError as error:
            raise RecordError(error.message, hint=error.hint) from error
        found = rows.drop_columns(used)
        for name, values in made.items():
            found = put(found, name, values)
        return found

    @property
    def _pair(self) -> Pair | None:
        if self.question is None or self.answer is None:
            return None
        return Pair(self.question, self.context or "", self.answer, self.reasoning or "")

    def _finished(self, talk: list[Turn]) -> list[Turn]:
        arrange = thought_apart if self.thinking == "field" else thought_within
        turns = [arrange(turn) for turn in talk]
        if self.system and turns[0]["role"] != "system":
            turns.insert(0, {"role": "system", "content": self.system})
        return turns

    def _beside(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The columns that go with a conversation: its tools, and the answers to choose from."""
        import pyarrow as pa

        found = {}
        if "tools" in rows.schema.names:
            given = rows.column("tools").to_pylist()
            openai = self.to == "messages"
            tools = [tools_text(_without_nulls(one), openai=openai) for one in given]
            found["tools"] = pa.array(tools, pa.string())
        for name in PREFERENCES:
            kind = rows.schema.field(name).type if name in rows.schema.names else pa.null()
            if self.to == "messages" and (pa.types.is_struct(kind) or pa.types.is_list(kind)):
                answers = [_answers(value) for value in rows.column(name).to_pylist()]
                found[name] = shaped(answers, "messages")["messages"]
        return found


def conversations(rows: pa.RecordBatch, pair: Pair | None = None) -> list[list[Turn] | None]:
    """The conversation of each row, whatever its shape; None where all its columns are empty.

    Raises UsageError where the columns are of no known shape, RecordError for a damaged row.
    """
    names = _used(rows, pair)
    return [
        _turns(row, pair) if any(row[name] for name in names if name != "system") else None
        for row in rows.select(names).to_pylist()
    ]


def _used(rows: pa.RecordBatch, pair: Pair | None) -> list[str]:
    if pair is None:
        names = conversation_columns(rows.schema.names)
    else:
        names = [name for name in dict.fromkeys([*pair]) if name and column(rows, name) is not None]
    if not names:
        turns_of(dict.fromkeys(rows.schema.names))  # says what it looked for
    return names


def _turns(row: dict[str, Any], pair: Pair | None = None) -> list[Turn]:
    try:
        return turns_of({key: _without_nulls(value) for key, value in row.items()}, pair)
    except UsageError as error:
        raise RecordError(error.message, hint=error.hint) from error


def _answers(value: Any) -> list[Turn]:
    turns = [value] if isinstance(value, dict) else value
    return _turns({"messages": turns}) if turns else []


def _without_nulls(value: Any) -> Any:
    """A value without what is null in it: Arrow gives every struct the keys of all the others."""
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
