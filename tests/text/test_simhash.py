"""SimHash: fingerprints, distances, and keys by which near ones are sure to meet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.text.shingles import Shingling, shingles
from penstock.text.simhash import (
    block_key,
    block_keys,
    distances,
    fingerprint,
    fingerprints,
    masks,
)

number = st.integers(0, (1 << 64) - 1)


@given(st.lists(st.lists(number, max_size=9), max_size=5))
def test_fingerprints(lists: list[list[int]]) -> None:
    firsts = np.cumsum([0, *map(len, lists)]).astype(np.int64)
    hashes = np.array([one for each in lists for one in each], np.uint64)
    assert fingerprints(firsts, hashes).tolist() == [fingerprint(each) for each in lists]


@given(st.lists(st.tuples(number, number), max_size=5))
def test_distances(pairs: list[tuple[int, int]]) -> None:
    ones, others = (np.array([pair[side] for pair in pairs], np.uint64) for side in (0, 1))
    assert distances(ones, others).tolist() == [(one ^ other).bit_count() for one, other in pairs]


@given(number, st.integers(1, 9), st.data())
def test_what_is_near_shares_a_key(one: int, blocks: int, data: st.DataObject) -> None:
    distance = data.draw(st.integers(0, blocks - 1))
    bits = data.draw(st.sets(st.integers(0, 63), max_size=distance))
    other = one ^ sum(1 << bit for bit in bits)
    keys = block_keys(np.array([one, other], np.uint64), blocks, distance)
    assert set(keys[0].tolist()) & set(keys[1].tolist())
    assert keys.tolist() == [
        [block_key(each, mask, place) for place, mask in enumerate(masks(blocks, distance))]
        for each in (one, other)
    ]


def test_keys_are_told_apart_by_their_choice_of_blocks() -> None:
    keys = block_keys(np.zeros(1, np.uint64), 6, 4)
    assert keys.shape == (1, 15)
    assert len(set(keys[0].tolist())) == 15


def test_blocks_that_cannot_be() -> None:
    for blocks, distance in ((4, 4), (65, 3), (6, -1)):
        with pytest.raises(ValueError, match="must be more blocks than that, and at most 64"):
            masks(blocks, distance)


def test_texts_that_differ_little() -> None:
    how = Shingling("words", 3)
    text = " ".join(f"word{place}" for place in range(200))
    near, far = text.replace("word7 ", "other "), text[::-1]
    one, two, three = (fingerprint(shingles(each, how)) for each in (text, near, far))
    assert (one ^ two).bit_count() <= 6 < 15 < (one ^ three).bit_count()
