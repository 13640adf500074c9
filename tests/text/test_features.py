"""Features of a text column: what they hold, and that they are found once."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.text import features as module
from penstock.text.features import Features
from penstock.text.words import fasttext_words, tokens, words

SPLITTERS = {
    "words": words,
    "tokens": tokens,
    "alnum": lambda text: [word for word in tokens(text) if word[0].isalnum()],
    "space": str.split,
    "fasttext": fasttext_words,
}


@given(st.lists(st.text("ab.'-,( \n\0\u00a0水长é👍", max_size=30), max_size=5))
@settings(max_examples=100, deadline=None)
def test_words(texts: list[str]) -> None:
    features = Features(pa.array(texts, pa.string()))
    for name, split in SPLITTERS.items():
        found = features.words(name)  # type: ignore[arg-type]
        expected = [split(text) for text in texts]
        assert np.diff(found.firsts).tolist() == [len(each) for each in expected]
        lengths = [[len(word) for word in each] for each in expected]
        assert np.diff(found.letters).tolist() == [size for each in lengths for size in each]
        assert found.medians().tolist() == [median(each) if each else 0 for each in lengths]
        every = [word for each in expected for word in each]
        same = {
            (one, two)
            for one in range(len(every))
            for two in range(one)
            if every[one] == every[two]
        }
        alike = {
            (one, two) for one in range(len(every)) for two in range(one)
            if found.hashes[one] == found.hashes[two]
        }  # fmt: skip
        assert alike == same
        if name != "alnum":
            data, starts = found.squeezed.tobytes(), found.starts.tolist()
            parts = [data[start:stop].decode() for start, stop in pairwise(starts)]
            assert parts == every


@given(st.lists(st.text("ab \n\r\x85\u2028水", max_size=20), max_size=5))
@settings(max_examples=100, deadline=None)
def test_lines(texts: list[str]) -> None:
    features = Features(pa.array(texts, pa.large_string()))
    lines = {"lines": lambda text: text.split("\n"), "rows": str.splitlines,
             "pairs": lambda text: text.split("\n\n")}  # fmt: skip
    for name, split in lines.items():
        expected = [split(text) for text in texts]
        for strip in (False, True):
            found = features.lines(name, strip=strip)  # type: ignore[arg-type]
            assert np.diff(found.firsts).tolist() == [len(each) for each in expected]
            sizes = [len(line.strip() if strip else line) for each in expected for line in each]
            assert found.sizes.tolist() == sizes


def test_a_feature_is_found_once() -> None:
    features = Features(pa.array(["the dam", None, ""]))
    assert features.words() is features.words("tokens")
    assert features.words() is not features.words("space")
    assert features.lines("lines") is features.lines("lines")
    assert features.lines("lines") is not features.lines("lines", strip=True)
    assert features.grams("datatrove") is features.grams("datatrove")
    assert features.marks is features.marks
    assert features.size == 3


def test_no_documents() -> None:
    features = Features(pa.array([], pa.string()))
    assert features.sound
    assert features.words().counts["all"].tolist() == []
    assert features.lines("lines").share(np.zeros(0, bool)).to_pylist() == []


def test_a_ratio_of_nothing_is_null() -> None:
    found = module.ratio(np.array([1, 0, 2]), np.array([3, 0, 0]))
    assert found.to_pylist() == [1 / 3, None, None]


def test_a_kernel_is_compiled_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from penstock.text import kernels

    def compile_(*_: Any, cache: bool = False, **__: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(kernels, "_compile", compile_)
    assert kernels.kernel()(lambda: 1)() == 1


def test_a_kernel_is_kept_for_the_next_process(tmp_path: Path) -> None:
    code = (
        "import sys, time; from penstock.text import kernels_lines\n"
        "print(sum(kernels_lines.count_marks.stats.cache_hits.values()))"
    )
    hits = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={"NUMBA_CACHE_DIR": str(tmp_path), "PATH": "", "PYTHONPATH": ":".join(sys.path)},
        ).stdout.strip()
        for _ in range(2)
    ]  # fmt: skip
    assert hits == ["0", "1"]
