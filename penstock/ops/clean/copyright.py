"""Remove licence and copyright comments at the head of code and pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching, settle

if TYPE_CHECKING:
    import pyarrow as pa

_NOTICE = re.compile(
    r"copyright\s*(?:\(c\)|©|:?\s*\d{4})|(?:\(c\)|©)\s*(?:copyright\s*)?\d{4}"
    r"|all rights reserved|spdx-license-identifier|@licen[cs]e|licensed under"
    r"|permission is hereby granted|redistribution and use in source"
    r"|(?:apache|mozilla public|mit|bsd|(?:lesser |affero )?general public) licen[cs]e"
    r"|版权所有|著作权所有|保留所有权利|未经许可",
    re.IGNORECASE,
)
# What must stay first: the line that names the interpreter, PHP's or XML's opening, the encoding.
_OPENING = re.compile(r"\s*(?:(?:#!|<\?php|<\?xml|#.{0,20}coding[:=]).*\n\s*)*")
_LINE_ENDS = re.compile(r"[ \t]*\n?(?:[ \t]*\n)*")
# Lines of one marker, up to the first that has another or none.
_LINES = re.compile(
    r"(?P<mark>//|#(?=[#\s*=!-])|--(?!-*>)|;|%|'(?=\s)|REM\b)[^\n]*(?:\n[ \t]*(?P=mark)[^\n]*)*\n?"
)
_BRACKETS = {"/*": "*/", "<!--": "-->", "{-": "-}", "(*": "*)", "--[[": "]]", "<#": "#>"}
# A line of a page that is a notice and nothing else.
_LINE = re.compile(
    r"\W{0,3}(?:(?:copyright\s*)?(?:©|\(c\))[^\n]{0,80}?|copyright:?\s*|版权所有\W{0,3})(?:19|20)\d\d"
    r"[^\n]{0,100}|[^\n]{0,120}(?:all rights reserved|版权所有|保留所有权利)\W{0,3}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Copyright(Map):
    """Remove the comments at the head of code that state a copyright or licence.

    Comments are removed from the top as long as each says so in the words of such notices; a
    comment that says anything else, and what follows it, stays. Interpreter, encoding, PHP and XML
    lines stay first. With `pages`, lines that are a notice and nothing else go from the top and the
    bottom of the text too. (Data-Juicer removes whatever comment comes first, and with it Markdown
    headings.)

    >>> Copyright().text("# Copyright 2024 The Dam Authors\\n# MIT License\\n\\nimport os")
    'import os'
    """

    pages: bool = True

    def text(self, text: str) -> str:
        """The text without its notices."""
        return settle(text, self._round)

    def _round(self, text: str) -> str:
        text = _without_comments(text)
        return _without_lines(text) if self.pages else text

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have such words."""
        # A dot for each i: Python takes the Turkish ones for its other case too, and RE2 does not.
        words = r"copyr.ght|l.cen[cs]e|r.ghts reserved|perm.ss.on|red.str.but.on|\(c\)|©"
        return change_matching(rows, f"(?i:{words}|版权|著作权|权利|许可)", self.text)


def _without_comments(text: str) -> str:
    kept, place = [], 0
    while True:
        start = _end(_OPENING, text, place)
        end = _comment_end(text, start)
        if end == start or not _NOTICE.search(text, start, end):
            break
        kept.append(text[place:start])
        place = _end(_LINE_ENDS, text, end)
    return "".join([*kept, text[place:]]) if place else text


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found else place


def _comment_end(text: str, start: int) -> int:
    """Where the comment that begins at `start` ends; `start` itself where none does."""
    for opening, closing in _BRACKETS.items():
        if text.startswith(opening, start):
            end = text.find(closing, start + len(opening))
            return end + len(closing) if end >= 0 else start
    return _end(_LINES, text, start)


def _without_lines(text: str) -> str:
    lines = text.split("\n")
    top = _notices(lines)
    bottom = len(lines) - _notices(lines[:top:-1])
    if (top, bottom) == (0, len(lines)):
        return text
    return "\n".join(lines[top:bottom]).strip("\n")


def _notices(lines: list[str]) -> int:
    """How many lines, from the first, end with the last one of a row of notices and blank lines."""
    count = 0
    for number, line in enumerate(lines, start=1):
        if _LINE.fullmatch(line.strip()):
            count = number
        elif line.strip():
            break
    return count
