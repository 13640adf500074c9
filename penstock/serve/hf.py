"""The default engine: transformers' `generate`, with base and adapters in one process.

One answer is written at a time and the others wait for the model. Continuous batching will take
this place; the gateway sees only the Engine protocol, so nothing else changes then.
"""

import contextlib
import threading
from collections.abc import Generator, Iterator, Mapping

from penstock.errors import UsageError
from penstock.serve.detokenise import Detokeniser, StopStrings
from penstock.serve.engine import Delta, FinishReason, Request, ServedModel, Usage, find_model
from penstock.serve.tokens import Sampling, write_tokens
from penstock.serve.voices import Voice, load_voices

_HEARTBEAT = 0.05  # seconds between two looks whether the model is free


class HfEngine:
    """Serves a model and its adapters; `load_voices` says what they may be and what it raises."""

    def __init__(
        self,
        model: str,
        adapters: Mapping[str, str] | None = None,
        *,
        dtype: str = "auto",
        trust: bool = False,
    ) -> None:
        self._voices = load_voices(model, adapters or {}, dtype=dtype, trust=trust)
        self._model = threading.Lock()

    def models(self) -> tuple[ServedModel, ...]:
        """The base first, then the others in the order they were given."""
        return tuple(voice.served for voice in self._voices)

    def generate(self, request: Request) -> Generator[Delta, None, None]:
        """The answer, token by token. Raises UsageError when the prompt leaves no room for one."""
        served = self.models()
        voice = self._voices[served.index(find_model(served, request.model))]
        prompt = voice.prompt_ids(request)
        return self._answer(voice, request, prompt, _room(voice, request, prompt))

    def close(self) -> None:
        """Wait for the answer that is being written, then let go of the weights."""
        with self._model:
            self._voices = ()

    def _answer(
        self, voice: Voice, request: Request, prompt: list[int], room: int
    ) -> Generator[Delta, None, None]:
        while not self._model.acquire(timeout=_HEARTBEAT):
            yield Delta()
        try:
            sampling = Sampling(room, request.temperature, request.top_p, request.seed)
            with (
                voice.speaking() as model,
                contextlib.closing(write_tokens(model, prompt, sampling, voice.ends)) as tokens,
            ):
                yield from _deltas(tokens, voice, request.stop, len(prompt))
        finally:
            self._model.release()


def _room(voice: Voice, request: Request, prompt: list[int]) -> int:
    """How many tokens the answer may have: what was asked for, as far as the model holds them."""
    where = "messages" if request.messages else "prompt"
    if not prompt:
        raise UsageError("the prompt is empty", where=where)
    context = voice.served.context
    if not context:
        return request.max_tokens
    if len(prompt) >= context:
        raise UsageError(
            f"the prompt has {len(prompt)} tokens and `{request.model}` holds {context},"
            " its answer included",
            where=where,
        )
    return min(request.max_tokens, context - len(prompt))


def _deltas(
    tokens: Iterator[int], voice: Voice, stops: tuple[str, ...], prompt_tokens: int
) -> Iterator[Delta]:
    """Text for token ids: whole characters, up to a stop string or a token that ends the turn."""
    text, cut = Detokeniser(voice.decode), StopStrings(stops)
    written = 0
    reason: FinishReason = "length"
    for token in tokens:
        written += 1
        if token in voice.ends:
            reason = "stop"
            break
        yield Delta(cut.add(text.add(token)))
        if cut.found:
            reason = "stop"
            break
    rest = cut.add(text.rest()) + cut.rest()
    reason = "stop" if cut.found else reason
    yield Delta(rest, reason, Usage(prompt_tokens, written))
