"""The parts of a URL: host, registered domain, words, suffix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_AUTHORITY_ENDS = re.compile(r"[/?#\\]")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}(?:\.(?:gz|zst|bz2|xz))?$")
_NUMBERS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
# No host name is longer, nor a part of one between dots.
_LONGEST = 253
_LONGEST_LABEL = 63
WORDS = re.compile(r"[^a-zA-Z0-9]+")


def split(url: str) -> tuple[str, str]:
    """The host of a URL, as it is written but without user, port and final dot, and what follows.

    A URL without a scheme is one of a host: `a.example/x`. No URL is refused; what has no host, or
    one longer than names can be, has an empty one.

    >>> split("https://me@Example.COM.:8080/a?b#c"), split("mailto:me@example.com")
    (('Example.COM', '/a?b'), ('', ''))
    """
    url = url.strip()
    rest = url
    scheme = _SCHEME.match(url)
    if url.startswith("//"):
        rest = url[2:]
    elif scheme and url[scheme.end() :].startswith("//"):
        rest = url[scheme.end() + 2 :]
    elif scheme and not url[scheme.end() :][:1].isdigit():  # not host:port
        return "", ""
    end = _AUTHORITY_ENDS.search(rest)
    at = end.start() if end else len(rest)
    authority = rest[:at].rpartition("@")[2]
    if authority.startswith("["):  # IPv6
        host = authority.partition("]")[0][1:]
    else:
        host = authority.partition(":")[0].rstrip(".")
    return host if len(host) <= _LONGEST else "", rest[at:].partition("#")[0]


def host(url: str) -> str:
    """The host of a URL in lower case, internationalised names as their letters.

    >>> host("http://www.Example.com/x"), host("http://xn--fiq228c.cn/")
    ('www.example.com', '中文.cn')
    """
    return readable(split(url)[0])


def readable(name: str) -> str:
    """A host name in lower case, with what is in Punycode as its letters.

    >>> readable("XN--FIQ228C.cn"), readable("A.example")
    ('中文.cn', 'a.example')
    """
    name = name.lower()
    return ".".join(map(_letters, name.split("."))) if "xn--" in name else name


def _letters(label: str) -> str:
    if not label.startswith("xn--") or len(label) > _LONGEST_LABEL:
        return label
    try:
        letters = label[4:].encode("ascii").decode("punycode")
        letters.encode("utf-8")
    except UnicodeError:
        return label
    return letters


def registered_domain(name: str, *, private: bool = False) -> str:
    """The part of a host name that somebody registered; "" for an address, or a suffix alone.

    By the Public Suffix List as the package publicsuffixlist has it; with its `private` part,
    what stands under github.io or blogspot.com counts as registered too.

    >>> registered_domain("news.bbc.co.uk"), registered_domain("192.0.2.7")
    ('bbc.co.uk', '')
    >>> registered_domain("me.github.io"), registered_domain("me.github.io", private=True)
    ('github.io', 'me.github.io')
    """
    if not name or ":" in name or _NUMBERS.fullmatch(name):
        return ""
    found = _suffixes(private).privatesuffix(name.lower())
    return name[len(name) - len(found) :] if found else ""


@cache
def _suffixes(private: bool) -> Any:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(only_icann=not private)


def parents(name: str) -> Iterator[str]:
    """A host name and the domains above it, down to the last label.

    >>> list(parents("a.b.example"))
    ['a.b.example', 'b.example', 'example']
    """
    yield name
    at = name.find(".")
    while at >= 0:
        yield name[at + 1 :]
        at = name.find(".", at + 1)


def suffix(address: str) -> str:
    """How the path of a URL or file ends, in lower case: `.html`, `.warc.gz`, or "".

    >>> suffix("http://a.example/Report.PDF?page=2"), suffix("in/x.warc.gz"), suffix("a://b.example")
    ('.pdf', '.warc.gz', '')
    """
    path = split(address)[1] if "://" in address else address
    name = path.partition("?")[0].rpartition("/")[2]
    found = _SUFFIX.search(name.lower())
    return found[0] if found else ""
