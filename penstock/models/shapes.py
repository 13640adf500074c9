"""Conversations in the shapes that datasets have them in, as Arrow columns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.errors import UsageError
from penstock.models.conversation import Turn, call_text

if TYPE_CHECKING:
    import pyarrow as pa

_THOUGHT = re.compile(r"\s*<think>\n?(.*?)\n?</think>\s*(.*)", re.DOTALL)
_SHAREGPT = {"user": "human", "assistant": "gpt", "tool": "observation"}


def messages_type() -> pa.DataType:
    """The type of a column `messages`: turns under OpenAI's names, tool arguments as JSON text."""
    import pyarrow as pa

    text = pa.string()
    function = pa.struct([("name", text), ("arguments", text)])
    call = pa.struct([("id", text), ("type", text), ("function", function)])
    turn = [
        ("role", text),
        ("content", text),
        ("reasoning_content", text),
        ("tool_calls", pa.list_(call)),
        ("tool_call_id", text),
        ("name", text),
    ]
    return pa.list_(pa.struct(turn))


def thought_apart(turn: Turn) -> Turn:
    """A turn whose answer begins with `<think>`, with that as `reasoning_content`.

    >>> thought_apart({"role": "assistant", "content": "<think>\\nHm.\\n</think>\\n\\nYes."})
    {'role': 'assistant', 'content': 'Yes.', 'reasoning_content': 'Hm.'}
    """
    found = _THOUGHT.fullmatch(turn.get("content") or "")
    if turn["role"] != "assistant" or turn.get("reasoning_content") or not found:
        return turn
    return {**turn, "content": found[2], "reasoning_content": found[1]}


def thought_within(turn: Turn) -> Turn:
    """A turn with its `reasoning_content` at the head of the answer, between `<think>` tags.

    >>> thought_within({"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."})
    {'role': 'assistant', 'content': '<think>\\nHm.\\n</think>\\n\\nYes.'}
    """
    if not turn.get("reasoning_content"):
        return turn
    rest = {key: value for key, value in turn.items() if key != "reasoning_content"}
    thought = f"<think>\n{turn['reasoning_content']}\n</think>\n\n"
    return {**rest, "content": thought + (turn["content"] or "")}


def sharegpt(turns: Sequence[Turn]) -> dict[str, Any]:
    """`conversations` of from and value; calls of tools are turns by `function_call`."""
    said = []
    for turn in map(thought_within, turns):
        calls = [call_text(call) for call in turn.get("tool_calls") or ()]
        if turn["content"] is not None or not calls:
            speaker = _SHAREGPT.get(turn["role"], turn["role"])
            said.append({"from": speaker, "value": turn["content"] or ""})
        if calls:
            value = calls[0] if len(calls) == 1 else f"[{', '.join(calls)}]"
            said.append({"from": "function_call", "value": value})
    return {"conversations": said}


def alpaca(turns: Sequence[Turn]) -> dict[str, Any]:
    """`instruction`, `input` (empty), `output`, `system`, and earlier exchanges in `history`."""
    system, exchanges = _exchanges(turns)
    (question, answer) = exchanges[-1]
    own = {"instruction": question, "input": "", "output": answer}
    return {**own, "system": system, "history": exchanges[:-1]}


def prompt_response(turns: Sequence[Turn]) -> dict[str, Any]:
    """`prompt`, `response` and `system`, of one question and answer."""
    system, exchanges = _exchanges(turns, single=True)
    return {"prompt": exchanges[0][0], "response": exchanges[0][1], "system": system}


def question_answer(turns: Sequence[Turn]) -> dict[str, Any]:
    """`question`, `reasoning` (null where there is none), `answer` and `system`."""
    apart = [thought_apart(turn) for turn in turns]
    thoughts = [turn.get("reasoning_content") for turn in apart if turn["role"] == "assistant"]
    plain = [{**turn, "reasoning_content": None} for turn in apart]
    system, exchanges = _exchanges(plain, single=True)
    (question, answer) = exchanges[0]
    own = {"question": question, "reasoning": thoughts[0], "answer": answer}
    return {**own, "system": system}


def tools_text(tools: Any, *, openai: bool) -> str | None:
    """The tools of a conversation as JSON text: OpenAI's objects, or ShareGPT's functions alone.

    >>> tools_text('[{"name": "now"}]', openai=True)
    '[{"type": "function", "function": {"name": "now"}}]'
    """
    if isinstance(tools, str):
        try:
            tools = json.loads(tools or "[]")
        except ValueError as error:
            raise UsageError(f"`tools` is {tools[:60]!r}, not JSON: {error}") from error
    if not tools:
        return None
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise UsageError(f"`tools` is {str(tools)[:60]!r}, not a list of functions")
    bare = [tool.get("function", tool) for tool in tools]
    wrapped = [{"type": "function", "function": function} for function in bare]
    return json.dumps(wrapped if openai else bare, ensure_ascii=False)


def _exchanges(turns: Sequence[Turn], *, single: bool = False) -> tuple[str | None, list[Any]]:
    """The system message, and the questions with their answers; UsageError where there is more."""
    rest = [thought_within(turn) for turn in turns]
    system = rest.pop(0)["content"] if rest and rest[0]["role"] == "system" else None
    roles = [turn["role"] for turn in rest]
    if any(turn.get("tool_calls") for turn in rest) or "tool" in roles:
        raise UsageError("the conversation calls tools, for which this shape has no place")
    if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
        raise UsageError(
            f"the turns are by {', '.join(roles) or 'nobody'}, not by user and assistant in turn"
        )
    if single and len(roles) > 2:
        raise UsageError(
            f"the conversation has {len(roles) // 2} questions, and this shape holds one",
            hint="chat.turns with `max: 1` drops such conversations before",
        )
    texts = [turn["content"] or "" for turn in rest]
    return system, [[asked, said] for asked, said in zip(texts[::2], texts[1::2], strict=True)]


def _types() -> Mapping[str, pa.DataType]:
    import pyarrow as pa

    turn = pa.struct([("from", pa.string()), ("value", pa.string())])
    lists = {
        "messages": messages_type(),
        "conversations": pa.list_(turn),
        "history": pa.list_(pa.list_(pa.string())),
    }
    names = ("instruction", "input", "output", "system", "prompt", "response")
    return {**lists, **dict.fromkeys((*names, "question", "reasoning", "answer"), pa.string())}


SHAPES: Mapping[str, tuple[tuple[str, ...], Callable[[Sequence[Turn]], dict[str, Any]]]] = {
    "messages": (("messages",), lambda turns: {"messages": turns}),
    "sharegpt": (("conversations",), sharegpt),
    "alpaca": (("instruction", "input", "output", "system", "history"), alpaca),
    "prompt_response": (("prompt", "response", "system"), prompt_response),
    "question_answer": (("question", "reasoning", "answer", "system"), question_answer),
}


def shaped(conversations: Sequence[Sequence[Turn]], shape: str) -> dict[str, pa.Array]:
    """Conversations as the columns of a shape."""
    import pyarrow as pa

    columns, write = SHAPES[shape]
    types = _types()
    rows = [write(turns) for turns in conversations]
    return {name: pa.array([row[name] for row in rows], types[name]) for name in columns}
