"""Write conversations out as text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from penstock.errors import MissingError, RecordError, UsageError
from penstock.models.conversation import Turn, call_text
from penstock.models.shapes import thought_within, tools_text
from penstock.ops.base import Map
from penstock.ops.chat.messages import conversations

if TYPE_CHECKING:
    import pyarrow as pa

_GENERATION = re.compile(r"\{%(-?)\s*(end)?generation\s*(-?)%\}")


@dataclass(frozen=True)
class Render(Map):
    """Put each conversation into `text`, for reading, measuring or pretraining.

    `plain` names the speakers (`User: …`), `chatml` writes `<|im_start|>user` and so on. With
    `tokenizer`, a folder, it is that tokenizer's own chat template, as transformers renders it:
    run in a sandbox, with the column `tools`. Reasoning stands before the answer between `<think>`
    tags, calls as JSON; a tokenizer's template gets both as fields. Training needs none of this:
    it applies the template itself. Works on any shape that `chat.messages` knows.

    >>> print(Render().plain([{"role": "user", "content": "Hi"}]))
    User: Hi
    """

    template: Literal["plain", "chatml"] = "plain"
    tokenizer: str | None = None

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with their conversations as `text`, null where there is none."""
        import pyarrow as pa

        from penstock.data.schema import put, strings

        talks = conversations(rows)
        if self.tokenizer is not None:
            tools = [tools_text(one, openai=True) for one in strings(rows, "tools")]
            render = self._template
            texts = [talk and render(talk, one) for talk, one in zip(talks, tools, strict=True)]
        else:
            write = self.plain if self.template == "plain" else self.chatml
            texts = [talk and write(talk) for talk in talks]
        return put(rows, "text", pa.array(texts, pa.string()))

    def plain(self, turns: Sequence[Turn]) -> str:
        """A conversation to read."""
        return "\n\n".join(f"{turn['role'].capitalize()}: {_said(turn)}" for turn in turns)

    def chatml(self, turns: Sequence[Turn]) -> str:
        """A conversation in ChatML."""
        return "".join(f"<|im_start|>{turn['role']}\n{_said(turn)}<|im_end|>\n" for turn in turns)

    @cached_property
    def _template(self) -> Callable[[Sequence[Turn], str | None], str]:
        """What renders a conversation and its tools by the tokenizer's template."""
        folder = Path(self.tokenizer or "")
        settings = _settings(folder)
        template = _compiled(_source(folder, settings))
        special = {
            name: value["content"] if isinstance(value, dict) else value
            for name, value in settings.items()
            if name.endswith("_token") and value is not None
        }

        def render(turns: Sequence[Turn], tools: str | None) -> str:
            from jinja2 import TemplateError

            given = {"messages": [_for_template(turn) for turn in turns], **special}
            try:
                return str(
                    template.render(
                        **given,
                        tools=json.loads(tools) if tools else None,
                        add_generation_prompt=False,
                    )
                )
            except TemplateError as error:
                raise RecordError(f"the chat template refuses it: {error}") from error

        return render


def _said(turn: Turn) -> str:
    said = thought_within(turn)["content"] or ""
    return "\n".join([*([said] if said else []), *map(call_text, turn.get("tool_calls", ()))])


def _for_template(turn: Turn) -> Turn:
    """A turn as templates expect it: arguments of calls as objects, and content never null."""
    calls = [
        {
            **call,
            "function": {**call["function"], "arguments": json.loads(call_text(call))["arguments"]},
        }
        for call in turn.get("tool_calls", ())
    ]
    found = {**turn, "content": turn["content"] or ""}
    return {**found, "tool_calls": calls} if calls else found


def _settings(folder: Path) -> Mapping[str, Any]:
    file = folder / "tokenizer_config.json"
    if not file.is_file():
        raise MissingError(
            f"chat.render: no file {file}",
            hint="`tokenizer` is the folder of a tokenizer or model",
        )
    found: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def _source(folder: Path, settings: Mapping[str, Any]) -> str:
    own = folder / "chat_template.jinja"
    source = own.read_text("utf-8") if own.is_file() else settings.get("chat_template")
    if isinstance(source, list):  # several by name
        source = {one["name"]: one["template"] for one in source}.get("default")
    if not source:
        raise UsageError(
            f"chat.render: the tokenizer in {folder} has no chat template",
            hint="leave out `tokenizer`, or choose that of a chat model",
        )
    return str(source)


def _compiled(source: str) -> Any:
    """The template in the sandbox that transformers uses, with what templates call there."""
    try:
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError:
        raise MissingError(
            "chat.render: a tokenizer's template needs jinja2, which is not installed",
            hint="pip install jinja2",
        ) from None
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    # `{% generation %}` marks what is trained on, and changes nothing of the text.
    plain = _GENERATION.sub(
        lambda found: f"{{%{found[1]} {'endif' if found[2] else 'if true'} {found[3]}%}}", source
    )
    return environment.from_string(plain)


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> None:
    from jinja2 import TemplateError

    raise TemplateError(message)
