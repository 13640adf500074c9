"""A comparison against a real endpoint: the two floors meet at an address, and nowhere else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.errors import PenstockError
from penstock.judge.run import run_comparison
from penstock.judge.settings import Comparison
from penstock.serve.start import Endpoint, start_endpoint

Write = Callable[..., Path]
ROWS = [{"question": f"三峡大坝有几座? ({n})", "answer": "一座"} for n in range(8)]


def endpoint(folder: Path) -> Endpoint:
    answers = {"base": {"*": "我不知道"}, "tuned": {"*": "一座。"}}
    (folder / "script.json").write_text(json.dumps({"answers": answers}), encoding="utf-8")
    return Endpoint(str(folder / "script.json"), engine="scripted")


def test_both_sides_are_asked_at_one_address(
    write_jsonl: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_KEY", "secret")
    with start_endpoint(endpoint(tmp_path), root=tmp_path, name="qa") as running:
        comparison = Comparison("base", "tuned", str(write_jsonl(ROWS)), endpoint=running.url)
        run = run_comparison(comparison, root=tmp_path, name="asked")
    assert run.record["metrics"]["held_out"]["tuned_exact_match"] == 1.0
    assert run.record["metrics"]["finding"] == "better"
    assert "secret" not in (run.path / "report.html").read_text(encoding="utf-8")


def test_a_model_that_is_not_served_is_named(write_jsonl: Write, tmp_path: Path) -> None:
    with start_endpoint(endpoint(tmp_path), root=tmp_path, name="qa") as running:
        comparison = Comparison("base", "better", str(write_jsonl(ROWS)))
        with pytest.raises(PenstockError, match="no model `better` is served here"):
            run_comparison(comparison, root=tmp_path, name="asked", url=lambda: running.url)
