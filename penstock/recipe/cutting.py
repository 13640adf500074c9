"""Where equal pieces of documents meet, and are cut out of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.data.schema import put
from penstock.engines.engine import Engine
from penstock.ops.pieces import Cut, Pieces
from penstock.recipe.apply import NO_TEXT, isolate
from penstock.recipe.batch import Batch
from penstock.recipe.group import HOME_BUCKETS, Part
from penstock.recipe.handed import read_rows, write_rows
from penstock.recipe.load import Step

KEYS = pa.schema(
    [
        ("key", pa.binary(16)),
        ("shard", pa.int32()),
        ("row", pa.int64()),
        ("piece", pa.int32()),
    ]
)
# The pieces that go.
GONE = pa.schema([("shard", pa.int32()), ("row", pa.int64()), ("piece", pa.int32())])
FOUND = "pieces.arrow"
SMALL = 8  # key rows that take as much memory as one of an ordinary group


def key_rows(batch: Batch, step: Step, shard: int, place: int) -> pa.Table:  # noqa: ARG001
    """The key rows of the pieces of a batch."""
    operator = cast(Pieces, step.operator)
    batch.enter(step, batch.rows.num_rows)
    outcome = isolate(batch.rows, operator.pieces)
    outcome.set_faults_aside(batch, step)
    batch.leave(step, 0)
    tables, before = [], 0
    for places, cut in zip(outcome.good, outcome.results, strict=True):
        numbers = batch.numbers[before : before + len(places)]
        before += len(places)
        size = len(cut.parents)
        keys = pa.Array.from_buffers(
            pa.binary(16), size, [None, pa.py_buffer(np.ascontiguousarray(cut.keys))]
        )
        shards = np.full(size, shard, np.int32)
        columns = [keys, shards, numbers[cut.parents], _counted(cut.parents)]
        tables.append(pa.table(columns, schema=KEYS))
    return pa.concat_tables(tables) if tables else KEYS.empty_table()


def _counted(parents: np.ndarray) -> np.ndarray:
    """Which of its document's pieces each is."""
    places = np.arange(len(parents))
    first = np.ones(len(parents), bool)
    first[1:] = parents[1:] != parents[:-1]
    found: np.ndarray = places - np.maximum.accumulate(np.where(first, places, 0))
    return found.astype(np.int32)


def gather(
    engine: Engine, step: Step, parts: Sequence[Part], home: Path, scratch: Path, bucket_rows: int
) -> None:
    """Let equal pieces meet, and write those that go to `home/<shard>.pieces.arrow`."""
    buckets = max(1, -(-sum(part.size for part in parts) // (bucket_rows * SMALL)))
    goes = partial(_goes, cast(Pieces, step.operator))
    files = []
    keys = [part.keys for part in parts]
    for number, table in enumerate(engine.group(keys, "key", buckets, goes, scratch / "keys")):
        files.append(scratch / "pieces" / f"{number:05d}.arrow")
        write_rows(files[-1], table)
    write = partial(_write_home, home)
    for _ in engine.group(files, "shard", HOME_BUCKETS, write, scratch / "home"):
        pass  # what it returns is empty; the files are the result


def _goes(operator: Pieces, bucket: pa.Table) -> pa.Table:
    keys = bucket.column("key").combine_chunks()
    halves = np.frombuffer(keys.buffers()[1], np.uint64, 2 * len(keys), keys.offset * 16)
    high, low = halves[::2], halves[1::2]
    shards, rows, pieces = (bucket.column(f.name).to_numpy() for f in GONE)
    # Most pieces stand alone, and are not sorted further.
    by_key = np.argsort(high)
    again = high[by_key][1:] == high[by_key][:-1]
    alone = np.ones(len(keys), bool)
    alone[by_key[1:][again]] = alone[by_key[:-1][again]] = False
    places = np.flatnonzero(~alone)
    order = np.lexsort((pieces[places], rows[places], shards[places], low[places], high[places]))
    places = places[order]
    equal = _numbered(high[places], low[places])
    documents = _numbered(shards[places], rows[places])
    gone = places[operator.goes(equal, documents)]
    return pa.table([shards[gone], rows[gone], pieces[gone]], schema=GONE)


def _numbered(*columns: np.ndarray) -> np.ndarray:
    """A number that changes where any of the columns does."""
    changes = np.zeros(len(columns[0]), bool)
    if len(changes):
        changes[1:] = np.logical_or.reduce([one[1:] != one[:-1] for one in columns])
    return np.cumsum(changes)


def _write_home(home: Path, bucket: pa.Table) -> pa.Table:
    order = [(field.name, "ascending") for field in GONE]
    ordered = bucket.sort_by(order).combine_chunks()
    shards = ordered.column("shard").to_numpy()
    for shard in np.unique(shards).tolist():
        start, stop = np.searchsorted(shards, [shard, shard + 1])
        write_rows(home / f"{shard:05d}.pieces.arrow", ordered.slice(start, stop - start))
    return GONE.empty_table()


def read_found(path: Path) -> pa.Table:
    """The pieces of one shard that go, in order."""
    return read_rows(path, GONE)


def settle(batch: Batch, step: Step, gone: pa.Table) -> None:
    """Cut the pieces that go out of the texts of a batch."""
    size = batch.rows.num_rows
    batch.enter(step, 0)
    if size:
        rows = gone.column("row").to_numpy()
        low, high = np.searchsorted(rows, [batch.numbers[0], batch.numbers[-1] + 1])
        if high > low:
            cut = cast(Pieces, step.operator).pieces(batch.rows)
            first = np.searchsorted(cut.parents, np.searchsorted(batch.numbers, rows[low:high]))
            which = first + gone.column("piece").to_numpy()[low:high]
            texts = without(batch.rows.column("text"), cut, which)
            batch.replace(put(batch.rows, "text", texts), batch.numbers)
            _drop_emptied(batch, step, np.unique(cut.parents[which]))
    batch.leave(step, batch.rows.num_rows)


def _drop_emptied(batch: Batch, step: Step, places: np.ndarray) -> None:
    left = batch.rows.column("text").take(pa.array(places))
    empty = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(left)), 0)
    gone = places[empty.to_numpy(zero_copy_only=False)]
    batch.end(gone, step=step.label, **NO_TEXT)
    stays = np.ones(batch.rows.num_rows, bool)
    stays[gone] = False
    batch.thin(stays)


def without(texts: pa.Array, cut: Cut, gone: np.ndarray) -> pa.Array:
    """The texts less some of their pieces, at least one, in order; they may overlap.

    >>> cut = Cut(np.array([0, 0]), np.array([0, 2]), np.array([2, 3]), np.zeros((2, 2), np.uint64))
    >>> without(pa.array(["a b"]), cut, np.array([0])).to_pylist()
    ['b']
    """
    texts = texts.cast(pa.large_string())
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset :][: len(texts) + 1]
    base = offsets[0]
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[base : offsets[-1]]
    begins = offsets[cut.parents[gone]] - base
    starts, stops = _joined(begins + cut.starts[gone], begins + cut.stops[gone])
    bounds = np.concatenate([[0], np.column_stack([starts, stops]).ravel(), [len(data)]])
    stays = np.repeat(np.arange(len(bounds) - 1) % 2 == 0, np.diff(bounds))
    removed = np.concatenate([[0], np.cumsum(stops - starts)])
    ends = offsets - base - removed[np.searchsorted(stops, offsets - base, side="right")]
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(data[stays])]
    left = pa.Array.from_buffers(pa.large_string(), len(texts), buffers)
    if texts.null_count:
        left = pc.if_else(texts.is_null(), None, left)
    return left.cast(pa.string())


def _joined(starts: np.ndarray, stops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spans in order of their starts, those that overlap as one. Those that touch stay two, since
    they may be of two texts."""
    far = np.maximum.accumulate(stops)
    opens = np.ones(len(starts), bool)
    opens[1:] = starts[1:] >= far[:-1]
    first = np.flatnonzero(opens)
    return starts[first], far[np.append(first[1:], len(starts)) - 1]
