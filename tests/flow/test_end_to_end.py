"""The main job on the bundled sample, as small as it goes: every step really runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.flow.templates import shipped

FLOW = str(shipped() / "crawl-to-chat.yaml")
ENVIRONMENT = {"OMP_NUM_THREADS": "1"}
SMALL = [
    "base.max_steps=2",
    "base.architecture.hidden_size=32",
    "base.architecture.intermediate_size=64",
    "base.architecture.num_hidden_layers=1",
    "tuned.max_steps=2",
    "clean.extract.main_text.profile=fast",
]


def test_from_archive_to_report(
    penstock: Callable[..., Any], tmp_path: Path, write_jsonl: Any
) -> None:
    asked = write_jsonl(
        [
            {"id": f"q{n}", "question": f"What is gate {n}?", "answer": f"Gate {n}"}
            for n in range(6)
        ],
        "asked.jsonl",
    )
    settings = [*SMALL, f"questions={asked}", f"heldout={asked}"]
    arguments = [part for setting in settings for part in ("--set", setting)]
    done = penstock("run", FLOW, *arguments, "--json", env=ENVIRONMENT, timeout=240)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    steps = {step["step"]: step for step in record["steps"]}
    assert list(steps) == ["clean", "base", "tuned", "report"]
    assert all(step["state"] == "succeeded" for step in steps.values())

    clean = json.loads((tmp_path / steps["clean"]["run"] / "run.json").read_text())
    totals = clean["totals"]
    assert totals["quarantined"] == 2
    assert totals["merged"] >= 6
    assert totals["read"] == totals["kept"] + totals["dropped"] + totals["merged"] + 2

    model = json.loads((tmp_path / steps["tuned"]["out"] / "model.json").read_text())
    assert model["kind"] == "adapter"
    assert (tmp_path / steps["tuned"]["out"] / model["base"]["path"]).resolve() == (
        tmp_path / steps["base"]["out"]
    ).resolve()
    report = (tmp_path / steps["report"]["out"]).read_text("utf-8")
    assert "What is gate 3?" in report

    check_nothing_runs_again(penstock, arguments, record, tmp_path)
    listed = json.loads(penstock("models", "ls", "--json").stdout)
    assert {one["kind"] for one in listed} == {"model", "adapter"}
    assert json.loads(penstock("endpoints", "ls", "--json").stdout) == []
    answer = penstock("chat", steps["tuned"]["run"], "What is gate 1?", "--json", env=ENVIRONMENT)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["model"] == "tuned"


def check_nothing_runs_again(
    penstock: Callable[..., Any], arguments: list[str], record: dict[str, Any], folder: Path
) -> None:
    """Unchanged, no step runs again, and no endpoint is started."""
    began = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/done/*")}
    endpoints = set(folder.glob("runs/answers-*"))
    again = penstock("run", FLOW, *arguments, "--json", env=ENVIRONMENT)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["steps"] == record["steps"]
    assert {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/done/*")} == began
    assert set(folder.glob("runs/answers-*")) == endpoints
