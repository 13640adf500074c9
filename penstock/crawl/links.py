"""The links of a page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from penstock.crawl.main_text import html_of, tree_of

# What stands within an address and is no part of it (WHATWG URL, basic parser).
_NOTHING = str.maketrans(" ", " ", "\t\n\r")


def links(content: bytes, charset: str, url: str, schemes: tuple[str, ...]) -> list[dict[str, str]]:
    """The links of a page in order: absolute address, anchor text, relation.

    >>> page = b'<base href="/a/"><a href=" b.html#top" rel="NoFollow">B <i>two</i></a>'
    >>> links(page, "", "http://x.example/", ("http",))
    [{'url': 'http://x.example/a/b.html', 'text': 'B two', 'rel': 'nofollow'}]
    """
    document = tree_of(html_of(content, charset)).document
    base, here = base_of(document, url), absolute(url, url)
    found = []
    for anchor in document.query_selector_all("a[href],area[href]").values():
        address = absolute(anchor.getattr("href"), base)
        if address.partition(":")[0].lower() in schemes and address != here:
            rel = " ".join((anchor.getattr("rel") or "").lower().split())
            found.append({"url": address, "text": _text(anchor), "rel": rel})
    return found


def base_of(document: Any, url: str) -> str:
    """What relative addresses are relative to: the first `<base href>`, or the page's address."""
    base = document.query_selector("base[href]")
    return url if base is None else absolute(base.getattr("href"), url) or url


def absolute(address: str | None, base: str) -> str:
    """The absolute address without its fragment, or "" where there is none."""
    cleaned = (address or "").translate(_NOTHING).strip(" \f")
    if not cleaned or cleaned.startswith("#"):
        return ""
    try:
        address = urldefrag(urljoin(base, cleaned)).url
        return address.replace(" ", "%20") if urlsplit(address) else ""
    except ValueError:
        return ""  # such as "http://[": no address


def _text(anchor: Any) -> str:
    text = " ".join((anchor.text or "").split())
    if text:
        return text
    image = anchor.query_selector("img[alt]")
    return "" if image is None else " ".join((image.getattr("alt") or "").split())
