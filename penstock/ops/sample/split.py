"""Label documents as training, validation or test data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.data.schema import refuse_fixed, texts_of
from penstock.ops.base import Map
from penstock.ops.sample.domain_cap import host
from penstock.ops.sample.random import place

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Split(Map):
    """Write train, validation or test into the column `column`, the same for all of one group.

    A group is what has the same value in `by`: the number of a near-duplicate cluster, an author,
    a URL, of which the host counts. So no site and no cluster is on both sides. Without `by`, or
    where it is null, a document is its own group. The label depends on the hash of seed and group
    alone; `validation` and `test` are shares of the groups, not of the documents.

    >>> Split(validation=0.5, test=0.5).label("example.com") in ("validation", "test")
    True
    """

    validation: float = 0.01
    test: float = 0.01
    by: str | None = None
    column: str = "split"
    seed: int = 0

    def __post_init__(self) -> None:
        refuse_fixed([self.column], "set")
        if min(self.validation, self.test) < 0 or self.validation + self.test > 1:
            raise ValueError("`validation` and `test` must be at least 0 and at most 1 together")

    def label(self, group: str) -> str:
        """The part that a group belongs to."""
        at = place(group, self.seed, "sample.split")
        if at < self.test:
            return "test"
        return "validation" if at < self.test + self.validation else "train"

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with their labels."""
        import pyarrow as pa

        from penstock.data.schema import put

        ids = rows.column("id").to_pylist()
        values = [None] * len(ids) if self.by is None else texts_of(rows, self.by)
        labels = [
            self.label(f"id {one}" if value is None else f"by {host(value)}")
            for one, value in zip(ids, values, strict=True)
        ]
        return put(rows, self.column, pa.array(labels, pa.string()))
