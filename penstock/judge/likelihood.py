"""How likely a model finds the reference answers, and text it has not seen.

The models are loaded here, apart from any server: a model that a server batches on attends in both
directions when it is called on the side, and its perplexity would be nonsense without an error.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.errors import UsageError
from penstock.judge.questions import Question
from penstock.judge.statistics import Interval, bootstrap
from penstock.models import chat
from penstock.models.load import load_model, load_tokenizer
from penstock.models.threads import suit_threads


@dataclass(frozen=True)
class Part:
    """One answer or text: its negative log-likelihood in nats, its scored tokens, its bytes."""

    nats: float
    tokens: int
    bytes: int


@dataclass(frozen=True)
class Likelihood:
    """The likelihood of a set of answers or texts under one model."""

    parts: tuple[Part, ...]

    @property
    def tokens(self) -> int:
        """How many tokens were scored."""
        return sum(part.tokens for part in self.parts)

    @property
    def loss(self) -> float:
        """Nats per token, every token counting the same."""
        return sum(part.nats for part in self.parts) / max(1, self.tokens)

    @property
    def perplexity(self) -> float:
        """e to the loss.

        >>> round(Likelihood((Part(nats=math.log(8), tokens=3, bytes=9),)).perplexity, 9)
        2.0
        """
        return math.exp(min(self.loss, 700.0))  # beyond that a float overflows

    @property
    def bits_per_byte(self) -> float:
        """Bits per byte of UTF-8: comparable between models of different vocabularies.

        >>> round(Likelihood((Part(nats=math.log(8), tokens=1, bytes=3),)).bits_per_byte, 9)
        1.0
        """
        nats = sum(part.nats for part in self.parts)
        return nats / math.log(2) / max(1, sum(part.bytes for part in self.parts))


@dataclass(frozen=True)
class Scorer:
    """A model and its tokenizer, loaded to score and nothing else."""

    model: Any
    tokenizer: Any
    context: int

    def answers(self, questions: Iterable[Question]) -> Likelihood:
        """The reference answers, each token of them and the one that ends the turn.

        Raises UsageError for a question that is longer than the model's context.
        """
        return Likelihood(tuple(self._answer(question) for question in questions))

    def texts(self, texts: Iterable[str]) -> Likelihood:
        """Whole texts, in pieces of the model's context; each token is scored once."""
        return Likelihood(tuple(self._text(text) for text in texts))

    def prompt_ids(self, question: Question) -> list[int]:
        """The token ids of a question up to where its answer begins."""
        return chat.prompt(self.tokenizer, question.messages)

    def _answer(self, question: Question) -> Part:
        turns = [*question.messages, {"role": "assistant", "content": question.answer}]
        ids, supervised = chat.render(self.tokenizer, turns)
        # Earlier answers of the conversation are part of the question, not of what is judged.
        asked = len(self.prompt_ids(question))
        marks = [mark and at >= asked for at, mark in enumerate(supervised)]
        if self.context and len(ids) > self.context:
            raise UsageError(
                f"question `{question.id}` has {len(ids)} tokens with its answer, and the model"
                f" holds {self.context}",
                hint="leave it out, or compare without `base_model` and `tuned_model`",
            )
        nats, tokens = self._score(ids, marks)
        return Part(nats, tokens, len(question.answer.encode()))

    def _text(self, text: str) -> Part:
        ids = list(self.tokenizer(text)["input_ids"])
        width = self.context or 1024
        nats, tokens = 0.0, 0
        # A piece repeats the last token of the one before, so that its first new token has a
        # context; the very first token of the text has none and is not scored.
        for start in range(0, max(1, len(ids) - 1), width - 1):
            piece = ids[start : start + width]
            more = self._score(piece, [True] * len(piece))
            nats, tokens = nats + more[0], tokens + more[1]
        return Part(nats, tokens, len(text.encode()))

    def _score(self, ids: Sequence[int], marks: Sequence[bool]) -> tuple[float, int]:
        """Summed nats of the marked tokens, and how many they are."""
        import torch

        if len(ids) < 2:
            return 0.0, 0
        row = torch.tensor([list(ids)], device=self.model.device)
        with torch.inference_mode():
            logits = self.model(input_ids=row, use_cache=False).logits[0, :-1].float()
        wanted = torch.tensor(list(marks[1:]), device=logits.device)
        losses = torch.nn.functional.cross_entropy(logits, row[0, 1:], reduction="none")[wanted]
        return float(losses.double().sum()), int(wanted.sum())


def load_scorer(source: str, *, trust: bool = False) -> Scorer:
    """Load a model folder, an adapter folder or a hub id. Raises what loading raises."""
    import torch

    tokenizer = load_tokenizer(source, trust=trust)
    chat.ensure_template(tokenizer)
    model = load_model(source, trust=trust).eval()
    suit_threads(model)
    model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    context = int(getattr(model.config, "max_position_embeddings", 0) or 0)
    return Scorer(model, tokenizer, context)


def difference(base: Likelihood, tuned: Likelihood, *, seed: int = 0) -> Interval | None:
    """The 95 % interval of the change in mean loss per answer, paired; below zero is better."""
    pairs = zip(base.parts, tuned.parts, strict=True)
    return bootstrap([_per_token(after) - _per_token(before) for before, after in pairs], seed=seed)


def _per_token(part: Part) -> float:
    return part.nats / max(1, part.tokens)
