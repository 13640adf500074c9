"""Splitting texts into words, and the classes of characters that it rests on."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.text import characters as classes
from penstock.text.words import (
    APOSTROPHES,
    DIGITS,
    LINKS,
    SIGNS,
    VOWELS,
    has_unspaced_script,
    is_amount,
    is_edge,
    is_icon,
    spacy_words,
    tokens,
    words,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n\u2028", ""),
        ("The dam, (old) holds!", "The|dam|,|(|old|)|holds|!"),
        ("It's the keepers' gate; I'll go, we've been, don't ask.",
         "It|'s|the|keepers|'|gate|;|I|'ll|go|,|we|'ve|been|,|do|n't|ask|."),
        ("He can’t and she’d", "He|ca|n’t|and|she|’d"),
        ("l'eau, dell'acqua and O'Brien's 'tis", "l'|eau|,|dell'|acqua|and|O'Brien|'s|'|tis"),
        ("J. Smith of the U.S. and NASA.", "J.|Smith|of|the|U.S.|and|NASA|."),
        ("wait... no…yes ..", "wait|...|no|…|yes|.."),
        ("well-known state--of US-Dollar -5", "well|-|known|state|--|of|US-Dollar|-5"),
        ("3-4 3+4 3.14 1,000 a,b a/b a=b", "3|-|4|3|+|4|3.14|1,000|a|,|b|a|/|b|a|=|b"),
        ("5% $5 €5 5€ +5 5+ =5", "5|%|$|5|€|5|5|€|+5|5|+|=|5"),
        ("http://a-b.c/d-e, (www.x-y.z) me@a-b.c.", "http://a-b.c/d-e|,|(|www.x-y.z|)|me@a-b.c|."),
        ("end.Start e.g. a.b", "end|.|Start|e.g|.|a.b"),
        ("👍👍ok #tag ##", "👍|👍|ok|#|tag|#|#"),
        ("三峡大坝holds，水。", "三峡|大坝|holds|，|水|。"),
        ("السد؟ नदी। 했다.", "السد|؟|नदी|।|했다|."),
        ("--- *** ///", "---|*|*|*|///"),
    ],
)  # fmt: skip
def test_tokens(text: str, expected: str) -> None:
    assert tokens(text) == [word for word in expected.split("|") if word]


@given(st.text() | st.text("ab.'’-–:/=,+5%$(#…!@w 水\n", max_size=40))
def test_splitting_loses_only_white_space(text: str) -> None:
    for split in (tokens, words):
        assert "".join(split(text)) == "".join(text.split())
        assert all(split(text))


def test_spacy_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(ImportError, match="pip install spacy"):
        spacy_words("the dam", "no-such-language")


def test_spacy_splits_where_it_is_installed() -> None:
    pytest.importorskip("spacy")
    assert spacy_words(" Mr. Smith can't go.", "en") == ["Mr.", "Smith", "ca", "n't", "go", "."]


def test_the_table_knows_every_character() -> None:
    table = classes.table()
    tests = {
        "LETTER": str.isalpha,
        "ALPHABETIC": classes.is_alphabetic,
        "PROPER": lambda one: one not in classes.PUNCTUATION,
        "SYMBOL": "#…".__contains__,
        "SPACE": str.isspace,
        "FASTTEXT": classes.FASTTEXT_SPACE.__contains__,
        "GIVEN": classes.SEAM.__eq__,
        "UNSPACED": has_unspaced_script,
        "ALNUM": str.isalnum,
        "LOWER": str.islower,
        "UPPER": str.isupper,
        "DIGIT": DIGITS.__contains__,
        "DECIMAL": str.isdecimal,
        "EDGE": is_edge,
        "AMOUNT": is_amount,
        "ICON": is_icon,
        "SIGN": SIGNS.__contains__,
        "LINK": LINKS.__contains__,
        "APOSTROPHE": APOSTROPHES.__contains__,
        "DOT": ".".__eq__,
        "END": classes.TERMINAL.__contains__,
        "VOWEL": VOWELS.__contains__,
    }
    for name, test in tests.items():
        bit = getattr(classes, name)
        wrong = [
            hex(code)
            for code, bits in enumerate((table & bit).tolist())
            if not 0xD800 <= code < 0xE000 and bool(bits) != test(chr(code))
        ]
        assert not wrong, name


def test_marks_that_end_a_sentence_are_marks() -> None:
    assert len(classes.TERMINAL) == 159
    assert set(".?!。！？．؟।։።៕") <= classes.TERMINAL
    assert "…" not in classes.TERMINAL
    known = [one for one in classes.TERMINAL if unicodedata.category(one) != "Cn"]
    assert {unicodedata.category(one) for one in known} == {"Po"}
    assert all(unicodedata.category(one)[0] in "CPSN" for one in classes.PUNCTUATION)
