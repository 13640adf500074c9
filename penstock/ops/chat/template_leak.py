"""Drop conversations with pieces of a chat template in what is said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from penstock.models.conversation import Turn
from penstock.ops.base import Filter, Rule
from penstock.ops.chat.messages import conversations

if TYPE_CHECKING:
    import pyarrow as pa

# Marks that nobody writes by hand. Those that are also HTML (`<s>`) or plain words (`Human:`) count
# only where a template would have put them.
_MARKS = re.compile(
    r"<\|[a-zA-Z_]+(?:\|>|>)"  # <|im_start|>, <|eot_id|>, <|user|>
    r"|<[｜][^｜<>\n]{1,40}[｜]>"  # DeepSeek's, with full-width bars
    r"|</?(?:start|end)_of_turn>"
    r"|\[/?INST\]|<</?SYS>>|\[/?(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\]"
    r"|^###\s*(?:Instruction|Response|Human|Assistant|User)\s*:"
    r"|\A\s*<s>(?!.*</s>)|</s>\s*\Z",
    re.MULTILINE,
)
_ROLE = re.compile(r"^(?:Human|Assistant|HUMAN|ASSISTANT|USER): ", re.MULTILINE)


@dataclass(frozen=True)
class TemplateLeak(Filter):
    """Drop conversations in which a template's own marks stand in a content.

    Such marks (`<|im_end|>`, `[INST]`, `### Response:`, `</s>` at the end, …) come from answers
    that a model has generated past its end, or from text that was templated twice. With `roles`,
    a line that begins `Human:` or `Assistant:` counts too, in the assistant's turns. The measure is
    the first mark found, null where there is none. `also` names more marks. Works on any shape that
    `chat.messages` knows.

    >>> TemplateLeak().leak([{"role": "assistant", "content": "Yes.<|im_end|>"}])
    '<|im_end|>'
    """

    measures: ClassVar[Mapping[str, str]] = {"leak": "string"}

    roles: bool = True
    also: tuple[str, ...] = ()

    def leak(self, turns: Sequence[Turn]) -> str | None:
        """The first mark in a conversation."""
        for turn in turns:
            content = turn["content"] or ""
            found = _MARKS.search(content)
            if not found and self.roles and turn["role"] == "assistant":
                found = _ROLE.search(content)
            if found:
                return found[0].strip()
            mark = next((mark for mark in self.also if mark in content), None)
            if mark:
                return mark
        return None

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The first mark in each conversation."""
        import pyarrow as pa

        found = [self.leak(turns or ()) for turns in conversations(rows)]
        return {"leak": pa.array(found, pa.string())}

    def rules(self) -> tuple[Rule, ...]:
        """Any mark."""
        return (Rule("leak", "leak", "!=", ""),)
