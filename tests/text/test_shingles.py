"""Shingles: the kernels find what the readable functions say, on any text."""

import gzip
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.text import shingles as module
from penstock.text.shingles import (
    Shingling,
    as_lists,
    character_table,
    digest,
    distinct,
    jaccard,
    shingled,
    shingles,
)

WAYS = [
    Shingling(unit, size, zero, strip)
    for unit, size in (("words", 1), ("words", 5), ("characters", 1), ("characters", 24))
    for zero, strip in ((False, False), (True, True))
]
ODD = [
    "", " ", "\n\t ", "a", " a ", "…!?", "a.b.c", "The Dam, the dam; THE DAM!", "水电站大坝abc水",
    "👍🏽 👨‍👩‍👧 done", "שלום עולם", "السلام عليكم، يا عالم",
    "ＡＢＣ　１２３", "ΟΔΟΣ İstanbul ǅ straße",
    "e\u0301te\u0301 été", "\u0301", "a\u0301\u0302", "한국어 텍스트", "カタカナ・ひらがなー",
    "x\0y\x7f",
    "co\u00adop zero\u200bwidth", "١٢٣ ४५ 12.5", "w" * 5000, "水" * 3000, "a " * 4000,
    "\U000e0100a",
    "\U0010fffd\U0003ffff", " a  b ", "one two three four", "one two three four five",
]  # fmt: skip


def check(texts: list[str | None], how: Shingling) -> None:
    found = shingled(pa.array(texts, pa.string()), how)
    expected = [shingles(text or "", how) for text in texts]
    assert np.diff(found.firsts).tolist() == [len(each) for each in expected]
    assert found.hashes.tolist() == [one for each in expected for one in each]
    assert found.digests.tolist() == [digest(text or "", how) for text in texts]
    assert found.present.tolist() == [bool(each) for each in expected]


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_odd_texts(how: Shingling) -> None:
    check([*ODD, None], how)


@given(
    st.lists(st.text(), max_size=4),
    st.lists(st.text("ab. ,1\u00a0\u0301é水ー・İß👍\0", max_size=40), max_size=4),
    st.sampled_from(["words", "characters"]),
    st.integers(1, 7),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=150)
def test_any_texts(
    some: list[str], more: list[str], unit: str, size: int, zero: bool, strip: bool
) -> None:
    check([*some, *more], Shingling(unit, size, zero, strip))  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", ["words", "characters"])
@pytest.mark.parametrize("more", [False, True])
def test_the_table_says_the_same_of_every_character(unit: str, more: bool) -> None:
    how = Shingling(unit, 1, more, more)  # type: ignore[arg-type]
    table = character_table(how)
    for code in (*range(0xD800), *range(0xE000, 0x110000)):
        character = chr(code)
        entry = int(table[code])
        separator = how.is_separator(character)
        assert bool(entry & module.SEPARATOR) == separator, hex(code)
        if not separator:
            folded = how.folded(character)
            assert bool(entry & module.DROPPED) == (not folded), hex(code)
            if folded:
                single = how.is_single(character)
                assert entry == ord(folded) | module.SINGLE * single, hex(code)


def test_real_documents(real_data: Path) -> None:
    with gzip.open(real_data / "cc_text" / "dolma-documents-000.json.gz") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    with (real_data / "cc_text" / "oscar-sample.jsonl").open(encoding="utf-8") as lines:
        texts += [json.loads(line)["content"] for line in lines]
    assert len(texts) > 50
    for how in (Shingling(), Shingling("characters", 24), Shingling("words", 5, True, True)):
        check(texts[::3], how)


def test_a_slice_of_a_column() -> None:
    texts = pa.array(["the old dam", "b", None, "at the gate of the old dam"]).slice(1)
    how = Shingling("words", 2)
    firsts, hashes, found = shingled(texts, how)
    assert firsts.tolist() == [0, 1, 1, 7]
    assert hashes.tolist() == shingles("b", how) + shingles("at the gate of the old dam", how)
    assert found[0] == digest("b", how)
    empty = shingled(pa.array([], pa.string()), how)
    assert [each.tolist() for each in empty] == [[0], [], []]


def test_what_is_the_same() -> None:
    how = Shingling("words", 3)
    assert shingles("Hello,   World\n", how) == shingles("hello world!", how)
    assert shingles("a b", how) != shingles("b a", how)
    assert shingles("ab c", how) != shingles("a bc", how)
    assert len(shingles("水电站", Shingling("words", 2))) == 2
    plain = Shingling("words", 2, zero_digits=True, strip_accents=True)
    assert shingles("Été 2024", plain) == shingles("ete 1987", plain)
    assert shingles("e\u0301te\u0301", plain) == shingles("été", plain)
    assert Shingling("characters", 3).parts("\n A \t B  ") == ["a", " ", "b"]


def test_a_shingle_has_a_size() -> None:
    with pytest.raises(ValueError, match="at least 1 of the words, not 0"):
        Shingling("words", 0)


small = st.lists(st.integers(0, 12), max_size=12)


@given(st.lists(small, min_size=1, max_size=6), st.data())
def test_sets_and_their_similarity(lists: list[list[int]], data: st.DataObject) -> None:
    firsts = np.cumsum([0, *map(len, lists)]).astype(np.int64)
    hashes = np.array([one for each in lists for one in each], np.uint64)
    before = hashes.tolist()
    starts, sets = distinct(firsts, hashes)
    assert hashes.tolist() == before
    found = [sets[start:stop].tolist() for start, stop in pairwise(starts)]
    assert found == [sorted(set(each)) for each in lists]
    pairs = data.draw(
        st.lists(st.tuples(*[st.integers(0, len(lists) - 1)] * 2), min_size=1, max_size=8)
    )
    ones, others = np.array(pairs).T
    expected = [
        len(set(lists[one]) & set(lists[other])) / max(len(set(lists[one] + lists[other])), 1)
        for one, other in pairs
    ]
    assert jaccard(starts, sets, ones, others).tolist() == expected


def test_lists_of_keys() -> None:
    keys = np.arange(6, dtype=np.uint64).reshape(3, 2)
    found = as_lists(keys, np.array([True, False, True]))
    assert found.type == pa.list_(pa.uint64())
    assert found.to_pylist() == [[0, 1], None, [4, 5]]
    assert as_lists(keys[:0], np.zeros(0, bool)).to_pylist() == []
