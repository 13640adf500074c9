"""What-if means a fresh run with the changed recipe."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

import penstock
from penstock.data import shards
from penstock.engines.local import Local
from penstock.errors import PenstockError, UsageError
from penstock.recipe.load import load_recipe
from penstock.recipe.replay import journey, resolve
from penstock.recipe.run import run_recipe
from penstock.recipe.whatif import what_if
from penstock.runs.folder import Run
from penstock.runs.why import fate
from penstock.specs.read import parse_spec

OPS = Path(__file__).parent / "shapes.py"


@pytest.fixture
def documents(write_jsonl: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """200 documents of 1 to 60 words with copies among them, in many shards."""
    monkeypatch.setattr(shards.cut, "__kwdefaults__", {**shards.cut.__kwdefaults__, "size": 4096})
    draw = random.Random(5)
    words = ["The", "dam", "holds", "back", "a", "river", "that", "fed", "mills.", "Here", "#", "…"]
    texts = [" ".join(draw.choices(words, k=draw.randint(1, 60))) for _ in range(150)]
    texts += draw.choices(texts, k=50)
    draw.shuffle(texts)
    return write_jsonl([{"text": text} for text in texts])


def run(file: Path, steps: tuple[str, ...], root: Path, settings: tuple[str, ...] = ()) -> Run:
    lines = [f"read.jsonl: {{path: {file}}}", *steps, "write.jsonl"]
    text = "kind: recipe\nname: what\nsteps:\n" + "".join(f"  - {line}\n" for line in lines)
    return run_recipe(load_recipe(parse_spec(text), settings), Local(1), root=root)


QUALITY = "filter.gopher_quality: {min_words: 10, max_bullet_lines: 2, min_stop_words: 0}"
PLAIN = ("filter.word_count: {min: 20, max: 50}", QUALITY)
MASKED = (*PLAIN, "mask.pii", "filter.word_count: {min: 25}")
DEDUP = (*PLAIN, "dedup.exact")
DEDUP_AND_MORE = (*DEDUP, "filter.word_count: {min: 25}")
SPLIT = ("filter.word_count: {min: 20}", f"{OPS}:Sentences", "filter.word_count: {min: 3}")
SURVEY = ("filter.word_count: {min: 20}", f"{OPS}:Common: {{times: 4}}")
CAPPED = ("filter.word_count: {min: 20}", f"{OPS}:Longest: {{most: 20}}")

WORDS, WORDS_MAX = "filter.word_count.min={}", "filter.word_count.max={}"
ASKED = [
    (PLAIN, (WORDS.format(30),), True),
    (PLAIN, (WORDS.format(5),), True),
    (PLAIN, (WORDS_MAX.format(25), "filter.gopher_quality.max_symbol_ratio=0.05"), True),
    (PLAIN, ("filter.gopher_quality.only=[de]",), False),
    (MASKED, ("2:filter.word_count.min=30",), True),
    (MASKED, ("2:filter.word_count.min=5",), False),
    (MASKED, ("5:filter.word_count.min=5",), True),
    (DEDUP, (WORDS.format(30),), True),
    (DEDUP, (WORDS.format(2),), False),
    (DEDUP_AND_MORE, ("2:filter.word_count.max=40",), False),
    (SPLIT, ("2:filter.word_count.min=30",), True),
    (SPLIT, ("2:filter.word_count.min=3",), False),
    (SPLIT, ("4:filter.word_count.min=6",), True),
    (SURVEY, (WORDS.format(30),), False),
    (CAPPED, (WORDS.format(30),), False),
]


@pytest.mark.parametrize(("steps", "settings", "exact"), ASKED)
def test_what_if_is_what_a_fresh_run_does(
    documents: Path, tmp_path: Path, steps: tuple[str, ...], settings: tuple[str, ...], exact: bool
) -> None:
    before = run(documents, steps, tmp_path / "runs")
    found = what_if(before, settings)
    fresh = run(documents, steps, tmp_path / "runs", settings)
    kept = fresh.record["totals"]["kept"]
    assert found.before == before.record["totals"]["kept"]
    assert found.low <= kept <= (found.high or kept)
    if exact:
        assert found.low == found.high
        assert found.open == 0
        dropped = {
            step["step"]: step["rows_in"] - step["rows_out"] - step["quarantined"]
            for step in fresh.record["steps"]
        }
        labels = [label for label in found.dropped if "Sentences" not in label]
        assert {label: found.dropped[label] for label in labels} == {
            label: dropped[label] for label in labels
        }
    grouped = any("dedup" in step or "Common" in step or "Longest" in step for step in steps)
    if grouped and not exact:
        with pytest.raises(UsageError, match="all documents together"):
            resolve(before, settings, found)
    elif not exact:
        assert resolve(before, settings, found).low == kept


def test_what_it_cannot_answer_it_says(documents: Path, tmp_path: Path) -> None:
    one = run(documents, PLAIN, tmp_path / "runs")
    with pytest.raises(UsageError, match="changes nothing"):
        what_if(one, ["filter.word_count.min=20"])
    with pytest.raises(UsageError, match="reads or writes"):
        what_if(one, ["write.jsonl.compression=gzip"])
    with pytest.raises(UsageError, match="word_cont"):
        what_if(one, ["filter.word_cont.min=20"])
    one.save(state="failed")
    with pytest.raises(PenstockError, match="not a finished run"):
        what_if(one, ["filter.word_count.min=30"])


def test_the_command_tells_the_funnel(
    documents: Path, tmp_path: Path, penstock: Callable[..., object]
) -> None:
    one = run(documents, MASKED, tmp_path / "runs")
    done = penstock("what-if", str(one.path), "--set", "2:filter.word_count.min=5")
    assert done.returncode == 0, done.stderr  # type: ignore[attr-defined]
    assert "rows get past a step that stopped them" in done.stdout  # type: ignore[attr-defined]
    replayed = penstock("what-if", str(one.path), "--set", "2:filter.word_count.min=5", "--run")
    assert " to " not in replayed.stdout.partition("\n")[0]  # type: ignore[attr-defined]


def test_a_record_tells_its_journey(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    file = write_jsonl(
        [{"text": "Write to a@b.example now. And wait."}, {"text": "Stay. Home."}, {"text": "x"}]
    )
    steps = ("mask.pii", f"{OPS}:Sentences", "filter.word_count: {min: 2}")
    one = run(file, steps, tmp_path / "runs")
    entry = fate(one, "rows.jsonl:0")[0]
    assert entry["state"] == "split"
    masked, split = journey(one, int(entry["shard"]), entry["row"])
    assert masked.step == "2:mask.pii"
    assert masked.before["text"] == "Write to a@b.example now. And wait."
    assert masked.after == {"text": "Write to [EMAIL] now. And wait."}
    assert split.after == {"documents": ["Write to [EMAIL] now", "And wait"]}
    at = file.read_text().index("\n") + 1
    (second,) = penstock.why(one.path, f"rows.jsonl:{at}", journey=True)
    assert [change["step"] for change in second["journey"]] == [f"3:{OPS}:Sentences"]
    file.write_text('{"text": "another"}\n')
    with pytest.raises(PenstockError, match="not what this run has read"):
        journey(one, 0, 0)
