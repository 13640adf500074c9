"""Unify spaces, line ends and blank lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching

if TYPE_CHECKING:
    import pyarrow as pa

# Unicode's space separators other than the plain space, and tab.
_OTHER_SPACES = "\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_OTHER_ENDS = "\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
_END = re.compile(f"\r\n|[{_OTHER_ENDS}]")
_SPACE = re.compile(f"[{_OTHER_SPACES}\x1f]")
_SPACES = re.compile(f"[ {_OTHER_SPACES}\x1f]+")


@dataclass(frozen=True)
class Whitespace(Map):
    r"""Unify spaces, line ends and blank lines.

    Every run of Unicode spaces and tabs becomes one space, every kind of line end `\n`; spaces at
    both ends of lines and blank lines at both ends of the text go, and of a run of blank lines
    `blank_lines` stay. With `code`, indentation and runs of spaces and tabs within lines stay, and
    other spaces become as many plain ones. Lines stay lines, unlike in CCNet and Data-Juicer, where
    they are joined.

    >>> Whitespace().text("　第一回\r\n\r\n\r\n\r\na \xa0 dam \n")
    '第一回\n\na dam'
    """

    blank_lines: int = 1
    code: bool = False

    def __post_init__(self) -> None:
        if self.blank_lines < 0:
            raise ValueError("`blank_lines` is the number of blank lines kept in a row: 0 or more")

    def text(self, text: str) -> str:
        """The text with its white space in order."""
        text = _END.sub("\n", text)
        if self.code:
            text = _SPACE.sub(lambda space: space[0] if space[0] == "\t" else " ", text)
            text = "\n".join(line.rstrip(" \t") for line in text.split("\n")).strip("\n")
        else:
            text = _SPACES.sub(" ", text)
            text = text.replace(" \n", "\n").replace("\n ", "\n").strip(" \n")
        most = "\n" * (self.blank_lines + 1)
        return re.sub(f"{most}\n+", most, text) if f"{most}\n" in text else text

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have any white space out of order."""
        most = "\n" * (self.blank_lines + 1)
        ends = rf"[ \t]\n|[ \t]\z|\n\z|\A\n|{most}\n" + ("" if self.code else r"|\n |\A |  |\t")
        spaces = _OTHER_SPACES[1:]
        return change_matching(rows, f"[{spaces}{_OTHER_ENDS}\x1f]|{ends}", self.text)
