"""Strict values: what fits, what does not, and where the wrong one stands."""

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import UsageError
from penstock.specs.build import build
from penstock.specs.read import parse_spec, parse_value, set_key, split_setting


@dataclass(frozen=True)
class Sizes:
    low: int
    high: int = 9
    share: float = 0.5
    names: tuple[str, ...] = ()
    mode: Literal["fast", "exact"] = "fast"
    extra: dict[str, int] = field(default_factory=dict)
    maybe: int | None = None

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("`high` must be at least `low`")


def made(**values: Any) -> Sizes:
    lines = {name: number for number, name in enumerate(values, start=1)}
    return build(Sizes, values, lambda key: f"f.yaml:{lines.get(key, 0)}", owner="sizes")


def test_what_fits() -> None:
    assert made(low=1, share=1, names=["a"], maybe=None) == Sizes(1, share=1.0, names=("a",))


@pytest.mark.parametrize(
    ("values", "said", "where", "hint"),
    [
        ({}, "sizes: `low` is missing", "f.yaml:0", "add `low:`"),
        ({"low": "1"}, 'sizes: `low` is "1": input should be a valid integer', "f.yaml:1", "int"),
        ({"low": 1, "high": True}, "sizes: `high` is true", "f.yaml:2", "`high` takes int"),
        ({"low": 1, "mode": "slow"}, "should be 'fast' or 'exact'", "f.yaml:2", "Literal['fast'"),
        ({"low": 1, "maybe": "x"}, "sizes: `maybe` is", "f.yaml:2", "`maybe` takes int | None"),
        ({"low": 1, "hgih": 2}, "sizes: no parameter `hgih`", "f.yaml:2", "did you mean `high`?"),
        ({"low": 5, "high": 2}, "sizes: `high` must be at least `low`", "f.yaml:2", ""),
        ({"low": 1, "names": "a"}, "sizes: `names` is", "f.yaml:2", "tuple[str, ...]"),
    ],
)  # fmt: skip
def test_what_does_not(values: dict[str, Any], said: str, where: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        made(**values)
    assert said in caught.value.message
    assert caught.value.where == where
    assert hint in caught.value.hint


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text('ab: #-"水', max_size=6),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_json_is_yaml(value: Any) -> None:
    import json

    assert parse_value(json.dumps(value, ensure_ascii=False)) == value


def test_yaml_1_2_reads_numbers_and_words_as_written() -> None:
    spec = parse_spec("kind: x\na: 2e-4\nb: on\nc: 1_000\nd: 0o14\n")
    assert spec.data == {"kind": "x", "a": 2e-4, "b": "on", "c": 1000, "d": 12}


def test_a_key_twice_is_an_error() -> None:
    with pytest.raises(UsageError, match="not valid YAML") as caught:
        parse_spec("kind: x\nkind: y\n", "f.yaml")
    assert caught.value.where.startswith("f.yaml:")


def test_set_makes_the_way_it_needs() -> None:
    spec = parse_spec("kind: train\nlora: {r: 4}\n", "f.yaml")
    changed = set_key(spec, ["lora", "r"], 8, ["lora", "optim"])
    assert changed.data["lora"] == {"r": 8}
    assert spec.data["lora"] == {"r": 4}
    assert set_key(spec, ["optim", "lr"], 1, ["lora", "optim"]).data["optim"] == {"lr": 1}
    with pytest.raises(UsageError, match="no key `lor`") as caught:
        set_key(spec, ["lor"], 1, ["lora"])
    assert caught.value.hint == "did you mean `lora`?"
    with pytest.raises(UsageError, match="has no value"):
        split_setting("lora.r")
