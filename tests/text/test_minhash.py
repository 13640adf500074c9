"""MinHash: the kernels against plain Python, and the probabilities that it promises."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.text.minhash import (
    band_key,
    band_keys,
    bands_for,
    detection,
    permutations,
    signature,
    signatures,
)
from penstock.text.shingles import Shingling, distinct, jaccard, shingled

hash_lists = st.lists(st.lists(st.integers(0, (1 << 64) - 1), max_size=40), max_size=4)


def rows_of(lists: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    firsts = np.cumsum([0, *map(len, lists)]).astype(np.int64)
    return firsts, np.array([one for each in lists for one in each], np.uint64)


@given(hash_lists, st.integers(0, 1 << 64), st.integers(1, 6), st.integers(1, 5))
@settings(max_examples=100)
def test_signatures_and_keys(lists: list[list[int]], seed: int, bands: int, rows: int) -> None:
    a, b = permutations(bands * rows + 1, seed)
    assert all(factor % 2 for factor in a.tolist())
    found = signatures(*rows_of(lists), a, b)
    assert found.dtype == np.uint32
    assert found.tolist() == [signature(each, a.tolist(), b.tolist()) for each in lists]
    keys = band_keys(found, bands, rows)
    assert keys.tolist() == [
        [band_key(each, band, rows) for band in range(bands)] for each in found.tolist()
    ]


def test_permutations_hang_on_the_seed_alone() -> None:
    a, b = permutations(3, 0)
    # The first numbers of splitmix64 from 0, as published.
    assert [int(a[0]), int(b[0]), int(a[1])] == [
        0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F,
    ]  # fmt: skip
    more = permutations(5, 0)[0]
    assert more[:3].tolist() == a.tolist()
    assert permutations(3, 1)[0].tolist() != a.tolist()


def test_bands_have_keys_of_their_own() -> None:
    keys = band_keys(np.full((1, 112), 7, np.uint32), 14, 8)
    assert len(set(keys[0].tolist())) == 14
    with pytest.raises(ValueError, match="15 bands of 8 rows need 120 permutations"):
        band_keys(np.zeros((1, 112), np.uint32), 15, 8)


@pytest.mark.parametrize(("similarity", "seed"), [(0.6, 4), (0.7, 1), (0.8, 2), (0.9, 3)])
def test_pairs_meet_as_often_as_they_should(similarity: float, seed: int) -> None:
    pairs, common = 4000, 180
    alone = round(common * (1 - similarity) / similarity / 2)
    random = np.random.default_rng(seed)
    drawn = random.integers(0, 1 << 64, (pairs, common + 2 * alone), np.uint64)
    sets = np.concatenate(
        [drawn[:, : common + alone], np.roll(drawn, alone, 1)[:, : common + alone]]
    )
    firsts = np.arange(len(sets) + 1, dtype=np.int64) * (common + alone)
    exact = jaccard(*distinct(firsts, sets.ravel()), np.arange(pairs), np.arange(pairs) + pairs)
    assert len(set(exact.tolist())) == 1
    a, b = permutations(112, 1)
    keys = band_keys(signatures(firsts, np.ascontiguousarray(sets).ravel(), a, b), 14, 8)
    met = (keys[:pairs] == keys[pairs:]).any(axis=1).mean()
    expected = detection(float(exact[0]), 14, 8)
    assert abs(met - expected) <= 3 * (expected * (1 - expected) / pairs) ** 0.5


@pytest.mark.parametrize(
    ("threshold", "count", "expected"),
    [(0.7, 256, (25, 10)), (0.5, 128, (25, 5)), (0.9, 1, (1, 1))],
)
def test_bands_for_a_threshold(threshold: float, count: int, expected: tuple[int, int]) -> None:
    assert bands_for(threshold, count) == expected


@given(st.floats(0.05, 0.99), st.integers(1, 64))
@settings(max_examples=25)
def test_bands_fit_the_permutations(threshold: float, count: int) -> None:
    bands, rows = bands_for(threshold, count)
    assert bands >= 1
    assert rows >= 1
    assert bands * rows <= count


def articles(folder: Path, number: int) -> tuple[list[str], list[str], set[frozenset[str]]]:
    lines = (folder / f"articles_{number}.train").read_text("utf-8").splitlines()
    names, texts = zip(*(line.split(" ", 1) for line in lines), strict=True)
    truth = (folder / f"articles_{number}.truth").read_text("utf-8").split("\n")
    return list(names), list(texts), {frozenset(line.split()) for line in truth if line.strip()}


@pytest.mark.parametrize("number", [100, 1000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_articles_that_were_copied(real_data: Path, number: int, seed: int) -> None:
    names, texts, truth = articles(real_data / "dedup" / "minhash-articles", number)
    found = shingled(pa.array(texts), Shingling("words", 5))
    keys = band_keys(signatures(*found[:2], *permutations(112, seed)), 14, 8)
    ones, others = np.nonzero(np.triu((keys[:, None] == keys[None]).any(axis=2), 1))
    similar = jaccard(*distinct(*found[:2]), ones, others) >= 0.7
    pairs = {
        frozenset((names[one], names[other]))
        for one, other in zip(ones[similar], others[similar], strict=True)
    }
    assert pairs == truth


def test_datasketch_says_the_same(real_data: Path) -> None:
    datasketch = pytest.importorskip("datasketch")
    _, texts, _ = articles(real_data / "dedup" / "minhash-articles", 100)
    found = shingled(pa.array(texts), Shingling("words", 3))
    firsts, sets = distinct(*found[:2])
    members = [set(sets[start:stop].tolist()) for start, stop in pairwise(firsts)]
    ones, others = np.triu_indices(len(texts), 1)
    exact = jaccard(firsts, sets, ones, others)
    count = 256
    ours = signatures(firsts, sets, *permutations(count, 1))
    theirs = []
    for each in members:
        sketch = datasketch.MinHash(num_perm=count, hashfunc=lambda value: value & 0xFFFFFFFF)
        sketch.update_batch(each)
        theirs.append(sketch)
    wrong: list[tuple[float, float]] = []
    for place, (one, other) in enumerate(zip(ones.tolist(), others.tolist(), strict=True)):
        both = len(members[one] & members[other])
        assert exact[place] == both / len(members[one] | members[other])
        estimate = (ours[one] == ours[other]).mean()
        wrong.append((estimate - exact[place], theirs[one].jaccard(theirs[other]) - exact[place]))
    errors = np.abs(np.array(wrong))
    assert errors[:, 0].max() < 4 * (0.25 / count) ** 0.5
    assert errors[:, 0].mean() < 1.5 * errors[:, 1].mean() + 0.001
