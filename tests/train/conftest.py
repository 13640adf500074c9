"""Tiny data, and a tiny base model pretrained on it, made once."""

import json
from pathlib import Path

import pytest
import torch

from penstock.train.run import run_training
from penstock.train.settings import Architecture, Rows, Schedule, Training

torch.set_num_threads(1)

TINY = Architecture(
    vocab_size=300,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    intermediate_size=64,
    max_position_embeddings=128,
)
RIVERS = ["Arlen", "Tessel", "Morrow", "Kelder", "Lan He", "Saltry", "Veyra", "Hob"]


def write_rows(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    rows = [
        {"id": f"p{at}", "text": f"The {RIVERS[at % 8]} is {at * 7 + 20} kilometres long. " * 3}
        for at in range(24)
    ]
    return write_rows(tmp_path_factory.mktemp("data") / "pages.jsonl", rows)


@pytest.fixture(scope="session")
def questions(tmp_path_factory):
    rows = [
        {"id": f"q{at}", "question": f"How long is the {name}?", "answer": f"{at * 7 + 20} km"}
        for at, name in enumerate(RIVERS * 3)
    ]
    return write_rows(tmp_path_factory.mktemp("data") / "questions.jsonl", rows)


@pytest.fixture(scope="session")
def base(pages, tmp_path_factory):
    """The model folder of a short pretraining."""
    training = Training(
        method="pretrain",
        dataset=str(pages),
        rows=Rows(max_length=64, eval_fraction=0.2),
        schedule=Schedule(max_steps=4, per_device_train_batch_size=4),
        architecture=TINY,
    )
    run = run_training(training, root=tmp_path_factory.mktemp("runs"), name="base")
    return run.path / "model"
