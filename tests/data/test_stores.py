"""Addresses in stores: real servers on this machine, and what is said when one refuses."""

import contextlib
import http.server
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import fsspec
import pytest

from penstock.data.files import File, expand, file_at, is_there
from penstock.data.stores import is_remote, locate
from penstock.data.streams import unpacked
from penstock.errors import AuthError, MissingError, PenstockError, UsageError

LINES = b"".join(b'{"text": "line %d"}\n' % n for n in range(20_000))


class Server(http.server.BaseHTTPRequestHandler):
    """Serves LINES under several names, as well or as badly as web servers do."""

    asked: ClassVar[list[str]] = []

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].rpartition("/")[2]
        if name in ("gone.jsonl", "secret.jsonl"):
            return self.send_error(404 if name == "gone.jsonl" else 403)
        if not name:
            links = "".join(f'<a href="/dir/{one}">x</a>' for one in ("a.jsonl", "b.txt"))
            return self.reply(200, links.encode(), {"Content-Type": "text/html"})
        told = {"Content-Length": str(len(LINES))} if name != "endless.jsonl" else {}
        ranges = self.headers.get("Range")
        if ranges and name not in ("whole.jsonl", "endless.jsonl"):
            Server.asked.append(ranges)
            first, last = (int(one) for one in ranges.removeprefix("bytes=").split("-"))
            part = LINES[first : last + 1]
            span = f"bytes {first}-{first + len(part) - 1}/{len(LINES)}"
            return self.reply(206, part, {"Content-Range": span, "Content-Length": str(len(part))})
        return self.reply(200, LINES, told)

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            with contextlib.suppress(ConnectionError):  # the client may have seen enough
                self.wfile.write(body)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/dir"
    running.shutdown()
    running.server_close()


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    system.pipe({"/in/a.jsonl": b"a", "/in/deep/b.jsonl": b"bb", "/in/c.txt": b"ccc"})
    yield system
    system.rm("/in", recursive=True)


def test_a_web_server_is_read_in_parts(server: str) -> None:
    (file,) = expand(f"{server}/a.jsonl?key=1", ())
    assert file == File(f"{server}/a.jsonl?key=1", len(LINES))
    assert file.name == "a.jsonl"
    Server.asked.clear()
    with file.open() as stream:
        stream.seek(file.size - 20)
        assert stream.read() == LINES[-20:]
        stream.seek(0)
        assert stream.readline() == b'{"text": "line 0"}\n'
    assert Server.asked
    with file.arrow() as stream:
        assert stream.read() == LINES


def test_a_folder_or_glob_of_a_web_server_is_what_its_page_links(server: str) -> None:
    assert [file.name for file in expand(f"{server}/", (".jsonl",))] == ["a.jsonl"]
    assert [file.name for file in expand(f"{server}/*", ())] == ["a.jsonl", "b.txt"]


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("gone.jsonl", MissingError, "the server answered 404"),
        ("secret.jsonl", AuthError, "no permission to read"),
        ("endless.jsonl", PenstockError, "does not say how large"),
    ],
)
def test_what_a_web_server_answers_is_told(
    server: str, name: str, error: type[PenstockError], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        expand(f"{server}/{name}", ())
    assert f"{server}/{name}" in caught.value.message


def test_a_server_without_ranges_is_told(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    system = fsspec.filesystem("http")
    monkeypatch.setattr(system, "block_size", 1 << 10)
    (file,) = expand(f"{server}/whole.jsonl", ())
    with file.open() as stream:
        stream.seek(file.size // 2)
        with pytest.raises(PenstockError, match="no range requests"):
            stream.read(10)


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(PenstockError, match="cannot be reached"):
        expand("http://127.0.0.1:9/a.jsonl", ())


def test_any_store_of_fsspec_is_read(memory: fsspec.AbstractFileSystem) -> None:
    found = expand("memory://in", (".jsonl",))
    assert [(file.address, file.size) for file in found] == [
        ("memory://in/a.jsonl", 1),
        ("memory://in/deep/b.jsonl", 2),
    ]
    assert [file.open().read() for file in found] == [b"a", b"bb"]
    assert [file.name for file in expand("memory://in/*.txt", ())] == ["c.txt"]
    with pytest.raises(MissingError, match="no input: memory://nowhere"):
        expand("memory://nowhere", (".jsonl",))


@pytest.mark.parametrize("address", ["zip::{}", "zip://**/*.jsonl::{}", "zip://in::{}"])
def test_files_in_a_zip_are_read_where_they_are(tmp_path: Path, address: str) -> None:
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as packed:
        packed.writestr("in/水.jsonl", "one")
    (file,) = expand(address.format(tmp_path / "pages.zip"), (".jsonl",))
    assert file.address == f"zip://in/水.jsonl::{tmp_path}/pages.zip"
    assert (file.name, file.open().read()) == ("水.jsonl", b"one")


def test_a_file_address_may_be_escaped(tmp_path: Path) -> None:
    (tmp_path / "a b 水.txt").write_text("x")
    for address in (f"file://{tmp_path}/a%20b%20水.txt", f"file://{tmp_path}/*.txt"):
        assert [file.address for file in expand(address, ())] == [f"{tmp_path}/a b 水.txt"]


def test_keys_of_a_bucket_are_taken_as_they_are() -> None:
    options = "?region=us-east-1&endpoint_override=localhost:1&scheme=http"
    place = locate(f"s3://bucket/数据/a b%20[1].jsonl{options}")
    assert place.path == "bucket/数据/a b%20[1].jsonl"
    assert place.address("bucket/x") == f"s3://bucket/x{options}"


@pytest.mark.parametrize(
    ("code", "status", "error", "said"),
    [
        ("AccessDenied", 403, AuthError, "no permission to read s3://bucket/a.jsonl"),
        ("NoSuchBucket", 404, MissingError, "no input: s3://bucket/a.jsonl"),
    ],
)
def test_what_a_bucket_answers_is_told(
    code: str, status: int, error: type[PenstockError], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bucket(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            body = f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if self.command == "GET" else b"")

        do_HEAD = do_GET  # noqa: N815

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        endpoint = f"127.0.0.1:{running.server_port}"
        address = f"s3://bucket/a.jsonl?endpoint_override={endpoint}&scheme=http&region=us-east-1"
        with pytest.raises(error, match=said) as caught:
            expand(address, (".jsonl",))
        running.shutdown()
    if code == "NoSuchBucket":
        assert "no bucket `bucket`" in caught.value.hint


def test_a_store_that_nobody_knows_is_told() -> None:
    with pytest.raises(UsageError, match="no such kind of store"):
        expand("nope://x/y", ())


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ImportError("Install adlfs to access Azure")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(MissingError, match="adlfs") as caught:
        expand("az://container/a.jsonl", ())
    assert "penstock[remote]" in caught.value.hint


def test_a_file_that_is_gone_since_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("x")
    (file,) = expand(str(path), ())
    path.unlink()
    for opening in (file.open, file.arrow, lambda: unpacked(file)):
        with pytest.raises(MissingError, match="is not there"):
            opening()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(PenstockError, match=r"no permission to read .*a\.jsonl"):
        File(str(path), 1).open()


def test_a_file_that_may_not_be_read_is_named_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(PenstockError, match=r"no permission to read a\.jsonl"):
        File("a.jsonl", 1).open()


def test_what_is_remote_and_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("zip::x").write_text("a file with a strange name")
    assert [is_remote(one) for one in ("zip::x", "zip::y", "a/b", "hf://datasets/a/b")] == [
        False, True, False, True,
    ]  # fmt: skip
    assert is_there("hf://datasets/a/b")
    assert file_at("zip::x").size == 26
    with pytest.raises(MissingError):
        file_at("nowhere")
