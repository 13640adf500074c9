"""datatrove: all measures and verdicts given the same words; how often verdicts agree otherwise."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import golden
import pytest
from comparison import WAYS, Row, blames, differences, disagreements, measured, rows, taken
from splitter import split

from penstock.ops.catalogue import find


class Set(NamedTuple):
    """A filter set: penstock's measures in the golden's terms, and what each reason names."""

    measures: Mapping[str, str]
    reasons: Mapping[str, str]


def same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


DUPLICATES = same("dup_para_frac", "dup_para_char_frac", "dup_line_frac", "dup_line_char_frac")
TOP = same(*(f"top_{n}_gram" for n in (2, 3, 4)))
LINES = same("line_punct_ratio", "short_line_ratio", "char_dup_ratio", "list_ratio")
REPEATED = {f"duplicated_{n}_n_grams": f"dup_{n}_gram" for n in range(5, 11)}
SETS = {
    "gopher_quality": Set(
        same(
            "words", "mean_word_length", "hash_ratio", "ellipsis_ratio", "bullet_lines",
            "ellipsis_lines", "alphabetic_words", "stop_words",
        ),
        {
            "gopher_short_doc": "words",
            "gopher_long_doc": "words",
            "gopher_below_avg_threshold": "mean_word_length",
            "gopher_above_avg_threshold": "mean_word_length",
            "gopher_too_many_hashes": "hash_ratio",
            "gopher_too_many_ellipsis": "ellipsis_ratio",
            "gopher_too_many_bullets": "bullet_lines",
            "gopher_too_many_end_ellipsis": "ellipsis_lines",
            "gopher_below_alpha_threshold": "alphabetic_words",
            "gopher_enough_stop_words": "stop_words",
        },
    ),
    "gopher_repetition": Set(
        {**DUPLICATES, **TOP, **same(*REPEATED.values())},
        {"empty": "characters", **DUPLICATES, **TOP, **REPEATED},
    ),
    "fineweb_quality": Set(LINES, {"empty": "lines", **LINES}),
    "c4": Set(
        {
            "lines": "lines",
            "kept": "lines_kept",
            "long_word": "lines_too_long_word",
            "without_end": "lines_no_terminal_punc",
            "few_words": "lines_too_few_words",
            "javascript": "lines_javascript",
            "policy": "lines_policy",
        },
        same("lorem_ipsum", "curly_bracket"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SETS)
def test_all_is_equal_given_the_same_words(name: str, way: str, known: Any) -> None:
    # C4 splits no words, and its sentences are compared below.
    operator = find(f"filter.{name}")(**({"min_sentences": 0} if name == "c4" else {}))
    found = taken(rows(f"datatrove-{name.replace('_', '-')}", known), way)
    texts = [row.text.text for row in found]
    ours = measured(operator, texts, way, None if name == "c4" else split)
    assert not differences(found, ours, SETS[name].measures)[:5]
    assert not disagreements(found, blames(operator, ours), SETS[name].reasons)[:5]


def test_c4_leaves_the_same_text(known: Any) -> None:
    operator = find("clean.c4_lines")()
    found = [row for row in rows("datatrove-c4", known) if row.said["reason"] is None]
    other = [row for row in found if golden.key(operator.text(row.text.text)) != row.said["left"]]
    assert not other[:5]


FOREIGN = {"gopher_quality": {"min_stop_words": 0}}  # its stop words are English

# Penstock splits all languages by the same rules. Chinese words are longer than characters, and so
# are their n-grams; German ordinals (am 3. Mai) look like the ends of sentences.
LESS = {("gopher_repetition", "zh"): 0.95, ("c4", "de"): 0.97}


@pytest.mark.parametrize("name", SETS)
def test_verdicts_agree_with_its_own_words(name: str, real: dict[bytes, golden.Text]) -> None:
    less = {}
    for language, found in _by_language(real).items():
        operator = find(f"filter.{name}")(**(FOREIGN.get(name, {}) if language != "en" else {}))
        same = _agreeing(name, operator, found, "batch")
        if sum(same) / len(same) < LESS.get((name, language), 0.98):
            less[language] = sum(same) / len(same)
    assert not less


@pytest.mark.parametrize("name", ["gopher_quality", "gopher_repetition", "fineweb_quality"])
def test_verdicts_are_equal_with_words_of_spacy(name: str, real: dict[bytes, golden.Text]) -> None:
    """In all languages but Japanese, which datatrove splits with a patch of its own."""
    pytest.importorskip("spacy", reason="words: spacy needs spaCy")
    pytest.importorskip("jieba", reason="words: spacy needs jieba for Chinese")
    for language, found in _by_language(real).items():
        if language != "ja":
            where = {"only": (language,)} if name == "gopher_quality" else {"language": language}
            foreign = FOREIGN.get(name, {}) if language != "en" else {}
            operator = find(f"filter.{name}")(words="spacy", **where, **foreign)
            assert all(_agreeing(name, operator, found, "measure")), language


def _by_language(real: dict[bytes, golden.Text]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows("datatrove-own-words", real):
        found[row.text.language.replace("und", "en")].append(row)
    return found


def _agreeing(name: str, operator: Any, found: list[Row], way: str) -> list[bool]:
    ours = blames(operator, measured(operator, [row.text.text for row in found], way))
    return [
        (blame is None) == (row.said[name] is None) for row, blame in zip(found, ours, strict=True)
    ]
