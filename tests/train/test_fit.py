"""The training step: its loss, its gradient, its learning rate."""

import dataclasses

import pytest
import torch

from penstock.errors import PenstockError
from penstock.models.load import load_model
from penstock.train.batches import Batch, Source, collate
from penstock.train.fit import Local, fit
from penstock.train.loss import next_token_loss
from penstock.train.schedule import learning_rate
from penstock.train.settings import Optim, Schedule
from penstock.train.tokens import Encoded, write_store
from penstock.train.weights import make_optimizer


@pytest.fixture
def rows(tmp_path):
    generator = torch.Generator().manual_seed(0)
    encoded = []
    for size in (9, 14, 6, 21, 11, 5, 17, 8):
        ids = torch.randint(3, 290, (size,), generator=generator).tolist()
        encoded.append(Encoded(ids, [at >= size // 2 for at in range(size)]))
    return Source(write_store(tmp_path, encoded, ""))


def batch_of(source: Source) -> Batch:
    rows = tuple(source[at] for at in range(len(source)))
    return Batch(rows, sum(int(row.supervised.sum()) for row in rows))


def local(model, **changes) -> Local:
    options = {"rows_at_once": 8, "pad": 0, "packed": False, "bf16": False}
    return Local(model, **{**options, **changes})


def gradients(model) -> torch.Tensor:
    return torch.cat([weight.grad.flatten() for weight in model.parameters()])


def test_the_loss_is_the_mean_over_supervised_tokens(base, rows):
    model = load_model(base)
    total, count = 0.0, 0
    for at in range(len(rows)):
        row = rows[at]
        ids = torch.from_numpy(row.ids)[None]
        with torch.inference_mode():
            logs = model(input_ids=ids, use_cache=False).logits.log_softmax(-1)[0]
        for place in range(1, len(row.ids)):
            if row.supervised[place]:
                total -= float(logs[place - 1, row.ids[place]])
                count += 1
    batch = batch_of(rows)
    assert batch.supervised == count
    assert local(model).backward(batch) == pytest.approx(total / count, rel=1e-6)
    assert local(model).evaluate(rows) == pytest.approx(total / count, rel=1e-6)


def test_accumulated_equals_concatenated(base, rows):
    batch = batch_of(rows)
    found = []
    for size in (8, 3, 1):
        model = load_model(base)
        loss = local(model, rows_at_once=size).backward(batch)
        found.append((loss, gradients(model)))
    for loss, gradient in found[1:]:
        assert loss == pytest.approx(found[0][0], abs=1e-6)
        assert torch.allclose(gradient, found[0][1], atol=1e-6)


def test_packed_equals_unpacked(base, rows):
    packed = Source(rows.store, capacity=32)
    assert len(packed) < len(rows)
    found = []
    for one in (rows, packed):
        model = load_model(base)
        loss = local(model, packed=one.packed, rows_at_once=2).backward(batch_of(one))
        found.append((loss, gradients(model)))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-6)
    assert torch.allclose(found[0][1], found[1][1], atol=1e-6)


def test_packed_documents_do_not_see_one_another(base, rows):
    packed = Source(rows.store, capacity=32)
    model = load_model(base).eval()
    two = [packed[0], packed[len(packed) - 1]]
    inputs = collate(two, pad=0, packed=True)
    with torch.inference_mode():
        together = model(
            input_ids=inputs["input_ids"], position_ids=inputs["position_ids"], use_cache=False
        ).logits
        for at, row in enumerate(two):
            start = 0
            for length in row.lengths:
                ids = torch.from_numpy(row.ids[start : start + length])[None]
                alone = model(input_ids=ids, use_cache=False).logits[0]
                assert torch.allclose(together[at, start : start + length], alone, atol=1e-5)
                start += length


def test_padding_that_is_the_end_token_changes_nothing(base, rows):
    batch = batch_of(rows)
    losses = [local(load_model(base), pad=pad).backward(batch) for pad in (0, 2)]
    assert losses[0] == losses[1]


def test_a_model_that_cannot_project_some_columns_only(base, rows, monkeypatch):
    model = load_model(base)
    inputs = collate([rows[at] for at in range(4)], pad=0, packed=False)
    expected = next_token_loss(model, inputs)
    monkeypatch.setattr("penstock.train.loss._projects_some", lambda _: False)
    assert torch.allclose(next_token_loss(model, inputs), expected)


def test_fit_yields_what_happened(base, rows):
    model = load_model(base)
    optimizer = make_optimizer(model, Optim(learning_rate=1e-3))
    batch = batch_of(rows)
    steps = list(
        fit(local(model), [batch] * 8, optimizer, lambda n: 1e-3 * (n + 1), max_grad_norm=1.0)
    )
    assert [step.step for step in steps] == list(range(1, 9))
    assert [step.learning_rate for step in steps[:2]] == [1e-3, 2e-3]
    assert steps[-1].loss < steps[0].loss
    assert steps[0].tokens == batch.tokens == 91
    assert steps[0].supervised_tokens == batch.supervised
    assert all(step.grad_norm > 0 for step in steps)
    assert dataclasses.is_dataclass(steps[0])


def test_a_loss_that_is_no_number_ends_training_before_it_reaches_the_weights(base, rows):
    model = load_model(base)
    with torch.no_grad():
        model.lm_head.weight[0, 0] = float("nan")
    before = model.model.layers[0].mlp.up_proj.weight.clone()
    steps = fit(
        local(model),
        [batch_of(rows)],
        make_optimizer(model, Optim()),
        lambda _: 1.0,
        max_grad_norm=1.0,
    )
    with pytest.raises(PenstockError, match="training diverged") as caught:
        next(steps)
    assert caught.value.where == "step 1"
    assert torch.equal(model.model.layers[0].mlp.up_proj.weight, before)


def test_clipping_scales_the_gradient(base, rows):
    model = load_model(base)
    run = local(model)
    run.backward(batch_of(rows))
    norm = run.clip(0.0)
    assert run.clip(0.1) == pytest.approx(norm)
    assert float(gradients(model).norm()) == pytest.approx(0.1, rel=1e-4)


def test_norms_and_biases_do_not_decay(base):
    model = load_model(base)
    matrices, others = make_optimizer(model, Optim(weight_decay=0.1)).param_groups
    assert (matrices["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    assert all(weight.ndim > 1 for weight in matrices["params"])
    assert all(weight.ndim <= 1 for weight in others["params"])


@pytest.mark.parametrize("kind", ["linear", "cosine"])
@pytest.mark.parametrize("warmup", [0, 3])
def test_learning_rates_are_those_of_transformers(kind, warmup):
    from transformers import get_scheduler

    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.5)
    theirs = get_scheduler(kind, optimizer, num_warmup_steps=warmup, num_training_steps=10)
    schedule = Schedule(warmup_steps=warmup, lr_scheduler_type=kind)
    for step in range(10):
        assert learning_rate(schedule, 0.5, step, 10) == pytest.approx(theirs.get_last_lr()[0])
        optimizer.step()
        theirs.step()
