"""Keep documents with few special characters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from penstock.ops.base import Filter
from penstock.text.letters import count, is_letter, is_special

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class SpecialCharacters(Filter):
    """Keep documents with a share of special characters between `min` and `max`.

    A ratio of all characters. Special are white space, digits, punctuation, symbols and emoji:
    with `penstock` whatever is neither a letter of some script nor a mark on one, with
    `data-juicer` the members of its collection, among them ordinary letters (一, 上, 士, ン, ー,
    vowel signs of Hindi); it lacks many symbols. The default is Data-Juicer's.

    >>> SpecialCharacters().measure("上水")
    0.0
    >>> SpecialCharacters(profile="data-juicer").measure("上水")
    0.5
    """

    measures: ClassVar[Mapping[str, str]] = {"special_characters": "float64"}

    min: float = 0.0
    max: float = 0.25
    profile: Literal["penstock", "data-juicer"] = "penstock"

    def measure(self, text: str) -> float:
        """The share; 0 of nothing."""
        if self.profile == "data-juicer":
            return sum(map(is_special, text)) / (len(text) or 1)
        return (len(text) - sum(map(is_letter, text))) / (len(text) or 1)

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The same, by tables of characters."""
        import pyarrow as pa

        from penstock.data.schema import strings

        texts = strings(rows, "text")
        shares = [None if text is None else self._quickly(text) for text in texts]
        return {"special_characters": pa.array(shares, pa.float64())}

    def _quickly(self, text: str) -> float:
        if self.profile == "data-juicer":
            return count(text, is_special) / (len(text) or 1)
        return (len(text) - count(text, is_letter)) / (len(text) or 1)
