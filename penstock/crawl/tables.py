"""The tables of a page as Markdown."""

from __future__ import annotations

import html
import re
from typing import Any, NamedTuple

from penstock.crawl.main_text import html_of, tree_of

# HTML's own limits of spans, and ours of what they may make.
MAX_COLSPAN = 1000
MAX_CELLS = 20_000
# A table without headings is for layout when its cells are longer than this on average.
LONG_CELL = 200

_SPACED = re.compile(
    r"<(?:/?(?:p|div|li|ul|ol|h[1-6]|tr|td|th|table|dt|dd|pre)|br|hr)\b[^>]*>", re.I
)
_TAG = re.compile(r"<[^>]*>")


class _Cell(NamedTuple):
    text: str
    columns: int
    rows: int
    heading: bool


def tables(content: bytes, charset: str, url: str) -> list[str]:  # noqa: ARG001 - as all of these
    """The data tables of a page as Markdown, in order, with their captions above.

    >>> page = b"<table><tr><th>Dam<th>m<tr><td>Arlen<td>41</table>"
    >>> print(tables(page, "", "")[0])
    | Dam | m |
    | --- | --- |
    | Arlen | 41 |
    """
    document = tree_of(html_of(content, charset)).document
    for element in document.query_selector_all("table script,table style,table noscript").values():
        element.remove()
    found = (_markdown(one) for one in document.query_selector_all("table").values())
    return [one for one in found if one]


def _markdown(table: Any) -> str:
    """The table as Markdown, or "" if it is for layout."""
    role = (table.getattr("role") or "").lower()
    if role in ("presentation", "none") or table.query_selector("table,form,iframe") is not None:
        return ""
    cells = [_row(row) for row in table.query_selector_all("tr").values()]
    grid = _grid([row for row in cells if row])
    if not _is_data([cell for row in cells for cell in row], grid):
        return ""
    lines = [f"| {' | '.join(row)} |" for row in grid]
    lines.insert(1, f"|{' --- |' * len(grid[0])}")
    caption = table.query_selector("caption")
    title = _text(caption) if caption is not None else ""
    return "\n".join([f"{title}\n", *lines] if title else lines)


def _row(row: Any) -> list[_Cell]:
    return [
        _Cell(
            _text(cell).replace("|", r"\|"),
            min(_span(cell, "colspan"), MAX_COLSPAN),
            _span(cell, "rowspan"),
            cell.tag == "th",
        )
        for cell in row.query_selector_all("td,th").values()
    ]


def _span(cell: Any, name: str) -> int:
    digits = re.match(r"\s*(\d{1,6})", cell.getattr(name) or "")
    return max(1, int(digits[1])) if digits else 1


def _text(element: Any) -> str:
    markup = _SPACED.sub(" ", element.html)
    return " ".join(html.unescape(_TAG.sub("", markup)).split())


def _grid(rows: list[list[_Cell]]) -> list[list[str]]:
    """The texts of a table, each in all places that its cell spans; [] if these are too many."""
    grid: list[dict[int, str]] = [{} for _ in rows]
    columns = set()  # where cells begin; what lies between is nothing but span
    size = 0
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            while column in grid[number]:
                column += 1
            columns.add(column)
            below = min(cell.rows, len(rows) - number)
            size += below * cell.columns
            if size > MAX_CELLS:
                return []
            for line in grid[number : number + below]:
                line.update(dict.fromkeys(range(column, column + cell.columns), cell.text))
            column += cell.columns
    if len(columns) * len(grid) > MAX_CELLS:
        return []
    return [[line.get(column, "") for column in sorted(columns)] for line in grid]


def _is_data(cells: list[_Cell], grid: list[list[str]]) -> bool:
    """Whether this is a table of data, and not one that puts things side by side."""
    if len(grid) < 2 or len(grid[0]) < 2:
        return False
    filled = [cell for cell in cells if cell.text]
    if len(filled) < 3 or 2 * len(filled) < len(cells):
        return False
    headings = any(cell.heading for cell in cells)
    return headings or sum(len(cell.text) for cell in filled) < LONG_CELL * len(filled)
