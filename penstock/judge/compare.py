"""Two models on the same questions: their answers, and what changed from one to the other."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from penstock.errors import GateError
from penstock.judge import metrics
from penstock.judge.questions import Message, Question

Change = Literal["regressed", "fixed", "right", "wrong"]
Correct = Literal["exact_match", "contains"]

SAME_SHARE = 0.95  # above this share of equal answers the two sides are suspected to be one model


@dataclass(frozen=True)
class Answer:
    """What a model said, and the seconds it took."""

    text: str
    seconds: float = 0.0


Generate = Callable[[Sequence[Message]], Answer]


@dataclass(frozen=True)
class Scores:
    """How near an answer is to its reference, each from 0 to 1."""

    exact_match: float
    strict_match: float
    contains: float
    f1: float
    rouge_l: float


@dataclass(frozen=True)
class Row:
    """One question, what both said, and how each scored."""

    question: Question
    base: Answer
    tuned: Answer
    base_scores: Scores
    tuned_scores: Scores
    correct: Correct = "exact_match"

    @property
    def same(self) -> bool:
        """Whether both said the very same."""
        return self.base.text == self.tuned.text

    @property
    def change(self) -> Change:
        """From base to tuned: right to wrong, wrong to right, or as before."""
        before = bool(getattr(self.base_scores, self.correct))
        after = bool(getattr(self.tuned_scores, self.correct))
        if before == after:
            return "right" if after else "wrong"
        return "fixed" if after else "regressed"


def score(answer: str, reference: str) -> Scores:
    """Every metric of one answer.

    >>> score("Yichang.", "Yichang").exact_match
    1.0
    """
    return Scores(
        exact_match=metrics.exact_match(answer, reference),
        strict_match=metrics.strict_match(answer, reference),
        contains=metrics.contains(answer, reference),
        f1=metrics.token_f1(answer, reference),
        rouge_l=metrics.rouge_l(answer, reference),
    )


def compare(
    base: Generate,
    tuned: Generate,
    questions: Iterable[Question],
    *,
    correct: Correct = "exact_match",
    known: Mapping[str, tuple[Answer, Answer]] | None = None,
) -> Iterator[Row]:
    """Ask both sides every question, one row at a time.

    Which side is asked first alternates, so that neither always meets a warm machine. `known` are
    answers of both sides from before, by question id; they are not asked for again.
    """
    for number, question in enumerate(questions):
        pair = (known or {}).get(question.id)
        if pair is None and number % 2 == 0:
            first = base(question.messages)
            pair = first, tuned(question.messages)
        elif pair is None:
            second = tuned(question.messages)
            pair = base(question.messages), second
        before, after = (score(answer.text, question.answer) for answer in pair)
        yield Row(question, *pair, before, after, correct)


def refuse_same_weights(base: str, tuned: str) -> None:
    """Raise GateError when both digests are known and the same: nothing would be compared."""
    if base and base == tuned:
        raise GateError(
            f"base and tuned have the same weights (digest {base[:12]}): nothing to compare",
            hint="check the two folders, or whether the training changed anything",
        )


def same_share(rows: Sequence[Row]) -> float:
    """The share of questions on which both sides said the very same."""
    return sum(row.same for row in rows) / len(rows) if rows else 0.0
