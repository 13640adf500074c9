"""Keep documents whose columns meet a condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from penstock.ops.base import Filter, Rule

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Field(Filter):
    """Keep documents for which the expression `where` is true; false and null drop.

    It has columns (`score`, `gopher_quality.words`, or `column("my name")`), numbers, texts in
    quotes, `true`, `false` and `null`; comparisons (also `1 < x <= 5`), `in` and `not in` a list,
    `"part" in text`, `is null`; `and`, `or`, `not`; `+ - * /`; and the functions `len` (characters,
    or entries of a list), `lower`, `upper`, `strip`, `abs`, `is_null`, `startswith`, `endswith`,
    `contains`, and `matches` (an RE2 expression, anywhere in the text). Arrow evaluates it; it is
    never run as Python, and what is not listed is refused. A comparison with null is null.

    >>> Field(where="language_score > 0.8 and domain not in ['x.example']").rules()[0].name
    'where'
    """

    measures: ClassVar[Mapping[str, str]] = {"where": "bool"}

    where: str

    def __post_init__(self) -> None:
        from penstock.text.expression import parse

        try:
            parse(self.where)
        except ValueError as error:
            raise ValueError(f"`where`: {error}") from None

    def rules(self) -> tuple[Rule, ...]:
        """What is not true is dropped."""
        return (Rule("where", "where", "!=", True),)

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """Whether the expression is true of each row."""
        from penstock.data.conditions import holds

        return {"where": holds(self.where, rows)}
