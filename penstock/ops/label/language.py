"""Write the language of each document into columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.text.languages import Identifier


@dataclass(frozen=True)
class Language(Map):
    """Add the columns `language` and `language_score`, as `filter.language` measures them.

    Both are null where there is no text.

    >>> Language().identify("Der Fluss fließt an der Stadt vorbei.")[0]
    'de'
    """

    profile: Literal["penstock", "fasttext"] = "penstock"

    def identify(self, text: str) -> tuple[str, float]:
        """The language of a text, and the score."""
        return self._identifier.identify(text)

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with the two columns."""
        import pyarrow as pa

        from penstock.data.schema import put, strings

        found = [
            (None, None) if text is None else self.identify(text) for text in strings(rows, "text")
        ]
        languages = pa.array([language for language, _ in found], pa.string())
        scores = pa.array([score for _, score in found], pa.float64())
        return put(put(rows, "language", languages), "language_score", scores)

    @cached_property
    def _identifier(self) -> Identifier:
        from penstock.text.languages import Identifier

        return Identifier(self.profile)
