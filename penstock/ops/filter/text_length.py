"""Keep documents of a number of characters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from penstock.ops.base import Filter

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class TextLength(Filter):
    """Keep documents with `min` to `max` characters; the least is Data-Juicer's.

    Unicode code points are counted: a Han character is one, an emoji with a skin tone two.

    >>> TextLength().measure("水电站 👍🏽")
    6
    """

    measures: ClassVar[Mapping[str, str]] = {"text_length": "int64"}

    min: int = 10
    max: int | None = None

    def measure(self, text: str) -> int:
        """The number of characters."""
        return len(text)

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The same, by Arrow."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if rows.schema.get_field_index("text") < 0:
            return super().measure_batch(rows)
        return {"text_length": pc.utf8_length(rows.column("text")).cast(pa.int64())}
