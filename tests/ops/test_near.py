"""Near-duplicate operators: what they refuse, how they travel, what their presets are."""

import pickle
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from penstock.ops.dedup.minhash import Minhash
from penstock.ops.dedup.simhash import Simhash
from penstock.ops.near import Near


@pytest.mark.parametrize(
    ("cls", "fields", "message"),
    [
        (Minhash, {"threshold": 0}, "`threshold` is 0; it must be above 0"),
        (Minhash, {"threshold": 1.5}, "`threshold` is 1.5; it must be above 0"),
        (Minhash, {"ngram": 0}, "`ngram` is 0; it must be at least 1"),
        (Minhash, {"bands": 0}, "`bands` is 0; it must be at least 1"),
        (Minhash, {"rows": -1}, "`rows` is -1; it must be at least 1"),
        (Minhash, {"bands": 5000, "rows": 5000}, "`bands` times `rows` is 25000000"),
        (Simhash, {"window": 0}, "`window` is 0; it must be at least 1"),
        (Simhash, {"distance": 64}, "`distance` is 64; it must be from 0 to 63"),
        (Simhash, {"blocks": 4}, "`blocks` is 4; it must be above the distance, 4"),
        (Simhash, {"blocks": 65}, "`blocks` is 65; it must be above"),
        (Simhash, {"blocks": 30, "distance": 15}, "this makes 155117520 keys"),
    ],
)
def test_wrong_values(cls: type[Near], fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cls(**fields)


@pytest.mark.parametrize(
    "operator",
    [Minhash(), Minhash(preset="curator", verify=True), Simhash(), Simhash(distance=3)],
    ids=repr,
)
def test_operators_travel(operator: Near) -> None:
    back = pickle.loads(pickle.dumps(operator))
    assert back == operator
    assert (back.threshold, back.verify) == (operator.threshold, operator.verify)


def test_peers_take_what_meets_for_alike() -> None:
    assert Minhash().verify
    assert not Minhash(preset="datatrove").verify
    assert Minhash(preset="datatrove", verify=True).verify
    assert not Minhash(verify=False).verify


@pytest.mark.parametrize("operator", [Minhash(), Simhash()], ids=repr)
def test_signs_hang_on_the_text_alone(operator: Near) -> None:
    texts = ["the old dam", None, "", "水库大坝的安全", "the old dam"]
    rows = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string())})
    signs = operator.signs(rows)
    assert signs.keys.type == pa.list_(pa.uint64())
    assert signs.keys.is_null().to_pylist() == [False, True, True, False, False]
    for place in range(len(texts)):
        alone = operator.signs(rows.slice(place, 1))
        assert alone.keys[0] == signs.keys[place]
        assert alone.digests[0] == signs.digests[place]
    similar = operator.compare(rows, np.array([0, 0]), np.array([4, 3]))
    assert similar[0] == 1
    assert similar[1] < operator.threshold


def test_a_seed_gives_other_keys() -> None:
    rows = pa.RecordBatch.from_pydict({"text": ["the old dam"]})
    assert Minhash().signs(rows).keys != Minhash(seed=2).signs(rows).keys
