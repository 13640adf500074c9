"""The client against a server that says what the test wants."""

import http.server
import json
import threading
from typing import ClassVar

import pytest

from penstock.errors import AuthError, MissingError, PenstockError, UsageError
from penstock.models.client import chat, list_models, stream_chat

ASK = [{"role": "user", "content": "ping"}]


class Server(http.server.BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, tuple[int, str]]] = {}
    seen: ClassVar[list[tuple[str, dict]]] = []

    def do_GET(self):
        self.reply()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.headers.get("Authorization", ""), body))
        self.reply()

    def reply(self):
        status, text = self.answers[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    handler = type("Handler", (Server,), {"answers": {}, "seen": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", handler
        running.shutdown()
        thread.join()


def test_an_answer(server):
    url, handler = server
    said = {"choices": [{"message": {"role": "assistant", "content": "pong"}}]}
    handler.answers["/v1/chat/completions"] = (200, json.dumps(said))
    assert chat(url, "m", ASK, key="secret", seed=7) == "pong"
    assert chat(url + "/v1/", "m", ASK) == "pong"
    (key, body), (no_key, _) = handler.seen
    assert (key, no_key) == ("Bearer secret", "")
    assert body == {
        "model": "m", "messages": ASK, "max_tokens": 256, "temperature": 0.0, "seed": 7,
    }  # fmt: skip


def test_a_stream(server):
    url, handler = server
    pieces = [{"role": "assistant"}, {"content": "po"}, {"content": "ng"}, {}]
    lines = [f"data: {json.dumps({'choices': [{'delta': piece}]})}\n\n" for piece in pieces]
    handler.answers["/v1/chat/completions"] = (200, ": hi\n\n" + "".join(lines) + "data: [DONE]\n")
    assert list(stream_chat(url, "m", ASK)) == ["po", "ng"]


def test_a_stream_that_breaks_off_says_why(server):
    url, handler = server
    event = {"error": {"message": "out of memory"}}
    handler.answers["/v1/chat/completions"] = (200, f"data: {json.dumps(event)}\n\n")
    with pytest.raises(PenstockError, match="out of memory"):
        list(stream_chat(url, "m", ASK))


def test_models(server):
    url, handler = server
    handler.answers["/v1/models"] = (200, '{"data": [{"id": "base"}, {"id": "tuned"}]}')
    assert list_models(url) == ["base", "tuned"]


@pytest.mark.parametrize(
    ("status", "text", "kind", "said"),
    [
        (401, '{"error": {"message": "bad key"}}', AuthError, "bad key"),
        (404, '{"error": {"message": "no model m"}}', UsageError, r"no model m \(HTTP 404\)"),
        (422, '{"detail": "messages missing"}', UsageError, "messages missing"),
        (500, "it broke", PenstockError, "it broke"),
        (200, "<html>", PenstockError, "not JSON"),
    ],
)
def test_errors_in_the_servers_words(server, status, text, kind, said):
    url, handler = server
    handler.answers["/v1/chat/completions"] = (status, text)
    with pytest.raises(kind, match=said):
        chat(url, "m", ASK)
    if status >= 400:
        with pytest.raises(kind, match=said):
            list(stream_chat(url, "m", ASK))


def test_nobody_there():
    with pytest.raises(MissingError, match="nothing answers at") as caught:
        chat("http://127.0.0.1:9", "m", ASK)
    assert "penstock deploy" in caught.value.hint


def test_not_an_address():
    with pytest.raises(UsageError, match="not the address"):
        chat("ftp://somewhere", "m", ASK)
