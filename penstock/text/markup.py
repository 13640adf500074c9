"""HTML tags and entities in text that may be HTML, or may just have a `<` in it."""

import html
import html.entities
import re
from collections.abc import Iterator
from typing import NamedTuple

from penstock.text.columns import settle

_BLOCK_NAMES = (
    "address article aside blockquote body br center dd details dialog dir div dl dt fieldset"
    " figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend"
    " main menu nav noframes ol optgroup option p pre section select summary table tbody tfoot"
    " thead title tr ul caption"
)
_CELLS = ("td", "th")
_OTHER_NAMES = (
    "a abbr acronym applet area audio b base basefont bdi bdo big blink button canvas cite code"
    " col colgroup data datalist del dfn em embed font frame i iframe image img input ins kbd"
    " label li link map mark marquee math meta meter nobr noscript object output param picture"
    " progress q rp rt ruby s samp script search slot small source span strike strong style sub"
    " sup svg template textarea time track tt u var video wbr bgsound ilayer layer spacer circle"
    " clippath defs ellipse g line lineargradient path pattern polygon polyline rect stop symbol"
    " use"
)
_BLOCKS, _OTHERS = _BLOCK_NAMES.split(), _OTHER_NAMES.split()
# A name is a tag's only where it stands right after the bracket and ends there.
_NAMES = "|".join([*_BLOCKS, *_CELLS, *_OTHERS])
_NAME = re.compile(
    rf"<(?P<close>/?)(?P<name>{_NAMES}|[ovw]:[a-z]+)(?=[\s/>])"
    r"|<(?:!doctype|\?xml)(?=[\s>])",
    re.IGNORECASE | re.ASCII,
)
# What may stand between a tag's name and its end: nothing, one word, or a value.
_ATTRIBUTES = re.compile(r"\s*(?:[A-Za-z][\w:-]*\s*)?/?\s*", re.ASCII)
_MARK = re.compile("[<>\"']")
_RAW = {
    name: re.compile(rf"</{name}\s*>", re.IGNORECASE | re.ASCII) for name in ("script", "style")
}
_AMPERSAND = re.compile("&(?:amp;|#0*38;|#x0*26;)+", re.IGNORECASE | re.ASCII)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLANK_LINES = re.compile("\n{3,}")


class _Tag(NamedTuple):
    name: str  # "/" before the name of a closing tag
    start: int
    end: int


def without_markup(text: str) -> str:
    """The text without tags and comments, with entities as the characters they stand for.

    What only looks like a tag, such as a `<` before a word, stays. Entities that would spell a tag
    (`&lt;b>`) stay too: they were written to be read.

    >>> without_markup("<p>if a<b &amp; b&gt;c:<br>1 &lt; 2</p>")
    'if a<b & b>c:\\n1 < 2'
    """
    stripped = _without_tags(_without_comments(text))
    plain = settle(stripped, _decoded)
    return text if plain is text else _guarded(plain)


def _without_comments(text: str) -> str:
    parts, end = [], 0
    while (start := text.find("<!--", end)) >= 0 and (stop := text.find("-->", start + 4)) >= 0:
        parts.append(text[end:start])
        end = stop + 3
    return "".join([*parts, text[end:]]) if parts else text


def _without_tags(text: str) -> str:
    out, end = _Lines(), 0
    for tag in _tags(text):
        out.text(text[end : tag.start])
        out.tag(tag.name)
        end = tag.end
    if not end:
        return text
    out.text(text[end:])
    lines = "\n".join(line.rstrip(" \t") for line in "".join(out.parts).split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip("\n")


class _Lines:
    """Text as lines: a block begins and ends one, an item has a mark, cells have tabs between."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.at_edge = False  # after a tag that begins a line or a cell: spaces do not count

    def text(self, text: str) -> None:
        if self.at_edge:
            # A line end of the source right after the tag is the same line end.
            text = text.lstrip(" \t").removeprefix("\n").lstrip(" \t")
        if text:
            self.parts.append(text)
            self.at_edge = False

    def tag(self, name: str) -> None:
        bare = name.removeprefix("/")
        if bare not in _LINE_TAGS:
            return
        while self.parts and not self.at_edge:
            last = self.parts.pop().rstrip(" \t")
            if last:
                self.parts.append(last)
                break
        fresh = not self.parts or self.parts[-1].endswith("\n")
        item = bool(self.parts) and self.parts[-1] == "- "
        if bare in _CELLS:
            if name == bare and not fresh and not item and self.parts[-1] != "\t":
                self.parts.append("\t")
        elif not item or name == "br":
            if not fresh:
                self.parts.append("\n")
            if name == "br" and fresh and self.parts:
                self.parts.append("\n")
            if name == "li":
                self.parts.append("- ")
        self.at_edge = True


_LINE_TAGS = frozenset([*_BLOCKS, *_CELLS, "li"])


def _tags(text: str) -> Iterator[_Tag]:
    """The tags of a text in order, with what belongs to a script or style sheet as part of it."""
    closed = dict(_closings(text, guarded=False))
    end, endless = 0, set()
    for match in _NAME.finditer(text):
        start, name = match.start(), (match["name"] or "!").lower()
        if start < end or start not in closed:
            continue
        end = closed[start] + 1
        if name in _RAW and not match["close"] and name not in endless:
            raw = _RAW[name].search(text, end)
            if raw:
                end = raw.end()
            else:
                endless.add(name)
        yield _Tag((match["close"] or "") + name, start, end)


def _closings(text: str, *, guarded: bool) -> Iterator[tuple[int, int]]:
    """Where each tag begins and where its `>` is, from the last to the first.

    One pass from the right keeps the place of the `>` that ends a tag seen from here, were this
    place outside quotes, in double or in single ones; so that no text takes more than one. With
    `guarded`, the `<` of a tag that was found counts as a character like others from then on.
    """
    names = {match.start(): match.end() for match in _NAME.finditer(text)}
    last_comment = text.rfind("-->") if guarded else -1
    outside = double = single = plain = -1
    for mark in reversed(list(_MARK.finditer(text))):
        place, kind = mark.start(), mark[0]
        if kind == ">":
            outside = plain = place
        elif kind == '"':
            outside, double = double, outside
        elif kind == "'":
            outside, single = single, outside
        else:
            end = outside if outside >= 0 else plain
            if (
                place in names
                and end >= 0
                and (text[place + 1] in "!?" or _has_attributes(text, names[place], end))
            ):
                yield place, end
                if guarded:
                    continue
            elif place + 3 < last_comment and text.startswith("<!--", place):
                yield place, last_comment
                continue
            outside = plain = -1


def _has_attributes(text: str, start: int, end: int) -> bool:
    return text.find("=", start, end) >= 0 or _ATTRIBUTES.fullmatch(text, start, end) is not None


def _decoded(text: str) -> str:
    if "&" not in text:
        return text
    return _ENTITY.sub(_character, _AMPERSAND.sub("&", text))


def _character(entity: re.Match[str]) -> str:
    name = entity[0] if entity[0][1:] in html.entities.html5 else entity[0].lower()
    known = name[1] == "#" or name[1:] in html.entities.html5
    return html.unescape(name).replace("\xa0", " ") if known else entity[0]


def _guarded(text: str) -> str:
    parts, end = [], len(text)
    for start, _ in _closings(text, guarded=True):
        parts.append(f"&lt;{text[start + 1 : end]}")
        end = start
    return "".join([text[:end], *reversed(parts)])
