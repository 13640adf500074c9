"""Cutting a text into pieces of a bounded size, at the best borders there are."""

import re
from collections.abc import Callable, Iterator

from penstock.text.sentences import sentences

Measure = Callable[[str], int]

# Scripts without spaces: each character may end a piece.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff60"
)
_ATOM = re.compile(rf"\s*(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+)\s*|\s+")
_BLANK_LINE = re.compile(r"\n\s*\n")
_LINE_END = re.compile(r"\n")
_HEADING = re.compile(r"(#{1,6})[ \t]+\S")
_FENCE = re.compile(r"[ ]{0,3}(?:```|~~~)")


def chunks(text: str, size: int, overlap: int, measure: Measure) -> Iterator[str]:
    """Pieces of at most `size`, cut between paragraphs where that is possible, else between lines,
    sentences, words, characters; each begins with up to `overlap` of the end of the one before.

    >>> list(chunks("One two. Three four. Five.", 14, 0, len))
    ['One two. ', 'Three four. ', 'Five.']
    """
    held: list[str] = []
    used = 0
    for piece in _pieces(text, size - overlap, measure, _SPLITS):
        cost = measure(piece)
        if held and used + cost > size:
            chunk = "".join(held)
            yield chunk
            tail = _tail(chunk, overlap, measure) if overlap else ""
            held, used = ([tail], measure(tail)) if tail else ([], 0)
        held.append(piece)
        used += cost
    if held:
        yield "".join(held)


def sections(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The sections of a Markdown text: the headings above each, outermost first, and its text.

    A section's own heading is the last of its headings and begins its text. Lines in fences are no
    headings.

    >>> list(sections("# A\\nx\\n## B\\ny"))
    [(('# A',), '# A\\nx\\n'), (('# A', '## B'), '## B\\ny')]
    """
    path: list[str] = []
    lines: list[str] = []
    fenced = False
    for line in text.splitlines(keepends=True):
        fenced ^= _FENCE.match(line) is not None
        heading = None if fenced else _HEADING.match(line)
        if heading:
            if lines:
                yield tuple(path), "".join(lines)
            level = len(heading[1])
            path = [above for above in path if above.index(" ") < level]
            path.append(" ".join(line.split()))
            lines = []
        lines.append(line)
    if lines:
        yield tuple(path), "".join(lines)


def _pieces(
    text: str, room: int, measure: Measure, splits: tuple[Callable[[str], list[str]], ...]
) -> Iterator[str]:
    if not text:
        return
    if measure(text) <= room or len(text) == 1:
        yield text
    elif splits:
        for part in splits[0](text):
            yield from _pieces(part, room, measure, splits[1:])
    else:
        cut = room if room < len(text) else len(text) // 2
        for start in range(0, len(text), cut):
            yield from _pieces(text[start : start + cut], room, measure, ())


def _paragraphs(text: str) -> list[str]:
    return _after(text, _BLANK_LINE)


def _lines(text: str) -> list[str]:
    return _after(text, _LINE_END)


def _after(text: str, border: re.Pattern[str]) -> list[str]:
    ends = [found.end() for found in border.finditer(text)]
    return [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True) if a < b]


def _atoms(text: str) -> list[str]:
    return _ATOM.findall(text)


_SPLITS = (_paragraphs, _lines, sentences, _atoms)


def _tail(chunk: str, overlap: int, measure: Measure) -> str:
    """The end of a chunk, from a sentence's beginning if there is one, else from a word's."""
    atoms = _atoms(chunk)
    first, left = len(atoms), overlap
    while first and (left := left - measure(atoms[first - 1])) >= 0:
        first -= 1
    tail = "".join(atoms[first:])
    whole = sentences(tail)[1:]
    return "".join(whole) or tail
