"""The rows of the report's tables: measures of both sides in the units that people read."""

from dataclasses import dataclass
from typing import Literal

from penstock.judge.statistics import Interval
from penstock.judge.summary import Measure, Summary
from penstock.judge.verdict import signed
from penstock.judge.weigh import Pair

Tone = Literal["better", "worse", ""]

_LABELS = {
    "exact_match": ("Exact match", "case, punctuation and width put aside"),
    "strict_match": ("Strict match", "character by character"),
    "contains": ("Contains the reference", "somewhere in the answer"),
    "f1": ("Token F1", "a Han character is a token"),
    "rouge_l": ("ROUGE-L", "longest common sequence of tokens"),
}


@dataclass(frozen=True)
class Mark:
    """A point on a scale from 0 to 100, with its interval."""

    at: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """One measure as text; `marks` are base and tuned on a scale, where it has one."""

    label: str
    hint: str
    base: str
    tuned: str
    change: str
    interval: str = ""
    base_interval: str = ""
    tuned_interval: str = ""
    tone: Tone = ""
    marks: tuple[Mark, Mark] | None = None


def measure_rows(summary: Summary | None, pair: Pair | None) -> list[Line]:
    """The lines for a set of questions or of texts: scores, likelihood and latency, where known."""
    lines = [_score(measure) for measure in summary.measures] if summary else []
    if pair is not None:
        lines += _likelihood(pair, "per answer token" if summary else "per token of text")
    if summary is not None:
        base, tuned = summary.base_latency, summary.tuned_latency
        lines += [
            _seconds("Time for an answer", "median of whole answers", base.p50, tuned.p50),
            _seconds("Time for a slow answer", "95th percentile", base.p95, tuned.p95),
        ]
    return lines


def _score(measure: Measure) -> Line:
    label, hint = _LABELS[measure.name]
    whisker = Interval(measure.base, measure.base), Interval(measure.tuned, measure.tuned)
    base = measure.base_interval or whisker[0]
    tuned = measure.tuned_interval or whisker[1]
    return Line(
        label,
        hint,
        f"{100 * measure.base:.1f} %",
        f"{100 * measure.tuned:.1f} %",
        f"{signed(100 * (measure.tuned - measure.base))} points",
        _between(measure.difference, 100, 1),
        _percents(measure.base_interval),
        _percents(measure.tuned_interval),
        _tone(measure.difference, more_is_better=True),
        (_mark(measure.base, base), _mark(measure.tuned, tuned)),
    )


def _likelihood(pair: Pair, unit: str) -> list[Line]:
    base, tuned = pair.base, pair.tuned
    change = signed(tuned.loss - base.loss, 3)
    tone = _tone(pair.change, more_is_better=False)
    ratio = 100 * (tuned.perplexity / base.perplexity - 1)
    bits = signed(tuned.bits_per_byte - base.bits_per_byte, 3)
    return [
        Line(
            "Loss",
            f"nats {unit}; interval: mean over items",
            f"{base.loss:.3f}",
            f"{tuned.loss:.3f}",
            change,
            _between(pair.change, 1, 3),
            tone=tone,
        ),
        Line(
            "Perplexity",
            "e to the loss",
            f"{base.perplexity:,.2f}",
            f"{tuned.perplexity:,.2f}",
            f"{signed(ratio)} %",
        ),
        Line(
            "Bits per byte",
            "comparable across vocabularies",
            f"{base.bits_per_byte:.3f}",
            f"{tuned.bits_per_byte:.3f}",
            bits,
        ),
    ]


def _seconds(label: str, hint: str, base: float, tuned: float) -> Line:
    change = f"{signed(100 * (tuned / base - 1), 0)} %" if base else ""
    return Line(label, hint, f"{base:.2f} s", f"{tuned:.2f} s", change)


def _percents(interval: Interval | None) -> str:
    return "" if interval is None else f"{100 * interval.low:.0f} to {100 * interval.high:.0f}"


def _between(interval: Interval | None, scale: float, digits: int) -> str:
    if interval is None:
        return ""
    return f"{signed(scale * interval.low, digits)} to {signed(scale * interval.high, digits)}"


def _tone(interval: Interval | None, *, more_is_better: bool) -> Tone:
    """Whether a change may be called one: not while its interval crosses zero."""
    if interval is None or interval.crosses_zero:
        return ""
    return "better" if (interval.low > 0) == more_is_better else "worse"


def _mark(share: float, interval: Interval) -> Mark:
    return Mark(100 * share, 100 * interval.low, 100 * interval.high)
