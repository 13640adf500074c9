"""What the rows of a comparison add up to, with how sure one can be of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from penstock.judge.compare import SAME_SHARE, Change, Row, same_share
from penstock.judge.statistics import (
    Finding,
    Interval,
    bootstrap,
    finding,
    mcnemar,
    percentile,
    wilson,
)

# Metrics that are 0 or 1 for an answer, whose mean is a proportion; the others are graded.
PROPORTIONS = ("exact_match", "strict_match", "contains")
GRADED = ("f1", "rouge_l")


@dataclass(frozen=True)
class Measure:
    """One metric on both sides: means from 0 to 1, and the 95 % intervals where they make sense."""

    name: str
    base: float
    tuned: float
    difference: Interval | None
    base_interval: Interval | None = None
    tuned_interval: Interval | None = None


@dataclass(frozen=True)
class Latency:
    """Seconds for a whole answer: the median and the 95th percentile."""

    p50: float
    p95: float


@dataclass(frozen=True)
class Summary:
    """A set of questions in numbers. `p_value` is McNemar's, exact."""

    questions: int
    correct: str
    counts: dict[Change, int]
    measures: tuple[Measure, ...]
    p_value: float
    finding: Finding
    same_share: float
    base_latency: Latency
    tuned_latency: Latency

    @property
    def suspicious(self) -> bool:
        """Whether so many answers are equal that the two sides may be one model."""
        return self.same_share > SAME_SHARE

    @property
    def headline(self) -> Measure:
        """The measure that says which answers are correct."""
        return next(one for one in self.measures if one.name == self.correct)

    def numbers(self) -> dict[str, Any]:
        """Plain data for run.json: means and counts by name, the intervals apart."""
        numbers: dict[str, Any] = {"questions": self.questions}
        numbers |= {str(change): count for change, count in self.counts.items()}
        for one in self.measures:
            numbers |= {f"base_{one.name}": one.base, f"tuned_{one.name}": one.tuned}
        numbers |= {
            "p_value": self.p_value,
            "same_share": self.same_share,
            "base_seconds_p50": self.base_latency.p50,
            "base_seconds_p95": self.base_latency.p95,
            "tuned_seconds_p50": self.tuned_latency.p50,
            "tuned_seconds_p95": self.tuned_latency.p95,
        }
        intervals = {one.name: asdict(one) for one in self.measures}
        return {**numbers, "finding": self.finding, "intervals": intervals}


@dataclass(frozen=True)
class Result:
    """One set of questions, answered and added up."""

    rows: tuple[Row, ...]
    summary: Summary


def summarise(rows: Sequence[Row], *, seed: int = 0) -> Summary:
    """Add up the rows, of which there is at least one. The same seed gives the same intervals."""
    correct = rows[0].correct
    counts = Counter(row.change for row in rows)
    measures = tuple(_measure(name, rows, seed) for name in (*PROPORTIONS, *GRADED))
    p_value = mcnemar(counts["fixed"], counts["regressed"])
    headline = next(one for one in measures if one.name == correct)
    changes: tuple[Change, ...] = ("regressed", "fixed", "right", "wrong")
    return Summary(
        questions=len(rows),
        correct=correct,
        counts={change: counts[change] for change in changes},
        measures=measures,
        p_value=p_value,
        finding=finding(headline.difference, p_value),
        same_share=same_share(rows),
        base_latency=_latency([row.base.seconds for row in rows]),
        tuned_latency=_latency([row.tuned.seconds for row in rows]),
    )


def _measure(name: str, rows: Sequence[Row], seed: int) -> Measure:
    base = [float(getattr(row.base_scores, name)) for row in rows]
    tuned = [float(getattr(row.tuned_scores, name)) for row in rows]
    pairs = zip(base, tuned, strict=True)
    difference = bootstrap([after - before for before, after in pairs], seed=seed)
    means = sum(base) / len(base), sum(tuned) / len(tuned)
    if name in GRADED:
        return Measure(name, *means, difference)
    count = len(rows)
    return Measure(
        name, *means, difference, wilson(round(sum(base)), count), wilson(round(sum(tuned)), count)
    )


def _latency(seconds: Sequence[float]) -> Latency:
    return Latency(percentile(seconds, 0.5), percentile(seconds, 0.95))
