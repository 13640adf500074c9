"""Keep conversations with a reasonable number of questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from penstock.ops.base import Filter
from penstock.ops.chat.messages import conversations

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Turns(Filter):
    """Keep conversations in which the user speaks `min` to `max` times.

    A question and its answer are one turn, whatever tools were called between. Works on any shape
    that `chat.messages` knows.

    >>> [rule.name for rule in Turns(min=2, max=20).rules()]
    ['min', 'max']
    """

    measures: ClassVar[Mapping[str, str]] = {"turns": "int64"}

    min: int = 1
    max: int | None = None

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """How often the user speaks in each conversation."""
        import pyarrow as pa

        counts = [
            sum(turn["role"] == "user" for turn in turns or ()) for turns in conversations(rows)
        ]
        return {"turns": pa.array(counts, pa.int64())}
