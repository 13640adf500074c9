"""Metrics against values worked out by hand."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from penstock.judge import metrics

CASES: list[dict[str, Any]] = YAML(typ="safe").load(Path(__file__).with_name("metrics.yaml"))
METRICS = {
    "strict": metrics.strict_match,
    "exact": metrics.exact_match,
    "contains": metrics.contains,
    "f1": metrics.token_f1,
    "rouge": metrics.rouge_l,
}
TEXT = st.text(alphabet="长江大坝 adm.。,A１\n", max_size=20)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['answer']}~{c['reference']}" for c in CASES])
@pytest.mark.parametrize("name", METRICS)
def test_values(case: dict[str, Any], name: str) -> None:
    found = METRICS[name](case["answer"], case["reference"])
    assert found == pytest.approx(case[name], abs=1e-8)


@given(TEXT)
def test_a_text_is_perfect_against_itself(text: str) -> None:
    assert {metric(text, text) for metric in METRICS.values()} == {1.0}


@given(TEXT, TEXT)
def test_metrics_lie_between_none_and_all_and_in_order(answer: str, reference: str) -> None:
    found = {name: metric(answer, reference) for name, metric in METRICS.items()}
    assert all(0 <= value <= 1 for value in found.values())
    assert found["strict"] <= found["exact"] <= found["contains"]
    assert found["rouge"] <= found["f1"]


@given(TEXT, TEXT)
def test_f1_and_rouge_are_symmetric(left: str, right: str) -> None:
    assert metrics.token_f1(left, right) == metrics.token_f1(right, left)
    assert metrics.rouge_l(left, right) == metrics.rouge_l(right, left)


@given(TEXT)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = metrics.normalise(text)
    assert metrics.normalise(once) == once
