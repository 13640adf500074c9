"""Write what NeMo Curator's filters say: `PYTHONHASHSEED=0 python make_curator.py DATA`.

Its most frequent n-gram is the first in the order of a hash set, so that the answer changes from
process to process where several are as frequent; those are left out.
"""

import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from golden import texts, write
from nemo_curator.stages.text.filters.heuristic import repetition, string
from nemo_curator.stages.text.utils.text_utils import get_ngrams, get_paragraphs, get_sentences

PEER = f"nemo-curator {version('nemo-curator')}"
QUALITY = {
    "words": string.WordCountFilter(),
    "mean_word_length": string.MeanWordLengthFilter(),
    "symbol_ratio": string.SymbolsToWordsFilter(),
    "bullet_lines": string.BulletsFilter(),
    "ellipsis_lines": string.EllipsisFilter(),
    "alphabetic_words": string.WordsWithoutAlphabetsFilter(),
    "stop_words": string.CommonEnglishWordsFilter(stop_at_false=False),
}
TOP = {2: 0.2, 3: 0.18, 4: 0.16}
DUP = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1}


def _characters(parts: list[str]) -> int:
    return len("".join(parts))


GRAMS = {
    **{f"top_{n}_gram": repetition.RepeatingTopNGramsFilter(n, most) for n, most in TOP.items()},
    **{f"dup_{n}_gram": repetition.RepeatingDuplicateNGramsFilter(n, m) for n, m in DUP.items()},
}
# It measures what is left without the repeats; penstock, the repeats. Here with the whole of each.
UNIQUE = {
    "dup_line_frac": (repetition.RepeatedLinesFilter(), get_sentences, len),
    "dup_para_frac": (repetition.RepeatedParagraphsFilter(), get_paragraphs, len),
    "dup_line_char_frac": (repetition.RepeatedLinesByCharFilter(), get_sentences, _characters),
    "dup_para_char_frac": (
        repetition.RepeatedParagraphsByCharFilter(),
        get_paragraphs,
        _characters,
    ),
}


def main(data: Path) -> None:
    every = list(texts(data))
    for name, say in (("gopher-quality", quality), ("gopher-repetition", repetitions)):
        write(f"curator-{name}", PEER, __file__, [(one, say(one.text)) for one in every])


def quality(text: str) -> dict[str, Any]:
    """The reason (null: kept) and the measures."""
    measures = {name: _score(one, text) for name, one in QUALITY.items()}
    return {"reason": _reason(QUALITY, measures), **measures}


def repetitions(text: str) -> dict[str, Any]:
    filters = {**{name: one for name, (one, _, _) in UNIQUE.items()}, **GRAMS}
    measures = {name: _score(one, text) for name, one in filters.items()}
    reason = _reason(filters, measures)
    for name, (_, cut, size) in UNIQUE.items():
        left, whole = measures[name], size(cut(text))
        measures[name] = None if left is None else (whole - round(left * whole)) / whole
    for n in TOP:
        if _tied(text, n):
            measures[f"top_{n}_gram"] = None
    return {"reason": reason, **measures}


def _reason(filters: dict[str, Any], measures: dict[str, float | None]) -> str | None:
    for name, one in filters.items():
        value = measures[name]
        if value is None:
            return "raises"
        if not one.keep_document(value):
            return name
    return None


def _score(one: Any, text: str) -> float | None:
    """The score; None where the filter raises, as most do for a text without words or lines."""
    try:
        return one.score_document(text)
    except (ValueError, ZeroDivisionError):
        return None


def _tied(text: str, n: int) -> bool:
    counts = [count for _, count in Counter(get_ngrams(text.split(), n)).most_common(2)]
    return len(counts) == 2 and counts[0] == counts[1]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
