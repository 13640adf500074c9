"""From the bytes of a page to its main text and title; `precise.py` has a third way."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from penstock.text.charset import decode

# What follows the last kept byte of a page this long is not looked at.
MAX_PAGE = 8 << 20
# A longer page is not given to a slower extractor, however doubtful: it would take as long as many.
MAX_DOUBTED = 512 << 10
_ASCII = re.compile("[\x00-\x7f]+")
# Where text can be broken: at characters of alphabets and signs. Ideographs are never the remnant.
_REMNANT = re.compile("[\x80-\u2fff\uf8ff\ufb01\ufb02]{2,}|[\x80-\x9f]")
_BEFORE_SPACE = re.compile("[ÂÃÅÎÐÙâãð][ ?]")

# The main text and the title of a page, None where there is none.
Extracted = tuple[str | None, str | None]


def html_of(content: bytes, charset: str) -> str:
    """The page as text, without NUL, which is no text and ends some parsers' reading."""
    html = decode(content[:MAX_PAGE], charset)
    return html.replace("\0", "") if b"\0" in content else html


def tree_of(html: str) -> Any:
    """The page as a tree."""
    from resiliparse.parse.html import HTMLTree

    return HTMLTree.parse(html)


def fast(content: bytes, charset: str) -> Extracted:
    """The main text that resiliparse finds.

    >>> fast(b"<title>Dams</title><p>A dam holds back a river.</p>", "")
    ('A dam holds back a river.', 'Dams')
    """
    from resiliparse.extract.html2text import extract_plain_text

    tree = tree_of(html_of(content, charset))
    text = extract_plain_text(
        tree, main_content=True, alt_texts=False, links=False, preserve_formatting=True
    )
    return finished(text, tree)


def balanced(content: bytes, charset: str, precise: Callable[[str], str]) -> Extracted:
    """The main text that `content.py` finds, or `precise` where that is doubtful."""
    from penstock.crawl.content import main_content

    html = html_of(content, charset)
    tree = tree_of(html)
    found = main_content(tree)
    doubtful = found.doubtful and len(html) <= MAX_DOUBTED
    return finished((doubtful and precise(html)) or found.text, tree)


def finished(text: str, tree: Any) -> Extracted:
    """The text and the page's title as they are to be."""
    title = " ".join((tree.title or "").split())
    return _mended(text) or None, _mended(title) or None


def _mended(text: str) -> str:
    """The text with UTF-8 that was read as another charset, long before us, read as it was meant.

    Most texts are not broken; to see that in all of a text takes a third as long as to extract it.
    """
    from penstock.text.mojibake import repaired

    text = text.strip().replace("\0", "")
    if text.isascii():
        return text
    others = "\n".join(set(_ASCII.split(text)))
    broken = _broken().search("\n".join(_REMNANT.findall(others)))
    return repaired(text) if broken or _BEFORE_SPACE.search(text) else text


@cache
def _broken() -> re.Pattern[str]:
    from penstock.text.mojibake import broken_pattern

    return re.compile(re.sub(r"\\x\{(\w+)\}", lambda code: f"\\U{code[1]:0>8}", broken_pattern()))
