"""Recipes that cut repeated pieces, against the plain functions over all documents together."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.data import shards
from penstock.data.dataset import read_rows
from penstock.engines.local import Local
from penstock.ops.pieces import Cut
from penstock.recipe.cutting import without
from penstock.recipe.load import load_recipe
from penstock.recipe.replay import journey
from penstock.recipe.run import run_recipe
from penstock.specs.read import parse_spec
from penstock.text import pieces
from penstock.text.hashing import SINGLE

ALPHABET = "aB \n\t.中 é　\r😀İ"
UNITS: dict[str, Callable[[str], list[pieces.Piece]]] = {
    "dedup.lines": lambda text: pieces.lines(text, 3),
    "dedup.paragraphs": lambda text: pieces.paragraphs(text, 3),
    "dedup.substring": lambda text: pieces.windows(text, 3),
}
LEAST: dict[str, dict[str, Any]] = {
    "dedup.lines": {"min_length": 3},
    "dedup.paragraphs": {"min_length": 3},
    "dedup.substring": {"tokens": 3},
}


@settings(max_examples=300)
@given(st.lists(st.text(st.sampled_from(ALPHABET), max_size=40), min_size=1, max_size=4))
def test_kernels_find_what_the_plain_functions_find(texts: list[str]) -> None:
    column = pa.array(texts)
    ones = np.ones(len(texts), np.uint64)
    for found, plain in (
        (pieces.cut_units(column, ones, 3, blank=False), UNITS["dedup.lines"]),
        (pieces.cut_units(column, ones, 3, blank=True), UNITS["dedup.paragraphs"]),
        (pieces.cut_windows(column, 3), UNITS["dedup.substring"]),
    ):
        of = [(place, piece) for place, text in enumerate(texts) for piece in plain(text)]
        assert list(zip(*(one.tolist() for one in found[:3]), strict=True)) == [
            (place, piece.start, piece.stop) for place, piece in of
        ]
        same = [piece.same for _, piece in of]
        keys = [tuple(key) for key in found.keys.tolist()]
        assert len(set(zip(same, keys, strict=True))) == len(set(same)) == len(set(keys))


def test_small_letters_are_those_of_python() -> None:
    table = pieces.character_table() & (SINGLE - 1)
    for code in (*range(0xD800), *range(0xE000, 0x110000)):
        small = chr(code).lower()
        assert table[code] == (ord(small) if len(small) == 1 else code)


def expected(step: str, texts: list[str], keep: str, least: int) -> list[str]:
    """The texts that are left, by counting pieces in a dictionary."""
    where = defaultdict(list)
    for place, text in enumerate(texts):
        for number, piece in enumerate(UNITS[step](text)):
            where[piece.same].append((place, number))
    gone = {
        one
        for found in where.values()
        if len({place for place, _ in found}) >= least
        for one in (found[1:] if keep == "first" else found)
    }
    left = []
    for place, text in enumerate(texts):
        data = text.encode()
        stays = bytearray(b"\1" * len(data))
        for number, piece in enumerate(UNITS[step](text)):
            if (place, number) in gone:
                stays[piece.start : piece.stop] = bytes(piece.stop - piece.start)
        rest = bytes(b for b, stay in zip(data, stays, strict=True) if stay).decode()
        if rest == text or rest.strip():
            left.append(rest)
    return left


TEXTS = [
    "The dam holds.\nWater flows\nfast here\n\nthe END",
    "water  flows\nunder it all\n\nThe dam holds.",
    "水库大坝安全\n水库大坝安全\n别的",
    "Water flows\nfast here",
    "one two three four five six",
    "zero one two three four nine one two three",
    "alone",
]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("step", sorted(UNITS))
@pytest.mark.parametrize(("keep", "least"), [("first", 1), ("first", 2), ("none", 2)])
def test_run_cuts_what_repeats(
    tmp_path: Path,
    write_jsonl: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    keep: str,
    least: int,
    workers: int,
) -> None:
    if workers > 1:  # many shards
        defaults = {**shards.cut.__kwdefaults__, "size": 100}
        monkeypatch.setattr(shards.cut, "__kwdefaults__", defaults)
    file = write_jsonl([{"text": text} for text in TEXTS])
    parameters = {**LEAST[step], "keep": keep, "min_documents": least}
    spec = {
        "kind": "recipe",
        "name": "pieces",
        "steps": [{"read.jsonl": {"path": str(file)}}, {step: parameters}, {"write.jsonl": {}}],
    }
    engine = Local(workers)
    try:
        run = run_recipe(load_recipe(parse_spec(json.dumps(spec))), engine, root=tmp_path)
    finally:
        engine.close()
    texts = [row["text"] for row in read_rows(run.record["out"])]
    assert texts == expected(step, TEXTS, keep, least)
    assert run.record["totals"]["read"] == len(TEXTS)


def test_why_shows_what_was_cut(tmp_path: Path, write_jsonl: Callable[..., Path]) -> None:
    texts = ["All rights reserved\na dam", "a weir\nall rights  reserved"]
    file = write_jsonl([{"text": text} for text in texts])
    steps = [{"read.jsonl": {"path": str(file)}}, {"dedup.lines": {}}, {"write.jsonl": {}}]
    spec = json.dumps({"kind": "recipe", "name": "cut", "steps": steps})
    run = run_recipe(load_recipe(parse_spec(spec)), Local(1), root=tmp_path)
    assert journey(run, 0, 0) == []
    (change,) = journey(run, 0, 1)
    assert change.step == "2:dedup.lines"
    assert change.before == {"text": texts[1]}
    assert change.after == {"text": "a weir"}


@settings(max_examples=200)
@given(st.lists(st.text(st.sampled_from(ALPHABET), max_size=20), min_size=1, max_size=4), st.data())
def test_spans_that_overlap_go_once(texts: list[str], data: st.DataObject) -> None:
    column = pa.array(["before", *texts]).slice(1)
    cut = Cut(*pieces.cut_windows(column, 2))
    if not len(cut.parents):
        return
    chosen = data.draw(st.sets(st.integers(0, len(cut.parents) - 1), min_size=1))
    gone = np.array(sorted(chosen))
    left = [bytearray(text.encode()) for text in texts]
    for place in gone.tolist():
        start, stop = int(cut.starts[place]), int(cut.stops[place])
        left[cut.parents[place]][start:stop] = b"\xff" * (stop - start)
    expected = [bytes(one).replace(b"\xff", b"").decode() for one in left]
    assert without(column, cut, gone).to_pylist() == expected
