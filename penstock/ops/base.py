"""The shapes an operator can have.

An operator is a frozen dataclass whose fields are its parameters. It knows nothing of engines,
workers, files of a run, or other operators; what it measures or refuses is counted by the runner.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

    from penstock.data.files import File
    from penstock.data.shards import Shard


@dataclass(frozen=True)
class Lost:
    """A record that a reader cannot or need not turn into a document.

    With `error` it is quarantined, with `rule` it is dropped.
    """

    id: str
    offset: int
    rule: str = ""
    value: str = ""
    threshold: str = ""
    error: str = ""
    raw: bytes = b""


@dataclass(frozen=True)
class Rule:
    """What drops a document: its measure compared with a threshold.

    `fails` is "<", ">", ">=" or "not in". A measure that is null fails no rule.
    """

    name: str
    measure: str
    fails: str
    threshold: Any


@dataclass(frozen=True)
class Operator:
    """What all operators share. The name is the path: `filter.word_count` for this package's."""

    needs: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[int] = 1

    def __reduce__(self) -> tuple[Any, ...]:
        # Only the parameters travel to workers, never a model held in a cached property.
        values = tuple(getattr(self, field.name) for field in dataclasses.fields(self))
        return type(self), values


class Read(Operator):
    """Turns files into documents."""

    suffixes: ClassVar[tuple[str, ...]]
    splittable: ClassVar[tuple[str, ...]] = ()

    path: str | tuple[str, ...]

    def schema(self, files: list[File]) -> pa.Schema:
        """The columns of the documents, beside id, source and offset: the same for all shards."""
        raise NotImplementedError

    def records(self, shard: Shard) -> Iterator[Mapping[str, Any] | Lost]:
        """The records of a shard in order: a document (with `id` and `offset`) or a loss."""
        raise NotImplementedError


class Map(Operator):
    """Changes documents, one for one.

    A document that has no `text` left afterwards is dropped with the rule `no_text`.
    """

    def text(self, text: str) -> str | None:
        """The changed text; None or "" when nothing of it is left."""
        raise NotImplementedError

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change a batch; as many rows come back, in the same order."""
        import pyarrow as pa

        from penstock.data.schema import put, strings

        changed = [None if text is None else self.text(text) for text in strings(rows, "text")]
        return put(rows, "text", pa.array(changed, pa.string()))


class Filter(Operator):
    """Measures documents; its rules decide. The measures are stored, so that other thresholds can
    be tried without measuring again."""

    # The measures by name, with their Arrow types.
    measures: ClassVar[Mapping[str, str]]
    # "model" marks a measure too dear to take of rows that an earlier filter has failed.
    cost: ClassVar[str] = "cheap"
    # Measures that later steps may read as columns, and their names there.
    columns: ClassVar[Mapping[str, str]] = {}

    def measure(self, text: str) -> Any:
        """The measure of one text, or a mapping of all by name. This is the reference."""
        raise NotImplementedError

    def rules(self) -> tuple[Rule, ...]:
        """What drops a document, in order; `min` and `max` fields make these two by default."""
        measure = next(iter(self.measures))
        bounds = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        return tuple(
            Rule(name, measure, "<" if name == "min" else ">", bound)
            for name, bound in bounds
            if name in ("min", "max") and bound is not None
        )

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The measures of a batch as columns; null where a row has no text."""
        import pyarrow as pa

        from penstock.data.schema import strings

        measured = [None if text is None else self.measure(text) for text in strings(rows, "text")]
        if len(self.measures) == 1:
            ((name, kind),) = self.measures.items()
            return {name: pa.array(measured, kind)}
        return {
            name: pa.array([one and one[name] for one in measured], kind)
            for name, kind in self.measures.items()
        }


class Group(Operator):
    """Decides over all documents of a run: rows with the same key meet, whatever their shard."""

    def keys(self, rows: pa.RecordBatch) -> pa.Array:
        """The key of each row, fixed-size binary; null for a row that takes no part."""
        raise NotImplementedError

    def elect(self, bucket: pa.Table) -> pa.Table:
        """The verdicts on a bucket of rows (key, shard, row, id), sorted by key, shard and row.

        Verdicts are rows (shard, row, merged_into, similarity), for the rows that go only.
        """
        raise NotImplementedError


class Write(Operator):
    """Writes documents, one file a shard."""

    path: str

    @property
    def suffix(self) -> str:
        """How the files end."""
        raise NotImplementedError

    def open(self, file: Path, schema: pa.Schema) -> Writer:
        """A writer for the documents of one shard."""
        raise NotImplementedError


class Writer:
    """Takes the batches of one shard in order."""

    def write(self, rows: pa.RecordBatch) -> None:
        """Add a batch."""
        raise NotImplementedError

    def close(self) -> None:
        """Finish the file."""
        raise NotImplementedError


def failing(rules: tuple[Rule, ...], measures: Mapping[str, pa.Array], size: int) -> np.ndarray:
    """For each row the index of the first rule it fails, or -1.

    Rules are data, so that this very function answers "what if the threshold were another?" from
    stored measures.
    """
    import numpy as np

    first = np.full(size, -1, dtype=np.int32)
    for index, rule in enumerate(rules):
        fails = _fails(rule, measures[rule.measure])
        first[(first < 0) & fails] = index
    return first


def _fails(rule: Rule, values: pa.Array) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if rule.fails == "not in":
        fails = pc.invert(pc.is_in(values, pa.array(rule.threshold, values.type)))
        fails = pc.and_(fails, pc.is_valid(values))
    else:
        compare = {"<": pc.less, ">": pc.greater, ">=": pc.greater_equal}[rule.fails]
        fails = compare(values, pa.scalar(rule.threshold))
    return pc.fill_null(fails, False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
