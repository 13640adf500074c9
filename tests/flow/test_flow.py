"""Flows: names that must be known, steps that are not run again, endpoints only when asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import penstock as api
from penstock.errors import PenstockError, UsageError
from penstock.flow.load import load_flow
from penstock.specs.read import parse_spec, read_spec

FLOW = """
kind: flow
name: two
inputs:
  rows: rows.jsonl
steps:
  clean:
    kind: recipe
    steps:
      - read.jsonl: {path: $rows}
      - filter.word_count: {min: 1}
      - write.jsonl
  again:
    kind: recipe
    steps:
      - read.jsonl: {path: $clean}
      - filter.word_count: {min: 2}
      - write.parquet
"""


@pytest.fixture
def flow(tmp_path: Path, write_jsonl: Callable[..., Path], monkeypatch: Any) -> Path:
    monkeypatch.chdir(tmp_path)
    write_jsonl([{"text": "one"}, {"text": "one two"}, {"text": ""}])
    Path("f.yaml").write_text(FLOW)
    return tmp_path / "f.yaml"


def test_steps_take_what_earlier_steps_made(flow: Path) -> None:
    run = api.run(flow, workers=1)
    assert [step["step"] for step in run.record["steps"]] == ["clean", "again"]
    last = api.show(run.record["steps"][1]["run"])
    assert last["totals"] == {
        "read": 2, "born": 0, "kept": 1, "dropped": 1, "merged": 0, "quarantined": 0, "split": 0,
    }  # fmt: skip
    assert run.record["out"] == last["out"]


def test_only_what_changed_runs_again(flow: Path) -> None:
    def started(*settings: str) -> list[str]:
        heard: list[str] = []
        api.run(
            flow, workers=1, set=settings,
            listener=lambda e: e["event"] == "started" and heard.append(e.get("flow_step", "flow")),  # type: ignore[func-returns-value]
        )  # fmt: skip
        return heard

    assert started() == ["flow", "clean", "again"]
    assert started() == ["flow"]
    assert started("again.filter.word_count.min=1") == ["flow", "again"]
    assert started() == ["flow"]
    # Another threshold that keeps the same rows makes another run, but the same bytes after it.
    assert started("clean.filter.word_count.max=99") == ["flow", "clean", "again"]


def test_out_holds_the_whole_flow(flow: Path, tmp_path: Path) -> None:
    run = api.run(flow, workers=1, out=tmp_path / "mine")
    assert run.path == tmp_path / "mine"
    assert len(list((tmp_path / "mine" / "steps").iterdir())) == 2
    assert not (tmp_path / "runs").exists()


def test_a_step_that_fails_fails_the_flow(flow: Path, tmp_path: Path) -> None:
    with pytest.raises(PenstockError) as caught:
        api.run(flow, workers=1, set=["rows=nowhere.jsonl"])
    assert caught.value.where == "step `clean` of the flow"
    (run,) = [one for one in (tmp_path / "runs").iterdir() if one.name.startswith("two-")]
    assert api.show(run)["state"] == "failed"


@pytest.mark.parametrize(
    ("change", "said", "hint"),
    [
        (
            ("$clean", "$claen"),
            "`$claen` is no input and no step before this one",
            "did you mean `clean`?",
        ),
        (("$rows", "$again"), "`$again` is no input", "known here: rows"),
        (
            ("kind: recipe", "kind: recipee"),
            "no kind `recipee` in a flow",
            "did you mean `recipe`?",
        ),
        (("inputs:", "input:"), "a flow has no key `input`", "did you mean `inputs`?"),
    ],
)
def test_wrong_flows_name_the_place(change: tuple[str, str], said: str, hint: str) -> None:
    with pytest.raises(UsageError, match=said.replace("$", r"\$")) as caught:
        load_flow(parse_spec(FLOW.replace(*change, 1), "f.yaml"))
    assert hint in caught.value.hint
    assert caught.value.where.startswith("f.yaml:")


def test_set_reaches_inputs_and_steps() -> None:
    spec = parse_spec(FLOW, "f.yaml")
    flow = load_flow(spec, ["rows=other.jsonl", "clean.filter.word_count.min=9"])
    assert flow.inputs == {"rows": "other.jsonl"}
    assert flow.steps[0].spec.data["steps"][1] == {"filter.word_count": {"min": 9}}
    with pytest.raises(UsageError, match="no input or step `rws`"):
        load_flow(spec, ["rws=x"])


def test_inputs_are_found_beside_the_file(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "rows.jsonl").write_text('{"text": "a"}\n')
    (tmp_path / "there" / "f.yaml").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    assert load_flow(read_spec("there/f.yaml", ["flow"])).inputs == {"rows": "there/rows.jsonl"}


@pytest.mark.parametrize("name", ["crawl-to-chat", "finetune-tiny"])
def test_shipped_flows_are_sound(name: str) -> None:
    from penstock.flow.templates import shipped, templates

    assert name in templates()
    planned = api.plan(shipped() / f"{name}.yaml")
    assert [step["kind"] for step in planned["flow_steps"]][-4:] == [
        "train", "train", "endpoint", "compare",
    ]  # fmt: skip


def test_a_mistake_in_a_late_step_is_found_before_the_first_runs(
    flow: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no parameter `mim`"):
        api.run(flow, set=["again.filter.word_count.mim=3"])
    assert not (tmp_path / "runs").exists()
