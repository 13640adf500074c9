"""What a page says of itself: in `meta` (OpenGraph, Dublin Core, …), JSON-LD and its head."""

from __future__ import annotations

import json
import re
from typing import Any

from penstock.crawl.links import absolute, base_of
from penstock.crawl.main_text import html_of, tree_of

FIELDS = ("title", "author", "date", "language", "description", "site_name", "url")

# Where each field is looked for, in this order: a name, property or itemprop of `meta`.
_META = {
    "title": ("og:title", "twitter:title", "dc.title", "citation_title"),
    "author": ("author", "article:author", "dc.creator", "citation_author", "parsely-author"),
    "date": (
        "article:published_time",
        "datepublished",
        "og:published_time",
        "dc.date",
        "dc.date.issued",
        "dcterms.created",
        "citation_publication_date",
        "citation_date",
        "parsely-pub-date",
        "pubdate",
        "date",
    ),
    "language": ("og:locale", "content-language", "dc.language", "inlanguage"),
    "description": ("og:description", "description", "twitter:description", "dc.description"),
    "site_name": ("og:site_name", "application-name"),
    "url": ("og:url",),
}
# The types of schema.org that are the page's content, those that are the page, and their keys.
_ARTICLE = re.compile(r"Article\b|Posting\b|\b(?:Report|Recipe|Review)\b")
_PAGE = re.compile(r"Page\b")
_KEYS = {
    "title": "headline",
    "author": "author",
    "date": "datePublished",
    "language": "inLanguage",
    "description": "description",
    "site_name": "publisher",
}
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/.]?(0[1-9]|1[0-2])[-/.]?(0[1-9]|[12]\d|3[01])(?!\d)")
# Nothing is this long, except what is not meant to be read.
_LONGEST = 2000


def metadata(content: bytes, charset: str, url: str) -> dict[str, str | None]:
    """The fields that a page declares, None where it does not.

    >>> page = b'<html lang="en-GB"><title>Dams</title><meta name=author content="A. Weir">'
    >>> found = metadata(page, "", "http://x.example/2024/05/01/dams")
    >>> found["title"], found["author"], found["language"], found["date"]
    ('Dams', 'A. Weir', 'en-GB', '2024-05-01')
    """
    tree = tree_of(html_of(content, charset))
    document = tree.document
    meta = _meta(document)
    declared = {name: _first(meta, places) for name, places in _META.items()}
    linked = _linked_data(document)
    found = {name: linked.get(name) or declared[name] for name in FIELDS}
    root = document.query_selector("html[lang]")
    moment = document.query_selector("time[datetime]")
    canonical = document.query_selector('link[rel~="canonical" i][href]')
    found["title"] = declared["title"] or linked.get("title") or tree.title
    found["language"] = (root and root.getattr("lang")) or found["language"]
    found["url"] = (canonical and canonical.getattr("href")) or found["url"]
    if found["author"] and "://" in found["author"]:
        found["author"] = None  # a profile, not a name
    dates = (found["date"], moment and moment.getattr("datetime"), url)
    found["date"] = next(filter(None, map(_date, dates)), None)
    found["language"] = (found["language"] or "").replace("_", "-")
    found["url"] = absolute(found["url"], base_of(document, url))
    return {name: _clean(found[name]) for name in FIELDS}


def _meta(document: Any) -> dict[str, str]:
    """The contents of `meta` by name in small letters; of several the first, of authors all."""
    found: dict[str, str] = {}
    for element in document.query_selector_all("meta[content]").values():
        content = (element.getattr("content") or "").strip()
        for kind in ("property", "name", "itemprop", "http-equiv"):
            name = (element.getattr(kind) or "").strip().lower().replace("dcterms.", "dc.")
            if name == "citation_author" and name in found:
                found[name] += f"; {content}"
            elif name and content:
                found.setdefault(name, content)
    return found


def _first(meta: dict[str, str], places: tuple[str, ...]) -> str | None:
    return next((meta[place] for place in places if meta.get(place)), None)


def _linked_data(document: Any) -> dict[str, str | None]:
    """What the page's JSON-LD says of the page itself (schema.org), the article in it first."""
    things: list[dict[str, Any]] = []
    for script in document.query_selector_all('script[type="application/ld+json" i]').values():
        try:
            things += _things(json.loads(script.text or "", strict=False))
        except (ValueError, RecursionError):
            continue  # much of it on the web is no JSON
    names = {thing["@id"]: thing.get("name") for thing in things if _is_text(thing.get("@id"))}
    found: dict[str, str | None] = {}
    for kind in (_ARTICLE, _PAGE):
        for thing in things:
            if kind.search(str(thing.get("@type"))):
                for name, key in _KEYS.items():
                    found[name] = found.get(name) or _named(thing.get(key), names)
    return found


def _things(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, list):
        return [thing for one in data for thing in _things(one)]
    return [data, *_things(data.get("@graph"))] if isinstance(data, dict) else []


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _named(value: Any, names: dict[str, Any]) -> str | None:
    """A text, the name of a thing, or the names of several."""
    if isinstance(value, list):
        return "; ".join(filter(None, (_named(one, names) for one in value))) or None
    if isinstance(value, dict):
        value = value.get("name") or value.get("alternateName") or names.get(value.get("@id", ""))
    return value if isinstance(value, str) else None


def _date(text: str | None) -> str | None:
    """The day that a text or an address names, as ISO 8601.

    >>> _date("2024-05-01T10:00:00Z"), _date("http://x.example/2024/05/01/dam"), _date("1 May")
    ('2024-05-01', '2024-05-01', None)
    """
    found = _DATE.search((text or "")[:_LONGEST])
    return "-".join(found.groups()) if found else None


def _clean(text: str | None) -> str | None:
    return " ".join((text or "")[:_LONGEST].split()) or None
