"""The main text that trafilatura finds. To import it takes a second: only the child does."""

from typing import Any

import trafilatura

from penstock.crawl import main_text
from penstock.crawl.main_text import Extracted, finished, html_of, tree_of


def precise(content: bytes, charset: str) -> Extracted:
    """The main text that trafilatura finds."""
    html = html_of(content, charset)
    head = html[: html.find("</head>")]  # all of it, but for a character, where there is none
    return finished(text_of(html), tree_of(head))


def balanced(content: bytes, charset: str) -> Extracted:
    """The balanced main text, all of it made here."""
    return main_text.balanced(content, charset, text_of)


def text_of(html: str) -> str:
    """The main text of a page, in trafilatura's fast mode, without comments."""
    found: Any = trafilatura.extract(
        html, fast=True, include_comments=False, include_tables=True, deduplicate=False
    )
    return found or ""
