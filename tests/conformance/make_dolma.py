"""Write what Dolma's taggers say: run in its environment, `python make_dolma.py DATA`.

Its taggers only measure; which value drops a document is left to the user, so there is no reason.
The second versions differ in how lines are cut (Gopher) and in what is looked for where (C4).
"""

import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dolma.core.data_types import Document
from dolma.taggers.c4 import C4Tagger, FasterC4Tagger
from dolma.taggers.gopher import GopherTagger, GopherTaggerV2
from golden import texts, write

PEER = f"dolma {version('dolma')}"
QUALITY = {
    "words": "word_count",
    "median_word_length": "median_word_length",
    "symbol_ratio": "symbol_to_word_ratio",
    "bullet_lines": "fraction_of_lines_starting_with_bullet_point",
    "ellipsis_lines": "fraction_of_lines_ending_with_ellipsis",
    "alphabetic_words": "fraction_of_words_with_alpha_character",
    "stop_words": "required_word_count",
}
LINES = {
    "dup_line_frac": "fraction_of_duplicate_lines",
    "dup_line_char_frac": "fraction_of_characters_in_duplicate_lines",
}
GRAMS = {
    **{f"top_{n}_gram": f"fraction_of_characters_in_most_common_{n}grams" for n in (2, 3, 4)},
    **{f"dup_{n}_gram": f"fraction_of_characters_in_duplicate_{n}grams" for n in range(5, 11)},
}
C4 = (
    "lines_with_no_ending_punctuation",
    "lines_with_too_few_words",
    "has_naughty_word",
    "has_javascript",
    "has_lorem_ipsum",
    "has_curly_brace",
)


def main(data: Path) -> None:
    every = list(texts(data))
    for name, say in (
        ("gopher-quality", gopher_quality),
        ("gopher-repetition", gopher_repetition),
        ("c4", c4),
    ):
        write(f"dolma-{name}", PEER, __file__, [(one, say(one.text)) for one in every])


def gopher_quality(text: str) -> dict[str, Any]:
    first, second = _scores(GopherTagger, text), _scores(GopherTaggerV2, text)
    lines = {f"{name}_v2": second.get(QUALITY[name]) for name in ("bullet_lines", "ellipsis_lines")}
    return {name: first.get(theirs) for name, theirs in QUALITY.items()} | lines


def gopher_repetition(text: str) -> dict[str, Any]:
    first, second = _scores(GopherTagger, text), _scores(GopherTaggerV2, text)
    found = {name: first.get(theirs) for name, theirs in {**LINES, **GRAMS}.items()}
    return found | {f"{name}_v2": second.get(theirs) for name, theirs in LINES.items()}


def c4(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for tagger, suffix in ((C4Tagger, ""), (FasterC4Tagger, "_v2")):
        counts = Counter(span.type for span in _spans(tagger, text))
        found |= {f"{name}{suffix}": counts[name] for name in C4}
        found[f"lines{suffix}"] = _scores(tagger, text).get("line_count")
    return found


def _scores(tagger: type, text: str) -> dict[str, float]:
    return {span.type: span.score for span in _spans(tagger, text)}


def _spans(tagger: type, text: str) -> list[Any]:
    return tagger().predict(Document(source="", id="", text=text)).spans


if __name__ == "__main__":
    main(Path(sys.argv[1]))
