"""Language identification: accuracy on real sentences, and texts that libraries choke on."""

import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.ops.filter.language import Language
from penstock.ops.label.language import Language as LanguageLabel
from penstock.specs.build import build
from penstock.text.languages import WINDOW, Identifier, windows

# The set calls Norwegian Bokmål nb, the identifiers call it no.
NAMES = {"nb": "no"}


@pytest.fixture(scope="session")
def sentences(real_data: Path) -> list[tuple[str, str]]:
    """Single sentences in 75 languages, with their language."""
    file = real_data / "lid" / "lingua-sentences.tar.xz"
    found = []
    with tarfile.open(file) as archive:
        for member in archive:
            if member.isfile():
                language = Path(member.name).stem
                stream = archive.extractfile(member)
                assert stream is not None
                lines = stream.read().decode("utf-8").split("\n")
                found += [(NAMES.get(language, language), line) for line in lines if line.strip()]
    return found


def test_nearly_all_sentences_of_75_languages_are_named_rightly(
    sentences: list[tuple[str, str]],
) -> None:
    identify = Identifier().identify
    right = sum(identify(text)[0] == language for language, text in sentences)
    assert len(sentences) > 70_000
    assert right / len(sentences) > 0.95


def test_chinese_is_never_taken_for_japanese(sentences: list[tuple[str, str]]) -> None:
    identify = Identifier().identify
    named = {language: [] for language in ("zh", "ja")}
    for language, text in sentences:
        if language in named:
            named[language].append(identify(text)[0])
    assert set(named["zh"]) == {"zh"}
    assert set(named["ja"]) == {"ja"}


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=3 * WINDOW + 20))
def test_any_text_gets_a_language_and_a_score(text: str) -> None:
    for profile in ("penstock", "fasttext"):
        language, score = Identifier(profile).identify(text)
        assert isinstance(language, str)
        assert 0 <= score <= 1


@given(st.text(max_size=50), st.integers(1, 10))
def test_windows_are_all_of_a_short_text_and_three_pieces_of_a_long_one(
    text: str, size: int
) -> None:
    found = windows(text, size)
    if len(text) <= 3 * size:
        assert found == text
    else:
        assert len(found) == 3 * size + 2
        assert found.startswith(text[:size])
        assert found.endswith(text[-size:])


def test_what_stands_in_the_middle_of_a_long_text_counts() -> None:
    german = "Der Fluss entspringt in den Bergen und fließt an der Stadt vorbei. " * 30
    english = "The river rises in the hills and flows past the town. " * 30
    language, score = Identifier().identify(german + english + german)
    assert language == "de"
    assert 0.5 < score < 0.8


def test_a_name_is_not_a_code() -> None:
    with pytest.raises(Exception, match="codes such as en or zh"):
        build(Language, {"keep": ["English"]}, lambda _: "", owner="filter.language")


def test_the_label_says_what_the_filter_measures() -> None:
    text = "Le fleuve prend sa source dans les collines."
    found = Language(keep=("fr",)).measure(text)
    assert tuple(found.values()) == LanguageLabel().identify(text)
