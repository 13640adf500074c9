"""Keep documents by the label that a fastText classifier gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.ops.base import Filter, Rule

if TYPE_CHECKING:
    from penstock.text.fasttext_model import FastTextModel


@dataclass(frozen=True)
class FasttextClassifier(Filter):
    """Keep documents with one of the labels `keep`, or with a score between `min` and `max`.

    `model` is a supervised model of yours, `.bin` or `.ftz` (Joulin et al. 2016), trained by
    `penstock.text.fasttext_model.train` or by fastText itself. The score is the probability of
    `label`, where one is named, and else of the likeliest label, which is what `keep` is about.
    Labels are written without `__label__`. Line ends become spaces, nothing else is changed; DCLM
    (Li et al. 2024) keeps `label: hq, min: 0.018112` of its model. Later steps find the columns
    `fasttext_label` and `fasttext_score`.

    >>> from penstock.text.fasttext_model import train
    >>> file = str(getfixture("tmp_path") / "good.bin")
    >>> train([("the dam holds", "good"), ("buy now cheap", "bad")] * 50, file, epochs=20)
    >>> FasttextClassifier(model=file, keep=("good",)).measure("the dam")["label"]
    'good'
    """

    measures: ClassVar[Mapping[str, str]] = {"label": "string", "score": "float64"}
    columns: ClassVar[Mapping[str, str]] = {"label": "fasttext_label", "score": "fasttext_score"}

    model: str
    label: str | None = None
    keep: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None

    def __post_init__(self) -> None:
        from penstock.data.lists import check_there

        check_there(model=self.model)
        if not self.keep and self.min is None and self.max is None:
            raise ValueError("nothing is decided; give `keep`, `min` or `max`")

    def measure(self, text: str) -> dict[str, Any]:
        """The likeliest label, and the score."""
        found = self._model.predict(text, -1 if self.label else 1)
        label, score = found[0] if found else ("", 0.0)
        if self.label:
            score = dict(found).get(self.label, 0.0)
        return {"label": label, "score": score}

    def rules(self) -> tuple[Rule, ...]:
        """The label first, then the score."""
        rules = (
            Rule("keep", "label", "not in", self.keep or None),
            Rule("min", "score", "<", self.min),
            Rule("max", "score", ">", self.max),
        )
        return tuple(rule for rule in rules if rule.threshold is not None)

    @cached_property
    def _model(self) -> FastTextModel:
        from penstock.errors import UsageError
        from penstock.text.fasttext_model import FastTextModel
        from penstock.text.nearest import did_you_mean

        model = FastTextModel(self.model)
        try:
            known = model.labels
        except ValueError as error:
            raise UsageError(f"this is no fastText model: {error}") from error
        for label in (*self.keep, *([self.label] if self.label else [])):
            if label not in known:
                hint = did_you_mean(label, known, label="labels")
                raise UsageError(f"{self.model} has no label `{label}`", hint=hint)
        return model
