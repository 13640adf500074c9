"""Addresses, shards, and files that are there whole or not at all."""

import errno
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.data.atomic import replacing, write_json
from penstock.data.dataset import data_files, read_rows
from penstock.data.files import File, expand, fingerprint, look_up
from penstock.data.shards import cut
from penstock.errors import MissingError, UsageError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.warc", "a.warc.gz", "deep/c.warc", "deep/er/d.warc.gz", "deep/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("b.warc", ["b.warc"]),
        ("", ["a.warc.gz", "b.warc", "deep/c.warc", "deep/er/d.warc.gz"]),
        ("*.warc*", ["a.warc.gz", "b.warc"]),
        ("deep/*.warc", ["deep/c.warc"]),
        ("**/*.gz", ["a.warc.gz", "deep/er/d.warc.gz"]),
        ("deep/*", ["deep/c.warc", "deep/notes.txt"]),
        ("?.warc", ["b.warc"]),
    ],
)
def test_addresses_name_files_in_order(tree: Path, address: str, names: list[str]) -> None:
    found = [file.address for file in expand(str(tree / address), (".warc", ".warc.gz"))]
    assert found == [str(tree / name) for name in names]


def test_several_addresses_give_each_file_once(tree: Path) -> None:
    both = [str(tree / "b.warc"), str(tree / "*.warc")]
    assert len(expand(both, ())) == 1


def test_a_file_with_brackets_in_its_name_is_no_glob(tmp_path: Path) -> None:
    (tmp_path / "a[1]*.txt").write_text("x")
    assert [file.size for file in expand(str(tmp_path / "a[1]*.txt"), ())] == [1]


def test_file_addresses_are_understood(tree: Path) -> None:
    found = expand(f"file://{tree}/b.warc", ())
    with found[0].open() as stream:
        assert stream.read() == b"b.warc"


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("nowhere/x.warc", "is there, what follows is not"),
        ("deep/er", "no file in it ends in .zip"),
    ],
)
def test_addresses_that_name_nothing_say_how_far_they_lead(
    tree: Path, address: str, hint: str
) -> None:
    with pytest.raises(MissingError) as caught:
        expand(str(tree / address), (".zip",))
    assert hint in caught.value.hint
    assert caught.value.exit_code == 5


def test_a_fingerprint_is_of_what_the_files_are(tree: Path) -> None:
    before = fingerprint(expand(str(tree), (".warc",)))
    os.utime(tree / "b.warc", (1, 1))
    assert fingerprint(expand(str(tree), (".warc",))) == before
    (tree / "b.warc").write_text("c.warc")
    assert fingerprint(expand(str(tree), (".warc",))) != before


def test_look_up_prefers_the_current_folder(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert look_up("b.warc", tree / "deep") == "b.warc"
    assert look_up("c.warc", tree / "deep") == str(tree / "deep" / "c.warc")
    assert look_up("*.txt", tree / "deep") == str(tree / "deep" / "*.txt")
    assert look_up("gone", tree / "deep") == "gone"
    assert look_up("s3://bucket/key", tree) == "s3://bucket/key"


@given(st.integers(0, 10_000), st.integers(1, 3000))
def test_shards_cover_a_file(size: int, step: int) -> None:
    shards = cut([File("a.jsonl", size), File("b.gz", size)], splittable=[".jsonl"], size=step)
    parts = [part for shard in shards for part in shard.files()]
    first = [shard for shard in parts if shard.file.address == "a.jsonl"]
    assert first[0].start == 0
    assert first[-1].stop == size
    assert all(one.stop == two.start for one, two in pairwise(first))
    assert all(shard.stop - shard.start <= step for shard in first)
    assert [shard.whole for shard in parts if shard.file.address == "b.gz"] == [True]
    assert [shard.index for shard in shards] == list(range(len(shards)))


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(1000, 5000))
def test_small_files_share_a_shard(sizes: list[int], step: int) -> None:
    files = [File(f"{n:03d}.md", size) for n, size in enumerate(sizes)]
    shards = cut(files, size=step)
    assert [part.file for shard in shards for part in shard.files()] == files
    assert all(part.whole for shard in shards for part in shard.files())
    assert all(len(list(shard.files())) == 1 or shard.size <= step // 8 for shard in shards)
    assert [shard.index for shard in shards] == list(range(len(shards)))


def test_not_too_many_files_share_a_shard() -> None:
    assert len(cut([File(f"{n:04d}.md", 10) for n in range(2500)])) == 3


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "value.json"
    write_json(path, {"a": 1})

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == '{\n "a": 1\n}\n'
    assert os.listdir(path.parent) == ["value.json"]


def test_a_full_disk_is_told_in_words(tmp_path: Path) -> None:
    def fill() -> None:
        with replacing(tmp_path / "x"):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(MissingError, match="no space left on the disk that holds"):
        fill()


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        ("a.jsonl", '{"a": 1}\n\n{"a": 2}', [{"a": 1}, {"a": 2}]),
        ("a.json", '[{"a": 1},\n {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ("a.jsonl", '\ufeff{"a": "x\\u2028y"}', [{"a": "x\u2028y"}]),
    ],
)
def test_rows_are_read_from_json(tmp_path: Path, name: str, text: str, rows: list[object]) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert list(read_rows(tmp_path / name)) == rows
    assert data_files(tmp_path / name) == [str(tmp_path / name)]


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [('{"a": 1}\n{"a": \n', "not JSON", ":2"), ('{"a": 1}\n3\n', "row 2 is not an object", "")],
)
def test_rows_that_are_none_name_the_line(tmp_path: Path, text: str, said: str, where: str) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        list(read_rows(tmp_path / "a.jsonl"))
    assert caught.value.where.endswith(where)
