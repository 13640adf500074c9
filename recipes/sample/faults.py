"""HTTP answers of the crawled servers, with the faults that the sample carries on purpose."""

import re
from dataclasses import dataclass

from compress import gzip_member
from pages import Host, Page
from render import render


@dataclass(frozen=True)
class Response:
    """An HTTP answer: ``body`` as it was sent, ``payload`` without its transfer coding."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    payload: bytes


def answer(page: Page, host: Host, related: list[Page]) -> Response:
    """Return the answer a server gives for a page, with the fault of the page built in."""
    body = _document(page, host, related)
    content_type = "text/html" + _http_charset(page.fault)
    match page.fault:
        case "gzip":
            body = gzip_member(body)
            return _response(host, content_type, body, ("Content-Encoding", "gzip"))
        case "chunked":
            chunked = _chunks(body)
            extra = ("Transfer-Encoding", "chunked")
            return _response(host, content_type, chunked, extra, payload=body, length=None)
        case "length":
            return _response(host, content_type, body, length=len(body) // 2)
        case _:
            return _response(host, content_type, body)


def plain_answer(
    host: Host, status: str, content_type: str, body: bytes, location: str
) -> Response:
    """Return an answer that is not a page: an error, a redirect, a style sheet, an image."""
    extra = (("Location", location),) if location else ()
    return _response(host, content_type, body, *extra, status=status)


def _response(
    host: Host,
    content_type: str,
    body: bytes,
    *extra: tuple[str, str],
    status: str = "200 OK",
    payload: bytes | None = None,
    length: int | None = -1,
) -> Response:
    headers = [("Server", host.server), ("Content-Type", content_type), *extra]
    if length is not None:
        headers.append(("Content-Length", str(len(body) if length < 0 else length)))
    return Response(status, tuple(headers), body, body if payload is None else payload)


def _http_charset(fault: str) -> str:
    match fault:
        case "utf8-as-gb2312":
            return "; charset=gb2312"
        case "utf8-as-latin1":
            return "; charset=iso-8859-1"
        case "cp1252-unlabelled":
            return ""
        case _:
            return "; charset=utf-8"


def _document(page: Page, host: Host, related: list[Page]) -> bytes:
    match page.fault:
        case "gbk-as-utf8":
            return render(page, host, related).encode("gbk", "xmlcharrefreplace")
        case "utf8-as-gb2312":
            return render(page, host, related, charset="gb2312").encode()
        case "utf8-as-latin1":
            return render(page, host, related, charset="iso-8859-1").encode()
        case "cp1252-unlabelled":
            unlabelled = re.sub("<META HTTP-EQUIV.*>\n", "", render(page, host, related))
            return unlabelled.encode("cp1252")
        case _:
            return _broken(page.fault, render(page, host, related)).encode()


def _broken(fault: str, document: str) -> str:
    match fault:
        case "broken-unclosed":
            return re.sub(r"(?i)</(p|a|li|td|tr|table|h1|body|html)>", "", document)
        case "broken-tables":
            # Three tables inside one another, of which the outer two are never closed.
            opened = "<p><table><tr><td><table><tr><td><p><table border=1><tr><td>"
            first, rest = document.split("<p>", 1)
            return first + opened + rest.replace("</DIV>", "</td></table></DIV>", 1)
        case "broken-nul":
            middle = document.index(" ", len(document) * 2 // 3)
            return document[:middle] + "\x00" + document[middle:]
        case "broken-headless":
            return document[document.index("</head>") + len("</head>") :]
        case _:
            return document


def _chunks(body: bytes, size: int = 1000) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
