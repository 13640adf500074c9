"""An engine for tests: answers written down beforehand, and bad behaviour on demand."""

import json
import time
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from penstock.errors import UsageError
from penstock.runs.folder import digest
from penstock.serve.engine import Delta, FinishReason, Request, ServedModel, Usage, find_model
from penstock.text.words import words


@dataclass(frozen=True)
class Script:
    """What to answer: for each model, a question (the last message, or the prompt) to an answer.

    The question `*` stands for any other. `delay` is the seconds before each piece; after
    `fails_after` pieces the engine breaks down; `ready_after` is the seconds that loading takes.
    """

    answers: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: {"scripted": {"*": "It is scripted."}}
    )
    delay: float = 0.0
    fails_after: int | None = None
    ready_after: float = 0.0


def read_script(path: Path) -> Script:
    """Read a script from JSON. Raises UsageError when it is none."""
    try:
        return Script(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise UsageError(
            f"not a script for the scripted engine: {error}",
            where=str(path),
            hint=f"its keys: {', '.join(Script.__dataclass_fields__)}",
        ) from None


class ScriptedEngine:
    """Answers from a Script, one word a piece.

    `log` holds a line for everything that was begun, finished or cancelled, so that a test can see
    what a client's going away did.

    >>> engine = ScriptedEngine(Script({"base": {"*": "a dam"}}))
    >>> "".join(delta.text for delta in engine.generate(Request("base", max_tokens=8)))
    'a dam'
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self.log: list[str] = []
        time.sleep(script.ready_after)

    def models(self) -> tuple[ServedModel, ...]:
        """One model for each set of answers; its digest is that of the answers."""
        return tuple(
            ServedModel(name, digest(dict(answers)), "script")
            for name, answers in self._script.answers.items()
        )

    def generate(self, request: Request) -> Generator[Delta, None, None]:
        """The scripted answer, cut at `max_tokens` words."""
        find_model(self.models(), request.model)
        return self._pieces(request, self._answer(request))

    def close(self) -> None:
        """Note that the engine was closed."""
        self.log.append("closed")

    def _answer(self, request: Request) -> str:
        answers = self._script.answers[request.model]
        asked = request.messages[-1]["content"] if request.messages else request.prompt
        return answers.get(asked, answers.get("*", ""))

    def _pieces(self, request: Request, answer: str) -> Generator[Delta, None, None]:
        pieces = _split(answer)
        self.log.append(f"begun {request.model}")
        end = "cancelled"
        try:
            for number, piece in enumerate(pieces[: request.max_tokens]):
                if number == self._script.fails_after:
                    end = "failed"
                    raise RuntimeError("the script says to break down here")
                time.sleep(self._script.delay)
                yield Delta(piece)
            written = min(len(pieces), request.max_tokens)
            reason: FinishReason = "stop" if written == len(pieces) else "length"
            end = "finished"
            yield Delta("", reason, Usage(_prompt_words(request), written))
        finally:
            self.log.append(f"{end} {request.model}")


def as_json(script: Script) -> dict[str, Any]:
    """The plain data that `read_script` reads."""
    return asdict(script)


def _split(answer: str) -> list[str]:
    """The words of an answer, each with the white space before it."""
    pieces, at = [], 0
    for word in words(answer):
        end = answer.index(word, at) + len(word)
        pieces.append(answer[at:end])
        at = end
    return [*pieces, answer[at:]] if answer[at:] else pieces


def _prompt_words(request: Request) -> int:
    texts = [message["content"] for message in request.messages] or [request.prompt]
    return sum(len(words(text)) for text in texts)
