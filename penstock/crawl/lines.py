"""The lines of a page: which are links, headings, items or code, and which belong to its text.

Blocks are judged by their size, by how much of them is links, and by their neighbours, as in
Boilerpipe (Kohlschütter et al. 2010) and jusText (Pomikálek 2011).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

# A line is a sentence from this size on; a line is a link when this share of it is.
SENTENCE = 60
LINKED = 0.75

# Headings of sections that are not part of the text they follow, in English and in what other
# languages' sites use most.
_SECTION = re.compile(
    r"\W*(?:(?:related|recommended|similar|other|recent|previous|next|latest|popular|trending"
    r"|most (?:read|popular|viewed))\b[^.!?]{0,30}"
    r"|more (?:from|on|about|stories|articles|posts|news|related|like)\b[^.!?]{0,30}"
    r"|you (?:might|may|could) (?:also )?(?:like|enjoy|be interested in)\b[^.!?]{0,20}"
    r"|read (?:more|next|also)\b.{0,30}|what to read next|keep reading|see also"
    r"|discover more.{0,30}|(?:about|meet) the (?:author|writer|editor|tester|team)s?.{0,20}"
    r"|editor.?s picks|\d* ?comments?(?: \(?\d+\)?)?"
    r"|(?:leave|post|add|write) an? (?:reply|comment|review).{0,20}"
    r"|share(?: this| on| via|:)?.{0,20}|sign up.{0,40}|subscribe.{0,40}|follow (?:us|me|@).{0,20}"
    r"|(?:our |the )?newsletter|tags?|filed under|categories|topics|advert(?:isement|ising)"
    r"|disclaimer|相关(?:阅读|新闻|文章|推荐|链接)|推荐(?:阅读|新闻)|延伸閱讀|相關.{0,6}|分享到"
    r"|関連.{0,6}|あわせて読みたい|Ähnliche.{0,25}|(?:Mehr|Weitere) (?:zum|aus|Artikel|Themen"
    r"|Beiträge|Nachrichten).{0,25}|Das könnte .{0,35}|\d* ?Kommentare?.{0,10}"
    r"|(?:À lire|Lire aussi|Sur le même|Articles? (?:similaires|liés|récents)).{0,25}"
    r"|(?:Artículos|Noticias) relacionad[ao]s.{0,20}|Te puede .{0,20}"
    r"|(?:Leia|Veja) (?:também|mais).{0,20}|(?:Читайте также|Похожие).{0,20}|Leggi anche.{0,20}"
    r")\W*",
    re.IGNORECASE,
)
_LINK = re.compile(r'(<a href="[^"]*">|</a>)')
_TAG = re.compile(r"<[^>]*>")
_ENDS = re.compile(r"[.!?。！？…:：”\"»)\]]\W*$")
_ANY_LEVEL = 7


class Line(NamedTuple):
    """A line of a page: `link` is the share of it that is one, `heading` its level or 0."""

    text: str
    size: int
    link: float = 0.0
    heading: int = 0
    item: bool = False
    code: bool = False

    @property
    def sentence(self) -> bool:
        """Whether this is running text."""
        return self.size >= SENTENCE and self.link < 0.4 and not self.heading

    @property
    def prose(self) -> bool:
        """Whether this is running text, and not in a list."""
        return self.sentence and not self.item


def size_of(text: str) -> int:
    """The mean of characters and UTF-8 bytes: a Han character says as much as two Latin letters.

    >>> size_of("dam"), size_of("大坝")
    (3, 4)
    """
    return len(text) if text.isascii() else (len(text) + len(text.encode())) // 2


def lines_of(markup: str) -> Iterator[Line]:
    """The lines of resiliparse's minimal HTML, without empty ones.

    >>> [(line.text, line.link) for line in lines_of('<p>a &amp; b</p><br>\\n<a href="/">c</a> d')]
    [('a & b', 0.0), ('c d', 0.3333333333333333)]
    """
    in_link = code = item = False
    for raw in markup.split("\n"):
        if not raw and not code:
            continue
        start = raw.lstrip()
        code = code or start.startswith("<pre>")
        item = item or start.startswith("<li>")
        linked = 0
        if in_link or "<a " in raw:
            linked, in_link = _linked(raw, in_link)
        text = _TAG.sub("", raw) if "<" in raw else raw
        text = text.rstrip() if code else text.strip().replace("\t\t", " | ")
        if "&" in text:
            text = html.unescape(text)
        if text:
            level = int(start[2]) if start[:2] == "<h" and start[2:3].isdigit() else 0
            share = min(linked / len(text), 1.0)
            yield Line(text, size_of(text), share, level, item and not code, code)
            item = False
        code = code and "</pre>" not in raw


def _linked(raw: str, in_link: bool) -> tuple[int, bool]:
    """How many characters of a line are links, and whether its last link goes on."""
    size = 0
    for part in _LINK.split(raw):
        if part.startswith("<a "):
            in_link = not part.startswith(('<a href=""', '<a href="#'))
        elif part == "</a>":
            in_link = False
        elif in_link:
            size += len(_TAG.sub("", part).strip())
    return size, in_link


def relevant(lines: list[Line]) -> list[Line]:
    """The lines without links that stand alone and without sections of another kind.

    A section under a heading ends at the next heading of its level, or where two sentences follow
    each other; one under a mere line at the first sentence or heading.
    """
    size = sum(line.size for line in lines)
    a_text = sum(line.size * line.link for line in lines) < size / 2  # and not a list of links
    kept: list[Line] = []
    section = 0
    for line, follows in zip(lines, [*lines[1:], *lines[-1:]], strict=True):
        if line.size < SENTENCE and _SECTION.fullmatch(line.text):
            section = line.heading or _ANY_LEVEL
            continue
        if 0 < line.heading <= section or (line.prose and (section == _ANY_LEVEL or follows.prose)):
            section = 0
        if section:
            continue
        if not a_text or line.link < LINKED or line.heading > 1:
            kept.append(line)
    while kept and kept[-1].heading:  # which nothing follows
        kept.pop()
    return kept


def trimmed(lines: list[Line]) -> list[Line]:
    """The lines from the first sentence to the last, with the headings and items around them."""
    sentences = [place for place, line in enumerate(lines) if line.sentence or line.code]
    if not sentences:
        return lines
    start, end = sentences[0], sentences[-1] + 1
    while start and (lines[start - 1].item or lines[start - 1].heading > 1):
        start -= 1
    while end < len(lines) and _continues(lines[end]):
        end += 1
    return lines[start:end]


def _continues(line: Line) -> bool:
    return line.item or (not line.heading and bool(_ENDS.search(line.text[-12:])))
