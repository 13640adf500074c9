r"""Remove lists of references, of LaTeX and of plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching, settle

if TYPE_CHECKING:
    import pyarrow as pa

_ENVIRONMENT = re.compile(r"\\begin\s*\{(thebibliography|references|bibdiv)\*?\}", re.IGNORECASE)
_COMMAND = re.compile(
    r"\\(?:bibliography(?:style)?|printbibliography|addbibresource|nocite)(?![A-Za-z])\*?"
    r"(?:\[[^\[\]]*+\])?(?:\{[^{}]*+\})?"
)
_APPENDIX = re.compile(r"\\appendix(?![A-Za-z])")
_NAMES = (
    "references(?: cited| and notes)?|reference list|bibliography|works cited|literature(?: cited)?"
    "|cited literature|literatur(?:verzeichnis)?|quellen(?:verzeichnis)?|références(?:"
    " bibliographiques)?|bibliographie|referencias(?: bibliográficas)?|bibliografía|bibliografia"
    "|riferimenti(?: bibliografici)?|referências(?: bibliográficas)?|список литературы|литература"
    "|参考文献|参考资料|參考文獻|參考資料|引用文献|참고문헌"
)
_HEADING = re.compile(
    rf"(?:#{{1,6}}\s*)?\**(?:[\dIVX.]{{1,6}}[.)]?\s+)?(?:{_NAMES})\s*[:：]?\s*\**", re.IGNORECASE
)
# Where a list of references ends.
_NEXT = re.compile(
    r"#{1,6}\s|\\(?:sub)*section\b|(?:appendix|appendices|acknowledge?ments?|附录|致谢)\b",
    re.IGNORECASE,
)
# A reference begins with a mark or a number in brackets; or with a number, a bullet or a name, and
# has a year with a mark after it.
_ENTRY = re.compile(
    r"(?:\[[^\[\]\n]{1,24}\]|[\^↑])|(?:\(?\d{1,3}[.)]|[-*•–]|[^\W\d_][^\d\n]{1,80}?[,.&(])"
    r"[^\n]{0,160}?(?<!\d)(?:1[5-9]|20)\d\d[a-z]?(?=[.,;:)\]]|$)"
)
_LONGEST = 500
# So many lines between two references may look like none; before the first, one.
_BETWEEN = 2


@dataclass(frozen=True)
class Bibliography(Map):
    r"""Remove lists of references, of LaTeX and of plain text.

    `latex`: the environments `thebibliography` and `references` (to the end of the text where they
    are not closed) and the commands that print a bibliography; what follows stays, unlike in
    Data-Juicer, which cuts everything from there, appendices too (set `appendix` for those).
    `plain`: from a line that is a heading for references, in ten languages, as long as the lines
    after it look like references and are at least `entries`.

    >>> Bibliography().text("Dams hold.\n\nReferences\n[1] A. Smith, 1999.\n[2] B. Li, 2001.")
    'Dams hold.'
    """

    latex: bool = True
    plain: bool = True
    appendix: bool = False
    entries: int = 2

    def text(self, text: str) -> str:
        """The text without its references."""
        return settle(text, self._round)

    def _round(self, text: str) -> str:
        changed = text
        if self.latex and "\\" in changed:
            changed = _COMMAND.sub("", _without_environments(changed))
        if self.appendix and (found := _APPENDIX.search(changed)):
            changed = changed[: found.start()]
        if self.plain:
            changed = self._without_lists(changed)
        return text if changed == text else changed.rstrip()

    def _without_lists(self, text: str) -> str:
        lines = text.split("\n")
        kept, place = [], 0
        while place < len(lines):
            end = place + 1
            if _is_heading(lines[place]):
                end = self._list_end(lines, place)
            kept += lines[place:end] if end == place + 1 else []
            place = end
        return text if len(kept) == len(lines) else "\n".join(kept)

    def _list_end(self, lines: list[str], heading: int) -> int:
        """The line after a list of references; the one after the heading where there is none."""
        entries = others = 0
        end = heading + 1
        for place in range(heading + 1, len(lines)):
            line = lines[place].strip()
            if others > (_BETWEEN if entries else 1) or _NEXT.match(line) or _is_heading(line):
                break
            if len(line) <= _LONGEST and _ENTRY.match(line):
                entries, others, end = entries + 1, 0, place + 1
            elif line and place == end and entries and _goes_on(lines[place - 1], lines[place]):
                end = place + 1
            elif line:
                others += 1
        return end if entries >= self.entries else heading + 1

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have a heading or command of this kind."""
        # A dot for each i: Python takes the Turkish ones for its other case too, and RE2 does not.
        names = _NAMES.replace("i", ".") if self.plain else "references"
        commands = r"\\[A-Za-z]*bib|\\(?i:nocite|appendix|beg.n)"
        return change_matching(rows, f"(?i:{names})|{commands}", self.text)


def _is_heading(line: str) -> bool:
    line = line.strip()
    return 4 <= len(line) <= 60 and _HEADING.fullmatch(line) is not None


def _goes_on(before: str, line: str) -> bool:
    return line[:1].isspace() or not before.rstrip().endswith((".", "。", ")", "]"))


def _without_environments(text: str) -> str:
    parts, place = [], 0
    while found := _ENVIRONMENT.search(text, place):
        parts.append(text[place : found.start()])
        end = re.compile(rf"\\end\s*\{{{found[1]}\*?\}}", re.IGNORECASE)
        closing = end.search(text, found.end())
        place = closing.end() if closing else len(text)
    return "".join([*parts, text[place:]]) if parts else text
