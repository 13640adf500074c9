"""Decontamination against files of evaluation items, and the index behind it."""

import gzip
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.data.items import read_items
from penstock.errors import MissingError, UsageError
from penstock.ops.dedup.decontaminate import Decontaminate
from penstock.specs.build import build
from penstock.text.contamination import Items, index, plain_words

ITEM = "How many litres does the reservoir of the dam hold when the gates are shut in June?"
WORDS = st.sampled_from(["dam", "River", "水", "库", "gate,", "the", "a", "näher", "7", "—", "😀"])
TEXTS = st.lists(WORDS, max_size=30).map(" ".join)
PASSAGES = st.lists(TEXTS, max_size=3)


def grams(passages: list[str], n: int, shortest: int) -> set[tuple[str, ...]]:
    """The n-grams of an item, found the long way."""
    split = [plain_words(passage) for passage in passages]
    long = [one for one in split if len(one) >= shortest]
    together = [word for one in split for word in one]
    long = long or ([together] if len(together) >= shortest else [])
    return {
        tuple(one[at : at + n]) for one in long for at in range(max(1, len(one) - n + 1))
    }  # fmt: skip


def expected(text: str, items: list[list[str]], n: int, shortest: int) -> tuple[int, float, int]:
    words = plain_words(text)
    here = {tuple(words[a:b]) for a in range(len(words)) for b in range(a + 1, len(words) + 1)}
    most, best, name = 0, 0.0, -1
    of_best = 0
    for number, passages in enumerate(items):
        wanted = grams(passages, n, shortest)
        shared = len(wanted & here)
        share = shared / max(len(wanted), 1)
        if (share, shared) > (best, of_best):
            best, of_best, name = share, shared, number
        most = max(most, shared)
    return most, best, name


@given(st.lists(TEXTS, max_size=4), st.lists(PASSAGES, max_size=5), st.integers(1, 6), st.data())
def test_the_index_finds_what_sets_of_n_grams_find(
    texts: list[str], items: list[list[str]], n: int, data: st.DataObject
) -> None:
    shortest = data.draw(st.integers(1, n))
    found = index(items, n, shortest).find(texts)
    assert [tuple(one) for one in found] == [expected(text, items, n, shortest) for text in texts]


@given(st.text(max_size=40), st.text(max_size=40), st.lists(st.text(min_size=1), max_size=30))
def test_an_item_planted_in_any_text_is_found_and_gone_when_it_is_taken_out(
    before: str, after: str, words: list[str]
) -> None:
    item = " ".join(words)
    items = index([["an item of its own"], [item]], 13, 8)
    planted = items.find([f"{before}\n{item}\n{after}", f"{before}\n\n{after}"])
    size = len(plain_words(item))
    outside = plain_words(f"{before}\n\n{after}")
    if size >= 8:
        assert planted[0].share == 1
        assert planted[0].item == 1
    if len(outside) < min(max(size, 8), 13):
        assert planted[1] == (0, 0, -1)


@given(st.text(), st.text())
def test_words_do_not_depend_on_what_stands_beyond_white_space(one: str, other: str) -> None:
    assert plain_words(f"{one}\n{other}") == plain_words(one) + plain_words(other)


@pytest.mark.parametrize(
    "text",
    [
        "The dam's CAFÉ: “open”!",
        "the dam’s cafe\u0301 (open)",
        "ｔｈｅ ｄａｍ＇ｓ c\u00adafe -- open",
    ],
)
def test_the_same_words_in_other_spellings(text: str) -> None:
    assert plain_words(text) == ["the", "dam", "s", "cafe", "open"]


def test_ascii_texts_are_split_as_others_are() -> None:
    text = "".join(map(chr, range(128))) + "A_b c3-d"
    assert plain_words(text) == plain_words(f"{text} 水")[:-1]


def hits(against: object, *texts: str, **parameters: object) -> list[str | None]:
    operator = build(Decontaminate, {"against": against, **parameters}, lambda _: "", owner="x")
    rows = pa.RecordBatch.from_pydict({"text": list(texts)})
    return operator.measure_batch(rows)["item"].to_pylist()


def test_items_come_from_all_kinds_of_files(
    tmp_path: Path, write_jsonl: Callable[..., Path]
) -> None:
    rows = [
        {"id": 1, "question": "What?", "choices": ["no", ITEM], "answer": 1},
        {"id": 2, "choices": {"text": [ITEM.upper()], "label": ["A"]}},
    ]
    write_jsonl(rows, "a/one.jsonl")
    (tmp_path / "a" / "two.json").write_text(json.dumps(rows[1:]), "utf-8")
    (tmp_path / "a" / "three.txt").write_text(f"\n\ufeffshort\n{ITEM}\n", "utf-8")
    (tmp_path / "a" / "four.jsonl.gz").write_bytes(gzip.compress(json.dumps(rows[0]).encode()))
    pq.write_table(
        pa.Table.from_pylist([{"q": None}, {"q": ITEM}]), tmp_path / "a" / "five.parquet"
    )
    places = {
        "one.jsonl": 1, "two.json": 1, "three.txt": 2, "four.jsonl.gz": 1, "five.parquet": 2,
    }  # fmt: skip
    for name, number in places.items():
        assert hits(str(tmp_path / "a" / name), ITEM) == [f"{name}:{number}"]
    assert hits(str(tmp_path / "a"), ITEM, "none") == ["five.parquet:2", None]
    both = [str(tmp_path / "a" / "*.txt"), str(tmp_path / "a" / "one.jsonl")]
    assert hits(both, ITEM, f"no {ITEM}") == ["three.txt:2", "one.jsonl:1"]


def test_files_of_the_same_name_are_told_apart(write_jsonl: Callable[..., Path]) -> None:
    one = write_jsonl([{"q": "nothing"}], "a/test.jsonl")
    other = write_jsonl([{"q": ITEM}], "b/test.jsonl")
    assert hits([str(one), str(other)], ITEM) == [f"{other}:1"]
    assert hits(str(other), ITEM) == ["test.jsonl:1"]


def test_an_item_that_is_there_twice_is_the_first(write_jsonl: Callable[..., Path]) -> None:
    file = write_jsonl([{"q": ""}, {"q": ITEM}, {"q": ITEM}])
    assert hits(str(file), ITEM) == ["rows.jsonl:2"]


def test_batches_and_copies_measure_alike(write_jsonl: Callable[..., Path]) -> None:
    file = write_jsonl([{"q": ITEM}, {"q": "大坝的水库在闸门关闭时能容纳多少升的水呢"}])
    operator = pickle.loads(pickle.dumps(Decontaminate(against=str(file))))
    texts = [ITEM, None, f"x {ITEM[:70]}", "大坝的水库在闸门关闭时能容纳多少", "", "no"]
    rows = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string())})
    whole = operator.measure_batch(rows)
    assert whole["item"].null_count == 3
    assert whole["shared"].null_count == 1
    for place, text in enumerate(texts):
        if text is not None:
            one = operator.measure(text)
            assert {name: values[place].as_py() for name, values in whole.items()} == one


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("numbers.jsonl", b'{"a": 1, "b": [2]}\n', "has no text in a, b"),
        ("nothing.jsonl", b"", "has no text: it is empty"),
        ("noise.jsonl", b'{"q": "a"}\n\x80\x81\xfe\x00', "cannot be read: 'utf-8' codec"),
        ("noise.parquet", b"\x80\x81\xfe\x00" * 9, "cannot be read: .*Parquet"),
        ("noise.jsonl.gz", b"\x80\x81\xfe\x00", "cannot be read: the gzip data"),
        ("cut.jsonl.gz", gzip.compress(b"x" * 999)[:20], "cannot be read: the gzip data"),
        ("words.jsonl", b'{"q": "a"}\nnot JSON\n', "cannot be read: Expecting value"),
        ("list.jsonl", b'"a"\n', "cannot be read: not an object"),
        ("array.json", b'[{"q": "a"}, 7]', "cannot be read: not an object"),
        ("short.jsonl", b'{"q": "a b c"}\n', "no item of .* has 8 words"),
    ],
)
def test_files_that_are_no_evaluation_sets(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        hits(str(tmp_path / name), "text")
    assert caught.value.hint


def test_wrong_parameters_are_told_before_the_run(write_jsonl: Callable[..., Path]) -> None:
    file = str(write_jsonl([{"question": ITEM}]))
    for parameters, message in (
        ({"against": "nowhere.jsonl"}, "`against`: there is no file nowhere"),
        ({"against": [file, "nowhere.jsonl"]}, "`against`: there is no file nowhere"),
        ({"against": []}, "`against` is empty"),
        ({"against": file, "min_words": 14}, "`min_words` is 14"),
        ({"against": file, "ngram": 0}, "`min_words` is 8"),
        ({"against": file, "max_share": 1}, "`max_share` is 1"),
        ({"against": file, "max_shared": -1}, "`max_shared` is -1"),
    ):
        with pytest.raises(UsageError, match=message):
            build(Decontaminate, parameters, lambda _: "", owner="step")


def test_a_column_that_is_not_there_is_named(write_jsonl: Callable[..., Path]) -> None:
    file = str(write_jsonl([{"question": ITEM}]))
    with pytest.raises(UsageError, match="no column `questoin`") as caught:
        hits(file, "text", item_columns=["questoin"])
    assert "question" in caught.value.hint
    assert hits(file, ITEM, item_columns=["question"]) == ["rows.jsonl:1"]


def test_a_folder_without_sets_is_missing(tmp_path: Path) -> None:
    (tmp_path / "read.me").write_text("x")
    with pytest.raises(MissingError, match="no input"):
        hits(str(tmp_path), "text")


def test_real_questions_are_found_where_they_were_planted(real_data: Path) -> None:
    file = real_data / "sft" / "gsm8k" / "test.jsonl"
    names, passages = zip(*read_items(str(file)), strict=True)
    items: Items = index(passages, 13, 8)
    pages = (real_data / "lm" / "wikitext-2" / "valid.txt").read_text("utf-8").split("\n = ")
    assert not any(hit.shared for hit in items.find(pages))
    planted = [f"{pages[at % len(pages)]}\n{one[0]}" for at, one in enumerate(passages)]
    found = items.find(planted)
    missed = [name for name, hit in zip(names, found, strict=True) if not hit.shared]
    assert missed == [], "every question was planted whole"
    right = sum(hit.item == place for place, hit in enumerate(found))
    assert right > 0.99 * len(found), "but for questions that begin alike"
