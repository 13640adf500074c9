"""The command line: what there is, exit codes, stdout for results and stderr for the rest."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

# The commands of the design that work so far; a command exists only when it works.
COMMANDS = {
    "run", "plan", "new", "doctor", "clean", "ops", "show", "why", "deploy", "endpoints", "chat",
    "compare", "models", "what-if", "explore",
}  # fmt: skip

Call = Callable[..., Any]


@pytest.fixture
def recipe(tmp_path: Path, write_jsonl: Callable[..., Path], prose: Callable[[int], str]) -> Path:
    write_jsonl([{"text": prose(1)}, {"text": prose(2)}, {"text": prose(1)}, {"text": "no"}])
    path = tmp_path / "r.yaml"
    path.write_text(
        "kind: recipe\nname: small\nsteps:\n  - read.jsonl: {path: rows.jsonl}\n"
        "  - filter.word_count\n  - dedup.exact\n  - write.parquet: {path: out/small}\n"
    )
    return path


def test_help_lists_the_commands(penstock: Call) -> None:
    said = penstock("--help").stdout
    listed = re.findall(r"^  ([\w-]+) ", said.partition("Commands:")[2], re.MULTILINE)
    assert set(listed) == COMMANDS
    for command in listed:
        found = penstock(command, "--help")
        assert found.returncode == 0
        if command not in ("models", "endpoints"):
            assert "--json" in found.stdout, f"{command} has no --json"


def test_version(penstock: Call) -> None:
    assert re.fullmatch(r"penstock \d+\.\d+\.\d+\n", penstock("--version").stdout)


def test_run_show_and_why_tell_the_same(penstock: Call, recipe: Path, tmp_path: Path) -> None:
    done = penstock("run", "r.yaml", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["totals"]["kept"] == 2
    (run,) = (tmp_path / "runs").iterdir()
    assert json.loads(penstock("show", str(run), "--json").stdout) == record
    shown = penstock("show", f"runs/{run.name}").stdout
    assert "4 read = 2 kept + 1 dropped + 1 merged" in shown
    assert penstock("run", "r.yaml").stdout == shown
    short = penstock("why", str(run), "rows.jsonl:" + str(_offset(tmp_path, 3))).stdout
    assert "dropped" in short
    assert "by 2:filter.word_count, rule min: it has 1, the threshold is 50" in short
    copy = penstock("why", str(run), "rows.jsonl:" + str(_offset(tmp_path, 2))).stdout
    assert "by 3:dedup.exact into rows.jsonl:0, similarity 1" in copy
    assert "2:filter.word_count.word_count: " in copy
    gone = penstock("why", str(run), "nobody")
    assert (gone.returncode, gone.stdout) == (5, "")
    assert "this run read no record `nobody`" in gone.stderr


def _offset(folder: Path, row: int) -> int:
    lines = (folder / "rows.jsonl").read_bytes().splitlines(keepends=True)
    return sum(map(len, lines[:row]))


def test_plan_runs_nothing(penstock: Call, recipe: Path, tmp_path: Path) -> None:
    found = json.loads(penstock("plan", "r.yaml", "--json").stdout)
    assert found["input"]["files"] == 1
    assert found["passes"] == [["2:filter.word_count", "3:dedup.exact"], ["4:write.parquet"]]
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "out").exists()
    assert penstock("plan", "r.yaml", "--set", "filter.word_count.mim=3").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "gone.yaml"], 5, "no file gone.yaml"),
        (["run", "r.yaml", "--set", "filter.word_cont.min=3"], 2, "is not a step of this recipe"),
        (["run", "r.yaml", "--set", "nonsense"], 2, "has no value"),
        (["run", "r.yaml", "--engine", "loca"], 2, "did you mean `local`?"),
        (["run", "r.yaml", "--workers", "0"], 2, "at least one worker"),
        (["run", "r.yaml", "--wrkers", "2"], 2, "No such option"),
        (["run", "rows.jsonl"], 2, "error:"),
        (["show", "nowhere"], 5, "is not a run folder"),
        (["ops", "filter.word_cont"], 2, "did you mean `filter.word_count`?"),
        (["new", "crawl-to-chatt"], 2, "did you mean `crawl-to-chat`?"),
        (["chat", "http://127.0.0.1:9", "hello"], 5, "hint:"),
        (["clean"], 0, ""),
        (["endpoints", "rm", "nobody"], 5, "no endpoint nobody is running"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_exit_codes(
    penstock: Call, recipe: Path, arguments: list[str], code: int, said: str
) -> None:
    done = penstock(*arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_come_from_flag_environment_file_default(
    penstock: Call, recipe: Path, tmp_path: Path
) -> None:
    def runs(**environment: str) -> dict[str, str]:
        found = json.loads(penstock("doctor", "--json", env=environment).stdout)
        return dict(found["settings"]["runs"])

    assert runs() == {"value": "runs", "from": "default"}
    (tmp_path / "penstock.toml").write_text('runs = "from-file"\n')
    assert runs() == {"value": "from-file", "from": "penstock.toml"}
    assert runs(PENSTOCK_RUNS="from-env") == {"value": "from-env", "from": "PENSTOCK_RUNS"}
    penstock("run", "r.yaml", "--runs", "from-flag", env={"PENSTOCK_RUNS": "from-env"})
    assert (tmp_path / "from-flag").is_dir()
    assert not (tmp_path / "from-env").exists()
    (tmp_path / "penstock.toml").write_text('rns = "x"\n')
    assert "unknown setting `rns`" in penstock("doctor").stderr


def test_clean_asks_first(penstock: Call, recipe: Path, tmp_path: Path) -> None:
    penstock("run", "r.yaml")
    penstock("run", "r.yaml", "--fresh")
    asked = penstock("clean")
    assert asked.returncode == 2
    assert "clean removes nothing unasked" in asked.stderr
    removed = json.loads(penstock("clean", "--yes", "--json").stdout)
    assert [Path(one["path"]).name[-2:] for one in removed] == ["~1"]
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_a_new_flow_stands_beside_its_sample(penstock: Call, tmp_path: Path) -> None:
    made = penstock("new", "crawl-to-chat", "demo")
    assert made.returncode == 0, made.stderr
    assert "run it: cd demo && penstock run crawl-to-chat.yaml" in made.stdout
    planned = penstock("plan", "crawl-to-chat.yaml", "--json", cwd=tmp_path / "demo")
    assert json.loads(planned.stdout)["missing"] == {}
    assert penstock("new", "crawl-to-chat", "demo").returncode == 1


def test_operators_are_described(penstock: Call) -> None:
    listed = json.loads(penstock("ops", "--json").stdout)
    assert {"filter.word_count", "read.warc"} <= {one["name"] for one in listed}
    page = penstock("ops", "filter.word_count").stdout
    assert "Keep documents with `min` to `max` words" in page
    assert re.search(r"^min +int +50$", page, re.MULTILINE)


def test_a_folder_without_permission_is_told(penstock: Call, recipe: Path, tmp_path: Path) -> None:
    # Root may write anywhere until it gives up the capability to.
    powerless = ["setpriv", "--bounding-set=-dac_override", "--"]
    prefix = powerless if os.geteuid() == 0 else []
    if prefix and shutil.which("setpriv") is None:
        pytest.skip("root without setpriv cannot give up its power to write anywhere")
    tmp_path.chmod(0o555)
    done = penstock("run", "r.yaml", prefix=prefix)
    tmp_path.chmod(0o755)
    assert done.returncode == 1, done.stderr
    assert "no permission to write" in done.stderr
    assert "hint: choose another folder with --out" in done.stderr


def test_the_python_face_does_what_the_commands_do(
    recipe: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    import penstock as api

    monkeypatch.chdir(tmp_path)
    heard: list[str] = []
    run = api.run("r.yaml", workers=1, listener=lambda event: heard.append(event["event"]))
    assert run.record["totals"]["kept"] == 2
    assert (heard[0], heard[-1]) == ("started", "succeeded")
    assert [event["event"] for event in api.events(run.path)] == heard
    assert api.plan("r.yaml")["name"] == "small"
    assert api.why(run.path, "rows.jsonl:0")[0]["state"] == "kept"
    assert api.clean("runs") == []
