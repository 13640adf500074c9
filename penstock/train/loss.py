"""The loss of a causal language model on its supervised tokens."""

import inspect
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - how everybody knows it

from penstock.train.batches import IGNORED


def next_token_loss(model: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """The sum, not the mean, of the cross-entropy over the supervised tokens, in nats and fp32.

    `inputs` is what `collate` gives. Only the columns that carry loss in some row go through the
    output layer, where the model can be asked for that: on chats it is most of the cost of a small
    model with a large vocabulary.
    """
    labels, keep = inputs["labels"], inputs["keep"]
    reads = {
        name: inputs[name]
        for name in ("input_ids", "attention_mask", "position_ids")
        if name in inputs
    }
    if _projects_some(model):
        logits = model(**reads, use_cache=False, logits_to_keep=keep).logits
    else:
        logits = model(**reads, use_cache=False).logits[:, keep]
    return F.cross_entropy(
        logits.float().flatten(0, 1),
        labels[:, keep + 1].flatten(),
        ignore_index=IGNORED,
        reduction="sum",
    )


def _projects_some(model: Any) -> bool:
    own = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in inspect.signature(own.forward).parameters
