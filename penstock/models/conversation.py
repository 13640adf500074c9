"""Rows of a dataset as conversations, whatever shape they come in."""

from collections.abc import Iterable, Mapping
from typing import Any

from penstock.errors import UsageError

Message = dict[str, str]
Row = Mapping[str, Any]

# Columns that hold a question, something to add to it, and the answer; the first that fits is used.
_PAIRS = (
    ("instruction", "input", "output"),
    ("instruction", "context", "response"),
    ("prompt", "", "response"),
    ("prompt", "", "completion"),
    ("question", "", "answer"),
)
_ROLES = {
    "human": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "function_call": "assistant",
    "observation": "tool",
}
_KNOWN = ("system", "user", "assistant", "tool")


def messages_of(row: Row, *, system: str = "") -> list[Message]:
    """The conversation in a row: `messages`, ShareGPT's `conversations`, or a question and answer.

    `system` is put first where the row has no system message. Raises UsageError when the columns
    are of no known shape, or a value is not text.

    >>> messages_of({"question": "Which river?", "answer": "The Yangtze."})[1]
    {'role': 'assistant', 'content': 'The Yangtze.'}
    >>> messages_of({"conversations": [{"from": "human", "value": "Hi"}]}, system="Be brief.")
    [{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Hi'}]
    """
    turns = row.get("messages") or row.get("conversations")
    messages = [_message(turn) for turn in turns] if turns else _pair(row)
    first = str(row.get("system") or system)
    if first and messages[0]["role"] != "system":
        messages.insert(0, {"role": "system", "content": first})
    return messages


def _pair(row: Row) -> list[Message]:
    for ask, more, answer in _PAIRS:
        if ask in row and answer in row:
            asked, answered = row[ask], row[answer]
            if isinstance(asked, list) and isinstance(answered, list):
                return [_message(turn) for turn in [*asked, *answered]]
            question = plain_text(asked, ask)
            extra = plain_text(row.get(more) or "", more)
            return [
                {"role": "user", "content": f"{question}\n\n{extra}" if extra else question},
                {"role": "assistant", "content": plain_text(answered, answer)},
            ]
    shapes = ", ".join(f"{ask} + {answer}" for ask, _, answer in _PAIRS)
    raise UsageError(
        f"the rows hold no conversation; their columns are {', '.join(row) or 'none'}",
        hint=f"known are messages, conversations, {shapes}; rename the columns to one of these",
    )


def _message(turn: Any) -> Message:
    if not isinstance(turn, Mapping):
        raise UsageError(f"a turn of a conversation is {turn!r}, not a mapping")
    said = str(turn.get("role", turn.get("from", "")))
    role = _ROLES.get(said, said)
    if role not in _KNOWN:
        raise UsageError(
            f"a turn of a conversation is by `{said}`",
            hint=f"roles: {', '.join([*_KNOWN, *_ROLES])}",
        )
    content = turn.get("content", turn.get("value"))
    return {"role": role, "content": plain_text(content, "content")}


def plain_text(value: Any, column: str) -> str:
    """Text, or the parts of a message that are text, joined."""
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        parts = [part.get("text", part.get("value")) for part in value if isinstance(part, Mapping)]
        if parts and all(isinstance(part, str) for part in parts):
            return "".join(parts)
    raise UsageError(f"`{column}` is {str(value)[:60]!r}, not text")
