"""What a WAT record says of a page: the JSON that Common Crawl's extractor writes."""

from __future__ import annotations

import json
from typing import Any

from penstock.data.json_values import loads
from penstock.errors import RecordError


def described(payload: bytes) -> tuple[str, dict[str, Any]]:
    """The type of the record that the metadata is of, and its columns.

    Raises RecordError where it is not the JSON it should be.
    """
    envelope, container = _parts(payload)
    warc = _object(envelope, "WARC-Header-Metadata")
    held = _object(envelope, "Payload-Metadata")
    answer = _object(held, "HTTP-Response-Metadata")
    page = _object(answer, "HTML-Metadata")
    head = _object(page, "Head")
    headers = _object(answer, "Headers")
    links = [*_list(head, "Link"), *_list(head, "Scripts"), *_list(page, "Links")]
    return str(warc.get("WARC-Type", "")).lower(), {
        "url": _text(warc.get("WARC-Target-URI")),
        "date": _text(warc.get("WARC-Date")),
        "status": _number(_object(answer, "Response-Message").get("Status")),
        "media_type": _media_type(warc, headers),
        "title": _text(head.get("Title")),
        "base": _text(head.get("Base")),
        "metas": _json(_list(head, "Metas")),
        "headers": _json(headers),
        "links": [_link(one) for one in links if isinstance(one, dict)],
        "warc_file": _text(container.get("Filename")),
        "warc_offset": _number(container.get("Offset")),
        "warc_length": _number(_object(container, "Gzip-Metadata").get("Deflate-Length")),
    }


def _parts(payload: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        record = loads(payload)
    except ValueError as error:
        raise RecordError(f"the metadata is not JSON: {error}") from error
    if not isinstance(record, dict) or not isinstance(record.get("Envelope"), dict):
        raise RecordError("the metadata has no `Envelope`")
    return record["Envelope"], _object(record, "Container")


def _object(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _list(value: dict[str, Any], key: str) -> list[Any]:
    found = value.get(key)
    return found if isinstance(found, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    """A number, which the extractor writes as a string."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _media_type(warc: dict[str, Any], headers: dict[str, Any]) -> str:
    named = (value for key, value in headers.items() if key.lower() == "content-type")
    said = warc.get("WARC-Identified-Payload-Type") or next(named, "")
    return str(said).partition(";")[0].strip().lower()


def _link(link: dict[str, Any]) -> dict[str, str | None]:
    return {
        "url": _text(link.get("url")),
        "path": _text(link.get("path")),
        "text": _text(link.get("text")) or _text(link.get("alt")),
        "title": _text(link.get("title")),
        "rel": _text(link.get("rel")),
    }
