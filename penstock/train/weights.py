"""The model that is trained: made or loaded, adapted, optimised and saved."""

from pathlib import Path
from typing import Any

import torch

from penstock.errors import UsageError
from penstock.models.chat import end_of_turn
from penstock.models.folder import is_adapter
from penstock.models.libraries import adapting, no_bars
from penstock.models.load import load_model
from penstock.train.settings import Architecture, Lora, Optim, Training


def make_model(training: Training, base: str, tokenizer: Any, trust: bool) -> Any:
    """The model to train, on the device to train it on; the seed decides every new weight.

    What is trained is in fp32. A base under an adapter stays in its own type on a GPU.
    """
    torch.manual_seed(training.seed)
    if training.architecture is not None:
        model = _new_llama(training.architecture, tokenizer)
    else:
        _refuse_adapter(base)
        keep = training.lora is not None and use_bf16(training)
        # PEFT writes this path into the adapter, where a relative one would soon mean nothing.
        source = str(Path(base).resolve()) if Path(base).is_dir() else base
        model = load_model(source, trust=trust, dtype="auto" if keep else torch.float32)
    if training.compute.gradient_checkpointing:
        # transformers renamed it on the way to version 6.
        name = "activation_checkpointing_enable"
        enable = getattr(model, name, None) or model.gradient_checkpointing_enable
        enable({"use_reentrant": False})
    if training.lora is not None:
        model = _with_adapter(model, training.lora)
    return model.to(device())


def device() -> torch.device:
    """The first GPU, or the CPU where there is none."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_bf16(training: Training) -> bool:
    """Whether the forward pass runs in bfloat16."""
    if training.compute.bf16 == "auto":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return training.compute.bf16


def make_optimizer(model: Any, settings: Optim) -> torch.optim.Optimizer:
    """AdamW over what is trained; only matrices decay, as biases and norms should not."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [one for one in trained if one.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [one for one in trained if one.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=settings.learning_rate,
        betas=(settings.adam_beta1, settings.adam_beta2),
        eps=settings.adam_epsilon,
        fused=True,
    )


def save_weights(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write the model or adapter and its tokenizer; generation will end where an answer does."""
    own = model.get_base_model() if hasattr(model, "get_base_model") else model
    ends = {tokenizer.eos_token_id}
    if tokenizer.chat_template:
        ends.add(end_of_turn(tokenizer))
    own.generation_config.eos_token_id = sorted(end for end in ends if end is not None)
    own.generation_config.pad_token_id = tokenizer.pad_token_id
    with no_bars():
        model.save_pretrained(str(folder))
    own.generation_config.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    # PEFT's model card is a form with nothing filled in; model.json says what is known.
    (folder / "README.md").unlink(missing_ok=True)


def _new_llama(architecture: Architecture, tokenizer: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=architecture.hidden_size,
        intermediate_size=architecture.intermediate_size,
        num_hidden_layers=architecture.num_hidden_layers,
        num_attention_heads=architecture.num_attention_heads,
        num_key_value_heads=architecture.num_key_value_heads or architecture.num_attention_heads,
        max_position_embeddings=architecture.max_position_embeddings,
        tie_word_embeddings=architecture.tie_word_embeddings,
        initializer_range=architecture.initializer_range,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


def _with_adapter(model: Any, lora: Lora) -> Any:
    from peft import LoraConfig, get_peft_model

    targets = lora.target_modules
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=lora.r,
        lora_alpha=lora.lora_alpha,
        lora_dropout=lora.lora_dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
    )
    try:
        with adapting():
            return get_peft_model(model, config)
    except ValueError as error:
        raise UsageError(
            f"the adapter does not fit the model: {str(error).splitlines()[0]}",
            hint="`target_modules: all-linear` fits every model",
        ) from error


def _refuse_adapter(base: str) -> None:
    if is_adapter(Path(base)):
        raise UsageError(
            f"{base} is an adapter; training on top of one is not possible yet",
            hint="name its base as `model`",
        )
