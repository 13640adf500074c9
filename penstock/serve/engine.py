"""What the gateway asks of an engine, and the few values that pass between the two."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Message = Mapping[str, str]
FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class ServedModel:
    """A model that requests may name: the digest of its weights and where they were loaded from.

    `context` is the number of tokens that prompt and answer may have together, 0 when unknown.
    """

    name: str
    digest: str
    source: str = ""
    context: int = 0


@dataclass(frozen=True)
class Request:
    """One answer that is wanted: either `messages` (a chat) or `prompt` (text to go on from).

    `temperature` 0 is greedy; `max_tokens` counts tokens of the answer. The answer ends before the
    first of the `stop` strings.
    """

    model: str
    max_tokens: int
    messages: tuple[Message, ...] = ()
    prompt: str = ""
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Usage:
    """Tokens read and tokens written."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Delta:
    """The next piece of an answer. The last one has a finish reason and the usage.

    An empty piece is a heartbeat: it gives the caller the chance to go away.
    """

    text: str = ""
    finish_reason: FinishReason | None = None
    usage: Usage | None = None


class Engine(Protocol):
    """Where answers come from. All methods may be called from any thread.

    `generate` raises MissingError for a model that is not served and UsageError for a request that
    this engine or model cannot answer, both before the first delta. Closing the generator ends the
    work behind it.
    """

    def models(self) -> tuple[ServedModel, ...]:
        """The models that requests may name, the base first."""

    def generate(self, request: Request) -> Generator[Delta, None, None]:
        """The answer, piece by piece."""

    def close(self) -> None:
        """Let go of the models and end what is running."""


def find_model(models: tuple[ServedModel, ...], name: str) -> ServedModel:
    """The served model of this name; raises MissingError, with the names there are."""
    from penstock.errors import MissingError
    from penstock.text.nearest import did_you_mean

    for model in models:
        if model.name == name:
            return model
    hint = did_you_mean(name, [model.name for model in models], label="models here")
    raise MissingError(f"no model `{name}` is served here", where="model", hint=hint)
