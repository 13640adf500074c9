"""Write what DCLM's filters say: run in its environment, `python make_dclm.py DATA SOURCE`.

SOURCE is a checkout of the repository, which is no package. The filters say only yes or no, so
their measures are read through `Probe`. The settings are those of its RefinedWeb recipe. N-grams
are of words split by `splitter`, so that everything must be equal, and once of its own, for the
verdicts.
"""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from golden import texts, write
from probe import Probe
from splitter import split_alnum

SOURCE = Path(sys.argv[2]) if len(sys.argv) > 2 else Path()
# Only the module of the filters is loaded: its packages import much that no filter here calls.
for name, folder in (
    ("baselines", "baselines"),
    ("baselines.mappers", "baselines/mappers"),
    ("baselines.mappers.filters", "baselines/mappers/filters"),
    ("core", "baselines/core"),
):
    package = ModuleType(name)
    package.__path__ = [str(SOURCE / folder)]
    sys.modules[name] = package
for name in ("transformers", "core.processor"):
    sys.modules[name] = ModuleType(name)
sys.modules["transformers"].AutoTokenizer = None  # type: ignore[attr-defined]

from baselines.mappers.filters import content_filters as dclm  # noqa: E402

PEER = "dclm 361714b"
GRAMS = {2: 0.2, 3: 0.18, 4: 0.16, 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1}


class Share(Probe):
    """A threshold that the filter multiplies with the whole before it compares a part."""

    whole = 0

    def __mul__(self, whole: int) -> "Share":
        self.whole = whole
        return self

    def share(self) -> float | None:
        return self.seen[0] / self.whole if self.whole else None


def main(data: Path) -> None:
    # One word splitter is pure Python and takes minutes for the huge ones; the other wants UTF-8.
    left_out = ("huge", "surrogate")
    every = [one for one in texts(data) if not (one.name or "").startswith(left_out)]
    write("dclm-gopher-quality", PEER, __file__, [(one, quality(one.text)) for one in every])
    real = [one for one in every if one.name is None]
    own = [(one, {"gopher_repetition": repetition(one.text)["reason"]}) for one in real]
    write("dclm-own-words", PEER, __file__, own)
    dclm.split_words = lambda text, **_: split_alnum(text)
    rows = [(one, repetition(one.text)) for one in every]
    write("dclm-gopher-repetition", PEER, __file__, rows)


def quality(text: str) -> dict[str, Any]:
    """The reason (null: kept), in the recipe's order, and the measures under penstock's names."""
    words, length, symbols, alphabetic, stop_words = (Probe() for _ in range(5))
    bullets, ellipses = Share(), Share()
    page = {"text": text}
    dclm.page_length_filter(page, "word", words, words, ignore_punctuation=True)
    dclm.word_length_filter(page, length, length)
    dclm.symbol_ratio_filter(page, symbols)
    dclm.bullet_count_filter(page, bullets)
    dclm.ellipsis_count_filter(page, ellipses)
    dclm.alphabetic_word_ratio_filter(page, alphabetic)
    dclm.stop_word_filter(page, count_unique=False, min_stop_word=stop_words)
    return {
        "reason": _first(
            ("words", dclm.page_length_filter(page, "word", 50, 100_000, ignore_punctuation=True)),
            ("mean_word_length", dclm.word_length_filter(page, 3, 10)),
            ("symbol_ratio", dclm.symbol_ratio_filter(page, 0.1)),
            ("bullet_lines", dclm.bullet_count_filter(page, 0.9)),
            ("ellipsis_lines", dclm.ellipsis_count_filter(page, 0.3)),
            ("alphabetic_words", dclm.alphabetic_word_ratio_filter(page, 0.2)),
            ("stop_words", dclm.stop_word_filter(page, count_unique=False, min_stop_word=2)),
        ),
        "words": words.take(),
        "mean_word_length": length.take(),
        "symbol_ratio": symbols.take(),
        "bullet_lines": bullets.share(),
        "ellipsis_lines": ellipses.share(),
        "alphabetic_words": _rest(alphabetic.take(), len(text.split())),
        "stop_words": len(stop_words.seen),
    }


def repetition(text: str) -> dict[str, Any]:
    """The reason (null: kept) and the measures; null where the filter lets a text pass unmeasured,
    because it has one line, too few words, or no n-gram twice."""
    page, cache = {"text": text}, {}
    limits: dict[str, tuple[str | int, float, bool]] = {
        "dup_line_frac": ("line", 0.3, False),
        "dup_para_frac": ("paragraph", 0.3, False),
        "dup_line_char_frac": ("line", 0.2, True),
        "dup_para_char_frac": ("paragraph", 0.2, True),
        **{f"{'top' if n < 5 else 'dup'}_{n}_gram": (n, limit, True) for n, limit in GRAMS.items()},
    }
    measures: dict[str, float | None] = {}
    kept: list[tuple[str, list[Any]]] = []
    for name, (part, limit, characters) in limits.items():
        probe = Probe()
        dclm.repetition_filter(page, part, probe, characters, cache=cache)
        measures[name] = probe.take()
        kept.append((name, dclm.repetition_filter(page, part, limit, characters, cache=cache)))
    reason = _first(*kept)
    assert (reason is None) == bool(dclm.massive_web_repetition_filters(page))
    if reason == "dup_line_frac" and measures[reason] is None:
        reason = "empty"
    return {"reason": reason, **measures}


def _rest(share: float | None, whole: int) -> float | None:
    """What is left of a whole besides a share, again as a share: 0.8 for 0.2, to the last bit."""
    return None if share is None else (whole - round(share * whole)) / whole


def _first(*results: tuple[str, list[Any]]) -> str | None:
    """The first filter that returned no page."""
    return next((name for name, pages in results if not pages), None)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
