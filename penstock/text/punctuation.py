"""Quotes, dashes and ellipses, and the two sets of marks of Chinese text."""

import re
from bisect import bisect_left

_HAN = "々〇\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_AFTER = f"(?<=[{_HAN}”’》」』）】])"

_DOUBLE_QUOTE = re.compile("[“”„‟]")
_SINGLE_QUOTE = re.compile("[‘’‚‛]")
_ACCENT = re.compile(r"[´`](?<=[^\W\d_].)(?=[^\W\d_])")
_HYPHEN = re.compile("[‐‑‒–−]")
_DASHES = re.compile("[—―]+")
_SPACED_DOTS = re.compile(r"\.(?: \.){2,}")
_MANY_DOTS = re.compile(r"\.{4,}")

# Marks that have an equal in the other set; `、`, `《》`, `「」` and `·` have none and stay.
_TO_ASCII = str.maketrans("，。！？：；（）［］｛｝～．", ",.!?:;()[]{}~.")
_TO_CHINESE = str.maketrans(",.!?:;", "，。！？：；")
_FAR_EAST = re.compile("[々-\U0003134f]")  # wider, and quick to look for
_HAN_CHARACTER = re.compile(f"[{_HAN}]")
_HAN_ELLIPSIS = re.compile(rf"{_AFTER}(?:\.{{3,}}|…)[.…]*")
_HAN_DASH = re.compile(f"{_AFTER}(?:-{{2,}}|—{{2,}}|―+)")
# Not a point before a letter: what follows may be the end of a name, as in `是.com`.
_HAN_MARKS = re.compile(rf"{_AFTER}[,.!?:;]++(?!(?<=\.)[A-Za-z0-9_]|//) *")
_PAIRED = re.compile('[()"]')


def has_han(text: str) -> bool:
    """Whether any character is Han or kana.

    >>> has_han("大坝"), has_han("dam")
    (True, False)
    """
    return _FAR_EAST.search(text) is not None and _HAN_CHARACTER.search(text) is not None


def plain_quotes(text: str) -> str:
    """Typographic quotes and apostrophes as `"` and `'`; guillemets, some languages' own, stay.

    >>> plain_quotes("“don’t”, «non»")
    '"don\\'t", «non»'
    """
    return _ACCENT.sub("'", _SINGLE_QUOTE.sub("'", _DOUBLE_QUOTE.sub('"', text)))


def plain_dashes(text: str) -> str:
    """Hyphens, en dashes and minus signs as `-`, and em dashes as ` - `.

    >>> plain_dashes("1990–2000, a river—the longest")
    '1990-2000, a river - the longest'
    """
    text = _HYPHEN.sub("-", text)
    parts = _DASHES.split(text)
    for place in range(1, len(parts)):
        before, after = parts[place - 1].rstrip(" "), parts[place].lstrip(" ")
        left = " " if before and before[-1] != "\n" else ""
        right = " " if after and after[0] != "\n" else ""
        parts[place - 1], parts[place] = f"{before}{left}", f"-{right}{after}"
    return "".join(parts)


def plain_ellipses(text: str) -> str:
    """Every ellipsis, and every run of more dots, as three dots.

    >>> plain_ellipses("well… so..... and . . .")
    'well... so... and ...'
    """
    return _MANY_DOTS.sub("...", _SPACED_DOTS.sub("...", text.replace("…", "...")))


def ascii_marks(text: str) -> str:
    """Chinese marks as their ASCII equals, where there are such.

    >>> ascii_marks("大坝，（水）、《三峡》。")
    '大坝,(水)、《三峡》.'
    """
    return text.translate(_TO_ASCII)


def chinese_marks(line: str) -> str:
    """ASCII marks after Han, and brackets and quotes around it, as Chinese ones.

    >>> chinese_marks('他说:"大坝(三峡), 3.5 公里..."')
    '他说：“大坝（三峡），3.5 公里……”'
    """
    line = _chinese_pairs(line)
    line = _HAN_DASH.sub("——", _HAN_ELLIPSIS.sub("……", line))
    return _HAN_MARKS.sub(lambda marks: marks[0].rstrip(" ").translate(_TO_CHINESE), line)


def _chinese_pairs(line: str) -> str:
    han = [found.start() for found in _HAN_CHARACTER.finditer(line)]
    open_brackets: list[int] = []
    open_quote = -1
    changed = list(line)
    for mark in _PAIRED.finditer(line):
        place, first = mark.start(), -1
        if mark[0] == "(":
            open_brackets.append(place)
        elif mark[0] == ")":
            first = open_brackets.pop() if open_brackets else -1
        elif open_quote < 0:
            open_quote = place
        else:
            first, open_quote = open_quote, -1
        # A pair is Chinese with Han in it or beside it.
        if first >= 0 and bisect_left(han, first - 1) < bisect_left(han, place + 2):
            changed[first], changed[place] = "“”" if mark[0] == '"' else "（）"
    return "".join(changed)
