"""Keep conversations that are well formed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from penstock.models.conversation import ROLES, Turn
from penstock.ops.base import Filter, Rule
from penstock.ops.chat.messages import conversations

if TYPE_CHECKING:
    import pyarrow as pa

PROBLEMS = (
    "empty",
    "unknown_role",
    "system_not_first",
    "starts_not_with_user",
    "empty_turn",
    "result_without_call",
    "call_without_result",
    "roles_not_alternating",
    "ends_not_with_assistant",
    "too_long",
)


@dataclass(frozen=True)
class Validate(Filter):
    """Keep conversations that go system (or none), user, assistant, user, …, assistant.

    The measure is the first problem, null where there is none, and the rule that drops has its
    name: `empty`, `unknown_role`, `system_not_first`, `starts_not_with_user`, `empty_turn` (white
    space only, and no call of a tool), `result_without_call` (of a tool: no call has its id, or the
    call has its result already), `call_without_result` (before anybody else speaks),
    `roles_not_alternating`, `ends_not_with_assistant` (with words, not with a call) and `too_long`
    (more than `max_characters` in all turns together). `allow` lists problems to let pass: a
    preference dataset, for one, ends with the user. Works on any shape that `chat.messages` knows.

    >>> turns = [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Hello?"}]
    >>> Validate().problem(turns)
    'roles_not_alternating'
    """

    measures: ClassVar[Mapping[str, str]] = {"problem": "string"}

    max_characters: int | None = None
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.allow:
            if name not in PROBLEMS:
                raise ValueError(f"`allow`: no problem `{name}`; there are {', '.join(PROBLEMS)}")

    def problem(self, turns: Sequence[Turn]) -> str | None:
        """The first thing that is wrong with a conversation."""
        return next((one for one in self._problems(turns) if one not in self.allow), None)

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The first problem of each conversation."""
        import pyarrow as pa

        found = [self.problem(turns or ()) for turns in conversations(rows)]
        return {"problem": pa.array(found, pa.string())}

    def rules(self) -> tuple[Rule, ...]:
        """One for each problem."""
        return tuple(Rule(name, "problem", "==", name) for name in PROBLEMS)

    def _problems(self, turns: Sequence[Turn]) -> Iterator[str]:
        roles = [turn["role"] for turn in turns]
        if not turns:
            yield "empty"
            return
        if not {*roles} <= {*ROLES}:
            yield "unknown_role"
        if "system" in roles[1:]:
            yield "system_not_first"
        spoken = roles[1:] if roles[0] == "system" else roles
        if spoken[:1] != ["user"]:
            yield "starts_not_with_user"
        if any(not (turn["content"] or "").strip() and _needs_words(turn) for turn in turns):
            yield "empty_turn"
        yield from _tool_problems(turns)
        people = [role for role in spoken if role != "tool"]
        if any(one == other != "assistant" for one, other in pairwise(people)) or any(
            one == other == "assistant" for one, other in pairwise(spoken)
        ):
            yield "roles_not_alternating"
        if roles[-1] != "assistant" or turns[-1].get("tool_calls"):
            yield "ends_not_with_assistant"
        size = sum(len(turn["content"] or "") for turn in turns)
        if self.max_characters is not None and size > self.max_characters:
            yield "too_long"


def _needs_words(turn: Turn) -> bool:
    return turn["role"] != "tool" and not turn.get("tool_calls")


def _tool_problems(turns: Sequence[Turn]) -> Iterator[str]:
    waiting: list[str] = []
    for turn in turns:
        if turn["role"] == "tool":
            if turn.get("tool_call_id") not in waiting:
                yield "result_without_call"
            else:
                waiting.remove(turn["tool_call_id"])
        elif waiting:
            yield "call_without_result"
            waiting = []
        waiting += [call["id"] for call in turn.get("tool_calls", ())]
