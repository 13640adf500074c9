"""The shapes an operator can have.

An operator is a frozen dataclass whose fields are its parameters. It knows nothing of engines,
workers, files of a run, or other operators; what it measures or refuses is counted by the runner.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

    from penstock.data.files import File
    from penstock.data.shards import Shard
    from penstock.text.features import Features

# The column by which the children of a one-to-many map name the row they came from.
PARENT = "__parent"
# The key under which a reader says how it has repaired a record.
REPAIR = "__repair"


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

    `fails` is "<", "<=", ">", ">=", "==", "!=", "in" or "not in". A measure that is null fails no
    rule.
    """

    name: str
    measure: str
    fails: str
    threshold: Any


@dataclass(frozen=True)
class Operator:
    """What all operators share. The name is the path: `filter.word_count` for this package's."""

    # The packages it needs beside the core, and penstock's extra that has them.
    needs: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    # Parameters that name files which do not change the result, such as a cache.
    scratch: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[int] = 1

    def __reduce__(self) -> tuple[Any, ...]:
        # Only the parameters travel to workers, never a model held in a cached property.
        values = tuple(getattr(self, field.name) for field in dataclasses.fields(self))
        return type(self), values


class Read(Operator):
    """Turns files into documents."""

    suffixes: ClassVar[tuple[str, ...]]
    # How files end that may be cut into byte ranges; and those whose lines may, once unpacked.
    splittable: ClassVar[tuple[str, ...]] = ()
    streams: ClassVar[tuple[str, ...]] = ()

    path: str | tuple[str, ...]

    def files(self) -> list[File]:
        """The files that are read, in the order of their addresses. Raises MissingError where there
        are none."""
        from penstock.data.files import expand

        return expand(self.path, self.suffixes)

    def schema(self, files: list[File]) -> pa.Schema:
        """The columns of the documents, beside id, source and offset: the same for all shards."""
        raise NotImplementedError

    def records(self, shard: Shard) -> Iterator[Mapping[str, Any] | Lost | pa.RecordBatch]:
        """The records of a shard in order: a document (with `id` and `offset`), a loss, or many
        documents at once as a batch with the columns id, offset and those of the schema."""
        raise NotImplementedError

    def documents(
        self,
        shard: Shard,
        schema: pa.Schema,  # noqa: ARG002 - for readers that make batches
    ) -> Iterator[Mapping[str, Any] | Lost | pa.RecordBatch]:
        """The same for an engine, which knows the columns: those of `schema`, before them id,
        source and offset."""
        return self.records(shard)


class Map(Operator):
    """Changes documents, one for one; or, where `many` is set, makes several of each.

    A document that has no `text` left afterwards is dropped with the rule `no_text`. The children
    of one document are named `id#1`, `id#2` and so on, and have its other columns.
    """

    many: ClassVar[bool] = False

    def text(self, text: str) -> str | None:
        """The changed text; None or "" when nothing of it is left."""
        raise NotImplementedError

    def pieces(self, text: str) -> Sequence[str]:
        """The texts of the children, where there are `many`."""
        raise NotImplementedError

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change a batch; as many rows come back, in the same order.

        Where there are `many`, the children come back, in order, each with the place of its
        document in the column `PARENT`.
        """
        import pyarrow as pa

        from penstock.data.schema import put, strings

        texts = strings(rows, "text")
        if not self.many:
            changed = [None if text is None else self.text(text) for text in texts]
            return put(rows, "text", pa.array(changed, pa.string()))
        pieces = [[] if text is None else self.pieces(text) for text in texts]
        parents = [place for place, found in enumerate(pieces) for _ in found]
        parent = pa.array(parents, pa.int32())
        children = pa.array([piece for found in pieces for piece in found], pa.string())
        # The parents' texts stay behind: each child would get a copy before it got its own.
        rest = put(rows, "text", pa.nulls(rows.num_rows, pa.string()))
        return put(put(rest.take(parent), "text", children), PARENT, parent)


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

    def thresholds(self) -> frozenset[str]:
        """The parameters that change decisions only, never a measure: `keep`, `min`, `max`, and
        what begins with `min_` or `max_`. With others of them, stored measures say what a run would
        do."""
        names = (field.name for field in dataclasses.fields(self))
        prefixes = ("min_", "max_")
        return frozenset(
            name for name in names if name in ("min", "max", "keep") or name.startswith(prefixes)
        )

    def applies(self, rows: pa.RecordBatch) -> pa.Array | None:  # noqa: ARG002
        """Which rows are to be measured, as booleans; None for all. The others pass unmeasured."""
        return None

    def measure_features(self, features: Features) -> Mapping[str, Any] | None:  # noqa: ARG002
        """The same measures as arrays, from features that filters share; None: there is no such
        way. This is the fast path; a test holds it equal to `measure`."""
        return None

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
        """The key of each row, 16 bytes; null for a row that takes no part."""
        raise NotImplementedError

    def look_for_columns(self, rows: pa.RecordBatch) -> None:
        """Raise UsageError where a column that it reads is not there. Asked once, with no rows."""
        self.keys(rows)
        self.ranks(rows)

    def ranks(self, rows: pa.RecordBatch) -> pa.Array:
        """What orders the rows of one key, smallest first; those of the same rank stand in input
        order."""
        import numpy as np
        import pyarrow as pa

        return pa.array(np.zeros(rows.num_rows))

    def elect(self, bucket: pa.Table) -> pa.Table:
        """The verdicts on a bucket of rows (key, shard, row, id, rank), sorted by key, rank, shard
        and row.

        Verdicts are for the rows that go only: shard, row and, as far as they apply, `state`
        ("merged" unless given, or "dropped"), rule, value, threshold, merged_into, similarity.
        """
        raise NotImplementedError


class Survey(Operator):
    """Looks at all documents before it decides: a small summary first, then a map or filter."""

    def survey(self, rows: pa.RecordBatch) -> Any:
        """The summary of a batch: small, and able to travel. None says nothing."""
        raise NotImplementedError

    def merge(self, one: Any, other: Any) -> Any:
        """Two summaries as one; in which order they are merged must not show."""
        raise NotImplementedError

    def bind(self, summary: Any) -> Map | Filter:
        """What is applied to all rows, knowing the summary (None when there were no rows)."""
        raise NotImplementedError


class Write(Operator):
    """Writes documents, one file a shard; files of neighbours are joined where a `shard_size` (in
    bytes, or as `256MB`) is asked for."""

    path: str
    shard_size: str | int | None = None

    @property
    def suffix(self) -> str:
        """How the files end."""
        raise NotImplementedError

    def open(self, file: Path, schema: pa.Schema) -> Writer:
        """A writer for the documents of one shard."""
        raise NotImplementedError

    def join(self, parts: Sequence[Path], file: Path) -> None:
        """Make one file of the files of neighbouring shards."""
        raise NotImplementedError

    def beside(self, rows: int) -> Mapping[str, str]:  # noqa: ARG002 - for cards
        """Texts that stand beside the data of a dataset of so many rows, by their file names."""
        return {}


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

    if rule.fails in ("in", "not in"):
        fails = pc.is_in(values, pa.array(rule.threshold, values.type))
        if rule.fails == "not in":
            fails = pc.invert(fails)
        fails = pc.and_(fails, pc.is_valid(values))
    else:
        compare = {
            "<": pc.less,
            "<=": pc.less_equal,
            ">": pc.greater,
            ">=": pc.greater_equal,
            "==": pc.equal,
            "!=": pc.not_equal,
        }[rule.fails]
        fails = compare(values, pa.scalar(rule.threshold))
    return pc.fill_null(fails, False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
