"""Drop conversations that are answered in another language than they were asked in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.models.conversation import Turn
from penstock.models.shapes import thought_apart
from penstock.ops.base import Filter, Rule
from penstock.ops.chat.messages import conversations

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.text.languages import Identifier

CHARACTERS = 2000  # of each side, which is plenty

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)
_ABOUT_LANGUAGES = re.compile(
    r"translat|language|翻译|翻譯|译成|譯成|语言|語言|traduc|traduz|tradui|traduis|übersetz|sprache"
    r"|langue\b|idioma|перев[её]д|перевод|язык|翻訳|言語|번역|언어"
    r"|\b(?:arabic|chinese|dutch|english|french|german|greek|hindi|italian|japanese|korean|latin"
    r"|polish|portuguese|russian|spanish|swedish|turkish|vietnamese)\b"
    r"|[英中日法德韩俄汉漢拉][语文語丁]|西班牙|阿拉伯|意大利|葡萄牙",
    re.IGNORECASE,
)
# Scripts that say the language better than the identifier does from a few words.
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
SYLLABLE = 5  # letters that a Han, kana or Hangul character stands for


@dataclass(frozen=True)
class LanguageMatch(Filter):
    """Keep conversations whose answers are in the language of the questions.

    The languages are those of all the user's and all the assistant's words, without code, links
    and reasoning: Chinese, Japanese and Korean by their scripts, others by fastText's lid.176.
    `match` is null, which keeps, where that cannot be said: a side has fewer than `min_letters`
    letters (a Han, kana or Hangul character counts as five), a language is less sure than `min`,
    the question has words in the answer's script, or is about languages ("translate", "French",
    英文). Works on any shape that `chat.messages` knows.

    >>> turns = [{"role": "user", "content": "How high does the river stand in the spring?"}]
    >>> LanguageMatch().measure_turns(turns)["question"]
    'en'
    """

    measures: ClassVar[Mapping[str, str]] = {
        "question": "string",
        "answer": "string",
        "score": "float64",
        "match": "bool",
    }

    min: float = 0.65
    min_letters: int = 40

    def measure_turns(self, turns: Sequence[Turn]) -> dict[str, Any]:
        """The two languages, the lower of their scores, and whether they are the same."""
        asked, said = _words(turns, "user"), _words(turns, "assistant")
        (question, sure), (answer, too) = self.language(asked), self.language(said)
        known = min(sure, too) >= self.min and min(_size(asked), _size(said)) >= self.min_letters
        open_to_both = _ABOUT_LANGUAGES.search(asked) or _has_script_of(asked, question, answer)
        return {
            "question": question,
            "answer": answer,
            "score": min(sure, too),
            "match": question == answer if known and not open_to_both else None,
        }

    def language(self, text: str) -> tuple[str, float]:
        """The language of a text, and how sure that is."""
        han, kana, hangul = (len(one.findall(text)) for one in (_HAN, _KANA, _HANGUL))
        if SYLLABLE * (han + kana + hangul) * 2 < _size(text) or not text:
            language, score = self._identifier.identify(text)
            return ("zh" if language == "ja" and han and not kana else language), score
        if hangul > han + kana:
            return "ko", 1.0
        return ("ja" if kana * 3 > han else "zh"), 1.0

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The measures of each conversation."""
        import pyarrow as pa

        found = [self.measure_turns(turns or ()) for turns in conversations(rows)]
        return {
            name: pa.array([one[name] for one in found], kind)
            for name, kind in self.measures.items()
        }

    def rules(self) -> tuple[Rule, ...]:
        """Certainly not the same."""
        return (Rule("match", "match", "==", False),)

    @cached_property
    def _identifier(self) -> Identifier:
        from penstock.text.languages import Identifier

        # CLD2, which is surer of short texts, takes lists of names for some Romance language.
        return Identifier("fasttext")


def _words(turns: Sequence[Turn], role: str) -> str:
    said = [thought_apart(turn)["content"] or "" for turn in turns if turn["role"] == role]
    return _CODE.sub(" ", "\n".join(said)).strip()[:CHARACTERS]


def _size(text: str) -> int:
    """The letters of a text, as many as a Latin one of that length would have."""
    syllables = sum(len(one.findall(text)) for one in (_HAN, _KANA, _HANGUL))
    return sum(map(str.isalpha, text)) + (SYLLABLE - 1) * syllables


def _has_script_of(asked: str, question: str, answer: str) -> bool:
    """Whether a question in another script has words in that of the answer."""
    script = {"zh": _HAN, "ja": _KANA, "ko": _HANGUL}
    if (question in script) == (answer in script):
        return False
    return len(script.get(answer, _LATIN).findall(asked)) >= 8
