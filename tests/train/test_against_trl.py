"""TRL as the oracle: the same rows in the same order must give the same loss curve.

TRL is no dependency. Where it is installed (`pip install trl`) these tests run, elsewhere they say
that they did not.
"""

import json

import pytest
import torch

from penstock.models.chat import render
from penstock.models.conversation import messages_of
from penstock.models.load import load_model, load_tokenizer
from penstock.train.batches import Batch, Row, Source
from penstock.train.fit import Local, fit
from penstock.train.schedule import learning_rate
from penstock.train.settings import Optim, Schedule
from penstock.train.tokens import Encoded, write_store
from penstock.train.weights import make_optimizer

trl = pytest.importorskip("trl", reason="TRL is not installed; it is the oracle of these tests")

# What TRL and the libraries under it deprecate is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

PEAK = 5e-3


def their_steps(base, talks, folder, tokenizer, adapter, *, rows_at_once, pieces, packing):
    """Train with SFTTrainer: its log, its packed rows if any, and the weights it began with."""
    from datasets import Dataset

    config = trl.SFTConfig(
        output_dir=str(folder),
        per_device_train_batch_size=rows_at_once,
        gradient_accumulation_steps=pieces,
        learning_rate=PEAK,
        weight_decay=0.1,
        max_grad_norm=1.0,
        num_train_epochs=1,
        lr_scheduler_type="cosine",
        warmup_steps=2,
        max_length=64,
        packing=packing,
        assistant_only_loss=True,
        train_sampling_strategy="sequential",
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        bf16=False,
        use_cpu=True,
        gradient_checkpointing=False,
        disable_tqdm=True,
    )
    trainer = trl.SFTTrainer(
        model=load_model(base),
        args=config,
        train_dataset=Dataset.from_list([{"messages": talk} for talk in talks]),
        processing_class=tokenizer,
        peft_config=adapter,
    )
    begun = {name: one.detach().clone() for name, one in trainer.model.named_parameters()}
    rows = list(trainer.train_dataset)
    trainer.train()
    return [line for line in trainer.state.log_history if "grad_norm" in line], rows, begun


def our_rows(talks, tokenizer, folder, theirs, packing):
    if not packing:
        encoded = [Encoded(*render(tokenizer, talk)) for talk in talks]
        source = Source(write_store(folder, encoded, ""))
        for own, other in zip(encoded, theirs, strict=True):
            assert own.ids == other["input_ids"]
            assert own.supervised == [label != -100 for label in other["labels"]]
        return [source[at] for at in range(len(source))]
    rows = []
    for row in theirs:  # how TRL packed them: this compares the loss, not the packing
        supervised = torch.tensor(row["labels"]).ne(-100)
        starts = torch.tensor([0, *row["seq_lengths"]]).cumsum(0)[:-1]
        supervised[starts] = False
        ids = torch.tensor(row["input_ids"]).numpy()
        rows.append(Row(ids, supervised.numpy(), tuple(row["seq_lengths"])))
    return rows


@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("packing", [False, True], ids=["padded", "packed"])
@pytest.mark.parametrize("pieces", [1, 4])
def test_the_loss_curve_is_trls(base, questions, tmp_path, lora, packing, pieces):
    from peft import LoraConfig, get_peft_model

    tokenizer = load_tokenizer(base)
    talks = [messages_of(json.loads(line)) for line in questions.read_text().splitlines()]
    adapter = LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear") if lora else None
    options = {"rows_at_once": 2, "pieces": pieces, "packing": packing}
    torch.manual_seed(0)
    theirs, data, begun = their_steps(base, talks, tmp_path, tokenizer, adapter, **options)

    model = load_model(base)
    model = get_peft_model(model, adapter) if lora else model
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(begun[name])
    rows = our_rows(talks, tokenizer, tmp_path / "store", data, packing)
    size = 2 * pieces
    groups = [tuple(rows[at : at + size]) for at in range(0, len(rows), size)]
    batches = [Batch(rows, sum(int(row.supervised.sum()) for row in rows)) for rows in groups]
    schedule = Schedule(warmup_steps=2)
    ours = fit(
        Local(model, rows_at_once=2, pad=tokenizer.pad_token_id, packed=packing, bf16=False),
        batches,
        make_optimizer(model, Optim(weight_decay=0.1)),
        lambda step: learning_rate(schedule, PEAK, step, len(batches)),
        max_grad_norm=1.0,
    )
    for own, other in zip(ours, theirs, strict=True):
        assert own.loss == pytest.approx(other["loss"], abs=1e-5)
        assert own.grad_norm == pytest.approx(other["grad_norm"], rel=1e-4)
        assert own.learning_rate == pytest.approx(other["learning_rate"])
