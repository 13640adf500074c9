"""Remove tables written as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching

if TYPE_CHECKING:
    import pyarrow as pa

_GAP = re.compile(r"[ \xa0]{2,}|[ \xa0]*\t\s*")


@dataclass(frozen=True)
class TableText(Map):
    r"""Remove tables written as text: rows of columns one below the other.

    A table is at least `min_rows` lines with the same number of columns, `min_columns` to
    `max_columns`, set apart by `|`, tabs, or two spaces or more. A blank line takes its place.
    (Data-Juicer takes single spaces for gaps, so that any two lines with equally many words go.)

    >>> TableText().text("Heights:\nItaipu  196  m\nHoover  221  m\nGouda  10  m\nAll stand.")
    'Heights:\n\nAll stand.'
    """

    min_columns: int = 3
    max_columns: int = 50
    min_rows: int = 3

    def __post_init__(self) -> None:
        if not 2 <= self.min_columns <= self.max_columns or self.min_rows < 2:
            raise ValueError(
                "`min_columns` must be at least 2 and at most `max_columns`, `min_rows` at least 2"
            )

    def text(self, text: str) -> str:
        """The text without tables."""
        lines: list[str] = []
        for columns, rows in groupby(text.split("\n"), _columns):
            block = list(rows)
            wide = self.min_columns <= columns <= self.max_columns
            lines += [""] if wide and len(block) >= self.min_rows else block
        return "\n".join(lines)

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have a gap or a bar."""
        return change_matching(rows, "\\t|[ \xa0]{2}|\\|", self.text)


def _columns(line: str) -> int:
    line = line.strip()
    if line.count("|") > 1:
        return len(line.strip("|").split("|"))
    return len(_GAP.split(line))
