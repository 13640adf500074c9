"""Semantic duplicates against all pairs, compared one by one."""

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from penstock.errors import UsageError
from penstock.ops.dedup.semantic import MOST_BITS, Semantic
from penstock.specs.build import build

CASES = Path(__file__).parent.parent / "cases" / "dedup" / "semantic.yaml"
NUMBERS = st.floats(-4, 4, width=32) | st.just(0.0)


def rows_of(vectors: np.ndarray) -> pa.RecordBatch:
    flat = pa.array(vectors.astype(np.float32).ravel())
    return pa.RecordBatch.from_pydict(
        {"embedding": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])}
    )


def shared(keys: pa.Array) -> np.ndarray:
    """Which pairs of rows have a key in common."""
    lists = [set(one or ()) for one in keys.to_pylist()]
    return np.array([[bool(one & other) for other in lists] for one in lists])


def pairs_at(cosine: float, count: int, dimension: int, seed: int) -> np.ndarray:
    """Vectors of which the first and the second half have this cosine, pair by pair."""
    random = np.random.default_rng(seed)
    one, other = random.standard_normal((2, count, dimension))
    one /= np.linalg.norm(one, axis=1)[:, None]
    other -= (one * other).sum(axis=1)[:, None] * one
    other /= np.linalg.norm(other, axis=1)[:, None]
    return np.concatenate([one, cosine * one + math.sqrt(1 - cosine**2) * other])


def chance(cosine: float, bits: int, tables: int) -> float:
    return 1 - (1 - (1 - math.acos(cosine) / math.pi) ** bits) ** tables


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.8, 0.9, 0.95, 0.99, 1.0])
@pytest.mark.parametrize("recall", [0.8, 0.95, 0.99])
def test_the_layout_is_the_longest_key_that_finds_enough(threshold: float, recall: float) -> None:
    operator = Semantic(threshold=threshold, recall=recall)
    bits, tables = operator.layout
    assert tables <= operator.max_tables
    assert chance(threshold, bits, tables) >= recall
    assert tables == 1 or chance(threshold, bits, tables - 1) < recall
    if bits < MOST_BITS:
        assert chance(threshold, bits + 1, operator.max_tables) < recall


@pytest.mark.parametrize("threshold", [0.7, 0.9, 0.95])
@pytest.mark.parametrize("dimension", [24, 384])
def test_pairs_at_the_threshold_meet_as_often_as_is_said(threshold: float, dimension: int) -> None:
    count = 2000
    operator = Semantic(threshold=threshold, seed=3)
    keys = operator.signs(rows_of(pairs_at(threshold, count, dimension, 1))).keys.to_pylist()
    met = sum(bool(set(keys[at]) & set(keys[at + count])) for at in range(count)) / count
    expected = chance(threshold, *operator.layout)
    assert abs(met - expected) < 5 * math.sqrt(expected * (1 - expected) / count)
    assert expected >= 0.95


def test_true_pairs_of_a_collection_meet_and_are_compared_right() -> None:
    random = np.random.default_rng(5)
    centres = random.standard_normal((60, 64))
    vectors = np.repeat(centres, 8, axis=0) + random.standard_normal((480, 64)) * 0.25
    rows = rows_of(vectors)
    operator = Semantic(threshold=0.9)
    exact = vectors.astype(np.float32).astype(np.float64)
    lengths = np.array([math.sqrt(math.fsum(one * one)) for one in exact])
    cosines = (exact @ exact.T) / np.outer(lengths, lengths)
    ones, others = np.triu_indices(len(vectors), 1)
    found = operator.compare(rows, ones, others)
    assert np.allclose(found, np.clip(cosines[ones, others], 0, 1), atol=1e-9)
    true = cosines[ones, others] >= operator.threshold
    meet = shared(operator.signs(rows).keys)[ones, others]
    assert true.sum() > 1000
    assert (meet & true).sum() >= 0.95 * true.sum()
    assert meet.sum() < 1.2 * true.sum(), "few strangers meet"


@settings(max_examples=30)
@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=12), st.data())
def test_keys_and_digests_depend_on_the_vector_alone(
    vectors: list[list[float]], data: st.DataObject
) -> None:
    operator = Semantic(threshold=data.draw(st.sampled_from([0.5, 0.9, 1.0])))
    rows = rows_of(np.array(vectors))
    whole = operator.signs(rows)
    cut = data.draw(st.integers(0, len(vectors)))
    parts = [operator.signs(rows.slice(0, cut)), operator.signs(rows.slice(cut))]
    for side in range(2):
        assert whole[side].to_pylist() == sum((one[side].to_pylist() for one in parts), [])  # noqa: RUF017
    keys = whole.keys.to_pylist()
    for one, keys_of, digest in zip(vectors, keys, whole.digests.to_pylist(), strict=True):
        assert (keys_of is None) == (not any(one))
        for other, of_other, another in zip(vectors, keys, whole.digests.to_pylist(), strict=True):
            if np.float32(one).tobytes() == np.float32(other).tobytes():
                assert (keys_of, digest) == (of_other, another)


def test_types_of_keys_and_digests() -> None:
    operator = Semantic()
    for vectors in (np.ones((3, 5)), np.ones((0, 5))):
        signs = operator.signs(rows_of(vectors))
        assert signs.keys.type == pa.list_(pa.uint64())
        assert signs.digests.type == pa.uint64()
        assert signs.keys.value_lengths().to_pylist() == [56] * len(vectors)
    nothing = pa.RecordBatch.from_pydict({"embedding": pa.nulls(2, pa.list_(pa.float32(), 4))})
    assert operator.signs(nothing).keys.to_pylist() == [None, None]
    assert operator.compare(nothing, np.array([0]), np.array([1])).tolist() == [0.0]


def test_nulls_among_vectors_move_nothing() -> None:
    values = pa.array([None, [1.0, 2.0], None, [3.0, -1.0]], pa.list_(pa.float32(), 2))
    operator = Semantic()
    rows = pa.RecordBatch.from_pydict({"embedding": values})
    keys = operator.signs(rows).keys.to_pylist()
    alone = operator.signs(pa.RecordBatch.from_pydict({"embedding": values.drop_null()})).keys
    assert [keys[1], keys[3]] == alone.to_pylist()
    assert keys[0] is keys[2] is None
    assert operator.signs(rows.slice(1)).keys.to_pylist() == keys[1:]


def test_seeds_make_other_keys_and_a_copy_the_same() -> None:
    rows = rows_of(pairs_at(0.5, 4, 8, 0))
    assert Semantic(seed=1).signs(rows).keys != Semantic(seed=2).signs(rows).keys
    copy = pickle.loads(pickle.dumps(Semantic(seed=1)))
    assert copy.signs(rows).keys == Semantic(seed=1).signs(rows).keys


def test_wrong_columns_are_told() -> None:
    operator = Semantic(column="embeding")
    with pytest.raises(UsageError, match="no column `embeding`") as caught:
        operator.signs(rows_of(np.ones((1, 2))))
    assert "embedding" in caught.value.hint
    text = pa.RecordBatch.from_pydict({"embedding": ["0.1 0.2"]})
    with pytest.raises(UsageError, match="is string, and no list of floating-point"):
        Semantic().signs(text)
    ragged = pa.RecordBatch.from_pydict({"embedding": [[1.0], [1.0, 2.0]]})
    with pytest.raises(UsageError, match="vectors of 1 and of 2 numbers"):
        Semantic().signs(ragged)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"threshold": 0}, "`threshold` is 0"),
        ({"threshold": 1.1}, "`threshold` is 1.1"),
        ({"recall": 1}, "`recall` is 1"),
        ({"max_tables": 0}, "`max_tables` is 0"),
        ({"threshold": 0.2, "max_tables": 3}, "a recall of 0.95 needs 4 at"),
    ],
)
def test_wrong_parameters_are_told(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build(Semantic, parameters, lambda _: "", owner="dedup.semantic")


@pytest.mark.parametrize("case", YAML(typ="safe").load(CASES.read_text("utf-8")))
def test_the_cases_by_hand(case: dict[str, Any]) -> None:
    """The clusters as all pairs give them, joined one by one."""
    operator = build(Semantic, case.get("params", {}), lambda _: "", owner="dedup.semantic")
    columns = dict.fromkeys(key for row in case["rows"] for key in row)
    rows = pa.RecordBatch.from_pydict(
        {key: [row.get(key) for row in case["rows"]] for key in columns}
    )
    size = rows.num_rows
    ones, others = np.triu_indices(size, 1)
    alike = operator.compare(rows, ones, others) >= operator.threshold
    meet = shared(operator.signs(rows).keys)[ones, others]
    cluster = list(range(size))
    for one, other in zip(ones[alike & meet], others[alike & meet], strict=True):
        old, new = cluster[other], cluster[one]
        cluster = [new if name == old else name for name in cluster]
    ranks = operator.ranks(rows).to_pylist()
    merged = {}
    for name in set(cluster):
        members = [row for row in range(size) if cluster[row] == name]
        first = min(members, key=lambda row: (ranks[row], row))
        merged.update({row: first for row in members if row != first})
    assert merged == case["merged"]
