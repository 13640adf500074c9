"""Keep documents written in given languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.ops.base import Filter, Rule

if TYPE_CHECKING:
    from penstock.text.languages import Identifier

_CODE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class Language(Filter):
    """Keep documents in a language of `keep` (ISO 639), with a score of at least `min`.

    CLD2 (Sites 2013) reads 600 characters of the beginning, middle and end; its score is the share
    of them in that language. What it is not sure of, short texts mostly, fastText's lid.176 decides
    (Joulin et al. 2016), and its score is a probability. A text with Han characters and no kana is
    not called Japanese. `profile: fasttext` is lid.176 alone on the first 2,000 characters, as in
    published recipes, where 0.65 is FineWeb's threshold (Penedo et al. 2024). Later steps find the
    columns `language` and `language_score`.

    >>> Language(keep=("en",)).measure("The river flows past the town to the sea.")
    {'language': 'en', 'score': 0.97}
    """

    version: ClassVar[int] = 2
    measures: ClassVar[Mapping[str, str]] = {"language": "string", "score": "float64"}
    columns: ClassVar[Mapping[str, str]] = {"language": "language", "score": "language_score"}

    keep: tuple[str, ...]
    min: float = 0.65
    profile: Literal["penstock", "fasttext"] = "penstock"

    def __post_init__(self) -> None:
        for code in self.keep:
            if not _CODE.fullmatch(code):
                raise ValueError(f"`keep` takes codes such as en or zh (ISO 639), not {code}")

    def measure(self, text: str) -> dict[str, Any]:
        """The language and the score."""
        language, score = self._identifier.identify(text)
        return {"language": language, "score": score}

    def rules(self) -> tuple[Rule, ...]:
        """Another language, or not sure enough."""
        return (
            Rule("keep", "language", "not in", self.keep),
            Rule("min", "score", "<", self.min),
        )

    @cached_property
    def _identifier(self) -> Identifier:
        from penstock.text.languages import Identifier

        return Identifier(self.profile)
