"""A recipe is its data, and running it in one pass is running its steps one by one."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.data.dataset import read_rows
from penstock.engines.local import Local
from penstock.recipe.load import load_recipe
from penstock.recipe.run import run_recipe
from penstock.specs.read import Spec, parse_spec

STEPS: dict[str, dict[str, Any]] = {
    "filter.word_count": {"min": 5, "max": 40},
    "filter.gopher_quality": {"min_words": 3, "min_stop_words": 0},
    "mask.pii": {"kinds": ["email"]},
    "sample.random": {"high": 0.7, "seed": 3},
    "dedup.exact": {"normalize": False},
    "filter.language": {"keep": ["en", "de"], "min": 0.1},
    "column.literal": {"columns": {"origin": "river"}},
    "sample.split": {"by": "text", "test": 0.2},
}
CHOICE = st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=5, unique=True)


def recipe(path: str, steps: Sequence[str]) -> dict[str, Any]:
    chosen = [{name: STEPS[name]} for name in steps]
    return {
        "kind": "recipe",
        "name": "r",
        "steps": [{"read.jsonl": {"path": path}}, *chosen, {"write.jsonl": {}}],
    }


@given(CHOICE, st.none() | st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_a_loaded_recipe_says_what_was_written(steps: list[str], share: float | None) -> None:
    data = {**recipe("rows.jsonl", steps), "max_errors": share}
    once = load_recipe(Spec(data)).spec()
    assert load_recipe(Spec(once)).spec() == once
    for written, loaded in zip(data["steps"], once["steps"], strict=True):
        ((name, values),) = written.items()
        assert {key: loaded[name][key] for key in values} == values


def test_a_recipe_survives_yaml() -> None:
    import io

    from ruamel.yaml import YAML

    once = load_recipe(Spec(recipe("rows.jsonl", sorted(STEPS)))).spec()
    stream = io.StringIO()
    YAML(typ="safe").dump(once, stream)
    assert load_recipe(parse_spec(stream.getvalue())).spec() == once


@pytest.fixture
def rows(write_jsonl: Callable[..., Path], prose: Callable[[int], str]) -> Path:
    texts = [prose(n % 25)[: 20 + 13 * n] for n in range(60)] + ["Write to a@b.example."] * 3
    return write_jsonl([{"text": text} for text in texts])


@given(CHOICE)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_one_pass_is_step_by_step(
    rows: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    root = tmp_path_factory.mktemp("runs")
    fused = run_recipe(load_recipe(Spec(recipe(str(rows), steps))), Local(1), root=root / "fused")
    path = rows
    for number, step in enumerate(steps):
        spec = Spec(recipe(str(path), [step]))
        one = run_recipe(load_recipe(spec), Local(1), root=root / str(number))
        (path,) = Path(one.record["out"], "data").iterdir()
        if not path.stat().st_size:
            break
    alike = [
        [{key: row[key] for key in ("id", "text")} for row in read_rows(one)]
        for one in (fused.record["out"], path)
    ]
    assert alike[0] == alike[1]
