"""What `penstock plan` says before anything is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

import penstock
from penstock.ops.base import Filter
from penstock.recipe.load import load_recipe
from penstock.recipe.probe import probe, suggestions, warnings
from penstock.recipe.work import Work, prepare
from penstock.specs.read import parse_spec

OPS = Path(__file__).parent / "shapes.py"


def work(file: Path, *steps: str) -> Work:
    lines = [f"read.jsonl: {{path: {file}}}", *steps, "write.jsonl"]
    text = "kind: recipe\nname: p\nsteps:\n" + "".join(f"  - {line}\n" for line in lines)
    return prepare(load_recipe(parse_spec(text)))


@pytest.fixture
def rows(write_jsonl: Callable[..., Path], prose: Callable[[int], str]) -> Path:
    return write_jsonl([{"text": prose(n)} for n in range(3000)])


def test_an_estimate_is_near_the_truth(rows: Path) -> None:
    one = work(rows, "filter.word_count: {min: 50}", "dedup.exact", "mask.pii")
    found = probe(one)
    assert 900 <= found.read <= 1024
    told = found.estimate(rows.stat().st_size, 2)
    assert told["read"] == pytest.approx(3000, rel=0.1)
    assert told["kept"] == pytest.approx(3000, rel=0.1)
    assert told["memory"] > 0
    assert [tried.step.name for tried in found.steps] == [
        "filter.word_count",
        "dedup.exact",
        "mask.pii",
    ]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (("filter.word_count: {min: 5000}",), "drops all"),
        (("filter.language: {keep: [de]}", "filter.gopher_quality"), "measures nothing"),
        (("filter.word_count", "mask.pii", "filter.word_count"), "over again"),
    ],
)
def test_what_looks_like_a_mistake_is_said(rows: Path, steps: tuple[str, ...], said: str) -> None:
    one = work(rows, *steps)
    assert any(said in warning for warning in warnings(one, probe(one)))


def test_a_sound_recipe_gets_no_warning(rows: Path) -> None:
    steps = ("filter.language: {keep: [en]}", "filter.gopher_quality", f"{OPS}:Sentences")
    one = work(rows, *steps, f"{OPS}:Common: {{times: 1}}")
    assert warnings(one, probe(one)) == []


@dataclass(frozen=True)
class Dear(Filter):
    """Takes its time."""

    measures: ClassVar[Mapping[str, str]] = {"half": "int64"}
    cost: ClassVar[str] = "model"
    rounds: int = 2000
    min: int = 0

    def measure(self, text: str) -> int:
        return sum(range(self.rounds)) * 2 % 2 + sum(map(ord, text)) % 2


def test_a_cheaper_order_is_suggested_and_not_applied(rows: Path) -> None:
    here = f"{Path(__file__)}:Dear"
    one = work(rows, f"{here}: {{rounds: 4000}}", f"{here}: {{rounds: 10, min: 1}}")
    (said,) = suggestions(one, probe(one))
    assert "less" in said
    assert [step.operator.rounds for step in one.stages[0].passes[0]] == [4000, 10]  # type: ignore[attr-defined]


def test_nothing_is_written(rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(
        f"kind: recipe\nname: r\nsteps:\n  - read.jsonl: {{path: {rows}}}\n  - write.jsonl\n"
    )
    before = sorted(tmp_path.rglob("*"))
    assert penstock.plan("r.yaml")["estimate"]["read"] > 0
    assert "probe" not in penstock.plan("r.yaml", probe=False)
    assert sorted(tmp_path.rglob("*")) == before
