"""Embeddings from servers that fail midway, with a cache that outlives a killed process."""

import hashlib
import http.server
import json
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from penstock.errors import AuthError, MissingError, PenstockError, RecordError, UsageError
from penstock.ops.label.embedding import Embedding
from penstock.specs.build import build

DIMENSION = 4
TEXTS = [f"text {number} 水" for number in range(20)]


def vector(text: str) -> list[float]:
    return [byte / 256 for byte in hashlib.sha256(text.encode()).digest()[:DIMENSION]]


class Server(http.server.BaseHTTPRequestHandler):
    """Answers as `script` says, one entry a request, and rightly when it is at its end."""

    protocol_version = "HTTP/1.1"
    script: ClassVar[list[Any]] = []
    asked: ClassVar[list[str]] = []
    keys: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == "/v1/embeddings"
        assert body["model"] == "m"
        self.keys.append(self.headers.get("Authorization", ""))
        todo = self.script.pop(0) if self.script else "answer"
        if todo == "reset":
            # With this option closing a connection resets it.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if isinstance(todo, int):
            self.reply(todo, {"error": {"message": "not now"}})
            return
        if any("refuse" in text for text in body["input"]):
            self.reply(400, {"error": {"message": "too long"}})
            return
        self.asked.extend(body["input"])
        rows = [
            {"index": place, "embedding": vector(text)} for place, text in enumerate(body["input"])
        ]
        self.reply(200, {"data": rows[::-1]} if todo == "answer" else todo(rows))

    def reply(self, status: int, answer: Any) -> None:
        data = json.dumps(answer).encode() if not isinstance(answer, bytes) else answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status == 429:
            self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, type[Server]]]:
    handler = type("Handler", (Server,), {"script": [], "asked": [], "keys": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/v1", handler
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No test waits; what would have been waited is here."""
    waited: list[float] = []
    monkeypatch.setattr("penstock.models.embeddings.time.sleep", waited.append)
    return waited


def embedded(operator: Embedding, texts: list[str | None]) -> list[list[float] | None]:
    rows = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string())})
    found = operator.batch(rows)
    values = found.column(operator.column)
    assert values.type == pa.list_(pa.float32(), DIMENSION)
    assert found.num_rows == len(texts)
    return values.to_pylist()  # type: ignore[no-any-return]


def test_vectors_come_in_order_and_equal_texts_are_asked_once(
    server: tuple[str, type[Server]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, handler = server
    monkeypatch.setenv("PENSTOCK_KEY", "secret")
    operator = pickle.loads(pickle.dumps(Embedding(model="m", endpoint=url, batch_size=3)))
    texts = [*TEXTS[:7], None, " ", TEXTS[0]]
    expected = [(text and text.strip() and vector(text)) or None for text in texts]
    assert embedded(operator, texts) == expected
    assert set(handler.keys) == {"Bearer secret"}
    assert handler.asked == ["dam", *TEXTS[:7]]
    assert embedded(operator, []) == []


def test_a_prefix_goes_to_the_server_only(server: tuple[str, type[Server]]) -> None:
    url, handler = server
    operator = Embedding(model="m", endpoint=url, prefix="query: ", dimension=DIMENSION)
    assert embedded(operator, ["a"]) == [vector("query: a")]
    assert handler.asked == ["query: a"]


def test_passing_trouble_is_waited_for(
    server: tuple[str, type[Server]], waits: list[float]
) -> None:
    url, handler = server
    handler.script[:] = ["answer", 500, "reset", "answer", 429, 503, "answer", "reset"]
    operator = Embedding(model="m", endpoint=url, batch_size=5, dimension=DIMENSION)
    assert embedded(operator, list(TEXTS)) == [vector(text) for text in TEXTS]
    assert handler.asked == TEXTS
    assert waits == [0.5, 1.0, 7.0, 1.0, 0.5]


def test_trouble_that_stays_stops_the_run_and_what_was_answered_is_kept(
    server: tuple[str, type[Server]], tmp_path: Path, waits: list[float]
) -> None:
    url, handler = server
    cache = str(tmp_path / "new" / "answers.sqlite")
    handler.script[:] = ["answer", "answer", *[500] * 6]
    operator = Embedding(model="m", endpoint=url, batch_size=5, cache=cache)
    with pytest.raises(PenstockError, match=r"not now \(HTTP 500\)") as caught:
        embedded(operator, list(TEXTS))
    assert not isinstance(caught.value, RecordError)
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0]
    again = pickle.loads(pickle.dumps(operator))
    assert embedded(again, list(TEXTS)) == [vector(text) for text in TEXTS]
    assert max(Counter(handler.asked).values()) == 1
    handler.script[:] = [500] * 99
    assert embedded(again, TEXTS[::-1]) == [vector(text) for text in TEXTS[::-1]]


def test_models_and_prefixes_have_answers_of_their_own(
    server: tuple[str, type[Server]], tmp_path: Path
) -> None:
    url, handler = server
    for prefix in ("", "a", "b", ""):
        operator = Embedding(
            model="m", endpoint=url, prefix=prefix, dimension=DIMENSION,
            cache=str(tmp_path / "answers"),
        )  # fmt: skip
        assert embedded(operator, ["x"]) == [vector(f"{prefix}x")]
    assert handler.asked == ["x", "ax", "bx"]


def test_a_text_that_is_refused_costs_itself_only(
    server: tuple[str, type[Server]], tmp_path: Path, waits: list[float]
) -> None:
    url, handler = server
    operator = Embedding(model="m", endpoint=url, batch_size=8, cache=str(tmp_path / "answers"))
    texts: list[str | None] = [*TEXTS[:10], "refuse this", *TEXTS[10:]]
    with pytest.raises(RecordError, match="does not take a text: too long") as caught:
        embedded(operator, texts)
    assert caught.value.hint
    assert sorted(handler.asked) == sorted(["dam", *TEXTS])
    assert embedded(operator, texts[:10]) == [vector(text) for text in TEXTS[:10]]
    assert max(Counter(handler.asked).values()) == 1
    assert waits == []


def narrow(rows: list[dict[str, Any]]) -> Any:
    return {"data": [{**row, "embedding": row["embedding"][:3]} for row in rows]}


def ragged(rows: list[dict[str, Any]]) -> Any:
    return {"data": [{**row, "embedding": row["embedding"][: row["index"] + 1]} for row in rows]}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (narrow, "a vector of 3 numbers came where one of 4 was expected"),
        (ragged, "no list of vectors of one size"),
        (lambda rows: {"data": rows[1:]}, "the server has 4 vectors for 5"),
        (lambda _: {"data": []}, "the server has 0 vectors for 5"),
        (lambda _: {"choices": []}, "no list of vectors"),
        (lambda _: [1], "no list of vectors"),
        (lambda _: {"data": [{"index": 0, "embedding": "AAAA"}]}, "no list of vectors"),
        (lambda _: b"<html>", "not JSON"),
    ],
)
def test_wrong_answers_stop_the_run_and_are_not_kept(
    server: tuple[str, type[Server]], tmp_path: Path, answer: Any, message: str
) -> None:
    url, handler = server
    handler.script[:] = ["answer", "answer", answer]
    operator = Embedding(model="m", endpoint=url, batch_size=5, cache=str(tmp_path / "answers"))
    with pytest.raises(PenstockError, match=message) as caught:
        embedded(operator, list(TEXTS))
    assert not isinstance(caught.value, RecordError)
    assert url in caught.value.where
    assert embedded(operator, list(TEXTS)) == [vector(text) for text in TEXTS]


def test_errors_that_do_not_pass_are_told_at_once(
    server: tuple[str, type[Server]], waits: list[float]
) -> None:
    url, handler = server
    for status, kind in ((401, AuthError), (404, UsageError)):
        handler.script[:] = [status]
        with pytest.raises(kind, match="not now"):
            embedded(Embedding(model="m", endpoint=url), ["a"])
    assert waits == []


def test_a_server_that_is_not_there(waits: list[float]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(MissingError, match="nothing answers at"):
            embedded(Embedding(model="m", endpoint=url), [])
    assert len(waits) == 5


CHILD = """
import sys, pyarrow as pa
from penstock.ops.label.embedding import Embedding
operator = Embedding(model="m", endpoint=sys.argv[1], batch_size=4, cache=sys.argv[2])
operator.batch(pa.RecordBatch.from_pydict({"text": sys.argv[3:]}))
"""


def test_a_killed_process_repeats_at_most_the_request_under_way(
    server: tuple[str, type[Server]], tmp_path: Path
) -> None:
    url, handler = server
    reached, go_on = threading.Event(), threading.Event()

    def hang(rows: list[dict[str, Any]]) -> Any:
        reached.set()
        go_on.wait(30)
        return {"data": rows}

    handler.script[:] = ["answer", "answer", "answer", hang]
    cache = str(tmp_path / "answers")
    root = str(Path(__file__).parent.parent.parent)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url, cache, *TEXTS],
        env={**os.environ, "PYTHONPATH": root},
    )
    try:
        assert reached.wait(60)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        go_on.set()
    under_way = handler.asked[-4:]
    operator = Embedding(model="m", endpoint=url, batch_size=4, cache=cache)
    assert embedded(operator, list(TEXTS)) == [vector(text) for text in TEXTS]
    repeated = {text for text, times in Counter(handler.asked).items() if times > 1}
    assert repeated == set(under_way)


def test_a_cache_that_is_none_is_told(server: tuple[str, type[Server]], tmp_path: Path) -> None:
    url, _ = server
    file = tmp_path / "notes.txt"
    file.write_text("no database, but long enough to be looked at " * 99)
    for cache in (file, tmp_path):
        with pytest.raises(PenstockError, match=r"the cache .* cannot be used") as caught:
            embedded(Embedding(model="m", endpoint=url, cache=str(cache)), ["a"])
        assert caught.value.hint
    assert file.read_text().startswith("no database")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"model": "nowhere"}, "there is no folder nowhere"),
        ({"model": "m", "endpoint": "localhost:8000"}, "must begin with http"),
        ({"model": ".", "cache": "x"}, "`cache` goes with `endpoint`"),
        ({"model": ".", "batch_size": 0}, "`batch_size` is 0"),
        ({"model": ".", "dimension": 0}, "`dimension` is 0"),
        ({"model": ".", "column": "text"}, "`column` is `text`"),
        ({"model": ".", "column": "id"}, "`id` cannot be overwritten"),
    ],
)
def test_wrong_parameters_are_told(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build(Embedding, parameters, lambda _: "", owner="label.embedding")


def test_what_is_stored_is_what_was_answered(
    server: tuple[str, type[Server]], tmp_path: Path
) -> None:
    url, _ = server
    operator = Embedding(model="m", endpoint=url, cache=str(tmp_path / "answers"))
    first = embedded(operator, list(TEXTS))
    second = embedded(pickle.loads(pickle.dumps(operator)), list(TEXTS))
    assert np.array(first, np.float32).tobytes() == np.array(second, np.float32).tobytes()
