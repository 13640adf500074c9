"""What a difference on a sample of questions says: intervals and tests for paired answers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Z95 = 1.959963984540054  # the 97.5 % point of the normal distribution


@dataclass(frozen=True)
class Interval:
    """The two ends of a 95 % confidence interval.

    >>> Interval(-0.1, 0.3).crosses_zero
    True
    """

    low: float
    high: float

    @property
    def crosses_zero(self) -> bool:
        """Whether zero, no difference, lies in the interval (its ends included)."""
        return self.low <= 0 <= self.high


def wilson(successes: int, trials: int) -> Interval:
    """The 95 % interval of a proportion (Wilson 1927); sound near 0 and 1 and for few trials.

    >>> interval = wilson(8, 10)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.49, 0.943)
    """
    if trials == 0:
        return Interval(0.0, 1.0)
    share, square = successes / trials, Z95 * Z95
    centre = (share + square / (2 * trials)) / (1 + square / trials)
    spread = math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    half = Z95 * spread / (1 + square / trials)
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def mcnemar(fixed: int, regressed: int) -> float:
    """The exact two-sided p value that as many were fixed as regressed by chance (McNemar 1947).

    Only the questions on which the two sides differ count; under chance each is a fair coin.

    >>> mcnemar(fixed=9, regressed=1)
    0.021484375
    >>> mcnemar(0, 0)
    1.0
    """
    tosses, fewer = fixed + regressed, min(fixed, regressed)
    tail = sum(math.comb(tosses, heads) for heads in range(fewer + 1))
    # Whole numbers until the last step: 2.0**tosses overflows at 1024 questions.
    return min(1.0, 2 * tail / (1 << tosses))


def bootstrap(
    differences: Sequence[float], *, samples: int = 10_000, seed: int = 0
) -> Interval | None:
    """The 95 % percentile interval of the mean of paired differences (Efron 1979).

    The same seed gives the same interval. None when there are fewer than two pairs, from which
    nothing can be said.

    >>> bootstrap([1.0, 1.0, 1.0])
    Interval(low=1.0, high=1.0)
    """
    if len(differences) < 2:
        return None
    values = np.asarray(differences, dtype=np.float64)
    draw = np.random.default_rng(seed)
    # Some resamples at a time, so that memory stays at a few MB for any number of questions.
    step = max(1, 1_000_000 // len(values))
    means = [
        values[draw.integers(len(values), size=(min(step, samples - at), len(values)))].mean(axis=1)
        for at in range(0, samples, step)
    ]
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return Interval(float(low), float(high))


Finding = Literal["better", "worse", "no clear difference"]


def finding(interval: Interval | None, p_value: float = 0.0) -> Finding:
    """What may be said of a difference: nothing while its interval crosses zero.

    A p value above 0.05 also rules out "better" and "worse": on few questions the bootstrap alone
    is too sure of itself.

    >>> finding(Interval(0.1, 0.4)), finding(Interval(-0.1, 0.4))
    ('better', 'no clear difference')
    """
    if interval is None or interval.crosses_zero or p_value > 0.05:
        return "no clear difference"
    return "better" if interval.low > 0 else "worse"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie, interpolated; 0 when there are none.

    >>> percentile([1.0, 2.0, 3.0], 0.5)
    2.0
    """
    return float(np.quantile(values, share)) if values else 0.0
