"""Embeddings from OpenAI-compatible servers, asked for with patience."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from penstock.errors import PenstockError, RecordError
from penstock.models.client import answer_of, check, connected, said_in

if TYPE_CHECKING:
    import numpy as np

# How many seconds are waited before each new try.
WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
LONGEST_WAIT = 60.0
_PASSING = (408, 429, 500, 502, 503, 504)
_REFUSED = (400, 413, 422)


def embed(
    base_url: str, model: str, texts: Sequence[str], size: int, *, key: str | None = None
) -> Iterator[tuple[Sequence[str], np.ndarray]]:
    """The vectors of texts, `size` texts a request: each time the texts, and a row for each.

    Servers that are away, busy or broken are asked again, as long as `WAITS` says. A request that
    is refused is halved, down to the texts that the server does not take; when all others have been
    answered, RecordError says why. Else it raises what `chat` raises.
    """
    refusal = ""
    left = [texts[start : start + size] for start in range(0, len(texts), size)][::-1]
    with connected(base_url, key) as client:
        while left:
            asked = left.pop()
            response = _patient(client, {"model": model, "input": list(asked)})
            if response.status_code not in _REFUSED:
                check(response, base_url)
                yield asked, _vectors(answer_of(response, base_url), len(asked), base_url)
            elif len(asked) > 1:
                middle = len(asked) // 2
                left += [asked[middle:], asked[:middle]]
            else:
                refusal = f"the server does not take a text: {said_in(response)}"
    if refusal:
        raise RecordError(refusal, where=base_url, hint="cut long texts first, or drop them")


def _patient(client: Any, body: dict[str, Any]) -> Any:
    """The answer to a request, which is sent again while a server has passing trouble."""
    import httpx

    for wait in WAITS:
        try:
            response = client.post("embeddings", json=body)
        except httpx.TransportError as error:
            if isinstance(error, httpx.UnsupportedProtocol):
                raise
        else:
            if response.status_code not in _PASSING:
                return response
            asked = response.headers.get("Retry-After", "")
            wait = min(float(asked), LONGEST_WAIT) if asked.isdecimal() else wait
        time.sleep(wait)
    return client.post("embeddings", json=body)


def _vectors(answer: Any, count: int, base_url: str) -> np.ndarray:
    """The vectors of an answer in the order in which they were asked for."""
    import numpy as np

    try:
        rows = sorted(answer["data"], key=lambda one: one["index"])
        found = np.array([one["embedding"] for one in rows], np.float32)
    except (KeyError, TypeError, ValueError) as error:
        raise PenstockError(
            f"the server's answer is no list of vectors of one size: {error!r}",
            where=base_url,
            hint="the model must be one for embeddings",
        ) from error
    if found.ndim != 2 or len(found) != count:
        raise PenstockError(f"the server has {len(found)} vectors for {count}", where=base_url)
    return found
