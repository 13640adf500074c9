"""The one sentence that a comparison comes down to, and no more than the numbers allow."""

from dataclasses import dataclass

from penstock.judge.statistics import Finding, Interval
from penstock.judge.summary import Summary


@dataclass(frozen=True)
class Verdict:
    """A short headline, the whole sentence, and what was found."""

    headline: str
    sentence: str
    finding: Finding


def judge(summary: Summary) -> Verdict:
    """The verdict on the held-out questions.

    It says "better" or "worse" only when the interval of the difference leaves zero out and
    McNemar's test agrees.
    """
    headline = {
        "better": "Tuned is better than base",
        "worse": "Tuned is worse than base",
        "no clear difference": "No clear difference",
    }[summary.finding]
    if summary.same_share == 1.0:
        headline = "Base and tuned say the same"
    measure, count = summary.headline, summary.questions
    right = [round(share * count) for share in (measure.tuned, measure.base)]
    noun = "held-out question" if count == 1 else "held-out questions"
    change = points(measure.tuned - measure.base, measure.difference)
    changed = summary.counts
    sentence = (
        f"{headline}: tuned answers {right[0]} of {count} {noun} right, base {right[1]} ({change};"
        f" McNemar p {p_value(summary.p_value)}); {changed['fixed']} fixed,"
        f" {changed['regressed']} regressed."
    )
    return Verdict(headline, sentence, summary.finding)


def points(difference: float, interval: Interval | None) -> str:
    """A change in percentage points, with its interval.

    >>> points(0.25, Interval(0.1, 0.4))
    '+25.0 points, 95 % CI +10.0 to +40.0'
    """
    told = f"{signed(100 * difference)} points"
    if interval is None:
        return told
    return f"{told}, 95 % CI {signed(100 * interval.low)} to {signed(100 * interval.high)}"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, and with a true minus; zero has none.

    >>> signed(2.0), signed(-0.26), signed(-0.01)
    ('+2.0', '−0.3', '0.0')
    """
    shown = f"{abs(value):.{digits}f}"
    if float(shown) == 0:
        return shown
    return ("+" if value > 0 else "−") + shown


def p_value(value: float) -> str:
    """A p value as people write it.

    >>> p_value(0.03125), p_value(1e-9)
    ('= 0.031', '< 0.001')
    """
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
