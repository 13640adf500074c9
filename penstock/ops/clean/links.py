"""Remove links, or put something in their place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching
from penstock.text.removal import replace_spans

if TYPE_CHECKING:
    import pyarrow as pa

# What an address is made of; other scripts' letters too, but those written without spaces end it.
_REST = (
    r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%|"
    "\u00aa-\u02ff\u0370-\u1fff]"  # Latin to extended Greek
)
_START = r"(?:https?|s?ftps?|wss?)://(?=[^\s/])|www\d{0,3}\.(?=[A-Za-z0-9])"
_LINK = re.compile(f"(?:{_START}){_REST}+", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![\w@.:/-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}/" + _REST + "*",
    re.IGNORECASE | re.ASCII,
)
# An opening bracket, a closing one with the address after it, or a closing one alone.
_MARKDOWN = re.compile(
    rf"!?\[|\]\((?:{_START})[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)?(?: \"[^\"\n]*\")?\)|\]",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Links(Map):
    """Remove web addresses, or put `replacement` in their place.

    An address begins with a scheme (http, https, ftp, sftp, ws) or `www.`; with `bare`, also with a
    host and a slash (`example.com/a`). It ends before white space, quotes, Han, kana and Chinese
    punctuation, and before a full stop or bracket that belongs to the sentence. Of a Markdown link
    the text stays. Unlike Data-Juicer's pattern, which takes whatever follows up to a space, the
    sentence after an address in Chinese text stays.

    >>> Links().text("见https://a.cn/b?c=1，或 [文档](http://d.cn) : www.e.com/f_(g).")
    '见，或 文档 : .'
    """

    replacement: str = ""
    bare: bool = False

    def text(self, text: str) -> str:
        """The text without links."""
        text = _without_markdown(text)
        text = self._replaced(text, _LINK)
        return self._replaced(text, _BARE) if self.bare else text

    def _replaced(self, text: str, pattern: re.Pattern[str]) -> str:
        spans = ((link.start(), link.start() + _end(link[0])) for link in pattern.finditer(text))
        return replace_spans(text, spans, self.replacement)

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have a link."""
        hint = "://|(?i:www)" + (r"|\.[A-Za-z]{2,24}/" if self.bare else "")
        return change_matching(rows, hint, self.text)


def _end(link: str) -> int:
    """Where a link ends: marks at its end are the sentence's, and so is a bracket it did not open.

    >>> _end("http://a.b/c_(d)),")
    16
    """
    end = len(link)
    extra = link.count(")") - link.count("(")
    while end:
        mark = link[end - 1]
        if mark == ")" and extra > 0:
            extra -= 1
        elif mark not in ".,;:!?'*|[]":
            break
        end -= 1
    return end


def _without_markdown(text: str) -> str:
    if "](" not in text:
        return text
    opened: list[re.Match[str]] = []
    removed: list[tuple[int, int]] = []
    for mark in _MARKDOWN.finditer(text):
        if mark[0].endswith("["):
            opened.append(mark)
        elif opened:
            opening = opened.pop()
            if len(mark[0]) > 1:
                removed += [opening.span(), mark.span()]
    parts, end = [], 0
    for first, last in sorted(removed):
        parts.append(text[end:first])
        end = last
    return "".join([*parts, text[end:]])
