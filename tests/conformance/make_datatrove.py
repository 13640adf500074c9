"""Write what datatrove says: run in its environment, `python make_datatrove.py DATA`.

Once with words split by `splitter`, so that everything must be equal, and once with datatrove's own
words and sentences, for how often the verdicts agree. The measures are read through `Probe`.
"""

import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    fineweb_quality_filter,
    gopher_quality_filter,
    gopher_repetition_filter,
)
from golden import Text, key, texts, write
from probe import Probe
from splitter import split

PEER = f"datatrove {version('datatrove')}"
# The languages for which datatrove has a splitter of spaCy's, by the codes that find it ("zh" finds
# one for another language, which does not split).
SPLIT = {
    "en": "eng_Latn", "und": "eng_Latn", "ar": "arb_Arab", "de": "deu_Latn", "el": "ell_Grek",
    "es": "spa_Latn", "fr": "fra_Latn", "he": "heb_Hebr", "it": "ita_Latn", "ja": "jpn_Jpan",
    "pt": "por_Latn", "ru": "rus_Cyrl", "zh": "cmn_Hani",
}  # fmt: skip


def main(data: Path) -> None:
    every = list(texts(data))
    real = [one for one in every if one.name is None and one.language in SPLIT]
    write("datatrove-own-words", f"{PEER}, spaCy {version('spacy')}", __file__, _verdicts(real))
    for module in (gopher_quality_filter, gopher_repetition_filter, fineweb_quality_filter):
        module.split_into_words = lambda text, _: split(text)
    for name, say in (
        ("gopher-quality", gopher_quality),
        ("gopher-repetition", gopher_repetition),
        ("fineweb-quality", fineweb_quality),
        ("c4", c4),
    ):
        write(f"datatrove-{name}", PEER, __file__, [(one, say(one.text)) for one in every])


def _verdicts(every: list[Text]) -> list[tuple[Text, dict[str, Any]]]:
    """The reasons of all four sets, words and sentences split by datatrove for each language."""
    rows = []
    for language, code in SPLIT.items():
        # Its stop words are English: other languages have lists of their own in practice.
        stop_words = {} if code == "eng_Latn" else {"min_stop_words": None}
        filters = {
            "gopher_quality": GopherQualityFilter(language=code, **stop_words),
            "gopher_repetition": GopherRepetitionFilter(language=code),
            "c4": C4QualityFilter(language=code),
            "fineweb_quality": FineWebQualityFilter(language=code),
        }
        for one in every:
            if one.language == language:
                rows.append((one, {name: _reason(f, one.text) for name, f in filters.items()}))
    return rows


def gopher_quality(text: str) -> dict[str, Any]:
    """The reason (null: kept) and the measures, under penstock's names."""
    probes = [Probe() for _ in range(9)]
    _run(GopherQualityFilter(*probes), text)
    least, _, mean, _, symbols, bullets, ellipses, alphabetic, stop_words = probes
    return {
        "reason": _reason(GopherQualityFilter(), text),
        "words": least.take(),
        "mean_word_length": mean.take(),
        "hash_ratio": symbols.take(0),
        "ellipsis_ratio": symbols.take(1),
        "bullet_lines": bullets.take(),
        "ellipsis_lines": ellipses.take(),
        "alphabetic_words": alphabetic.take(),
        "stop_words": stop_words.take(),
    }


def gopher_repetition(text: str) -> dict[str, Any]:
    names = ("dup_line_frac", "dup_para_frac", "dup_line_char_frac", "dup_para_char_frac")
    probes = {name: Probe() for name in names}
    top = {f"top_{n}_gram": (n, Probe()) for n in (2, 3, 4)}
    dup = {f"dup_{n}_gram": (n, Probe()) for n in (5, 6, 7, 8, 9, 10)}
    grams = {"top_n_grams": tuple(top.values()), "dup_n_grams": tuple(dup.values())}
    _run(GopherRepetitionFilter(**probes, **grams), text)
    found = {**probes, **{name: probe for name, (_, probe) in {**top, **dup}.items()}}
    measures = {name: probe.take() for name, probe in found.items()}
    return {"reason": _reason(GopherRepetitionFilter(), text), **measures}


def fineweb_quality(text: str) -> dict[str, Any]:
    names = {
        "line_punct_ratio": "line_punct_thr",
        "short_line_ratio": "short_line_thr",
        "char_dup_ratio": "char_duplicates_ratio",
        "list_ratio": "new_line_ratio",
    }
    probes = {name: Probe() for name in names}
    _run(FineWebQualityFilter(**{names[name]: probe for name, probe in probes.items()}), text)
    measures = {name: probe.take() for name, probe in probes.items()}
    return {"reason": _reason(FineWebQualityFilter(), text), **measures}


def c4(text: str) -> dict[str, Any]:
    """The reason, sentences left aside, how many lines went for which cause, and the digest of the
    text that is left."""
    counts: Counter[str] = Counter()
    measuring = C4QualityFilter(min_num_sentences=-1)
    measuring.stat_update = lambda name, **_: counts.update([name])
    document = Document(text=text, id="")
    ended = _run(measuring, text, document)
    whole = ended is None
    lines = {
        f"lines_{cause}": counts[f"line-filter-{cause}"] if whole else None
        for cause in ("too_long_word", "no_terminal_punc", "too_few_words", "javascript", "policy")
    }
    return {
        "reason": ended,
        "lines": counts["line-total"] if whole else None,
        "lines_kept": counts["line-kept"] if whole else None,
        **lines,
        "left": key(document.text) if whole else None,
    }


def _reason(one: Any, text: str) -> str | None:
    return _run(one, text)


def _run(one: Any, text: str, document: Document | None = None) -> str | None:
    """Why a filter drops a text; None if it keeps it, or the exception that it raises."""
    try:
        with np.errstate(all="ignore"):
            kept = one.filter(document or Document(text=text, id=""))
    except (ZeroDivisionError, UnicodeEncodeError) as error:
        return f"raises {type(error).__name__}"
    return None if kept is True else kept[1]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
