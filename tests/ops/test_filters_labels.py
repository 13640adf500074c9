"""Labels: what they add, and how a wrong one is told."""

import pyarrow as pa
import pytest

from penstock.errors import UsageError
from penstock.ops.catalogue import find
from penstock.ops.label.length_bucket import LengthBucket
from penstock.ops.label.measures import Measures
from penstock.specs.build import build


@pytest.mark.parametrize(
    ("of", "message"),
    [
        ([], "`of` is empty"),
        (["filter.word_cont"], r"`of`: no operator `filter.word_cont` \(did you mean"),
        (["mask.pii"], "`of`: `mask.pii` is no filter"),
        (["filter.word_count", {"filter.word_count": {"min": 3}}], "would come of two filters"),
        ([{"filter.word_count": {"mni": 3}}], "`filter.word_count`: no parameter `mni`"),
        ([{"filter.word_count": {"min": "x"}}], "`filter.word_count`: `min` is"),
        ([{"filter.word_count": {}, "filter.language": {}}], "write `filter.name`"),
        (["filter.language"], "`filter.language`: `keep` is missing"),
    ],
)
def test_what_cannot_be_measured_is_told_with_its_place(of: list[object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        build(Measures, {"of": of}, lambda key: f"r.yaml:{key}", owner="step 2 `label.measures`")
    assert caught.value.where == "r.yaml:of"


def test_measures_are_those_of_the_filters_themselves() -> None:
    names = ("text_length", "alphanumeric", "character_repetition", "gopher_quality")
    texts = pa.array(["The dam holds the river back.", None, "", "水库👍"], pa.string())
    rows = pa.RecordBatch.from_pydict({"id": list("abcd"), "text": texts})
    found = Measures(of=tuple(f"filter.{name}" for name in names)).batch(rows)
    assert found.num_rows == 4
    for name in names:
        for measure, values in find(f"filter.{name}")().measure_batch(rows).items():  # type: ignore[attr-defined]
            assert found.column(f"{name}.{measure}").equals(values)


def test_columns_are_known_from_no_rows() -> None:
    rows = pa.RecordBatch.from_pylist([], pa.schema([("id", pa.string()), ("text", pa.string())]))
    operator = Measures(of=("filter.word_count", {"filter.language": {"keep": ["en"]}}))
    assert operator.batch(rows).schema.names == ["id", "text", *operator.columns]


@pytest.mark.parametrize("bounds", [[], [0], [5, 5], [9, 3], [-1, 4]])
def test_bounds_rise(bounds: list[int]) -> None:
    with pytest.raises(UsageError, match="`bounds` are numbers above 0"):
        build(LengthBucket, {"bounds": bounds}, lambda _: "", owner="label.length_bucket")
