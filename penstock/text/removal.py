"""Cutting pieces out of a text."""

import re
from collections.abc import Iterable

# A character of words that stand between white space. Han, kana and the scripts of South-East Asia,
# written without spaces, have none, and end one.
SPACED = (
    "[^\\s\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff01-\uff0f\uff1a-\uff20\U00020000-\U0003134f]"
)
SPACED_WORD = re.compile(f"{SPACED}+")


def replace_spans(text: str, spans: Iterable[tuple[int, int]], replacement: str = "") -> str:
    """The text with each span, in order, replaced.

    Where nothing takes its place, one of the spaces around a span goes with it: the one after it
    where there is one before it or where the line begins, else the one before it at the end of a
    line.

    >>> replace_spans("the [old] dam [1]", [(4, 9), (14, 17)])
    'the dam'
    """
    parts, end = [], 0
    for first, last in spans:
        before = text[end:first]
        if not replacement and text[max(first - 1, 0) : first] in ("", " ", "\n"):
            if text[last : last + 1] == " ":
                last += 1
            elif text[last : last + 1] in ("", "\n"):
                before = before.removesuffix(" ")
        parts += [before, replacement]
        end = last
    return "".join([*parts, text[end:]]) if parts else text
