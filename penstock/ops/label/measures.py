"""Write into columns what filters measure, without dropping anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from penstock.errors import PenstockError
from penstock.ops.base import Filter, Map
from penstock.ops.catalogue import check_needs, find

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Measures(Map):
    """Add a column for each measure of the filters in `of`, called `<filter>.<measure>`.

    A filter is written as in a recipe, by its name or with its parameters; of `filter.word_count`
    the column is `word_count.word_count`. A later `filter.field` can decide by these columns, and a
    `sample` step choose.

    >>> Measures(of=("filter.word_count", {"filter.line_length": {"min_mean": 5}})).columns
    ('word_count.word_count', 'line_length.mean_line_length', 'line_length.longest_line')
    """

    of: tuple[str | dict[str, dict[str, Any] | None], ...] = field(hash=False)

    def __post_init__(self) -> None:
        names = self.columns
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"`of`: the column {twice} would come of two filters")
        if not names:
            raise ValueError("`of` is empty; name the filters whose measures are wanted")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are added."""
        return tuple(f"{name}.{measure}" for name, one in self._filters for measure in one.measures)

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with the columns."""
        from penstock.data.schema import put

        found = rows
        for name, one in self._filters:
            for measure, values in _measured(one, rows).items():
                found = put(found, f"{name}.{measure}", values)
        return found

    @cached_property
    def _filters(self) -> list[tuple[str, Filter]]:
        return [_built(item) for item in self.of]


def _built(item: str | dict[str, dict[str, Any] | None]) -> tuple[str, Filter]:
    from penstock.specs.build import build

    if isinstance(item, dict) and len(item) != 1:
        raise ValueError("`of`: write `filter.name`, or `filter.name: {parameters}`")
    ((name, values),) = item.items() if isinstance(item, dict) else [(item, None)]
    try:
        cls = find(name)
        check_needs(name, cls)
        built = build(cls, values or {}, lambda _: "", owner=f"`of`: `{name}`")
    except PenstockError as error:
        hint = f" ({error.hint})" if error.hint else ""
        message = error.message if "`of`" in error.message else f"`of`: {error.message}"
        raise ValueError(f"{message}{hint}") from error
    if not isinstance(built, Filter):
        raise ValueError(f"`of`: `{name}` is no filter, and measures nothing")
    return name.rpartition(".")[2].rpartition(":")[2], built


def _measured(one: Filter, rows: pa.RecordBatch) -> dict[str, pa.Array]:
    """What a filter measures of the rows that it applies to; null for the others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from penstock.data.schema import put

    applies = one.applies(rows)
    if applies is not None:
        text = pc.if_else(applies, rows.column("text"), pa.scalar(None, pa.string()))
        rows = put(rows, "text", text)
    return one.measure_batch(rows)
