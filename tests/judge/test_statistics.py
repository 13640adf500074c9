"""Intervals and tests against known values, and against what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.judge.statistics import (
    Interval,
    bootstrap,
    finding,
    mcnemar,
    percentile,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Wilson's interval as tables have it, to four places.
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (8, 10, 0.4902, 0.9433),
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson(successes: int, trials: int, low: float, high: float) -> None:
    interval = wilson(successes, trials)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("fixed", "regressed", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 0, 2 / 2**5),
        (6, 0, 2 / 2**6),
        (9, 1, 2 * (1 + 10) / 2**10),
        (7, 3, 2 * (1 + 10 + 45 + 120) / 2**10),
        (5, 5, 1.0),
        (4, 6, 0.75390625),
    ],
)
def test_mcnemar(fixed: int, regressed: int, p: float) -> None:
    assert mcnemar(fixed, regressed) == pytest.approx(p)
    assert mcnemar(regressed, fixed) == pytest.approx(p)


def test_mcnemar_on_thousands_of_questions() -> None:
    assert mcnemar(1500, 1500) == 1.0
    assert 0 < mcnemar(1600, 1400) < 0.001


def test_the_bootstrap_repeats_with_its_seed() -> None:
    differences = [0.0, 1.0, 0.5, -0.5, 0.25] * 4
    assert bootstrap(differences, seed=3) == bootstrap(differences, seed=3)
    assert bootstrap(differences, seed=3) != bootstrap(differences, seed=4)


@pytest.mark.parametrize("differences", [[], [1.0]])
def test_nothing_is_said_from_less_than_two_pairs(differences: list[float]) -> None:
    assert bootstrap(differences) is None
    assert finding(bootstrap(differences)) == "no clear difference"


def test_the_bootstrap_covers_the_truth_as_often_as_it_says() -> None:
    draw = np.random.default_rng(0)
    hits = 0
    for trial in range(400):
        interval = bootstrap(list(draw.normal(0.3, 1.0, 100)), samples=1000, seed=trial)
        assert interval is not None
        hits += interval.low <= 0.3 <= interval.high
    assert 0.92 <= hits / 400 <= 0.975


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30))
def test_an_interval_lies_within_its_values(differences: list[float]) -> None:
    interval = bootstrap(differences, samples=200)
    assert interval is not None
    assert min(differences) - 1e-12 <= interval.low <= interval.high <= max(differences) + 1e-12


@given(st.floats(-1, 0), st.floats(0, 1), st.floats(0, 1))
def test_nothing_is_better_while_its_interval_crosses_zero(
    low: float, high: float, p: float
) -> None:
    assert finding(Interval(low, high), p) == "no clear difference"


@pytest.mark.parametrize(
    ("interval", "p", "said"),
    [
        (Interval(0.1, 0.3), 0.01, "better"),
        (Interval(-0.3, -0.1), 0.01, "worse"),
        (Interval(0.1, 0.3), 0.06, "no clear difference"),
    ],
)
def test_findings(interval: Interval, p: float, said: str) -> None:
    assert finding(interval, p) == said


def test_percentiles() -> None:
    assert percentile([4.0, 1.0, 2.0, 3.0], 0.5) == 2.5
    assert percentile([], 0.95) == 0.0
