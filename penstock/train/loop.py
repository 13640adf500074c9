"""One training from tokens to a saved model: the loop, and what it writes down on the way."""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from penstock.models.folder import Model, Origin, write_model
from penstock.models.threads import suit_threads
from penstock.runs.folder import Run
from penstock.train.batches import batches, total_steps
from penstock.train.checkpoint import latest_checkpoint, restore, save_checkpoint
from penstock.train.fit import Local, Step, fit
from penstock.train.guards import check_model, check_packing, pad_id
from penstock.train.prepare import Prepared, prepare, statistics
from penstock.train.schedule import learning_rate
from penstock.train.settings import Training
from penstock.train.weights import make_model, make_optimizer, save_weights, use_bf16

_RECENT = 10  # steps over which the final training loss is averaged


@dataclass(frozen=True)
class Progress:
    """How far a training is; kept in its checkpoints.

    `eval_loss` is the held-out loss before the first step, None without held-out rows.
    """

    step: int = 0
    tokens: int = 0
    supervised_tokens: int = 0
    seconds: float = 0.0
    recent: tuple[float, ...] = ()
    eval_loss: float | None = None

    def after(self, step: Step) -> "Progress":
        """The progress once one more step is taken."""
        return replace(
            self,
            step=step.step,
            tokens=self.tokens + step.tokens,
            supervised_tokens=self.supervised_tokens + step.supervised_tokens,
            seconds=self.seconds + step.seconds,
            recent=(*self.recent, step.loss)[-_RECENT:],
        )


def train(
    run: Run, training: Training, origins: Mapping[str, Origin], *, trust: bool
) -> dict[str, Any]:
    """Train, save the model in `run.path / "model"`, and give the metrics.

    `origins` names the `dataset` and, unless the model starts from nothing, the `model`. A run
    that was killed goes on from its newest checkpoint and ends with the same weights.
    """
    base = origins["model"].path if "model" in origins else ""
    data = prepare(training, origins["dataset"].path, base, run.path, trust)
    model = make_model(training, base, data.tokenizer, trust)
    suit_threads(model)
    check_model(model, data.tokenizer, training.rows.max_length)
    if data.train.packed:
        check_packing(model)
    optimizer = make_optimizer(model, training.optim)
    local = Local(
        model,
        rows_at_once=training.schedule.per_device_train_batch_size,
        pad=pad_id(data.tokenizer),
        packed=data.train.packed,
        bf16=use_bf16(training),
    )
    total = total_steps(training.schedule, len(data.train))
    _note_data(run, data, model, total)

    found = latest_checkpoint(run.path / "checkpoints")
    if found is not None:
        progress = Progress(**restore(found, model, optimizer))
        run.note("resumed", step=progress.step)
    else:
        progress = Progress(eval_loss=_evaluate(run, local, data, 0))

    todo = batches(data.train, training.schedule, training.seed, progress.step)
    rate = partial(_rate, training, total)
    limit, pace = training.optim.max_grad_norm, training.pace
    for step in fit(local, todo, optimizer, rate, max_grad_norm=limit, done=progress.step):
        progress = progress.after(step)
        if _due(step.step, pace.logging_steps, total):
            run.note("step", **asdict(step), total=total)
        if _due(step.step, pace.eval_steps) and step.step < total:
            _evaluate(run, local, data, step.step)
        if _due(step.step, pace.save_steps) and step.step < total:
            _save_checkpoint(run, training, model, optimizer, progress)

    after = _evaluate(run, local, data, total)
    saved = _save_model(run, training, model, data.tokenizer, origins)
    return _metrics(progress, after, saved)


def _rate(training: Training, total: int, step: int) -> float:
    return learning_rate(training.schedule, training.optim.learning_rate, step, total)


def _due(step: int, every: int, last: int = 0) -> bool:
    return step == last or (every > 0 and step % every == 0)


def _evaluate(run: Run, local: Local, data: Prepared, step: int) -> float | None:
    """The held-out loss (mean over supervised tokens), noted; None without held-out rows."""
    if data.held_out is None:
        return None
    began = time.perf_counter()
    loss = local.evaluate(data.held_out)
    seconds = time.perf_counter() - began
    run.note("eval", step=step, loss=loss, perplexity=math.exp(min(loss, 700.0)), seconds=seconds)
    return loss


def _note_data(run: Run, data: Prepared, model: Any, total: int) -> None:
    weights = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    run.note(
        "data",
        train=statistics(data.train),
        held_out=statistics(data.held_out),
        vocabulary=len(data.tokenizer),
        parameters=sum(count for count, _ in weights),
        trained_parameters=sum(count for count, trained in weights if trained),
        steps=total,
        device=str(model.device),
    )


def _save_checkpoint(
    run: Run, training: Training, model: Any, optimizer: Any, progress: Progress
) -> None:
    began = time.perf_counter()
    keep = training.pace.save_total_limit
    folder = run.path / "checkpoints"
    path = save_checkpoint(folder, progress.step, model, optimizer, asdict(progress), keep)
    seconds = time.perf_counter() - began
    run.note("checkpoint", step=progress.step, path=path.name, seconds=seconds)


def _save_model(
    run: Run, training: Training, model: Any, tokenizer: Any, origins: Mapping[str, Origin]
) -> Model:
    folder = run.path / "model"
    save_weights(model, tokenizer, folder)
    base = origins["model"] if training.lora is not None else None
    name = run.record["name"]
    saved = write_model(folder, name=name, base=base, run=run.path.name, dataset=origins["dataset"])
    run.note("saved", path=str(folder), weights=saved.weights, parameters=saved.parameters)
    return saved


def _metrics(progress: Progress, eval_loss: float | None, saved: Model) -> dict[str, Any]:
    recent = progress.recent
    return {
        "steps": progress.step,
        "train_loss": sum(recent) / len(recent) if recent else None,
        "eval_loss_before": progress.eval_loss,
        "eval_loss": eval_loss,
        "tokens": progress.tokens,
        "supervised_tokens": progress.supervised_tokens,
        "seconds": round(progress.seconds, 3),
        "tokens_per_second": round(progress.tokens / progress.seconds, 1) if recent else 0.0,
        "parameters": saved.parameters,
        "weights": saved.weights,
    }
