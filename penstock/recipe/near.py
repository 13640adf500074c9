"""Where documents that are alike find each other: candidates, comparison, clusters, verdicts.

Keys bring candidates together; the texts of those alone are compared, where the stage before has
left them. Pairs alike enough make clusters, and each cluster keeps its best row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from penstock.data.atomic import replacing
from penstock.engines.engine import Engine
from penstock.ops.near import Near, Signs
from penstock.recipe.apply import isolate
from penstock.recipe.batch import Batch
from penstock.recipe.clusters import best_of, candidates, components, distinct, forest
from penstock.recipe.group import FOUND, HOME_BUCKETS, VERDICTS, Part, read_found, settle
from penstock.recipe.handed import (
    ROW,
    bytes_a_row,
    nodes_of,
    read_rows,
    shards_of,
    take,
    write_rows,
)
from penstock.recipe.load import Step

KEYS = pa.schema(
    [
        ("key", pa.uint64()),
        ("digest", pa.uint64()),
        ("shard", pa.int32()),
        ("node", pa.int64()),
        ("rank", pa.float64()),
    ]
)
# One of a pair is the better of the two. `shard` is where it stands.
PAIRS = pa.schema(
    [
        ("shard", pa.int32()),
        ("one", pa.int64()),
        ("other", pa.int64()),
        ("one_rank", pa.float64()),
        ("other_rank", pa.float64()),
        ("similarity", pa.float64()),
    ]
)
SMALL = 8  # key rows that take as much memory as one of an ordinary group
COMPARED_BYTES = 16 << 20  # of rows that are held at a time to be compared
__all__ = ["FOUND", "KEYS", "gather", "key_rows", "read_found", "settle"]


def key_rows(batch: Batch, step: Step, shard: int, place: int) -> pa.Table:
    """The key rows of a batch whose rows are handed on from `place` on."""
    operator = cast(Near, step.operator)
    batch.enter(step, batch.rows.num_rows)
    outcome = isolate(batch.rows, lambda rows: (operator.signs(rows), operator.ranks(rows)))
    outcome.set_faults_aside(batch, step)
    batch.leave(step, 0)
    tables = []
    for signs, ranks in outcome.results:
        tables.append(_flat(signs, ranks, shard, place))
        place += len(ranks)
    return pa.concat_tables(tables) if tables else KEYS.empty_table()


def _flat(signs: Signs, ranks: pa.Array, shard: int, place: int) -> pa.Table:
    keys = signs.keys
    counts = pc.fill_null(pc.list_value_length(keys), 0).to_numpy()
    of = np.repeat(np.arange(len(keys)), counts)
    return pa.table(
        {
            "key": keys.flatten(),
            "digest": signs.digests.to_numpy()[of],
            "shard": np.full(len(of), shard, np.int32),
            "node": nodes_of(shard, place, len(keys))[of],
            "rank": ranks.to_numpy()[of].astype(np.float64),
        },
        KEYS,
    )


class Matches(NamedTuple):
    """Files of pairs that are alike, and the rows they are between."""

    files: list[Path]
    nodes: np.ndarray
    ranks: np.ndarray
    best: np.ndarray  # for each node the place of the one it is merged into, or its own


def gather(
    engine: Engine, step: Step, parts: Sequence[Part], home: Path, scratch: Path, bucket_rows: int
) -> None:
    """Find the clusters, and write each shard's verdicts and all pairs to `home`."""
    rows = {part.shard: part.rows for part in parts}
    total = sum(part.size for part in parts)
    buckets = max(1, -(-total // (bucket_rows * SMALL)))
    keys = [part.keys for part in parts]
    found = engine.group(keys, "key", buckets, _candidates, scratch / "keys")
    pairs = list(_written(found, scratch / "pairs"))
    operator = cast(Near, step.operator)
    compare = partial(_alike, operator, rows)
    found = engine.group(pairs, "shard", HOME_BUCKETS, compare, scratch / "home")
    matches = _clusters(engine, list(_written(found, scratch / "matches")))
    similarities = _similarities(engine, operator, rows, matches, scratch)
    texts = _Names(rows, matches.nodes)
    _write_verdicts(home, matches, similarities, texts)
    _write_pairs(home / "pairs.parquet", matches, texts)


def _candidates(bucket: pa.Table) -> pa.Table:
    columns = {name: bucket.column(name).to_numpy() for name in ("key", "digest", "rank", "node")}
    nodes, ranks = columns["node"], columns["rank"]
    ones, others, sure = candidates(columns["key"], columns["digest"], ranks, nodes)
    # What several keys say is said once; that a pair is sure comes first.
    order = np.argsort(~sure, kind="stable")
    ones, others, sure = ones[order], others[order], sure[order]
    once = distinct(nodes[ones], nodes[others])
    return _pairs(
        nodes[ones[once]],
        nodes[others[once]],
        ranks[ones[once]],
        ranks[others[once]],
        np.where(sure[once], 1.0, np.nan),
    )


def _pairs(
    one: np.ndarray,
    other: np.ndarray,
    one_rank: np.ndarray,
    other_rank: np.ndarray,
    similarity: np.ndarray,
) -> pa.Table:
    return pa.table([shards_of(one), one, other, one_rank, other_rank, similarity], schema=PAIRS)


def _alike(operator: Near, rows: Mapping[int, Path], bucket: pa.Table) -> pa.Table:
    """The pairs of a bucket that are alike, each once."""
    bucket = _compared(operator, rows, bucket, ask=operator.verify)
    if not operator.verify:
        return bucket
    # A share that should be the threshold may come out a bit below it.
    least = operator.threshold - 1e-9
    return bucket.filter(pa.array(bucket.column("similarity").to_numpy() >= least))


def _compared(
    operator: Near, rows: Mapping[int, Path], bucket: pa.Table, *, ask: bool = True
) -> pa.Table:
    """The pairs of a bucket, each once, with the similarities that were not known."""
    order = np.argsort(np.isnan(bucket.column("similarity").to_numpy()), kind="stable")
    bucket = bucket.take(pa.array(order)).combine_chunks()
    ones, others = (bucket.column(name).to_numpy() for name in ("one", "other"))
    bucket = bucket.take(pa.array(distinct(ones, others))).combine_chunks()
    ones, others = (bucket.column(name).to_numpy() for name in ("one", "other"))
    similarities = bucket.column("similarity").to_numpy().copy()
    open_ = np.flatnonzero(np.isnan(similarities)) if ask else np.zeros(0, int)
    size = max(1, COMPARED_BYTES // (2 * bytes_a_row(rows.values()))) if len(open_) else 1
    for start in range(0, len(open_), size):
        places = open_[start : start + size]
        nodes, at = np.unique(np.concatenate([ones[places], others[places]]), return_inverse=True)
        texts = take(rows, nodes)
        similarities[places] = operator.compare(texts, at[: len(places)], at[len(places) :])
    where = bucket.schema.get_field_index("similarity")
    return bucket.set_column(where, "similarity", pa.array(similarities))


def _clusters(engine: Engine, files: list[Path]) -> Matches:
    """What hangs together, and who stays."""
    edges = engine.fold(files, _forest_of, _united)
    ones, others = edges if edges is not None else (np.zeros(0, np.int64),) * 2
    nodes = np.unique(np.concatenate([ones, others]))
    ranks = np.zeros(len(nodes))
    for table in map(read_rows, files):
        for name in ("one", "other"):
            places = np.searchsorted(nodes, table.column(name).to_numpy())
            ranks[places] = table.column(f"{name}_rank").to_numpy()
    places = np.searchsorted(nodes, ones), np.searchsorted(nodes, others)
    return Matches(files, nodes, ranks, best_of(components(*places, len(nodes)), ranks))


def _forest_of(file: Path) -> tuple[np.ndarray, np.ndarray]:
    table = read_rows(file)
    return forest(table.column("one").to_numpy(), table.column("other").to_numpy())


def _united(
    one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    return forest(np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]]))


def _similarities(
    engine: Engine, operator: Near, rows: Mapping[int, Path], found: Matches, scratch: Path
) -> np.ndarray:
    """How similar each row is to the one it is merged into; where chains of others have led to it,
    that is asked now."""
    known = np.where(found.best == np.arange(len(found.nodes)), 1.0, np.nan)
    _learn(known, found, map(read_rows, found.files))
    open_ = np.flatnonzero(np.isnan(known))
    if len(open_) and operator.verify:
        best = found.best[open_]
        table = _pairs(
            found.nodes[best], found.nodes[open_], found.ranks[best], found.ranks[open_],
            np.full(len(open_), np.nan),
        )  # fmt: skip
        files = list(_written(iter([table]), scratch / "chains"))
        compare = partial(_compared, operator, rows)
        _learn(known, found, engine.group(files, "shard", HOME_BUCKETS, compare, scratch / "chain"))
    return known


def _learn(known: np.ndarray, found: Matches, tables: Iterator[pa.Table]) -> None:
    for table in tables:
        ones, others, similarities = (
            table.column(name).to_numpy() for name in ("one", "other", "similarity")
        )
        places = np.searchsorted(found.nodes, others)
        ours = found.nodes[found.best[places]] == ones
        known[places[ours]] = similarities[ours]


class _Names:
    """The ids and row numbers of the rows of clusters."""

    def __init__(self, rows: Mapping[int, Path], nodes: np.ndarray) -> None:
        if len(nodes):
            found = take(rows, nodes, ["id", ROW])
            self.ids, self.rows = found.column("id"), found.column(ROW).to_numpy()
        else:
            self.ids, self.rows = pa.array([], pa.string()), nodes


def _write_verdicts(home: Path, found: Matches, similarities: np.ndarray, names: _Names) -> None:
    shards = shards_of(found.nodes)
    goes = found.best != np.arange(len(found.nodes))
    for shard in np.unique(shards[goes]).tolist():
        places = np.flatnonzero(goes & (shards == shard))
        known = {
            "shard": pa.array(shards[places]),
            "row": pa.array(names.rows[places]),
            "state": pa.repeat("merged", len(places)),
            "merged_into": names.ids.take(pa.array(found.best[places])),
            "similarity": pa.array(similarities[places], from_pandas=True),
        }
        columns = [known.get(f.name, pa.nulls(len(places), f.type)) for f in VERDICTS]
        table = pa.table(columns, VERDICTS)
        write_rows(home / f"{shard:05d}.verdicts.arrow", table)


def _write_pairs(path: Path, found: Matches, names: _Names) -> None:
    """All pairs that were found alike, by their ids, with the id of the one that stays."""
    schema = pa.schema([(name, pa.string()) for name in ("kept", "one", "other")])
    schema = schema.append(pa.field("similarity", pa.float64()))
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for table in map(read_rows, found.files):
            ones, others = (
                np.searchsorted(found.nodes, table.column(name).to_numpy())
                for name in ("one", "other")
            )
            ids = [names.ids.take(pa.array(at)) for at in (found.best[ones], ones, others)]
            writer.write_table(pa.table([*ids, table.column("similarity")], schema=schema))


def _written(tables: Iterator[pa.Table], folder: Path) -> Iterator[Path]:
    for number, table in enumerate(tables):
        path = folder / f"{number:05d}.arrow"
        write_rows(path, table)
        yield path
