"""Likelihood against what the model itself says, token by token."""

import math

import pytest

from penstock.errors import UsageError
from penstock.judge.likelihood import Likelihood, Part, difference, load_scorer
from penstock.judge.questions import Question
from penstock.models import chat

QUESTION = Question("1", ({"role": "user", "content": "三峡大坝在哪?"},), "三峡大坝在长江上")


def by_hand(scorer: object, ids: list[int], first: int) -> float:
    """The summed loss of the tokens from `first` on, one forward pass a token."""
    import torch

    nats = 0.0
    for at in range(first, len(ids)):
        with torch.inference_mode():
            logits = scorer.model(input_ids=torch.tensor([ids[:at]])).logits[0, -1]  # type: ignore[attr-defined]
        nats -= float(logits.log_softmax(-1)[ids[at]])
    return nats


def test_the_answer_and_its_end_are_scored_and_nothing_else(models: tuple[str, str]) -> None:
    scorer = load_scorer(models[0])
    turns = [*QUESTION.messages, {"role": "assistant", "content": QUESTION.answer}]
    ids, supervised = chat.render(scorer.tokenizer, turns)
    first = supervised.index(True)
    last = len(supervised) - supervised[::-1].index(True)
    found = scorer.answers([QUESTION])
    assert found.tokens == last - first == len(QUESTION.answer.encode()) + 1
    assert found.parts[0].nats == pytest.approx(by_hand(scorer, ids[:last], first), rel=1e-4)
    assert found.parts[0].bytes == 24


def test_a_tuned_model_finds_what_it_learned_more_likely(models: tuple[str, str]) -> None:
    base, tuned = (load_scorer(source).answers([QUESTION]) for source in models)
    assert tuned.loss < base.loss / 2
    assert tuned.perplexity < base.perplexity
    assert tuned.bits_per_byte < base.bits_per_byte


def test_earlier_answers_are_not_scored(models: tuple[str, str]) -> None:
    scorer = load_scorer(models[0])
    earlier = (*QUESTION.messages, {"role": "assistant", "content": "长"}, *QUESTION.messages)
    assert scorer.answers([Question("1", earlier, "江")]).tokens == len("江".encode()) + 1


@pytest.mark.parametrize("length", [0, 1, 2, 127, 128, 129, 300])
def test_every_token_of_a_text_but_the_first_is_scored_once(
    models: tuple[str, str], length: int
) -> None:
    found = load_scorer(models[0]).texts(["a" * length])
    assert found.tokens == max(0, length - 1)
    assert found.parts[0].bytes == length


def test_a_text_in_one_piece_scores_what_the_model_says(models: tuple[str, str]) -> None:
    scorer = load_scorer(models[0])
    ids = list(scorer.tokenizer("the dam")["input_ids"])
    assert scorer.texts(["the dam"]).parts[0].nats == pytest.approx(
        by_hand(scorer, ids, 1), rel=1e-4
    )


def test_an_answer_that_does_not_fit_is_told(models: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="question `long`"):
        load_scorer(models[0]).answers([Question("long", QUESTION.messages, "江" * 60)])


def test_tokens_count_alike_whatever_the_part_they_are_in() -> None:
    found = Likelihood((Part(nats=3.0, tokens=1, bytes=4), Part(nats=1.0, tokens=3, bytes=4)))
    assert found.loss == 1.0
    assert found.perplexity == pytest.approx(math.e)
    assert found.bits_per_byte == pytest.approx(4 / math.log(2) / 8)


def test_the_change_is_that_of_the_mean_over_answers() -> None:
    base = Likelihood(tuple(Part(2.0, 1, 1) for _ in range(5)))
    tuned = Likelihood(tuple(Part(1.0, 1, 1) for _ in range(5)))
    change = difference(base, tuned)
    assert change is not None
    assert (change.low, change.high) == (-1.0, -1.0)
