"""Replace what matches given patterns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.ops.base import Map

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Replace(Map):
    r"""Replace what matches each of `patterns` by what is given for it, one after the other.

    Patterns are RE2's regular expressions (the engine is Arrow's own), which take linear time for
    any pattern and any text, and therefore have no look-around and no back-references; `\1` in a
    replacement is the first group. `.` matches no line end unless the pattern begins with `(?s)`,
    and `^` and `$` are the ends of the text unless with `(?m)`. `\w`, `\d` and `\b` know ASCII
    only; `\p{L}` is any letter, `\p{Han}` a Chinese one. With `literal`, patterns are plain text.

    >>> Replace(patterns={r"(\d+) ?km": r"\1 kilometres", "（[^）]*）": ""}).text("63 km（约）")
    '63 kilometres'
    """

    patterns: dict[str, str] = field(hash=False)
    literal: bool = False

    def __post_init__(self) -> None:
        import pyarrow as pa

        if not self.patterns or not all(self.patterns):
            raise ValueError("`patterns` must map patterns, none of them empty, to replacements")
        for pattern, replacement in self.patterns.items():
            try:
                self._function(pa.array([pattern]), pattern=pattern, replacement=replacement)
            except pa.ArrowInvalid as error:
                raise ValueError(f"`patterns`: `{pattern}` is no pattern: {error}") from None

    @property
    def _function(self) -> Callable[..., Any]:
        import pyarrow.compute as pc

        return pc.replace_substring if self.literal else pc.replace_substring_regex  # type: ignore[no-any-return]

    def text(self, text: str) -> str:
        """The text with every match replaced."""
        import pyarrow as pa

        return self._replaced(pa.array([text]))[0].as_py()  # type: ignore[no-any-return]

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Replace in all texts at once."""
        from penstock.data.schema import put

        if rows.schema.get_field_index("text") < 0:
            return rows
        return put(rows, "text", self._replaced(rows.column("text")))

    def _replaced(self, texts: pa.Array) -> pa.Array:
        for pattern, replacement in self.patterns.items():
            texts = self._function(texts, pattern=pattern, replacement=replacement)
        return texts
