"""The gateway over scripted answers: what goes in, what comes out, who may ask, and going away."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from penstock.errors import UsageError
from penstock.serve.app import make_app
from penstock.serve.scripted import Script, ScriptedEngine
from penstock.serve.settings import check_address
from penstock.serve.wire import Defaults

Live = Callable[..., str]
ANSWERS = {"base": {"*": "I do not know."}, "tuned": {"三峡大坝在哪里?": "在长江上, near Yichang."}}
QUESTION = [{"role": "user", "content": "三峡大坝在哪里?"}]


def engine(**options: Any) -> ScriptedEngine:
    return ScriptedEngine(Script(ANSWERS, **options))


def ask(url: str, path: str = "chat/completions", **body: Any) -> httpx.Response:
    if path == "chat/completions":
        body = {"model": "tuned", "messages": QUESTION, **body}
    return httpx.post(f"{url}/v1/{path}", json=body)


def events(response: httpx.Response) -> list[str]:
    lines = response.text.split("\n\n")
    assert lines.pop() == ""
    return [line.removeprefix("data: ") for line in lines]


def test_an_answer_in_one_body(live: Live) -> None:
    said = ask(live(engine())).json()
    assert said["object"] == "chat.completion"
    assert said["choices"][0]["message"]["content"] == "在长江上, near Yichang."
    assert said["choices"][0]["finish_reason"] == "stop"
    assert said["usage"] == {"prompt_tokens": 8, "completion_tokens": 7, "total_tokens": 15}


def test_the_fingerprint_is_the_digest_of_the_weights(live: Live) -> None:
    served = engine()
    answer = ask(live(served))
    digest = served.models()[1].digest
    assert answer.json()["system_fingerprint"] == digest
    assert answer.headers["x-model-digest"] == digest


def test_a_stream_is_events_and_ends_with_done(live: Live) -> None:
    url = live(engine())
    answer = ask(url, stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    *chunks, done = events(answer)
    assert done == "[DONE]"
    deltas = [json.loads(chunk)["choices"][0] for chunk in chunks]
    assert deltas[0]["delta"] == {"role": "assistant", "content": ""}
    text = "".join(delta["delta"].get("content", "") for delta in deltas)
    assert text == ask(url).json()["choices"][0]["message"]["content"]
    assert [delta["finish_reason"] for delta in deltas] == [None] * (len(deltas) - 1) + ["stop"]


def test_usage_comes_in_a_chunk_of_its_own_when_asked_for(live: Live) -> None:
    answer = ask(live(engine()), stream=True, stream_options={"include_usage": True})
    last = json.loads(events(answer)[-2])
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 15


@pytest.mark.parametrize("stream", [False, True])
def test_plain_completions(live: Live, stream: bool) -> None:
    answer = ask(live(engine()), "completions", model="base", prompt="The dam", stream=stream)
    if stream:
        chunks = [json.loads(chunk) for chunk in events(answer)[:-1]]
        assert {chunk["object"] for chunk in chunks} == {"text_completion"}
        assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "I do not know."
    else:
        assert answer.json()["choices"][0]["text"] == "I do not know."


def test_models_are_listed(live: Live) -> None:
    listed = httpx.get(f"{live(engine())}/v1/models").json()["data"]
    assert [(one["id"], one["parent"]) for one in listed] == [("base", None), ("tuned", "base")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", []),
        ("functions", []),
        ("top_k", 5),
        ("min_p", 0.1),
        ("temprature", 0.5),
        ("n", 2),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("response_format", {"type": "json_object"}),
        ("presence_penalty", 0.5),
        ("logit_bias", {"7": -100}),
        ("temperature", 2.5),
        ("temperature", "hot"),
        ("top_p", 0),
        ("max_tokens", 0),
        ("stop", ""),
        ("seed", 1.5),
        ("stream_options", {"include_usage": True, "more": 1}),
        ("messages", []),
        ("messages", [{"role": "tool", "content": "1"}]),
        ("messages", [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(live: Live, field: str, value: Any) -> None:
    answer = ask(live(engine()), **{field: value})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"].split(".")[0] == field
    assert field in error["message"]


@pytest.mark.parametrize(
    "fields",
    [
        {"user": "u", "metadata": {"a": "b"}, "store": True, "service_tier": "auto"},
        {"n": 1, "presence_penalty": 0, "frequency_penalty": 0.0, "logprobs": False},
        {"response_format": {"type": "text"}, "logit_bias": {}, "tools": None, "stop": None},
        {"temperature": 0, "top_p": 1, "seed": 3, "stop": ["a", "b"]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "三峡大坝"}]}]},
    ],
)
def test_what_changes_no_answer_is_accepted(live: Live, fields: dict[str, Any]) -> None:
    assert ask(live(engine()), **fields).status_code == 200


def test_max_tokens_by_either_name_and_by_default(live: Live) -> None:
    url = live(engine(), defaults=Defaults(max_tokens=4))
    for fields in ({"max_tokens": 2}, {"max_completion_tokens": 2}):
        answer = ask(url, **fields).json()
        assert answer["choices"][0]["finish_reason"] == "length"
        assert answer["usage"]["completion_tokens"] == 2
    assert ask(url).json()["usage"]["completion_tokens"] == 4


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/plain")],
)
def test_what_is_no_json_object_is_a_400(live: Live, content: bytes, kind: str) -> None:
    url = live(engine())
    headers = {"Content-Type": kind}
    answer = httpx.post(f"{url}/v1/chat/completions", content=content, headers=headers)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]["message"]


def test_errors_have_one_shape(live: Live) -> None:
    url = live(engine())
    unknown = ask(url, model="other")
    assert unknown.status_code == 404
    assert "models here: base, tuned" in unknown.json()["error"]["message"]
    nowhere = httpx.get(f"{url}/v1/nowhere")
    assert nowhere.status_code == 404
    for answer in (unknown, nowhere):
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


async def _statuses(app: Any, headers: dict[str, str], host: str) -> dict[str, int]:
    transport = httpx.ASGITransport(app)
    statuses = {}
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        for route in app.routes:
            for method in route.methods:
                answer = await client.request(method, route.path, headers=headers)
                statuses[f"{method} {route.path}"] = answer.status_code
        nowhere = await client.get("/nowhere", headers=headers)
    return {**statuses, "GET /nowhere": nowhere.status_code}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic secret"},
        {"Authorization": "secret"},
        {"X-API-Key": "secret"},
    ],
)
def test_no_route_answers_without_the_key(headers: dict[str, str]) -> None:
    app = make_app(engine(), key="secret")
    statuses = asyncio.run(_statuses(app, headers, "endpoint.example"))
    assert len(statuses) > 6
    assert set(statuses.values()) == {401}


def test_every_route_answers_with_the_key() -> None:
    app = make_app(engine(), key="secret")
    headers = {"Authorization": "Bearer secret"}
    statuses = asyncio.run(_statuses(app, headers, "endpoint.example"))
    assert 401 not in statuses.values()
    assert statuses["GET /health"] == 200


def test_without_a_key_only_loopback_may_be_named() -> None:
    statuses = asyncio.run(_statuses(make_app(engine()), {}, "attacker.example"))
    assert set(statuses.values()) == {403}
    for host in ("localhost:80", "127.0.0.1", "[::1]:80"):
        assert asyncio.run(_statuses(make_app(engine()), {}, host))["GET /health"] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org"])
def test_other_machines_need_a_key(host: str) -> None:
    with pytest.raises(UsageError, match="there is no key"):
        check_address(host, "")
    check_address(host, "secret")


def test_ping_says_no_until_every_model_has_written_a_token(live: Live) -> None:
    url = live(engine(delay=0.4))
    first = httpx.get(f"{url}/ping")
    assert first.status_code == 503
    assert httpx.get(f"{url}/health").status_code == 200
    _until(lambda: httpx.get(f"{url}/ping").status_code == 200)


def test_ping_says_why_a_model_does_not_answer(live: Live) -> None:
    url = live(engine(fails_after=0))
    _until(lambda: "error" in httpx.get(f"{url}/ping").json())
    assert "RuntimeError" in httpx.get(f"{url}/ping").json()["error"]["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_an_engine_that_breaks_down_at_once_is_a_500(live: Live, stream: bool) -> None:
    answer = ask(live(engine(fails_after=0)), stream=stream)
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"


def test_an_engine_that_breaks_down_in_mid_stream_ends_it_with_an_error(live: Live) -> None:
    *pieces, error = events(ask(live(engine(fails_after=2)), stream=True))
    assert len(pieces) == 3
    assert "broke down" in json.loads(error)["error"]["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_the_engine_stops_when_the_client_goes_away(live: Live, stream: bool) -> None:
    served = ScriptedEngine(Script({"tuned": {"*": "drip " * 200}}, delay=0.02))
    url = live(served)
    _until(lambda: httpx.get(f"{url}/ping").status_code == 200)
    body = {"model": "tuned", "messages": QUESTION, "stream": stream}
    with (
        contextlib.suppress(httpx.ReadTimeout),
        httpx.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=0.3) as answer,
    ):
        next(answer.iter_lines())
    _until(lambda: served.log[-1] == "cancelled tuned", seconds=2)


def test_nothing_of_a_prompt_is_logged(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "penstock")
    caplog.set_level("DEBUG", "uvicorn")
    url = live(engine(fails_after=1))
    for body in ({}, {"stream": True}, {"wrong": "三峡大坝在哪里?"}):
        ask(url, **body)
    assert "broke down" in caplog.text
    assert "三峡大坝" not in caplog.text


def _until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)
