"""The training step, and the loop around it that the caller iterates."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from penstock.errors import PenstockError
from penstock.train.batches import Batch, Row, Source, collate
from penstock.train.loss import next_token_loss


@dataclass(frozen=True)
class Step:
    """One optimizer step that was taken.

    `loss` is the mean over its supervised tokens in nats, `grad_norm` that before clipping.
    """

    step: int
    loss: float
    grad_norm: float
    learning_rate: float
    tokens: int
    supervised_tokens: int
    seconds: float


class Placement(Protocol):
    """Where a model is trained; it owns the backward pass, and so how a batch is cut."""

    def backward(self, batch: Batch) -> float:
        """Add the gradient of the batch's mean loss; give that loss."""

    def clip(self, max_norm: float) -> float:
        """Scale the gradient down to `max_norm` (0: leave it); give the norm it had."""


def fit(
    run: Placement,
    batches: Iterable[Batch],
    optimizer: torch.optim.Optimizer,
    rate: Callable[[int], float],
    *,
    max_grad_norm: float,
    done: int = 0,
) -> Iterator[Step]:
    """Take one optimizer step for each batch, and yield what it was.

    `rate(n)` is the learning rate after n steps; `done` says how many steps were taken before.
    The caller logs, evaluates, saves and stops between steps. Raises PenstockError, before the
    weights are touched, when loss or gradient is not a number.
    """
    for before, batch in enumerate(batches, start=done):
        began = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = rate(before)
        loss = run.backward(batch)
        norm = run.clip(max_grad_norm)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise PenstockError(
                f"training diverged: the loss is {loss:.4g}, its gradient's norm {norm:.4g}",
                where=f"step {before + 1}",
                hint="lower `learning_rate`, add `warmup_steps`, or set `bf16: false`",
            )
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        yield Step(
            step=before + 1,
            loss=loss,
            grad_norm=norm,
            learning_rate=rate(before),
            tokens=batch.tokens,
            supervised_tokens=batch.supervised,
            seconds=time.perf_counter() - began,
        )


class Local:
    """One process and one device: a batch is cut into micro-batches, their gradients added up."""

    def __init__(
        self, model: Any, *, rows_at_once: int, pad: int, packed: bool, bf16: bool
    ) -> None:
        self.model = model
        self._rows_at_once = rows_at_once
        self._pad = pad
        self._packed = packed
        self._bf16 = bf16

    def backward(self, batch: Batch) -> float:
        """Add the gradient of the batch's mean loss over its supervised tokens; give that loss."""
        self.model.train()
        total = torch.zeros((), device=self.model.device)
        for rows in _pieces(batch.rows, self._rows_at_once):
            loss = self._loss(rows) / batch.supervised
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return float(total)

    def clip(self, max_norm: float) -> float:
        """Scale the gradient down to `max_norm` (0: leave it); give the norm it had."""
        trained = [weight for weight in self.model.parameters() if weight.grad is not None]
        return float(torch.nn.utils.clip_grad_norm_(trained, max_norm or float("inf")))

    def evaluate(self, source: Source) -> float:
        """The mean loss over all supervised tokens of `source`; no random number is drawn."""
        self.model.eval()
        total, supervised = 0.0, 0
        with torch.inference_mode():
            for at in range(0, len(source), self._rows_at_once):
                stop = min(at + self._rows_at_once, len(source))
                rows = [source[index] for index in range(at, stop)]
                total += float(self._loss(rows))
                supervised += sum(int(row.supervised.sum()) for row in rows)
        return total / supervised

    def _loss(self, rows: Sequence[Row]) -> torch.Tensor:
        device = self.model.device
        collated = collate(rows, self._pad, self._packed)
        inputs = {name: tensor.to(device) for name, tensor in collated.items()}
        with torch.autocast(device.type, torch.bfloat16, enabled=self._bf16):
            return next_token_loss(self.model, inputs)


def _pieces(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    return (rows[at : at + size] for at in range(0, len(rows), size))
