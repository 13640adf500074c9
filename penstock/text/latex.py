"""LaTeX source: comments, preamble, macros."""

import re
from collections.abc import Iterator

_LITERAL = ("verbatim", "verbatim*", "Verbatim", "lstlisting", "minted", "alltt", "comment")
_TOKEN = re.compile(
    rf"\\begin\{{(?P<environment>{'|'.join(map(re.escape, _LITERAL))})\}}"
    r"|\\(?:url|href|path|nolinkurl)\s*\{[^{}\n]*\}"  # a per cent sign in an address is one
    r"|\\verb\*?(?P<bar>[^A-Za-z\s*])[^\n]{0,500}?(?P=bar)"
    r"|\\.|(?P<comment>%)"
)
_HEADS = re.compile(r"\\(?:part|chapter|(?:sub){0,2}section|(?:sub)?paragraph)\*?[ \t]*[\[{]")
_BEGIN = re.compile(r"\\begin[ \t]*\{document\}")
_END = re.compile(r"\\end[ \t]*\{document\}")
_SIGNS = re.compile(
    r"\\(?:begin|end|documentclass|usepackage|(?:re)?newcommand|def|DeclareMath|(?:sub)*section|chapter"
    r"|paragraph|label|ref|cite|item|emph|text(?:bf|it|tt)|math(?:bb|bf|cal|rm)|frac|url|verb)(?![a-z])"
)


def is_latex(text: str) -> bool:
    r"""Whether any of LaTeX's most common commands occurs.

    >>> is_latex("a \\emph{dam}"), is_latex("80% of \\w")
    (True, False)
    """
    return _SIGNS.search(text) is not None


def without_comments(text: str) -> str:
    r"""The text without comments; a line that is only a comment goes with its end.

    A `%` that is escaped, or in an address or verbatim text, is no comment.

    >>> without_comments("5\\% more % really?\n% a note\n\\url{a%20b}")
    '5\\% more\n\\url{a%20b}'
    """
    parts, end = [], 0
    for start, stop in _comments(text):
        parts.append(text[end:start])
        if start and stop < len(text) and not (text[start - 1].isspace() or text[stop].isspace()):
            parts.append(" ")
        end = stop
    return "".join([*parts, text[end:]]) if parts else text


def _comments(text: str) -> Iterator[tuple[int, int]]:
    place = 0
    while token := _TOKEN.search(text, place):
        start, place = token.span()
        if token["comment"]:
            line = text.rfind("\n", 0, start) + 1
            place = text.find("\n", start) % (len(text) + 1)
            before = text[line:start].rstrip(" \t")
            if before:
                yield line + len(before), place
            else:
                place = min(place + 1, len(text))
                yield line, place
        elif token["environment"]:
            closing = f"\\end{{{token['environment']}}}"
            last = text.find(closing, place)
            if last >= 0:
                place = last + len(closing)
                if token["environment"] == "comment":
                    yield start, place


def without_preamble(text: str) -> str:
    r"""What stands between `\begin{document}` and `\end{document}`; all where there is no document.

    >>> without_preamble("\\documentclass{a}\\begin{document}Dams.\\end{document}")
    'Dams.'
    """
    _, *bodies = _BEGIN.split(text)
    if not bodies:
        return text
    return "\n".join(_END.split(body)[0] for body in bodies).strip("\n")


def from_first_heading(text: str) -> str:
    r"""The text from its first part, chapter, section or paragraph on; all where it has none.

    >>> from_first_heading("By A. Li \\section{Dams} hold")
    '\\section{Dams} hold'
    """
    heading = _HEADS.search(text)
    return text[heading.start() :] if heading else text
