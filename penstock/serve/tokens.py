"""The tokens of one answer as they are written: transformers' `generate` in a thread of its own."""

import contextlib
import queue
import secrets
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen: greedily at temperature 0, else drawn from the `top_p` mass."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None

    def config(self, ends: frozenset[int]) -> Any:
        """The same for transformers; only what is said here has an effect."""
        from transformers import GenerationConfig

        drawn = (
            # top_k 0 is all tokens; transformers' own default would cut them to 50.
            {"temperature": self.temperature, "top_p": self.top_p, "top_k": 0}
            if self.temperature > 0
            else {}
        )
        return GenerationConfig(  # type: ignore[no-untyped-call]
            max_new_tokens=self.max_tokens,
            do_sample=self.temperature > 0,
            eos_token_id=sorted(ends) or None,
            pad_token_id=min(ends, default=0),  # one answer a batch: nothing is padded
            **drawn,
        )


def write_tokens(
    model: Any, prompt: Sequence[int], sampling: Sampling, ends: frozenset[int]
) -> Generator[int, None, None]:
    """The token ids of an answer, the one that ends it included.

    Closing the iterator stops the model at its next token, and returns when it has stopped.
    Raises what the model raises.
    """
    tokens: queue.SimpleQueue[int | BaseException | None] = queue.SimpleQueue()
    leave = threading.Event()
    thread = threading.Thread(
        target=_generate, args=(model, prompt, sampling, ends, tokens, leave), name="generate"
    )
    thread.start()
    try:
        while (token := tokens.get()) is not None:
            if isinstance(token, BaseException):
                raise token
            yield token
    finally:
        leave.set()
        thread.join()


def _generate(
    model: Any,
    prompt: Sequence[int],
    sampling: Sampling,
    ends: frozenset[int],
    tokens: "queue.SimpleQueue[int | BaseException | None]",
    leave: threading.Event,
) -> None:
    import torch
    from transformers import StoppingCriteriaList

    def left(seen: Any, _: Any) -> Any:
        return torch.full((len(seen),), leave.is_set(), device=seen.device)

    try:
        ids = torch.tensor([list(prompt)], device=model.device)
        seed = secrets.randbits(63) if sampling.seed is None else sampling.seed
        with torch.inference_mode(), _seeded(seed, model.device):
            model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                generation_config=sampling.config(ends),
                streamer=_Streamer(tokens),
                stopping_criteria=StoppingCriteriaList([left]),
            )
        tokens.put(None)
    except Exception as error:
        tokens.put(error)


class _Streamer:
    """What `generate` calls with the prompt, and then with every token."""

    def __init__(self, tokens: "queue.SimpleQueue[int | BaseException | None]") -> None:
        self._tokens = tokens
        self._prompt_seen = False

    def put(self, value: Any) -> None:
        """Pass a token on."""
        if self._prompt_seen:
            self._tokens.put(int(value.reshape(-1)[0]))
        self._prompt_seen = True

    def end(self) -> None:
        """Nothing to do: the end is told when `generate` has returned."""


@contextlib.contextmanager
def _seeded(seed: int, device: Any) -> Iterator[None]:
    """Draw from `seed`, and leave the process's own random state as it was."""
    import torch

    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
