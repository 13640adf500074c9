"""Fixtures that tests on several floors share."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
from base64 import b32encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes is the machine's business; what makes tests slow is found by eye.
settings.register_profile("penstock", deadline=None)
settings.load_profile("penstock")

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real archives and corpora; tests on it are skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip("no folder of real data beside the checkout (../shared/data)")
    return DATA


def record(
    url: str, html: bytes, kind: str = "response", status: int = 200, media: str = "text/html"
) -> bytes:
    """The bytes of one WARC record."""
    if kind == "response":
        head = (
            f"HTTP/1.1 {status} OK\r\nContent-Type: {media}\r\nContent-Length: {len(html)}\r\n\r\n"
        )
        block, content_type = head.encode() + html, "application/http; msgtype=response"
    else:
        block, content_type = html, "application/warc-fields"
    digest = b32encode(hashlib.sha1(block).digest()).decode()
    header = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\n"
        f"WARC-Date: 2026-03-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:{digest.lower()}>\r\n"
        f"WARC-Block-Digest: sha1:{digest}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    return header.encode() + block + b"\r\n\r\n"


def page(words: str, title: str = "A page") -> bytes:
    """A small HTML page with one article."""
    paragraphs = "".join(f"<p>{part}</p>" for part in words.split("\n"))
    return (
        f"<html><head><title>{title}</title></head><body><nav><a href='/'>Home</a></nav>"
        f"<article>{paragraphs}</article></body></html>"
    ).encode()


PROSE = (
    "The dam at the head of the valley holds back the river in spring, and the water that it keeps"
    " is let through the turbines when the towns below have need of power. Engineers who work there"
    " watch the gates by day and by night, since a flood can rise in a few hours and nobody wants"
    " to be late. In summer the level falls, and the old road with its stone bridge comes to light"
    " again. Number {n} of these reports was written by the keeper of the gate house."
)


@pytest.fixture
def make_record() -> Callable[..., bytes]:
    return record


@pytest.fixture
def make_page() -> Callable[..., bytes]:
    return page


@pytest.fixture
def prose() -> Callable[[int], str]:
    """A paragraph that passes the quality filters, another for each number."""
    return lambda number: PROSE.format(n=number)


@pytest.fixture
def write_warc(tmp_path: Path) -> Callable[..., Path]:
    """Write records as a .warc.gz (one member each) or .warc."""

    def write(records: Sequence[bytes], name: str = "crawl.warc.gz") -> Path:
        path = tmp_path / name
        packed = (
            [gzip.compress(one, mtime=0) for one in records] if name.endswith("gz") else records
        )
        path.write_bytes(b"".join(packed))
        return path

    return write


@pytest.fixture
def write_jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as JSON Lines."""

    def write(rows: Sequence[Mapping[str, Any]], name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8"
        )
        return path

    return write


@pytest.fixture
def penstock(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call the command line in a folder of its own."""

    def call(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
        return subprocess.run(
            [*options.pop("prefix", ()), sys.executable, "-m", "penstock.cli.main", *arguments],
            cwd=options.pop("cwd", tmp_path),
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=options.pop("timeout", 120),
            **options,
        )

    return call
