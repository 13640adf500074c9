"""What a `kind: train` file may say, and how it is told off."""

import dataclasses
import json

import pytest

from penstock.errors import UsageError
from penstock.specs.read import parse_spec
from penstock.train.settings import Architecture, Lora, Training, keys, load_training

SFT = "kind: train\nname: t\nmethod: sft\ndataset: d\nmodel: m\n"


def load(more: str, start: str = SFT) -> Training:
    return load_training(parse_spec(start + more, "t.yaml"))


def test_keys_stand_flat_under_their_hugging_face_names():
    training = load(
        "learning_rate: 1e-3\nnum_train_epochs: 2\nlora: {r: 4, target_modules: [q_proj]}\n"
        "max_length: 128\nbf16: false\neval_steps: 5\n"
    )
    assert (training.optim.learning_rate, training.schedule.num_train_epochs) == (1e-3, 2.0)
    assert training.lora == Lora(r=4, target_modules=("q_proj",))
    assert (training.rows.max_length, training.compute.bf16) == (128, False)
    assert training.pace.eval_steps == 5


def test_every_setting_has_one_key_and_the_whole_is_plain_data():
    assert len(keys()) == len(set(keys()))
    assert json.loads(json.dumps(dataclasses.asdict(load("")))) == dataclasses.asdict(load(""))


@pytest.mark.parametrize(
    ("more", "message", "line", "hint"),
    [
        ("learning_rat: 1\n", "no parameter `learning_rat`", 6, "did you mean `learning_rate`?"),
        ("seed: 1\nwarmup_ratio: 0.1\n", "no parameter `warmup_ratio`", 7, "did you mean"),
        ("lora: {rr: 3}\n", "`lora`: no parameter `rr`", 6, "did you mean `r`?"),
        ("lora: {r: 0}\n", "`r` must be at least 1", 6, ""),
        ("lora: yes please\n", "`lora` is not a mapping", 6, "write `lora: {r: …}`"),
        ("max_steps: 1.5\n", "`max_steps` is 1.5", 6, "`max_steps` takes int"),
        ("optim: {learning_rate: 1}\n", "no parameter `optim`", 6, ""),
        ("eval_fraction: 1.0\n", "`eval_fraction` must be", 6, ""),
        ("packing: 1\n", "`packing` is 1", 6, ""),
        ("architecture: {hidden_size: 64}\n", "not both", 5, ""),
    ],
)
def test_mistakes_name_the_line_and_the_nearest_key(more, message, line, hint):
    with pytest.raises(UsageError) as caught:
        load(more)
    assert message in caught.value.message
    assert caught.value.where == f"t.yaml:{line}"
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", "`dataset` is missing"),
        ("dataset: d\n", "name a `model`, or give an `architecture`"),
        ("dataset: d\narchitecture: {}\nlora: {}\n", "`lora` needs a `model`"),
        ("dataset: d\narchitecture: {}\nmax_length: 4096\n", "`max_length` 4096 is more than"),
        ("dataset: d\narchitecture: {hidden_size: 100, num_attention_heads: 8}\n", "even number"),
        ("dataset: d\narchitecture: {num_key_value_heads: 3}\n", "must divide 4 heads"),
    ],
)
def test_settings_that_cannot_go_together(more, message):
    with pytest.raises(UsageError, match=message):
        load(more, "kind: train\nmethod: pretrain\n")


def test_from_nothing():
    training = load("dataset: d\narchitecture: {}\n", "kind: train\nmethod: pretrain\n")
    assert training.architecture == Architecture()
