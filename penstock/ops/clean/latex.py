"""Expand macros of LaTeX source, remove its comments and preamble."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.ops.base import Map
from penstock.text import latex
from penstock.text.columns import change_matching, settle
from penstock.text.latex_macros import expanded

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Latex(Map):
    r"""Remove comments, expand the document's own macros, and remove what stands before its text.

    `comments`: from a `%` to the end of the line, and `comment` environments; not an escaped `\%`,
    nor one in an address or verbatim text. `macros`: `\newcommand`, `\def` and their like, with and
    without arguments; definitions go. Those that use internal names (`@`), define others or call
    themselves stay, as does a text that would grow many times over. `header`: "preamble" keeps what
    stands between `\begin{document}` and its end, "section" what follows the first heading (as
    RedPajama did; title and abstract go too), "keep" everything. Unlike in Data-Juicer, a comment
    takes no character before it along, and macros may have arguments. A text without any common
    command is no LaTeX, and is left alone with its `50%`.

    >>> Latex().text("\\def\\R{\\mathbb R}\n\\begin{document}\n$\\R^2$ % plane\n\\end{document}")
    '$\\mathbb R^2$'
    """

    comments: bool = True
    macros: bool = True
    header: Literal["preamble", "section", "keep"] = "preamble"

    def text(self, text: str) -> str:
        """The text without all this."""
        return settle(text, self._round) if latex.is_latex(text) else text

    def _round(self, text: str) -> str:
        if self.comments:
            text = latex.without_comments(text)
        if self.macros:
            text = expanded(text)
        if self.header == "keep":
            return text
        text = latex.without_preamble(text)
        return latex.from_first_heading(text) if self.header == "section" else text

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have a command."""
        return change_matching(rows, r"\\[A-Za-z]", self.text)
