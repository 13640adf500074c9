"""The page of distributions: every measure, its thresholds, and nothing from elsewhere."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from penstock.engines.local import Local
from penstock.errors import PenstockError
from penstock.recipe.explore import distributions, explore
from penstock.recipe.load import load_recipe
from penstock.recipe.run import run_recipe
from penstock.runs.folder import Run
from penstock.specs.read import parse_spec


def run(file: Path, steps: list[str], root: Path) -> Run:
    lines = [f"read.jsonl: {{path: {file}}}", *steps, "write.jsonl"]
    text = 'kind: recipe\nname: "<b>&"\nsteps:\n' + "".join(f"  - {line}\n" for line in lines)
    return run_recipe(load_recipe(parse_spec(text)), Local(1), root=root / "runs", out=root / "run")


def test_every_measure_is_drawn(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    file = write_jsonl([{"text": "dam " * n} for n in range(1, 101)])
    one = run(
        file, ["filter.language: {keep: [en], min: 0}", "filter.word_count: {min: 20}"], tmp_path
    )
    found = {each.measure: each for each in distributions(one)}
    assert list(found) == ["language", "score", "word_count"]
    words = found["word_count"]
    assert words.counts is not None
    assert words.counts.sum() == words.rows == 100
    assert words.failing[0] == 0.19
    assert sum(count for _, count in found["language"].values) == 100
    text = explore(one).read_text("utf-8")
    assert "min 20" in text
    assert "<b>&" not in text
    assert not re.search(r"""(src|href)=["']?http""", text)
    HTMLParser().feed(text)


def test_a_run_that_measured_nothing_says_so(
    write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    one = run(write_jsonl([{"text": "dam"}]), ["mask.pii"], tmp_path)
    with pytest.raises(PenstockError, match="no measures"):
        explore(one)
