"""The learning rate as a function of the steps taken: nothing to save, nothing to restore."""

import math

from penstock.train.settings import Schedule


def learning_rate(schedule: Schedule, peak: float, step: int, total: int) -> float:
    """The learning rate after `step` of `total` steps: a linear rise over `warmup_steps`, then
    down to 0 (linear, cosine) or level (constant); Hugging Face's curves of these names.

    >>> schedule = Schedule(warmup_steps=2, lr_scheduler_type="linear")
    >>> [learning_rate(schedule, 1.0, step, 6) for step in range(6)]
    [0.0, 0.5, 1.0, 0.75, 0.5, 0.25]
    """
    warmup = schedule.warmup_steps
    if step < warmup:
        return peak * step / warmup
    if schedule.lr_scheduler_type == "constant":
        return peak
    share = (step - warmup) / max(1, total - warmup)
    if schedule.lr_scheduler_type == "linear":
        return peak * max(0.0, 1.0 - share)
    return peak * max(0.0, 0.5 * (1.0 + math.cos(math.pi * share)))
