"""WARC/1.0 records of the sample, with ids and dates that never change."""

import base64
import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

from faults import Response
from pages import Host

START = datetime(2026, 2, 17, 6, 0, tzinfo=UTC)
LANGUAGES = {
    "en": ("eng", "ENGLISH"),
    "zh": ("zho", "Chinese"),
    "de": ("deu", "GERMAN"),
    "fr": ("fra", "FRENCH"),
    "es": ("spa", "SPANISH"),
}


def warcinfo(filename: str) -> bytes:
    """Return the record that opens the file and says how the crawl was made."""
    fields = [
        ("software", "penstock sample builder"),
        ("format", "WARC File Format 1.0"),
        ("description", "A small invented web site about rivers, dams and hydropower"),
        ("robots", "obey"),
    ]
    headers = [
        ("WARC-Type", "warcinfo"),
        ("WARC-Record-ID", _record_id("warcinfo", filename)),
        ("WARC-Date", _date(0)),
        ("WARC-Filename", filename),
        ("Content-Type", "application/warc-fields"),
    ]
    return _record(headers, _fields(fields))


def request(url: str, host: Host, number: int) -> bytes:
    """Return the request record of an exchange."""
    address = urlsplit(url)
    path = address.path + ("?" + address.query if address.query else "")
    block = (
        f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nUser-Agent: penstock-sample/1.0\r\n"
        "Accept: text/html,*/*;q=0.8\r\nAccept-Language: en,zh;q=0.8\r\n\r\n"
    ).encode()
    headers = [
        *_common("request", url, number),
        ("WARC-IP-Address", host.ip),
        ("WARC-Concurrent-To", _record_id("response", url)),
        ("Content-Type", "application/http; msgtype=request"),
    ]
    return _record(headers, block)


def response(url: str, host: Host, number: int, reply: Response) -> bytes:
    """Return the response record of an exchange."""
    lines = [f"HTTP/1.1 {reply.status}", f"Date: {format_datetime(_moment(number), usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    block = "\r\n".join([*lines, "", ""]).encode() + reply.body
    headers = [
        *_common("response", url, number),
        ("WARC-IP-Address", host.ip),
        ("WARC-Warcinfo-ID", _record_id("warcinfo", "rivers.warc.gz")),
        ("WARC-Payload-Digest", _digest(reply.payload)),
        ("WARC-Block-Digest", _digest(block)),
        ("WARC-Identified-Payload-Type", dict(reply.headers)["Content-Type"].split(";")[0]),
        ("Content-Type", "application/http; msgtype=response"),
    ]
    return _record(headers, block)


def metadata(url: str, number: int, lang: str, size: int) -> bytes:
    """Return the metadata record that gives the language a crawler detected."""
    code, name = LANGUAGES[lang]
    found = {"code": lang, "code-iso-639-3": code, "text-covered": 0.99, "name": name}
    languages = {"reliable": True, "text-bytes": size, "languages": [found]}
    block = _fields(
        [
            ("fetchTimeMs", str(80 + size % 400)),
            ("charset-detected", "UTF-8"),
            ("languages-cld2", json.dumps(languages)),
        ]
    )
    headers = [
        *_common("metadata", url, number),
        ("WARC-Concurrent-To", _record_id("response", url)),
        ("Content-Type", "application/warc-fields"),
    ]
    return _record(headers, block)


def _common(kind: str, url: str, number: int) -> list[tuple[str, str]]:
    return [
        ("WARC-Type", kind),
        ("WARC-Record-ID", _record_id(kind, url)),
        ("WARC-Date", _date(number)),
        ("WARC-Target-URI", url),
    ]


def _record(headers: list[tuple[str, str]], block: bytes) -> bytes:
    lines = ["WARC/1.0", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(block)}")
    return "\r\n".join([*lines, "", ""]).encode() + block + b"\r\n\r\n"


def _fields(fields: list[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode()


def _record_id(kind: str, name: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, kind + ' ' + name)}>"


def _moment(number: int) -> datetime:
    return START + timedelta(seconds=11 * number)


def _date(number: int) -> str:
    return f"{_moment(number):%Y-%m-%dT%H:%M:%SZ}"


def _digest(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()
