"""Keep documents that a small language model finds likely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from penstock.ops.base import Filter

if TYPE_CHECKING:
    from penstock.text.ngram_model import NgramModel


@dataclass(frozen=True)
class Perplexity(Filter):
    """Keep documents with a perplexity between `min` and `max` under the n-gram model `model`.

    The model is a file of yours, trained on texts such as you want (CCNet, Wenzek et al. 2020,
    takes Wikipedia) by `penstock.text.ngram_model.train`: interpolated Kneser-Ney over words or
    characters. The measure is e to the mean of -ln p over all tokens, line ends among them; null
    where there is none. What is usual depends on the model: look at the quantiles of the measure
    on good texts before you choose `max`.

    >>> from penstock.text.ngram_model import train
    >>> file = getfixture("tmp_path") / "good.ngrams"
    >>> train(["The dam holds the river."]).save(file)
    >>> round(Perplexity(model=str(file), max=9).measure("The dam leaks."), 1)
    5.5
    """

    cost: ClassVar[str] = "model"
    measures: ClassVar[Mapping[str, str]] = {"perplexity": "float64"}

    model: str
    max: float
    min: float | None = None

    def __post_init__(self) -> None:
        from penstock.data.lists import check_there

        check_there(model=self.model)

    def measure(self, text: str) -> float | None:
        """The perplexity."""
        return self._model.perplexity(text)

    @cached_property
    def _model(self) -> NgramModel:
        from penstock.errors import UsageError
        from penstock.text.ngram_model import load

        try:
            return load(self.model)
        except ValueError as error:
            raise UsageError(str(error), hint="train one: penstock.text.ngram_model") from error
