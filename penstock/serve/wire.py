"""OpenAI's bodies as they come in and go out.

Every field is understood or refused: a field that would change the answer and is not supported is
an error, never ignored. `user`, `metadata`, `store` and `service_tier` change no answer and are
accepted. A null means the same as leaving the field out.
"""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from penstock.serve.engine import Delta, FinishReason, Request, ServedModel, Usage

Zero = Annotated[float, Field(ge=0, le=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, body: Any) -> Any:
        if isinstance(body, dict):
            return {key: value for key, value in body.items() if value is not None}
        return body


class TextPart(_Strict):
    """A part of a message's content; only text is understood."""

    type: Literal["text"]
    text: str


class ChatMessage(_Strict):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str | list[TextPart] = ""

    def plain(self) -> dict[str, str]:
        """Role and text, the parts joined."""
        parts = self.content
        text = parts if isinstance(parts, str) else "".join(part.text for part in parts)
        return {"role": self.role, "content": text}


class StreamOptions(_Strict):
    """Whether a stream ends with a chunk that counts tokens."""

    include_usage: bool = False
    include_obfuscation: Literal[False] = False


class TextFormat(_Strict):
    """The only response format there is: plain text."""

    type: Literal["text"]


@dataclass(frozen=True)
class Defaults:
    """What a request gets that does not say: tokens of the answer, and the temperature."""

    max_tokens: int = 512
    temperature: float = 1.0


class _Body(_Strict):
    """What chat and plain completions have in common."""

    model: str
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int | None = None
    stop: Annotated[str, Field(min_length=1)] | list[Annotated[str, Field(min_length=1)]] = []
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    # These are refused unless they ask for what happens anyway.
    n: Literal[1] = 1
    presence_penalty: Zero = 0.0
    frequency_penalty: Zero = 0.0
    logit_bias: Annotated[dict[str, float], Field(max_length=0)] = {}
    # These change no answer.
    user: Any = None
    metadata: Any = None
    store: Any = None
    service_tier: Any = None

    def settings(self, defaults: Defaults) -> dict[str, Any]:
        """The fields of a Request that both kinds of body give."""
        said = self.temperature
        return {
            "model": self.model,
            "max_tokens": self.max_tokens or defaults.max_tokens,
            "temperature": defaults.temperature if said is None else said,
            "top_p": self.top_p,
            "seed": self.seed,
            "stop": (self.stop,) if isinstance(self.stop, str) else tuple(self.stop),
        }


class ChatBody(_Body):
    """The body of POST /v1/chat/completions."""

    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    response_format: TextFormat = TextFormat(type="text")
    logprobs: Literal[False] = False

    def request(self, defaults: Defaults) -> Request:
        """What the engine is asked."""
        settings = self.settings(defaults)
        if self.max_completion_tokens is not None:
            settings["max_tokens"] = self.max_completion_tokens
        return Request(messages=tuple(turn.plain() for turn in self.messages), **settings)


class CompletionBody(_Body):
    """The body of POST /v1/completions."""

    prompt: str
    best_of: Literal[1] = 1
    echo: Literal[False] = False

    def request(self, defaults: Defaults) -> Request:
        """What the engine is asked."""
        return Request(prompt=self.prompt, **self.settings(defaults))


@dataclass(frozen=True)
class Reply:
    """The frame of one answer: what all its chunks, or its one body, have in common."""

    model: ServedModel
    chat: bool
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, text: str, reason: FinishReason, usage: Usage) -> dict[str, Any]:
        """The body of an answer that is not streamed."""
        kind = "chat.completion" if self.chat else "text_completion"
        said: dict[str, Any] = (
            {"message": {"role": "assistant", "content": text, "refusal": None}}
            if self.chat
            else {"text": text}
        )
        return {**self._frame(kind), "choices": [_choice(said, reason)], "usage": _counts(usage)}

    def opening(self) -> Iterator[dict[str, Any]]:
        """What comes before the first piece: in a chat, who speaks."""
        if self.chat:
            yield self._chunk({"role": "assistant", "content": ""}, None)

    def piece(self, delta: Delta) -> Iterator[dict[str, Any]]:
        """The chunks for one delta; none for a heartbeat."""
        if delta.text:
            yield self._chunk({"content": delta.text}, None)
        if delta.finish_reason:
            yield self._chunk({}, delta.finish_reason)

    def counts(self, usage: Usage) -> dict[str, Any]:
        """The chunk that a client gets who asked for usage."""
        return {**self._frame(self._stream_kind), "choices": [], "usage": _counts(usage)}

    @property
    def _stream_kind(self) -> str:
        return "chat.completion.chunk" if self.chat else "text_completion"

    def _chunk(self, said: dict[str, str], reason: FinishReason | None) -> dict[str, Any]:
        delta = {"delta": said} if self.chat else {"text": said.get("content", "")}
        return {**self._frame(self._stream_kind), "choices": [_choice(delta, reason)]}

    def _frame(self, kind: str) -> dict[str, Any]:
        prefix = "chatcmpl" if self.chat else "cmpl"
        return {
            "id": f"{prefix}-{self.id}",
            "object": kind,
            "created": self.created,
            "model": self.model.name,
            "system_fingerprint": self.model.digest,
        }


def model_list(models: tuple[ServedModel, ...], created: int) -> dict[str, Any]:
    """The body of GET /v1/models; the first model is the base, the others name it as parent."""
    data = [
        {
            "id": model.name,
            "object": "model",
            "created": created,
            "owned_by": "penstock",
            "parent": models[0].name if number else None,
            "digest": model.digest,
            "context": model.context,
        }
        for number, model in enumerate(models)
    ]
    return {"object": "list", "data": data}


def error_body(message: str, *, kind: str, param: str = "", code: str = "") -> dict[str, Any]:
    """An error in OpenAI's shape."""
    return {
        "error": {"message": message, "type": kind, "param": param or None, "code": code or None}
    }


def _choice(said: dict[str, Any], reason: FinishReason | None) -> dict[str, Any]:
    return {"index": 0, **said, "logprobs": None, "finish_reason": reason}


def _counts(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
