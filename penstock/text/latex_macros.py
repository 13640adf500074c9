"""Macros that a LaTeX document defines itself."""

import re
from dataclasses import dataclass

_COMMAND = re.compile(r"\\(?:[A-Za-z@]+|[^\n])")
_BRACE = re.compile(r"\\.|([{}])", re.DOTALL)
_DEFINERS = (
    "\\newcommand", "\\renewcommand", "\\providecommand", "\\DeclareRobustCommand", "\\def",
    "\\DeclareMathOperator",
)  # fmt: skip
# `\newcommand*{\name}[2][default]`, or `\def\name#1#2`; the body follows.
_NAME = re.compile(
    r"\*?\s*(?:\{\s*(?P<braced>\\(?:[A-Za-z]+|[^A-Za-z\s]))\s*\}|(?P<bare>\\[A-Za-z]+))\s*"
    r"(?:\[(?P<count>\d)\]\s*(?:\[(?P<default>[^\[\]\n]{0,100})\]\s*)?)?(?P<parameters>(?:#\d)*)\s*(?={)"
)
# Commands of LaTeX whose new definition says how they look, not what they mean.
_KEPT = re.compile(
    r"\\(?:the[A-Za-z]+|(?:sub)*(?:section|paragraph)|part|chapter|begin|end|item|label|ref|cite[a-z]*"
    r"|footnote|caption|url|href|path|nolinkurl|verb|maketitle|abstract|today|include|input)"
)
_DEEPEST = 20
_LONGEST_NAME = 60
_AT_END = re.compile(r"\\[A-Za-z@]+\Z")
_OPTION = re.compile(r"[ \t]*\[([^\[\]\n]{0,200})\]")
_SPACE = re.compile(r"[ \t]*\n?[ \t]*")
_SINGLE = re.compile(r"\\(?:[A-Za-z@]+|[^\n])|[^\s{}$&%\\]")
_HOLE = re.compile(r"\\.|#([1-9])", re.DOTALL)


@dataclass(frozen=True)
class _Macro:
    body: str
    count: int
    default: str | None


class _TooLongError(Exception):
    """The expansion would be many times as long as the text."""


def expanded(text: str) -> str:
    r"""The text with its own macros, with and without arguments, in place of their names.

    The definitions go. Those that say how something looks, use internal names (`@`), define others,
    or call themselves stay as they are, as does a text that would grow many times over.

    >>> expanded("\\newcommand{\\R}{\\mathbb{R}}\\newcommand{\\n}[1]{|#1|}$\\n{x} \\in \\R^2$")
    '$|x| \\in \\mathbb{R}^2$'
    """
    if not any(definer in text for definer in _DEFINERS):
        return text
    try:
        return _Expansion(len(text)).run(text, 0)
    except _TooLongError:
        return text


class _Expansion:
    """One walk through a text: a definition counts from where it stands."""

    def __init__(self, size: int) -> None:
        self.macros: dict[str, _Macro] = {}
        self.left = 8 * size + 10_000

    def run(self, text: str, depth: int) -> str:
        braces = _braces(text)
        out: list[str] = []
        end = place = 0
        while command := _COMMAND.search(text, place):
            start, place = command.span()
            if not depth and command[0] in _DEFINERS:
                definition = _definition(text, command, braces)
                if definition is None:
                    continue
                name, macro, place = definition
                if macro is None:
                    self.macros.pop(name, None)
                    continue
                self.macros[name] = macro
                self._add(out, text[end:start])
            elif command[0] in self.macros and depth < _DEEPEST:
                macro = self.macros[command[0]]
                arguments = _arguments(text, place, macro, braces)
                if arguments is None:
                    continue
                values, place = arguments
                self._add(out, text[end:start])
                self._add(out, self.run(_filled(macro.body, values), depth + 1))
            else:
                continue
            end = place
        self._add(out, text[end:])
        return "".join(out)

    def _add(self, out: list[str], piece: str) -> None:
        self.left -= len(piece)
        if self.left < 0:
            raise _TooLongError
        if piece:
            out.append(_apart(out[-1] if out else "", piece))


def _apart(before: str, after: str) -> str:
    """What follows, with a space where the command before it would run into its letters."""
    runs_on = after[:1].isalpha() and _AT_END.search(before[-_LONGEST_NAME:])
    return f" {after}" if runs_on else after


def _braces(text: str) -> dict[int, int]:
    """Where the brace that closes each opening one is."""
    opened: list[int] = []
    closing = {}
    for brace in _BRACE.finditer(text):
        if brace[1] == "{":
            opened.append(brace.start())
        elif brace[1] and opened:
            closing[opened.pop()] = brace.start()
    return closing


def _definition(
    text: str, command: re.Match[str], braces: dict[int, int]
) -> tuple[str, _Macro | None, int] | None:
    """The name, the macro (None for one that is to stay), and the end of a definition."""
    head = _NAME.match(text, command.end())
    if head is None or head.end() not in braces:
        return None
    name, last = head["braced"] or head["bare"], braces[head.end()]
    body = text[head.end() + 1 : last].strip().removesuffix("\\xspace")
    if command[0] == "\\DeclareMathOperator":
        body = f"\\operatorname{{{body}}}"
    inner = {found[0] for found in _COMMAND.finditer(body)}
    if "@" in body or "##" in body or _KEPT.fullmatch(name) or inner & {name, *_DEFINERS}:
        return name, None, last + 1
    count = int(head["count"] or len(head["parameters"]) // 2)
    end = last + 1
    if text[command.start() - 1 : command.start()] in ("", "\n") and text[end : end + 1] == "\n":
        end += 1
    return name, _Macro(body, count, head["default"]), end


def _arguments(
    text: str, place: int, macro: _Macro, braces: dict[int, int]
) -> tuple[list[str], int] | None:
    """The arguments of a macro's use and where they end; None where some are missing."""
    values = []
    if macro.count and macro.default is not None:
        option = _OPTION.match(text, place)
        values.append(option[1] if option else macro.default)
        place = option.end() if option else place
    while len(values) < macro.count:
        found = _SPACE.match(text, place)
        place = found.end() if found else place
        if text[place : place + 1] == "{" and place in braces:
            values.append(text[place + 1 : braces[place]])
            place = braces[place] + 1
        elif token := _SINGLE.match(text, place):
            values.append(token[0])
            place = token.end()
        else:
            return None
    if not macro.count and text.startswith("{}", place):
        place += 2
    return values, place


def _filled(body: str, values: list[str]) -> str:
    if not values:
        return body
    filled, end = "", 0
    for hole in _HOLE.finditer(body):
        if hole[1] and int(hole[1]) <= len(values):
            filled += _apart(filled, body[end : hole.start()])
            filled += _apart(filled, values[int(hole[1]) - 1])
            end = hole.end()
    return filled + _apart(filled, body[end:])
