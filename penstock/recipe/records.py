"""What a shard records of its rows, written as its batches go by: ledger, measures, quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from penstock.data.atomic import replacing
from penstock.ops.base import Filter, Survey
from penstock.recipe.batch import CHILD_BITS, Batch, entries, measure_table
from penstock.recipe.load import Step
from penstock.recipe.plan import Stage
from penstock.runs import ledger

GROUP_ROWS = 16_384
IN_ORDER = [("row", "ascending"), ("child", "ascending")]


def measure_schema(stages: Iterable[Stage]) -> pa.Schema:
    """The columns of the measures that the filters of some stages take."""
    columns = [pa.field("row", pa.int64()), pa.field("child", pa.int32())]
    for step in (step for stage in stages for step in measuring(stage)):
        named = cast(Filter, step.operator).measures.items()
        columns += [
            pa.field(f"{step.label}.{name}", pa.type_for_alias(kind)) for name, kind in named
        ]
    return pa.schema(columns)


def measuring(stage: Stage) -> Iterator[Step]:
    """The steps of a stage that measure; a survey that binds a filter stands as that filter."""
    if stage.settles is not None and isinstance(stage.settles.operator, Survey):
        bound = stage.settles.operator.bind(None)
        if isinstance(bound, Filter):
            yield Step(stage.settles.index, stage.settles.name, bound)
    for steps in stage.passes:
        yield from (step for step in steps if isinstance(step.operator, Filter))


class Records:
    """The records of one stage over one shard; in the last stage, of all stages together.

    `files` are where they are written, `earlier` those that the stages before wrote. Rows come in
    order, batch by batch, so that no more than a few batches are held.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        measures: pa.Schema,
        earlier: Sequence[Mapping[str, Path]] = (),
        *,
        final: bool,
    ) -> None:
        self.states: Counter[str] = Counter()
        self.repairs: dict[int, str] = {}
        self._final = final
        self._stack = ExitStack()
        schemas = {"ledger": ledger.SCHEMA, "quarantine": ledger.QUARANTINE, "measures": measures}
        self._tables = {role: self._open(path, schemas[role]) for role, path in files.items()}
        self._measures = measures
        self._earlier = {
            role: [_Sorted(paths[role]) for paths in earlier if role in paths] for role in files
        }

    def __enter__(self) -> Records:
        return self

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self._write(None, [], [], [])
        self._stack.__exit__(*error)

    def _open(self, path: Path, schema: pa.Schema) -> _Table:
        table = _Table(self._stack.enter_context(replacing(path)), schema)
        self._stack.callback(table.close)
        return table

    def add(self, batch: Batch) -> None:
        """Take a batch that has come to the end of the stage."""
        fates = batch.fates
        if self._final and batch.rows.num_rows:
            fates = [*fates, entries(batch.rows, batch.numbers, state="kept")]
        self._write(batch.last >> CHILD_BITS, fates, batch.quarantine, batch.measures)

    def _write(
        self,
        last: int | None,
        fates: Sequence[pa.Table],
        quarantine: Sequence[Mapping[str, Any]],
        measures: Sequence[tuple[np.ndarray, Mapping[str, pa.Array]]],
    ) -> None:
        """Write what is known of the rows up to the record `last`; None: of all that are left."""
        before = {role: [one.upto(last) for one in found] for role, found in self._earlier.items()}
        table = pa.concat_tables([*before["ledger"], *fates] or [ledger.SCHEMA.empty_table()])
        table = self._noted(table.sort_by(IN_ORDER))
        self.states.update(_counted(table.column("state")))
        self._tables["ledger"].add(table)
        if quarantine or before["quarantine"]:
            ours = pa.Table.from_pylist(list(quarantine), ledger.QUARANTINE)
            found = pa.concat_tables([*before["quarantine"], ours])
            self._tables["quarantine"].add(found.sort_by(IN_ORDER))
        if "measures" in self._tables:
            pieces = [*map(measures_of, before["measures"]), *measures]
            pieces = [piece for piece in pieces if len(piece[0])]
            if pieces:
                self._tables["measures"].add(measure_table(pieces, self._measures))

    def _noted(self, table: pa.Table) -> pa.Table:
        """The ledger with the repairs of the records that were read after all."""
        if not self.repairs or not self._final:
            return table
        rows, errors = (table.column(name).to_pylist() for name in ("row", "error"))
        noted = [
            error or self.repairs.get(row << CHILD_BITS)
            for row, error in zip(rows, errors, strict=True)
        ]
        at = table.schema.get_field_index("error")
        return table.set_column(at, "error", pa.array(noted, pa.string()))


def _counted(states: pa.ChunkedArray) -> dict[str, int]:
    return {one["values"]: one["counts"] for one in pc.value_counts(states).to_pylist()}


def measures_of(table: pa.Table) -> tuple[np.ndarray, dict[str, pa.Array]]:
    """Stored measures as a batch holds them."""
    table = table.combine_chunks()
    rows, children = (table.column(name).to_numpy() for name in ("row", "child"))
    columns = {
        name: _flat(table.column(name))
        for name in table.column_names
        if name not in ("row", "child")
    }
    return rows << CHILD_BITS | children, columns


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


class _Table:
    """A Parquet file in row groups of a fixed number of rows."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._held = schema.empty_table()

    def close(self) -> None:
        """Finish the file."""
        if self._held.num_rows:
            self._flush(self._held.num_rows)
        self._writer.close()

    def add(self, rows: pa.Table) -> None:
        """Add rows."""
        self._held = pa.concat_tables([self._held, rows.select(self._schema.names)])
        while self._held.num_rows >= GROUP_ROWS:
            self._flush(GROUP_ROWS)

    def _flush(self, size: int) -> None:
        # How a column happens to be chunked must not show in the file.
        self._writer.write_table(self._held.slice(0, size).combine_chunks(), row_group_size=size)
        self._held = self._held.slice(size).combine_chunks()


class _Sorted:
    """The rows of a Parquet file in row order, taken up to one record after another."""

    def __init__(self, path: Path) -> None:
        file = pq.ParquetFile(path)
        self._batches = file.iter_batches(GROUP_ROWS)
        self._held = file.schema_arrow.empty_table()

    def upto(self, last: int | None) -> pa.Table:
        """The next rows, as far as the record `last`."""
        taken = []
        while True:
            rows = self._held.column("row").to_numpy()
            size = len(rows) if last is None else int(np.searchsorted(rows, last, side="right"))
            taken.append(self._held.slice(0, size))
            self._held = self._held.slice(size)
            if self._held.num_rows:
                break
            batch = next(self._batches, None)
            if batch is None:
                break
            self._held = pa.Table.from_batches([batch])
        return pa.concat_tables(taken)
