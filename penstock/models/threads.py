"""How many threads a model is worth on a CPU."""

import os
from typing import Any

SMALL = 10_000_000  # parameters


def suit_threads(model: Any) -> None:
    """Let torch compute a small model with one thread, unless OMP_NUM_THREADS says otherwise.

    The matrices of a small model are done before a second thread has woken up, and where other
    work shares the cores the threads then wait for each other. Measured with 1.8 million parameters
    and 512 tokens a step on two cores: 0.08 s a step with one thread, 0.1 to 2 s with two. The
    setting is that of the process.
    """
    import torch

    if "OMP_NUM_THREADS" in os.environ or torch.cuda.is_available():
        return
    if sum(weight.numel() for weight in model.parameters()) < SMALL:
        torch.set_num_threads(1)
