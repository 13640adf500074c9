"""The one client for OpenAI-compatible servers: penstock's own, vLLM, or any other."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from penstock.errors import AuthError, MissingError, PenstockError, UsageError

CONNECT_SECONDS = 5.0
READ_SECONDS = 300.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def chat(
    base_url: str,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    *,
    key: str | None = None,
    max_tokens: int = 256,
    temperature: float = 0.0,
    seed: int | None = None,
) -> str:
    """The answer of `model` to a conversation.

    Raises MissingError when nothing answers at `base_url`, AuthError when the key is not accepted,
    UsageError or PenstockError with the server's own words otherwise.
    """
    body = _body(model, messages, max_tokens, temperature, seed)
    with connected(base_url, key) as client:
        response = client.post("chat/completions", json=body)
        check(response, base_url)
        return str(answer_of(response, base_url)["choices"][0]["message"]["content"] or "")


def stream_chat(
    base_url: str,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    *,
    key: str | None = None,
    max_tokens: int = 256,
    temperature: float = 0.0,
    seed: int | None = None,
) -> Iterator[str]:
    """The answer of `model` in pieces as they are written. Raises what `chat` raises."""
    body = {**_body(model, messages, max_tokens, temperature, seed), "stream": True}
    with (
        connected(base_url, key) as client,
        client.stream("POST", "chat/completions", json=body) as response,
    ):
        if response.is_error:
            response.read()
        check(response, base_url)
        for event in _events(response.iter_lines()):
            if "error" in event:
                raise PenstockError(f"the server stopped: {said_in(event)}", where=base_url)
            for choice in event.get("choices", []):
                if piece := choice.get("delta", {}).get("content"):
                    yield piece


def list_models(base_url: str, *, key: str | None = None) -> list[str]:
    """The names of the models that a server offers."""
    with connected(base_url, key) as client:
        response = client.get("models")
        check(response, base_url)
        return [str(model["id"]) for model in answer_of(response, base_url)["data"]]


def _body(
    model: str,
    messages: Sequence[Mapping[str, Any]],
    max_tokens: int,
    temperature: float,
    seed: int | None,
) -> dict[str, Any]:
    body = {
        "model": model,
        "messages": [dict(message) for message in messages],
        "max_tokens": max_tokens,
        "temperature": temperature,
    }
    return body if seed is None else {**body, "seed": seed}


@contextlib.contextmanager
def connected(base_url: str, key: str | None) -> Iterator[Any]:
    """A client for a server, whose faults it tells in the user's words."""
    try:
        import httpx
    except ModuleNotFoundError:
        raise MissingError(
            "talking to a server needs httpx, which is not installed",
            hint="pip install 'penstock[serve]'",
        ) from None
    root = base_url.rstrip("/")
    root = root if root.endswith("/v1") else f"{root}/v1"
    client = httpx.Client(
        base_url=root,
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        # A proxy cannot reach this machine's own address.
        trust_env=urlsplit(root).hostname not in _LOOPBACK,
        # Reading the certificates takes 30 ms, which plain HTTP has no use for.
        verify=urlsplit(root).scheme == "https",
    )
    with client:
        try:
            yield client
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise MissingError(
                f"nothing answers at {base_url}", hint="start a server with `penstock deploy`"
            ) from error
        except httpx.TimeoutException as error:
            raise PenstockError(
                f"no answer within {READ_SECONDS:.0f} s",
                where=base_url,
                hint="ask for fewer tokens",
            ) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise UsageError(
                f"{base_url} is not the address of a server", hint="such as http://127.0.0.1:8000"
            ) from error
        except httpx.HTTPError as error:
            raise PenstockError(f"the connection broke: {error}", where=base_url) from error


def check(response: Any, base_url: str) -> None:
    """Raise what a refusal says: AuthError, UsageError or PenstockError."""
    code = response.status_code
    if code in (401, 403):
        raise AuthError(
            f"the server does not accept the key: {said_in(response)}",
            where=base_url,
            hint="give its key with --key or PENSTOCK_KEY",
        )
    if code >= 400:
        kind = UsageError if code < 500 else PenstockError
        raise kind(f"the server says: {said_in(response)} (HTTP {code})", where=base_url)


def answer_of(response: Any, base_url: str) -> Any:
    """The JSON of an answer. Raises PenstockError where it is none."""
    try:
        return response.json()
    except json.JSONDecodeError:
        raise PenstockError(
            "the server's answer is not JSON; it may not be an OpenAI-compatible one",
            where=base_url,
        ) from None


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The JSON events of a server-sent stream, up to `[DONE]`."""
    for line in lines:
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data == "[DONE]":
            return
        if data:
            yield json.loads(data)


def said_in(answer: Any) -> str:
    """A server's error in its own words: OpenAI's shape, FastAPI's, or plain text."""
    if not isinstance(answer, dict):
        try:
            answer = json.loads(answer.text)
        except json.JSONDecodeError:
            return str(answer.text)[:200] or "no reason given"
    if isinstance(answer, dict):
        answer = answer.get("error") or answer.get("detail") or answer
    return str(answer.get("message") or answer) if isinstance(answer, dict) else str(answer)
