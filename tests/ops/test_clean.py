"""What holds of all cleaners: twice is once, any text, time in proportion, clean text untouched."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from penstock.data.dataset import read_rows
from penstock.ops.base import Map
from penstock.ops.clean.bibliography import Bibliography
from penstock.ops.clean.chinese_convert import ChineseConvert
from penstock.ops.clean.chunk import Chunk
from penstock.ops.clean.copyright import Copyright
from penstock.ops.clean.email import Email
from penstock.ops.clean.html import Html
from penstock.ops.clean.ip import Ip
from penstock.ops.clean.latex import Latex
from penstock.ops.clean.links import Links
from penstock.ops.clean.long_words import LongWords
from penstock.ops.clean.non_chinese import NonChinese
from penstock.ops.clean.punctuation import Punctuation
from penstock.ops.clean.repeated_lines import RepeatedLines
from penstock.ops.clean.repeated_sentences import RepeatedSentences
from penstock.ops.clean.sentence_split import SentenceSplit
from penstock.ops.clean.specific_characters import SpecificCharacters
from penstock.ops.clean.table_text import TableText
from penstock.ops.clean.unicode import Unicode
from penstock.ops.clean.whitespace import Whitespace
from penstock.ops.clean.words_with import WordsWith

CLEANERS: list[Map] = [
    Bibliography(appendix=True),
    ChineseConvert(mode="s2t"),
    ChineseConvert(),
    Copyright(),
    Email(),
    Html(),
    Ip(),
    Latex(),
    Latex(header="section"),
    Links(bare=True),
    Links(replacement="[LINK]"),
    LongWords(min=2, max=6),
    NonChinese(letters=False),
    Punctuation(),
    Punctuation(chinese="to_ascii"),
    Punctuation(chinese="to_chinese"),
    RepeatedLines(min_length=1),
    RepeatedSentences(min_length=1),
    SpecificCharacters(),
    TableText(min_columns=2, min_rows=2),
    Unicode(),
    Unicode(form="NFKC"),
    Whitespace(),
    Whitespace(code=True, blank_lines=0),
    WordsWith(),
]
CUTTERS: list[Map] = [SentenceSplit(), SentenceSplit(lines=False), Chunk(size=12, overlap=4)]

# What each cleaner looks for, and what it may meet beside it.
WORDS = [
    *"ab01.,:;!?…-–—()[]{}<>\"'`“”‘’«»%#*|/\\_=&@＠$~^ \t\n\r\u00a0\u3000\u2028\u200b\u200c\u200d",
    *"大坝三峡後后头發乾干，。！？：；（）《》、１Ａ／．～ｶﾞﾟ゛かéÉßﬁÃ©ƒÂâ€™ï»¿ı\u0301\u0327\u00ad\ufeff",
    *"ıİſK\u202e\u200f\U000e0041🏴👍👩\ufe0fกनमعشر\x00\x1b\x85\x92\ud7ff\ufffe가ᄀ",
    "http://", "www.", "a.com/", "](http://x.y)", "![", "me@a.org", "10.20.30.40", ":8080", "::1",
    "version ", "<b>", "</b>", "<p ", "<script>", "</script>", "<!--", "-->", "<a href='", "&amp;",
    "&lt;", "&#108;", "&#38;", "&semi;", "amp;", "lt;", "br>", "\n\n", "...", ". . .", "——",
    "Copyright 2020 ", "© 2020", "all rights reserved", "/*", "*/", "# ", "#!/bin/sh\n", "// ",
    "References\n", "参考文献\n", "[1] A. 1999.\n", "## ", "\\section{a}", "\\begin{document}",
    "\\end{document}", "\\newcommand{\\x}", "\\def\\y#1", "{\\x\\y}", "\\x", "\\y", "#1", "\\%",
    "\\begin{verbatim}", "\\end{verbatim}", "\\begin{comment}", "\\end{comment}", "\\emph{a}",
    "\\begin{thebibliography}", "\\end{thebibliography}", "\\bibliography{b}", "\\appendix",
    "Dams hold. ", "Dams hold! ", "大坝高。", "Dr. ", "a  b  c\n", "| a | b |\n", "◆",
]  # fmt: skip
TEXTS = st.text(max_size=80) | st.lists(st.sampled_from(WORDS), max_size=25).map("".join)


def name(operator: Map) -> str:
    return repr(operator)


def changed(operator: Map, texts: list[str | None]) -> list[str | None]:
    rows = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string())})
    return operator.batch(rows).column("text").to_pylist()


def utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("operator", CLEANERS, ids=name)
@given(text=TEXTS.map(utf8))
@settings(max_examples=150, deadline=None)
def test_cleaning_twice_is_cleaning_once(operator: Map, text: str) -> None:
    once = operator.text(text)
    assert once is not None
    assert operator.text(once) == once


@pytest.mark.parametrize("operator", CLEANERS, ids=name)
@given(texts=st.lists(TEXTS.map(utf8) | st.none(), max_size=6))
@settings(max_examples=40, deadline=None)
def test_a_batch_is_cleaned_as_its_texts_are(operator: Map, texts: list[str | None]) -> None:
    # The look at Arrow's buffers, by which batches pass over clean texts, misses none.
    expected = [None if text is None else operator.text(text) for text in texts]
    assert changed(operator, texts) == expected
    padded = changed(operator, ["x", *texts, None])
    assert padded[1:-1] == expected


@pytest.mark.parametrize("operator", CLEANERS, ids=name)
def test_clean_rows_come_back_as_they_are(operator: Map) -> None:
    texts = [None, "水。"] if isinstance(operator, NonChinese) else [None, "Dams hold the water."]
    rows = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string())})
    assert operator.batch(rows).equals(rows)


HOSTILE = {
    "letters": "a" * 100_000,
    "digits": "1" * 100_000,
    "points": "1." * 50_000,
    "spaces": " " * 100_000 + "x",
    "spaced": " a" * 50_000,
    "line ends": "\n" * 100_000 + "x",
    "blank lines": "\n " * 50_000 + "x",
    "dots": "." * 100_000,
    "spaced dots": ". " * 50_000,
    "dashes": "— " * 50_000,
    "quotes": "\"'" * 50_000,
    "brackets": "(" * 50_000 + ")" * 50_000,
    "square brackets": "[" * 30_000 + "](http://a.b)" * 5_000,
    "han": "大," * 50_000,
    "addresses": "a@" * 50_000,
    "domains": "a." * 50_000 + "@",
    "colons": "1:" * 50_000,
    "links": "http://" * 15_000,
    "link and brackets": "http://a" + ")(" * 50_000,
    "less than": "<" * 100_000,
    "tags": "<a " * 30_000,
    "nested tags": "<" * 30_000 + "b>" * 30_000,
    "quoted tags": "<a \"='" * 15_000,
    "values": "<a b=" * 20_000 + ">",
    "scripts": "<script>" * 12_000,
    "comments": "<!--" * 25_000,
    "entities": "&" + "amp;" * 25_000,
    "numbers of entities": "&" + "#38;" * 25_000,
    "per cent": "\\emph{}" + "%" * 100_000,
    "braces": "\\newcommand{\\x}" + "{" * 50_000,
    "definitions": "\\newcommand{\\x}{" * 6_000,
    "doubling": "".join(map("\\def\\{0}{{\\{1}\\{1}}}".format, "abcdefghijkl", "bcdefghijklm"))
    + "\\a" * 20_000,
    "verbatim": "\\begin{verbatim}" * 6_000,
    "bibliographies": "\\begin{thebibliography}" * 4_000,
    "references": "References\n[1] 1999.\n" * 5_000,
    "headings": "References\n" * 10_000,
    "stars": "/*" * 50_000,
    "slashes": "// a\n" * 20_000,
    "notices": "© 2020\n" * 12_000,
    "abbreviations": "Dr. " * 25_000,
    "initials": "J. " * 30_000,
    "asides": "(" + "a.) " * 25_000,
    "bars": "|" * 100_000,
    "columns": "a  " * 30_000,
    "mojibake": "Ã©" * 50_000,
    "chains of mojibake": ("Ã" + "ƒ" * 999) * 16,
    "joiners": "\u200d" * 100_000,
    "combining": "e" + "\u0301" * 30_000,
    "hashes": "# " * 50_000,
    "fences": "```\n" * 25_000,
}  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_no_text_makes_cleaning_slow(hostile: str) -> None:
    # Four times the text may take about four times the work, counted in the time of the process,
    # generously, so that a quadratic step fails and a busy machine does not.
    def cost(work: Callable[[str], Any], text: str) -> float:
        began = time.process_time()
        work(text)
        return time.process_time() - began

    for operator in [*CLEANERS, *CUTTERS]:
        work = operator.pieces if operator.many else operator.text
        work(hostile[:100])
        quarter = hostile[: len(hostile) // 4]
        # A pause for other work can hit one measurement, not three.
        bound = 20 * max(cost(work, quarter), 0.02)
        assert any(cost(work, hostile) < bound for _ in range(3)), operator


@given(text=TEXTS.map(utf8), size=st.integers(1, 30), part=st.floats(0, 0.5))
@settings(max_examples=150, deadline=None)
def test_chunks_are_small_and_lose_nothing(text: str, size: int, part: float) -> None:
    for unit in ("characters", "words"):
        found = Chunk(size=size, unit=unit).pieces(text)
        assert "".join("".join(found).split()) == "".join(text.split())
        overlapping = Chunk(size=size, unit=unit, overlap=int(size * part))
        for headings in ("ignore", "break", "repeat"):
            chunks = Chunk(size=size, unit=unit, overlap=int(size * part), headings=headings)
            assert all(overlapping._measure(chunk) <= size for chunk in chunks.pieces(text))


@given(text=TEXTS.map(utf8))
@example("It was (he says?) so. (It was.) And")
@settings(max_examples=150, deadline=None)
def test_sentences_lose_nothing(text: str) -> None:
    from penstock.text.sentences import sentences

    assert "".join(sentences(text)) == text
    assert all(sentences(text))
    assert "".join("".join(SentenceSplit().pieces(text)).split()) == "".join(text.split())


def test_taking_a_sentence_out_moves_no_other() -> None:
    from penstock.text.sentences import sentences

    found = sentences(
        "He left (why?). Dr. Li came. 大坝高。 It was 5 p.m. “Yes!” she said. No. 5 is"
    )
    for place in range(1, len(found) - 1):
        rest = [*found[:place], *found[place + 1 :]]
        assert sentences("".join(rest)) == rest


@pytest.mark.parametrize("operator", CLEANERS, ids=name)
def test_real_texts(operator: Map, real_data: Path) -> None:
    folder = real_data / "cc_text"
    files = [folder / "c4_demo.jsonl", folder / "oscar-sample.jsonl"]
    files += sorted((folder / "data-juicer").glob("*.jsonl"))
    texts = [row.get("text") or row["content"] for file in files for row in read_rows(file)]
    texts += [file.read_text("utf-8", "replace") for file in (real_data / "html_odd").iterdir()]
    texts.append((real_data / "lm" / "zh" / "xiyouji.txt").read_text("utf-8")[:100_000])
    once = changed(operator, texts)
    assert changed(operator, once) == once
    assert [operator.text(text) for text in texts] == once


BAD: dict[str, Callable[[], Map]] = {
    "blank_lines": lambda: Whitespace(blank_lines=-1),
    "`min`": lambda: LongWords(min=5, max=4),
    "`parts`": lambda: WordsWith(parts=("",)),
    "`characters`": lambda: SpecificCharacters(characters=""),
    "`min_columns`": lambda: TableText(min_columns=1),
    "`size`": lambda: Chunk(size=10, overlap=6),
    "`tokenizer`": lambda: Chunk(unit="tokens"),
}


@pytest.mark.parametrize("words", BAD)
def test_wrong_values_are_named(words: str) -> None:
    with pytest.raises(ValueError, match=words):
        BAD[words]()
