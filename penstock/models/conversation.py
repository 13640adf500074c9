"""Rows of a dataset as conversations, whatever shape they come in."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from penstock.errors import UsageError

Message = dict[str, str]
Turn = dict[str, Any]
Row = Mapping[str, Any]


class Pair(NamedTuple):
    """The columns that hold a question, something to add to it, the answer, and the way there."""

    question: str
    more: str
    answer: str
    reasoning: str = ""


# The first of these that a row has is used.
PAIRS = (
    Pair("instruction", "input", "output"),
    Pair("instruction", "context", "response"),
    Pair("prompt", "", "response"),
    Pair("prompt", "", "completion"),
    Pair("Question", "", "Response", "Complex_CoT"),
    Pair("question", "", "answer", "reasoning"),
)
TURNS = ("messages", "conversations")
ROLES = ("system", "user", "assistant", "tool")
_ROLES = {
    "human": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "developer": "system",
    "function_call": "assistant",
    "tool_call": "assistant",
    "observation": "tool",
    "tool_response": "tool",
    "function": "tool",
}
_CALLS = ("function_call", "tool_call")


def messages_of(row: Row, *, system: str = "") -> list[Message]:
    """The conversation in a row: `messages`, ShareGPT's `conversations`, or a question and answer.

    `system` is put first where the row has no system message. The calls of tools become text, one
    JSON object a line, where a turn says nothing else; `reasoning_content` is handed on, for the
    templates that know it. Raises UsageError when the columns are of no known shape, or a value is
    not text.

    >>> messages_of({"question": "Which river?", "answer": "The Yangtze."})[1]
    {'role': 'assistant', 'content': 'The Yangtze.'}
    >>> messages_of({"conversations": [{"from": "human", "value": "Hi"}]}, system="Be brief.")
    [{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Hi'}]
    """
    messages = [_message(turn) for turn in _raw_turns(row)]
    first = str(row.get("system") or system)
    if first and messages[0]["role"] != "system":
        messages.insert(0, {"role": "system", "content": first})
    return messages


def turns_of(row: Row, pair: Pair | None = None) -> list[Turn]:
    """The same with all that is known of each turn, under OpenAI's names: `role`, `content`, and
    where there are any `reasoning_content`, `tool_calls`, `tool_call_id` and `name`.

    `pair` names the columns, where they have names of their own. Roles that are not known stay as
    they are, and content may be None. Calls without an id get one, as do their results, in order;
    ShareGPT's answer and call that follow each other are one turn.

    >>> turns_of({"conversations": [{"from": "observation", "value": "3"}]})
    [{'role': 'tool', 'content': '3'}]
    """
    turns: list[Turn] = []
    for raw in _raw_turns(row, pair):
        turn = _turn(raw)
        before = turns[-1] if turns else {}
        speaks = before.get("role") == "assistant" and "tool_calls" not in before
        if _said(raw) in _CALLS and speaks:
            before["tool_calls"] = turn["tool_calls"]
        else:
            turns.append(turn)
    if row.get("system") and turns[0]["role"] != "system":
        turns.insert(0, {"role": "system", "content": plain_text(row["system"], "system")})
    _name_calls(turns)
    return turns


def conversation_columns(names: Iterable[str]) -> list[str]:
    """Those of some columns that a conversation is made of.

    >>> conversation_columns(["id", "instruction", "output", "topic"])
    ['instruction', 'output']
    """
    there = list(names)
    used = {name for name in TURNS if name in there}
    for pair in PAIRS:
        if pair.question in there and pair.answer in there:
            used.update(pair)
            used.update(("history",) if pair.question == "instruction" else ())
    used.update(("system",) if used else ())
    return [name for name in there if name in used]


def plain_text(value: Any, column: str) -> str:
    """Text, or the parts of a message that are text, joined."""
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        parts = [_part(part) for part in value if isinstance(part, Mapping)]
        if parts and all(isinstance(part, str) for part in parts):
            return "".join(parts)
    raise UsageError(f"`{column}` is {str(value)[:60]!r}, not text")


def _part(part: Row) -> Any:
    text = part.get("text")
    return part.get("value") if text is None else text


def _raw_turns(row: Row, pair: Pair | None = None) -> list[Row]:
    """The turns as they are in the row, each a mapping."""
    turns: Any = None if pair else next((row[name] for name in TURNS if row.get(name)), None)
    if isinstance(turns, str):
        turns = _json(turns, "the conversation")
    if not turns:
        return _pair(row, pair)
    for turn in turns:
        if not isinstance(turn, Mapping):
            raise UsageError(f"a turn of a conversation is {turn!r}, not a mapping")
    return list(turns)


def _pair(row: Row, given: Pair | None) -> list[Row]:
    pairs = [pair for pair in ((given,) if given else PAIRS) if pair[0] in row and pair[2] in row]
    # A row of several datasets has null in the columns that the others brought.
    filled = [one for one in pairs if row[one.question] is not None and row[one.answer] is not None]
    if not pairs:
        shapes = ", ".join(f"{pair.question} + {pair.answer}" for pair in PAIRS)
        raise UsageError(
            f"the rows hold no conversation; their columns are {', '.join(row) or 'none'}",
            hint=f"known are messages, conversations, {shapes}; rename the columns to one of these",
        )
    pair = (filled or pairs)[0]
    asked, answered = row[pair.question], row[pair.answer]
    if isinstance(asked, list) and isinstance(answered, list) and asked:
        return [*asked, *answered]
    question = plain_text(asked, pair.question)
    extra = plain_text(row.get(pair.more) or "", pair.more)
    reasoning = row.get(pair.reasoning)
    earlier = (row.get("history") or ()) if pair.question == "instruction" else ()
    return [
        *(
            {"role": role, "content": said}
            for exchange in earlier
            for role, said in zip(("user", "assistant"), exchange, strict=True)
        ),
        {"role": "user", "content": f"{question}\n\n{extra}" if extra else question},
        {
            "role": "assistant",
            "content": plain_text(answered, pair.answer),
            **({"reasoning_content": reasoning} if isinstance(reasoning, str) else {}),
        },
    ]


def _said(turn: Row) -> str:
    return str(turn.get("role") or turn.get("from") or "")


def _content(turn: Row) -> Any:
    content = turn.get("content")
    return turn.get("value") if content is None else content


def _message(turn: Any) -> Message:
    if not isinstance(turn, Mapping):
        raise UsageError(f"a turn of a conversation is {turn!r}, not a mapping")
    said = _said(turn)
    role = _ROLES.get(said, said)
    if role not in ROLES:
        raise UsageError(
            f"a turn of a conversation is by `{said}`",
            hint=f"roles: {', '.join([*ROLES, *_ROLES])}",
        )
    content = _content(turn)
    if not content and turn.get("tool_calls"):
        content = "\n".join(map(call_text, _tool_calls(turn["tool_calls"])))
    message = {"role": role, "content": plain_text(content, "content")}
    if turn.get("reasoning_content"):
        message["reasoning_content"] = turn["reasoning_content"]
    return message


def _turn(raw: Row) -> Turn:
    if not isinstance(raw, Mapping):
        raise UsageError(f"a turn of a conversation is {raw!r}, not a mapping")
    said, content = _said(raw), _content(raw)
    turn: Turn = {
        "role": _ROLES.get(said, said),
        "content": None if content is None else plain_text(content, "content"),
    }
    calls = raw.get("tool_calls")
    if said in _CALLS:
        calls, turn["content"] = _json(turn["content"] or "", f"a `{said}`"), None
    elif raw.get("function_call"):  # how OpenAI wrote a call before `tool_calls`
        calls = raw["function_call"]
    if calls or said in _CALLS:
        turn["tool_calls"] = _tool_calls(calls)
    for key in ("reasoning_content", "tool_call_id", "name"):
        if raw.get(key):
            turn[key] = raw[key]
    return turn


def _tool_calls(calls: Any) -> list[Turn]:
    """Calls as OpenAI has them, arguments as JSON text."""
    found = []
    for call in calls if isinstance(calls, list) and calls else [calls]:
        function = (call.get("function") or call) if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise UsageError(f"a call of a tool is {str(call)[:60]!r}, without a name")
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = json.dumps(
                {} if arguments is None else arguments, ensure_ascii=False, default=str
            )
        own = {"name": function["name"], "arguments": arguments}
        found.append({"id": call.get("id"), "type": "function", "function": own})
    return found


def call_text(call: Turn) -> str:
    """A call as ShareGPT has it: JSON with the name and arguments.

    >>> call_text({"function": {"name": "now", "arguments": '{"zone": "UTC"}'}})
    '{"name": "now", "arguments": {"zone": "UTC"}}'
    """
    function = call["function"]
    arguments = _json(function["arguments"], "the arguments of a call")
    return json.dumps({"name": function["name"], "arguments": arguments}, ensure_ascii=False)


def _name_calls(turns: list[Turn]) -> None:
    """Give ids to calls that have none, and to their results."""
    count, open_calls = 0, list[str]()
    for turn in turns:
        for call in turn.get("tool_calls", ()):
            count += 1
            call["id"] = call["id"] or f"call_{count}"
            open_calls.append(call["id"])
        if turn["role"] == "tool" and open_calls:
            answered = turn.setdefault("tool_call_id", open_calls[0])
            if answered in open_calls:
                open_calls.remove(answered)


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"{what} is {text[:60]!r}, not JSON: {error}") from error
