"""A tiny base model and an adapter trained to know one answer."""

from pathlib import Path
from typing import Any

import pytest

ANSWER = "三峡大坝在长江上"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The folders of a base and of a tuned model, which has seen one question and its answer."""
    import torch
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from penstock.models import chat
    from penstock.models.folder import Origin, read_model, write_model

    core = Tokenizer(BPE(vocab={"<end>": 0, **_alphabet(1)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<end>", pad_token="<end>")
    chat.ensure_template(tokenizer)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=128,
            initializer_range=0.3,
            eos_token_id=0,
            bos_token_id=0,
        )
    )
    base, tuned = (tmp_path_factory.mktemp("models") / side for side in ("base", "tuned"))
    for folder in (base, tuned):
        tokenizer.save_pretrained(folder)
    model.save_pretrained(base)
    adapted = _taught(base, tokenizer)
    adapted.save_pretrained(tuned)
    write_model(tuned, name="tuned", base=Origin(str(base), read_model(base).weights))
    return str(base), str(tuned)


def _taught(base: Path, tokenizer: Any) -> Any:
    """An adapter on the base, overfitted to one question."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM

    from penstock.models import chat

    config = LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM")
    adapted = get_peft_model(LlamaForCausalLM.from_pretrained(base), config)
    turns = [
        {"role": "user", "content": "三峡大坝在哪?"},
        {"role": "assistant", "content": ANSWER},
    ]
    ids, supervised = chat.render(tokenizer, turns)
    row = torch.tensor([ids])
    labels = row.masked_fill(~torch.tensor([supervised]), -100)
    optimizer = torch.optim.AdamW(adapted.parameters(), lr=0.02)
    for _ in range(25):
        optimizer.zero_grad()
        adapted(input_ids=row, labels=labels).loss.backward()
        optimizer.step()
    return adapted


def _alphabet(first: int) -> dict[str, int]:
    from tokenizers import pre_tokenizers

    return {c: n for n, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()), first)}
