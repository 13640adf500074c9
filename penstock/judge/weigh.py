"""The likelihood of the same answers and texts under both sides, one model in memory at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.judge.likelihood import Likelihood, difference, load_scorer
from penstock.judge.questions import Question, read_texts
from penstock.judge.settings import Comparison
from penstock.judge.statistics import Interval


@dataclass(frozen=True)
class Pair:
    """A set of answers or texts under both sides; `change` is that of the mean loss per answer."""

    base: Likelihood
    tuned: Likelihood
    change: Interval | None

    def numbers(self) -> dict[str, Any]:
        """Plain data for run.json."""
        numbers: dict[str, Any] = {}
        for side, one in (("base", self.base), ("tuned", self.tuned)):
            numbers[f"{side}_loss"] = one.loss
            numbers[f"{side}_perplexity"] = one.perplexity
            numbers[f"{side}_bits_per_byte"] = one.bits_per_byte
        return numbers


@dataclass(frozen=True)
class Weighed:
    """Answers by group, the held-out text, and whether both sides saw the same prompt tokens.

    Everything is empty or None when the model folders are not known.
    """

    answers: Mapping[str, Pair] = field(default_factory=dict)
    text: Pair | None = None
    same_prompts: bool | None = None

    def numbers(self, group: str) -> dict[str, Any]:
        """Plain data of one group, for run.json."""
        return self.answers[group].numbers() if group in self.answers else {}


@dataclass(frozen=True)
class _Side:
    answers: Mapping[str, Likelihood]
    text: Likelihood | None
    prompts: list[list[int]]


def weigh(
    comparison: Comparison, groups: Mapping[str, Sequence[Question]], *, trust: bool = False
) -> Weighed:
    """Score both sides, when both folders are given. Raises what loading and scoring raise."""
    if not (comparison.base_model and comparison.tuned_model):
        return Weighed()
    base = _side(comparison.base_model, comparison, groups, trust)
    tuned = _side(comparison.tuned_model, comparison, groups, trust)
    seed = comparison.seed
    pairs = {
        group: Pair(base.answers[group], tuned.answers[group], change)
        for group in groups
        for change in [difference(base.answers[group], tuned.answers[group], seed=seed)]
    }
    text = None
    if base.text is not None and tuned.text is not None:
        text = Pair(base.text, tuned.text, difference(base.text, tuned.text, seed=seed))
    return Weighed(pairs, text, base.prompts == tuned.prompts)


def _side(
    source: str, comparison: Comparison, groups: Mapping[str, Sequence[Question]], trust: bool
) -> _Side:
    scorer = load_scorer(source, trust=trust)
    return _Side(
        answers={group: scorer.answers(questions) for group, questions in groups.items()},
        text=scorer.texts(read_texts(comparison.text)) if comparison.text else None,
        prompts=[
            scorer.prompt_ids(question) for questions in groups.values() for question in questions
        ],
    )
