"""A comparison as a run: asked, recorded, resumed, refused."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from penstock.errors import GateError, UsageError
from penstock.judge.compare import Answer
from penstock.judge.run import run_comparison
from penstock.judge.settings import Comparison, load_comparison
from penstock.specs.read import parse_spec

Write = Callable[..., Path]
ROWS = [{"id": f"q{n}", "question": f"What is {n}?", "answer": str(n)} for n in range(20)]


def ask(model: str, messages: Sequence[Mapping[str, str]]) -> Answer:
    """The tuned side knows the answers from 4 on; the base knows the first two."""
    number = int(messages[-1]["content"].split()[-1].rstrip("?"))
    right = number >= 4 if model == "tuned" else number < 2
    return Answer(str(number) if right else "I do not know.", 0.1)


def compared(write_jsonl: Write, tmp_path: Path, **options: Any) -> Any:
    questions = write_jsonl(ROWS, "questions.jsonl")
    comparison = Comparison("base", "tuned", str(questions), **options.pop("settings", {}))
    options = {"generate": ask, **options}
    return run_comparison(comparison, root=tmp_path / "runs", name="qa", **options)


def test_everything_is_recorded(write_jsonl: Write, tmp_path: Path) -> None:
    heard: list[Mapping[str, Any]] = []
    run = compared(write_jsonl, tmp_path, listener=heard.append)
    metrics = run.record["metrics"]
    held_out = metrics["held_out"]
    assert run.record["kind"] == "compare"
    assert run.record["state"] == "succeeded"
    assert run.record["out"] == str(run.path / "report.html")
    assert metrics["finding"] == "better"
    assert (held_out["fixed"], held_out["regressed"], held_out["right"]) == (16, 2, 0)
    assert (held_out["base_exact_match"], held_out["tuned_exact_match"]) == (0.1, 0.8)
    assert metrics["verdict"].startswith(
        "Tuned is better than base: tuned answers 16 of 20 held-out questions right, base 2"
    )
    asked = [event for event in heard if event["event"] == "asked"]
    assert [event["done"] for event in asked] == list(range(1, 21))
    assert asked[0]["total"] == 20
    lines = (run.path / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    first = json.loads(lines[0])
    assert (first["id"], first["change"], first["base"]["text"]) == ("q0", "regressed", "0")
    assert "Tuned is better" in (run.path / "report.html").read_text(encoding="utf-8")


def test_a_finished_comparison_is_not_asked_again(write_jsonl: Write, tmp_path: Path) -> None:
    def never(model: str, messages: Any) -> Answer:
        raise AssertionError("nobody should be asked")

    first = compared(write_jsonl, tmp_path)
    again = compared(write_jsonl, tmp_path, generate=never)
    assert again.path == first.path
    moved = compared(write_jsonl, tmp_path, generate=None, url=lambda: never("", ""))
    assert moved.path == first.path


def test_where_the_models_are_served_is_no_part_of_the_run(
    write_jsonl: Write, tmp_path: Path
) -> None:
    first = compared(write_jsonl, tmp_path)
    again = compared(write_jsonl, tmp_path, settings={"endpoint": "http://127.0.0.1:9"})
    assert again.path == first.path


def test_an_interrupted_comparison_goes_on(write_jsonl: Write, tmp_path: Path) -> None:
    asked: list[str] = []

    def until_tired(model: str, messages: Any) -> Answer:
        asked.append(messages[-1]["content"])
        if len(asked) == 12:
            raise KeyboardInterrupt
        return ask(model, messages)

    with pytest.raises(KeyboardInterrupt):
        compared(write_jsonl, tmp_path, generate=until_tired)
    (folder,) = (tmp_path / "runs").iterdir()
    with open(folder / "answers.jsonl", "a", encoding="utf-8") as stream:
        stream.write('{"set": "held_out", "id": "q9", "ba')
    run = compared(write_jsonl, tmp_path, generate=until_tired)
    assert asked.count("What is 4?") == 2
    assert asked.count("What is 19?") == 2
    assert run.record["metrics"]["held_out"]["fixed"] == 16
    lines = (run.path / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [row["id"] for row in ROWS]


def test_training_questions_are_told_apart(write_jsonl: Write, tmp_path: Path) -> None:
    train = write_jsonl(ROWS[4:8], "train.jsonl")
    run = compared(write_jsonl, tmp_path, settings={"train_questions": str(train)})
    assert run.record["metrics"]["train"]["tuned_exact_match"] == 1.0
    assert run.record["metrics"]["held_out"]["tuned_exact_match"] == 0.8
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert page.index("Held-out questions") < page.index("Training questions")


def test_two_sides_that_say_the_same_are_suspected(write_jsonl: Write, tmp_path: Path) -> None:
    run = compared(write_jsonl, tmp_path, generate=lambda _, __: Answer("7"))
    assert run.record["metrics"]["suspicious"] is True
    assert run.record["metrics"]["finding"] == "no clear difference"
    assert "Is the adapter active?" in (run.path / "report.html").read_text(encoding="utf-8")


def test_the_same_weights_are_refused(
    write_jsonl: Write, tmp_path: Path, models: tuple[str, str]
) -> None:
    settings = {"base_model": models[0], "tuned_model": models[0]}
    with pytest.raises(GateError, match="same weights"):
        compared(write_jsonl, tmp_path, settings=settings)
    assert not (tmp_path / "runs").exists()


def test_nobody_to_ask(write_jsonl: Write, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="whom to ask"):
        compared(write_jsonl, tmp_path, generate=None)


def test_likelihood_of_both_sides(
    write_jsonl: Write, tmp_path: Path, models: tuple[str, str]
) -> None:
    text = write_jsonl([{"text": "the dam on the river"}] * 3, "text.jsonl")
    settings = {"base_model": models[0], "tuned_model": models[1], "text": str(text)}
    run = compared(write_jsonl, tmp_path, settings=settings)
    metrics = run.record["metrics"]
    assert metrics["same_prompts"] is True
    assert metrics["held_out"]["base_loss"] > 0
    assert metrics["text"]["tuned_bits_per_byte"] > 0
    assert len(run.record["inputs"]["base"]) == 32
    page = (run.path / "report.html").read_text(encoding="utf-8")
    for shown in ("Perplexity", "Held-out text", run.record["inputs"]["tuned"]):
        assert shown in page


def test_other_weights_are_another_run(
    write_jsonl: Write, tmp_path: Path, models: tuple[str, str]
) -> None:
    first = compared(write_jsonl, tmp_path, settings={"base_model": models[0]})
    second = compared(write_jsonl, tmp_path, settings={"base_model": models[1]})
    assert first.path != second.path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: a\ntuned: a\nquestions: q", "the same model"),
        ("base: a\nquestions: q", "`tuned` is missing"),
        ("base: a\ntuned: b\nquestions: q\ncorrect: roughly", "`correct` is"),
        ("base: a\ntuned: b\nquestons: q", "no parameter `questons`"),
    ],
)
def test_what_a_file_may_not_say(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_comparison(parse_spec(f"kind: compare\n{text}", "c.yaml"))
