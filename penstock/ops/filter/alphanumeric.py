"""Keep documents by their share of letters and digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from penstock.ops.base import Filter
from penstock.text.letters import count, is_letter_or_number

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Alphanumeric(Filter):
    """Keep documents with a share of letters and digits between `min` and `max`.

    A ratio of characters. `penstock` counts letters, marks on them and numbers of all scripts, of
    all characters that are not white space. `data-juicer` is Python's `isalnum`, of all characters:
    there Hindi loses its vowel signs, and Chinese, which has no spaces, has higher ratios than
    English, so that the bounds 0.75 to 0.86 of its recipes mean English. The default is its own.

    >>> Alphanumeric().measure("3 dams"), Alphanumeric(profile="data-juicer").measure("3 dams")
    (1.0, 0.8333333333333334)
    """

    measures: ClassVar[Mapping[str, str]] = {"alphanumeric": "float64"}

    min: float = 0.25
    max: float | None = None
    profile: Literal["penstock", "data-juicer"] = "penstock"

    def measure(self, text: str) -> float:
        """The share; 0 of nothing."""
        if self.profile == "data-juicer":
            return _share(sum(map(str.isalnum, text)), len(text))
        solid = [character for character in text if not character.isspace()]
        return _share(sum(map(is_letter_or_number, solid)), len(solid))

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The same, by tables of characters."""
        import pyarrow as pa

        from penstock.data.schema import strings

        texts = strings(rows, "text")
        shares = [None if text is None else self._quickly(text) for text in texts]
        return {"alphanumeric": pa.array(shares, pa.float64())}

    def _quickly(self, text: str) -> float:
        if self.profile == "data-juicer":
            return _share(count(text, str.isalnum), len(text))
        return _share(count(text, is_letter_or_number), len(text) - count(text, str.isspace))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
