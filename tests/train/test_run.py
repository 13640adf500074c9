"""Whole trainings: what is saved, what is recorded, and going on after SIGKILL."""

import dataclasses
import json
import math
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from penstock.errors import MissingError, UsageError
from penstock.models.folder import read_model, weights_digest
from penstock.models.load import load_model, load_tokenizer
from penstock.runs.folder import read_run
from penstock.train.run import run_training
from penstock.train.settings import Lora, Optim, Pace, Rows, Schedule, Training

from .conftest import write_rows


def sft(base, questions, **changes) -> Training:
    options = {
        "method": "sft",
        "dataset": str(questions),
        "model": str(base),
        "rows": Rows(max_length=64, eval_fraction=0.2),
        "schedule": Schedule(max_steps=6, per_device_train_batch_size=4),
        "optim": Optim(learning_rate=5e-3),
        "pace": Pace(logging_steps=1, eval_steps=3, save_steps=2),
        "lora": Lora(r=4, lora_dropout=0.1),
    }
    return Training(**{**options, **changes})


def events(run, kind):
    lines = (run.path / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [line for line in map(json.loads, lines) if line["event"] == kind]


@pytest.fixture(scope="module")
def run(base, questions, tmp_path_factory):
    return run_training(sft(base, questions), root=tmp_path_factory.mktemp("runs"), name="tuned")


def test_a_run_records_its_data_steps_evaluations_and_checkpoints(run):
    (data,) = events(run, "data")
    assert data["train"]["rows"] + data["held_out"]["rows"] == 24
    assert 0 < data["train"]["supervised_share"] < 0.5
    assert data["steps"] == 6
    assert data["trained_parameters"] < data["parameters"]
    assert [step["step"] for step in events(run, "step")] == [1, 2, 3, 4, 5, 6]
    evals = events(run, "eval")
    assert [one["step"] for one in evals] == [0, 3, 6]
    assert evals[0]["perplexity"] == pytest.approx(math.exp(evals[0]["loss"]))
    assert [one["step"] for one in events(run, "checkpoint")] == [2, 4]
    assert evals[-1]["loss"] < evals[0]["loss"]


def test_the_record_says_what_came_out(run):
    record = read_run(run.path).record
    assert record["state"] == "succeeded"
    assert record["out"] == str(run.path / "model")
    metrics = record["metrics"]
    evals = events(run, "eval")
    assert metrics["eval_loss_before"] == evals[0]["loss"]
    assert metrics["eval_loss"] == evals[-1]["loss"]
    assert metrics["tokens"] == sum(step["tokens"] for step in events(run, "step"))
    assert metrics["tokens_per_second"] > 0
    assert {"penstock", "torch", "transformers", "peft"} <= set(record["versions"])


def test_the_saved_adapter_knows_its_base_and_answers_like_the_trained_model(run, base):
    folder = run.path / "model"
    model = read_model(folder)
    assert (model.kind, model.architecture) == ("adapter", "LORA")
    assert model.base.digest == weights_digest(base)
    assert model.base_folder.resolve() == base.resolve()
    assert model.run == run.path.name
    assert load_tokenizer(folder).chat_template
    loaded = load_model(folder).eval()
    ends = json.loads((folder / "generation_config.json").read_text())["eos_token_id"]
    assert load_tokenizer(folder).eos_token_id in ends
    assert not (folder / "README.md").exists()
    # What was saved is what was trained: merging it into the base gives the same logits.
    ids = torch.tensor([[1, 40, 50, 60]])
    with torch.inference_mode():
        logits = loaded(ids).logits
        assert not torch.allclose(load_model(base).eval()(ids).logits, logits, atol=1e-3)
        assert torch.allclose(loaded.merge_and_unload()(ids).logits, logits, atol=1e-5)


def test_a_finished_training_is_not_repeated(run, base, questions):
    before = (run.path / "events.jsonl").read_text()
    again = run_training(sft(base, questions), root=run.path.parent, name="tuned")
    assert again.path == run.path
    assert (run.path / "events.jsonl").read_text() == before


def test_the_same_seed_gives_the_same_weights_and_another_does_not(run, base, questions, tmp_path):
    same = run_training(sft(base, questions), root=tmp_path, name="same")
    other = run_training(sft(base, questions, seed=7), root=tmp_path, name="other")
    weights = [one.record["metrics"]["weights"] for one in (run, same, other)]
    assert weights[0] == weights[1] != weights[2]


KILLED = """
import dataclasses, os, signal, sys, torch
from pathlib import Path
from penstock.specs.read import read_spec
from penstock.train.run import run_training
from penstock.train.settings import load_training

torch.set_num_threads(1)

def kill(event):
    if event["event"] == "step" and event["step"] == 5:
        os.kill(os.getpid(), signal.SIGKILL)

training = load_training(read_spec(sys.argv[1], ["train"]))
run_training(training, root=Path(sys.argv[2]), name="tuned", listener=kill)
"""


def test_a_training_killed_midway_goes_on_and_ends_with_the_same_weights(
    run, base, questions, tmp_path
):
    spec = tmp_path / "tuned.yaml"
    spec.write_text(
        f"kind: train\nmethod: sft\ndataset: {questions}\nmodel: {base}\nmax_length: 64\n"
        "eval_fraction: 0.2\nmax_steps: 6\nper_device_train_batch_size: 4\nlearning_rate: 5e-3\n"
        "logging_steps: 1\neval_steps: 3\nsave_steps: 2\nlora: {r: 4, lora_dropout: 0.1}\n"
    )
    command = [sys.executable, "-c", KILLED, str(spec), str(tmp_path)]
    code = subprocess.run(command, check=False, capture_output=True).returncode
    assert code == -signal.SIGKILL
    (path,) = tmp_path.glob("tuned-*")
    # The newest checkpoint is damaged too: it does not count, and the one before it is used.
    with open(path / "checkpoints" / "step-000004" / "weights.safetensors", "r+b") as stream:
        stream.truncate(100)
    again = run_training(sft(base, questions), root=tmp_path, name="tuned")
    assert again.path == path
    assert [event["step"] for event in events(again, "resumed")] == [2]
    metrics, whole = again.record["metrics"], run.record["metrics"]
    assert metrics["weights"] == whole["weights"]
    for name in ("eval_loss", "eval_loss_before", "tokens", "steps", "train_loss"):
        assert metrics[name] == whole[name], name


def test_only_the_newest_checkpoints_are_kept(base, questions, tmp_path):
    pace = Pace(save_steps=1, save_total_limit=2)
    run = run_training(sft(base, questions, pace=pace), root=tmp_path, name="t")
    kept = sorted(path.name for path in (run.path / "checkpoints").iterdir())
    assert kept == ["step-000004", "step-000005"]


@pytest.mark.parametrize("packing", [False, True])
def test_full_fine_tuning(base, questions, tmp_path, packing):
    rows = Rows(max_length=64, packing=packing, eval_fraction=0.2)
    training = sft(base, questions, lora=None, rows=rows)
    run = run_training(training, root=tmp_path, name="full")
    model = read_model(run.path / "model")
    assert (model.kind, model.architecture) == ("model", "LlamaForCausalLM")
    assert model.base is None
    metrics = run.record["metrics"]
    assert metrics["eval_loss"] < metrics["eval_loss_before"]
    assert ("packed_rows" in events(run, "data")[0]["train"]) == packing


def test_pretraining_from_nothing(base):
    model = read_model(base)
    assert model.architecture == "LlamaForCausalLM"
    run = read_run(base.parent)
    assert run.record["metrics"]["eval_loss"] < run.record["metrics"]["eval_loss_before"]
    tokenizer = load_tokenizer(base)
    assert tokenizer.pad_token != tokenizer.eos_token
    assert load_model(base).config.vocab_size == len(tokenizer)


def test_gradient_checkpointing_changes_nothing(run, base, questions, tmp_path):
    training = sft(base, questions)
    compute = dataclasses.replace(training.compute, gradient_checkpointing=True)
    again = run_training(
        dataclasses.replace(training, compute=compute), root=tmp_path, name="checkpointed"
    )
    assert again.record["metrics"]["eval_loss"] == pytest.approx(
        run.record["metrics"]["eval_loss"], rel=1e-5
    )


def test_relative_paths_are_looked_up_beside_the_file(base, questions, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    training = sft(base, questions.name)
    run = run_training(training, root=tmp_path, name="t", folder=questions.parent)
    assert read_model(run.path / "model").dataset.path == str(questions)


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"dataset": "nowhere.jsonl"}, MissingError, "nowhere.jsonl matches no file"),
        ({"model": "./no/such/model"}, MissingError, "no model folder ./no/such/model"),
        ({"rows": Rows(max_length=129)}, UsageError, "more than the 128 positions"),
        ({"rows": Rows(max_length=8)}, UsageError, "hold nothing to learn"),
        ({"lora": Lora(target_modules=("nope",))}, UsageError, "the adapter does not fit"),
    ],
)
def test_what_cannot_train_is_refused(base, questions, tmp_path, changes, kind, message):
    with pytest.raises(kind, match=message):
        run_training(sft(base, questions, **changes), root=tmp_path, name="t")


def refused(base, rows, tmp_path, **changes) -> UsageError:
    data = write_rows(tmp_path / "rows.jsonl", rows)
    with pytest.raises(UsageError) as caught:
        run_training(sft(base, data, **changes), root=tmp_path, name="t")
    return caught.value


def test_an_empty_dataset_is_refused(base, tmp_path):
    assert "no rows to train on" in refused(base, [], tmp_path).message


def test_columns_of_no_known_shape_are_named_with_their_row(base, tmp_path):
    error = refused(base, [{"title": "t", "body": "b"}], tmp_path)
    assert "title, body" in error.message
    assert error.where == f"{tmp_path / 'rows.jsonl'}, row 1"


def test_an_adapter_as_base_is_refused(run, questions, tmp_path):
    with pytest.raises(UsageError, match="is an adapter"):
        run_training(sft(run.path / "model", questions), root=tmp_path, name="t")


def test_a_template_that_never_stops_is_refused(base, questions, tmp_path):
    model = copied(base, tmp_path)
    template = (model / "chat_template.jinja").read_text()
    end, outside = " + '<|im_end|>' }}{% endgeneration %}", " }}{% endgeneration %}<|im_end|>"
    bad = template.replace(end, outside)
    assert bad != template
    (model / "chat_template.jinja").write_text(bad)
    with pytest.raises(UsageError, match="would never stop"):
        run_training(sft(model, questions), root=tmp_path, name="t")


def test_a_tokenizer_larger_than_the_model_is_refused(base, questions, tmp_path):
    model = copied(base, tmp_path)
    tokenizer = load_tokenizer(model)
    tokenizer.add_tokens(["<a>", "<b>"])
    tokenizer.save_pretrained(model)
    with pytest.raises(UsageError, match=r"knows \d+ tokens, the model only \d+"):
        run_training(sft(model, questions), root=tmp_path, name="t")


def test_packing_for_a_model_that_would_mix_documents_is_refused(base, questions, tmp_path):
    from transformers import MptConfig, MptForCausalLM

    config = MptConfig(vocab_size=300, d_model=32, n_layers=1, n_heads=4, max_seq_len=128)
    model = tmp_path / "mpt"
    torch.manual_seed(0)
    MptForCausalLM(config).save_pretrained(model)
    load_tokenizer(base).save_pretrained(model)
    rows = Rows(max_length=64, packing=True)
    with pytest.raises(UsageError, match="would see one another"):
        run_training(sft(model, questions, rows=rows), root=tmp_path, name="t")


def test_a_pad_token_that_is_the_end_token_still_teaches_the_end(base, questions, tmp_path, run):
    model = copied(base, tmp_path)
    tokenizer = load_tokenizer(model)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.save_pretrained(model)
    again = run_training(sft(model, questions), root=tmp_path, name="t")
    assert (
        again.record["metrics"]["supervised_tokens"] == run.record["metrics"]["supervised_tokens"]
    )
    assert again.record["metrics"]["weights"] == run.record["metrics"]["weights"]


def copied(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "model"))
