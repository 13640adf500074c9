"""Remove HTML tags and decode entities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching
from penstock.text.markup import without_markup

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Html(Map):
    r"""Remove HTML tags and comments from texts, and decode entities.

    Blocks, `<br>` and list items (marked `- `) begin a line, table cells are set apart by tabs,
    scripts and style sheets go with what is in them. Only the names of HTML's elements, closed by a
    `>` and followed by nothing, one word or a value, make a tag: `a < b`, `i<b`, `List<String>` and
    `<me@a.org>` stay, which HTML parsers swallow. Escaped tags (`&lt;b>`) stay escaped. For whole
    pages see `extract.main_text`.

    >>> Html().text("<h1>Dams</h1><ul><li>Hoover &amp; <b>Itaipu</b></ul>if x<y")
    'Dams\n- Hoover & Itaipu\nif x<y'
    """

    def text(self, text: str) -> str:
        """The text without markup."""
        return without_markup(text)

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have anything like a tag or an entity."""
        return change_matching(rows, "<[A-Za-z/!?]|&[A-Za-z#]", self.text)
