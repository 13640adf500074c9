"""Datasets of Hugging Face: folders as its library makes them, and a hub that is scripted."""

import http.server
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.data.shards import Shard
from penstock.errors import MissingError, PenstockError, UsageError
from penstock.ops.base import Lost
from penstock.ops.read.huggingface import Huggingface

ROOT = Path(__file__).parent.parent.parent
COMMIT = "a" * 40
CARD = b"""---
configs:
- config_name: zh
  data_files:
  - split: train
    path: zh/*.parquet
---
"""

pytest.importorskip("datasets")


def read(reader: Huggingface) -> list[Any]:
    files = reader.files()
    schema = reader.schema(files)
    found: list[Any] = []
    for file in files:
        for part in reader.documents(Shard(0, file, 0, file.size), schema):
            found += [part] if isinstance(part, Lost | dict) else part.to_pylist()  # type: ignore[union-attr]
    return found


def test_folders_of_save_to_disk(tmp_path: Path) -> None:
    from datasets import Dataset, DatasetDict
    from datasets.utils.logging import disable_progress_bar

    disable_progress_bar()
    rows = Dataset.from_dict({"body": ["one", "水"], "label": [1, 2]})
    rows.save_to_disk(tmp_path / "one", num_shards=2)
    DatasetDict(train=rows, test=rows.select([1])).save_to_disk(tmp_path / "two")
    (tmp_path / "one" / "cache-123.arrow").write_bytes(b"left by another program")
    expected = [{"text": "one", "label": 1}, {"text": "水", "label": 2}]
    for params, wanted in (
        ({"path": "one"}, expected),
        ({"path": "two"}, expected),
        ({"path": "two", "split": "test"}, expected[1:]),
        ({"path": "one", "columns": ("body",)}, [{"text": "one"}, {"text": "水"}]),
    ):
        path = str(tmp_path / str(params.pop("path")))
        found = read(Huggingface(path, text="body", **params))  # type: ignore[arg-type]
        assert [{key: row[key] for key in wanted[0]} for row in found] == wanted
    with pytest.raises(UsageError, match="has no split `tset`") as caught:
        Huggingface(str(tmp_path / "two"), split="tset").files()
    assert caught.value.hint == "did you mean `test`?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "train.jsonl").write_text('{"text": "one"}\nno\n{"text": "two"}\n')
    (tmp_path / "en" / "test.jsonl").write_text('{"text": "three"}\n')
    (tmp_path / "zh.json").write_text('[{"text": "水"}]')
    (tmp_path / "README.md").write_text(
        "---\nconfigs:\n- config_name: en\n  data_files:\n  - {split: train, path: en/train*}\n"
        "  - {split: test, path: en/test*}\n- {config_name: zh, data_files: zh.json}\n---\n"
    )
    return tmp_path


def test_a_folder_of_files(folder: Path) -> None:
    one, lost, two = read(Huggingface(str(folder), config="en"))
    assert (one["text"], two["text"]) == ("one", "two")
    assert isinstance(lost, Lost)
    assert [row["text"] for row in read(Huggingface(str(folder), config="en", split="test"))] == [
        "three"
    ]
    assert [row["text"] for row in read(Huggingface(str(folder), config="zh"))] == ["水"]


def test_what_is_not_there_is_told(folder: Path) -> None:
    for params, said in (
        ({}, "Config name is missing"),
        ({"config": "fr"}, "'fr' not found"),
        ({"config": "en", "split": "dev"}, "has no split `dev`"),
    ):
        with pytest.raises(UsageError, match=said):
            Huggingface(str(folder), **params).files()
    with pytest.raises(MissingError, match="no dataset"):
        Huggingface(str(folder / "nowhere")).files()


def test_columns_of_lines_cannot_be_chosen(folder: Path) -> None:
    reader = Huggingface(str(folder), config="en", columns=("text",))
    with pytest.raises(UsageError, match="cannot be chosen of jsonl files"):
        reader.schema(reader.files())


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub as resolving one dataset takes."""

    protocol_version = "HTTP/1.1"
    files: dict[str, bytes] = {}  # noqa: RUF012
    asked: list[str] = []  # noqa: RUF012

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        Hub.asked.append(f"{self.command} {path} {self.headers.get('Range', '')}")
        base = "/api/datasets/org/name"
        if path.startswith(f"{base}/tree/{COMMIT}"):
            folder = path.removeprefix(f"{base}/tree/{COMMIT}").strip("/")
            return self.reply(200, json.dumps(self.listed(folder)).encode())
        if path.startswith(base):
            said = {"id": "org/name", "sha": COMMIT, "private": False, "tags": [], "downloads": 0}
            said["siblings"] = [{"rfilename": name} for name in self.files]
            return self.reply(200, json.dumps(said).encode())
        data = self.files.get(path.partition("/resolve/")[2].partition("/")[2])
        if data is None or not path.startswith("/datasets/org/name/"):
            code = "EntryNotFound" if path.startswith("/datasets/org/name/") else "RepoNotFound"
            return self.reply(404, b"{}", {"X-Error-Code": code})
        headers = {"ETag": '"x"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        asked = self.headers.get("Range")
        if asked and self.command == "GET":
            first, last = (int(one) for one in asked.removeprefix("bytes=").split("-"))
            part = data[first : last + 1]
            headers["Content-Range"] = f"bytes {first}-{first + len(part) - 1}/{len(data)}"
            return self.reply(206, part, headers)
        return self.reply(200, data, headers)

    def listed(self, folder: str) -> list[dict[str, Any]]:
        inside = [name for name in self.files if name.startswith(f"{folder}/" if folder else "")]
        rest = [name.removeprefix(folder).strip("/") for name in inside]
        folders = {one.partition("/")[0] for one in rest if "/" in one}
        return [
            *({"type": "directory", "path": one, "oid": "0" * 40, "size": 0} for one in folders),
            *(
                {"type": "file", "path": name, "oid": "1" * 40, "size": len(self.files[name])}
                for name, one in zip(inside, rest, strict=True)
                if "/" not in one
            ),
        ]

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@pytest.fixture
def hub() -> Iterator[str]:
    rows = io.BytesIO()
    pq.write_table(pa.table({"text": ["one", "水"]}), rows)
    Hub.files = {"README.md": CARD, "zh/train-0.parquet": rows.getvalue()}
    Hub.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


PROGRAM = """
from penstock.data.shards import Shard
from penstock.errors import PenstockError
from penstock.ops.read.huggingface import Huggingface
for name in ("org/name", "org/other"):
    try:
        reader = Huggingface(name, config="zh")
        for file in reader.files():
            for part in reader.records(Shard(0, file, 0, file.size)):
                print(file.address, part.column("text").to_pylist())
    except PenstockError as error:
        print(type(error).__name__, error.message)
"""


def test_a_dataset_of_the_hub_is_read_at_one_commit(hub: str, tmp_path: Path) -> None:
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
        "HF_ENDPOINT": hub,
        "HF_HOME": str(tmp_path),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONPATH": str(ROOT),
    }
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    lines = found.stdout.splitlines()
    assert lines[0] == f"hf://datasets/org/name@{COMMIT}/zh/train-0.parquet ['one', '水']", found
    assert lines[1].startswith("MissingError no dataset org/other"), found
    # The rows come in parts, straight from the file: nothing is downloaded as a whole.
    last = len(Hub.files["zh/train-0.parquet"]) - 1
    parts = [one for one in Hub.asked if one.endswith(f".parquet bytes=0-{last}")]
    assert parts, Hub.asked
    assert not any(one.suffix == ".parquet" for one in tmp_path.rglob("*"))


def test_a_hub_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("Couldn't reach 'org/name' on the Hub")

    monkeypatch.setattr("datasets.load_dataset_builder", refuse)
    with pytest.raises(PenstockError, match="the hub cannot be reached") as caught:
        Huggingface("org/name").files()
    assert "HF_ENDPOINT" in caught.value.hint


def test_a_dataset_of_a_script_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("Dataset scripts are no longer supported, but found name.py")

    monkeypatch.setattr("datasets.load_dataset_builder", refuse)
    with pytest.raises(UsageError, match="scripts are no longer supported") as caught:
        Huggingface("org/name").files()
    assert "refs/convert/parquet" in caught.value.hint


def test_one_dataset_is_one_path() -> None:
    with pytest.raises(ValueError, match="`path` should be one dataset"):
        Huggingface(("a", "b"))
