"""Set-ups that would train to the end and give a useless model, refused before they start."""

from typing import Any

from penstock.errors import UsageError
from penstock.models.chat import end_of_turn, learns_to_stop
from penstock.train.tokens import Counts

_FEW = 0.1  # the share of rows that may hold nothing to learn


def check_tokenizer(tokenizer: Any, method: str) -> None:
    """Raise UsageError when the model could not learn where a document or an answer ends."""
    if method == "pretrain" and tokenizer.eos_token_id is None:
        raise UsageError(
            "the tokenizer has no end-of-text token, so documents would run into each other",
            hint="choose a base model whose tokenizer has an `eos_token`",
        )
    if method != "sft":
        return
    if end_of_turn(tokenizer) is None:
        raise UsageError(
            "the chat template writes nothing after an answer, so the model would never stop",
            hint="end assistant turns in the template with the tokenizer's end token",
        )
    if not learns_to_stop(tokenizer):
        raise UsageError(
            "the chat template leaves the end of an answer out of what is learned, so the model"
            " would never stop",
            hint="put the end-of-turn token inside {% generation %} … {% endgeneration %}",
        )


def check_counts(counts: Counts, dataset: str) -> None:
    """Raise UsageError when there is nothing, or too little in too many rows, to learn from."""
    if not counts.rows and not counts.unsupervised:
        raise UsageError(f"{dataset} has no rows to train on", hint="was everything filtered out?")
    total = counts.rows + counts.unsupervised
    if not counts.rows or counts.unsupervised > _FEW * total:
        raise UsageError(
            f"{counts.unsupervised} of {total} rows of {dataset} hold nothing to learn: no answer,"
            " or one that `max_length` cuts off",
            hint="raise `max_length`, or look at the rows without an assistant message",
        )


def check_model(model: Any, tokenizer: Any, max_length: int) -> None:
    """Raise UsageError when the model cannot take the tokens or the length of the rows."""
    embeddings = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > embeddings:
        raise UsageError(
            f"the tokenizer knows {len(tokenizer)} tokens, the model only {embeddings}",
            hint="the tokenizer belongs to another model; use the one that came with this",
        )
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions is not None and max_length > positions:
        raise UsageError(
            f"`max_length` {max_length} is more than the {positions} positions of the model",
            hint=f"set `max_length` to {positions} or less",
        )


def check_packing(model: Any) -> None:
    """Raise UsageError when documents packed into one row would see one another in this model.

    Asked of the model itself, on two documents of eight tokens: some architectures take no
    positions at all, and silently read a packed row as one text.
    """
    import torch

    ids = torch.arange(16, device=model.device)[None] % model.get_input_embeddings().weight.shape[0]
    positions = (torch.arange(16, device=model.device) % 8)[None]
    model.eval()
    with torch.inference_mode():
        packed = model(input_ids=ids, position_ids=positions, use_cache=False).logits[0, 8:]
        alone = model(input_ids=ids[:, 8:], use_cache=False).logits[0]
    rounding = 1e-3 if alone.dtype == torch.float32 else 5e-2
    if (packed - alone).abs().max() > rounding * alone.std():
        raise UsageError(
            "in this model, conversations packed into one row would see one another",
            hint="set `packing: false`",
        )


def pad_id(tokenizer: Any) -> int:
    """The id that fills up rows.

    Labels follow the rows' lengths and not this id, so a pad token that is the end token as well,
    or none at all, does no harm here.
    """
    found = tokenizer.pad_token_id
    return int(found if found is not None else tokenizer.eos_token_id or 0)
