"""What a `kind: train` file says.

The keys stand flat in the file, under the names Hugging Face gave them; here they are grouped into
small dataclasses, each beside the others it is used with.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from penstock.errors import UsageError
from penstock.specs.build import build
from penstock.specs.read import Spec
from penstock.text.nearest import did_you_mean

# Keys of the file that say what it is, not how to train.
_HEAD = ("kind", "name")


@dataclass(frozen=True)
class Rows:
    """How the rows of the dataset become tokens.

    `max_length` counts tokens. `eval_fraction` of the rows is held out, chosen by a hash of each
    row's id, so that it is the same rows whatever the order or the seed. `system` is put before
    every conversation that has no system message of its own.
    """

    text_field: str = "text"
    max_length: int = 1024
    packing: bool = False
    system: str = ""
    eval_fraction: float = 0.05

    def __post_init__(self) -> None:
        _check(self.max_length >= 2, "`max_length` must be at least 2 tokens")
        _check(0 <= self.eval_fraction < 1, "`eval_fraction` must be at least 0 and below 1")


@dataclass(frozen=True)
class Schedule:
    """How many steps, of how many rows, at what pace.

    `max_steps` above 0 wins over `num_train_epochs`. One optimizer step takes
    `per_device_train_batch_size` × `gradient_accumulation_steps` rows on each device.
    """

    num_train_epochs: float = 1.0
    max_steps: int = 0
    per_device_train_batch_size: int = 8
    gradient_accumulation_steps: int = 1
    warmup_steps: int = 0
    lr_scheduler_type: Literal["cosine", "linear", "constant"] = "cosine"

    def __post_init__(self) -> None:
        _check(self.num_train_epochs > 0, "`num_train_epochs` must be above 0")
        _check(self.max_steps >= 0, "`max_steps` must not be negative")
        _check(self.rows_per_step >= 1, "a step must take at least one row")
        _check(self.per_device_train_batch_size >= 1, "`per_device_train_batch_size` must be >= 1")
        _check(self.warmup_steps >= 0, "`warmup_steps` must not be negative")

    @property
    def rows_per_step(self) -> int:
        """Rows (packed rows, with `packing`) that one optimizer step takes on each device."""
        return self.per_device_train_batch_size * self.gradient_accumulation_steps


@dataclass(frozen=True)
class Optim:
    """AdamW, with weight decay on matrices only, and the clipping of the gradient's norm.

    `max_grad_norm: 0` switches clipping off.
    """

    learning_rate: float = 2e-4
    weight_decay: float = 0.0
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    max_grad_norm: float = 1.0

    def __post_init__(self) -> None:
        _check(self.learning_rate > 0, "`learning_rate` must be above 0")
        _check(self.weight_decay >= 0, "`weight_decay` must not be negative")
        _check(0 <= self.adam_beta1 < 1, "`adam_beta1` must be at least 0 and below 1")
        _check(0 <= self.adam_beta2 < 1, "`adam_beta2` must be at least 0 and below 1")
        _check(self.max_grad_norm >= 0, "`max_grad_norm` must not be negative")


@dataclass(frozen=True)
class Pace:
    """How often to log, evaluate and save, in optimizer steps; 0 means at the end only."""

    logging_steps: int = 10
    eval_steps: int = 0
    save_steps: int = 200
    save_total_limit: int = 2

    def __post_init__(self) -> None:
        for name in ("logging_steps", "eval_steps", "save_steps"):
            _check(getattr(self, name) >= 0, f"`{name}` must not be negative")
        _check(self.save_total_limit >= 1, "`save_total_limit` must be at least 1")


@dataclass(frozen=True)
class Compute:
    """Numbers and memory. `bf16: auto` is on where a GPU supports it, and off on a CPU."""

    bf16: bool | Literal["auto"] = "auto"
    gradient_checkpointing: bool = False


@dataclass(frozen=True)
class Lora:
    """A LoRA adapter (Hu et al. 2021); without it every weight is trained."""

    r: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.0
    target_modules: Literal["all-linear"] | tuple[str, ...] = "all-linear"

    def __post_init__(self) -> None:
        _check(self.r >= 1, "`r` must be at least 1")
        _check(0 <= self.lora_dropout < 1, "`lora_dropout` must be at least 0 and below 1")


@dataclass(frozen=True)
class Architecture:
    """A Llama to train from nothing.

    `vocab_size` is the most its new tokenizer may learn. `num_key_value_heads: 0` means as many as
    `num_attention_heads`.
    """

    vocab_size: int = 4096
    hidden_size: int = 128
    num_hidden_layers: int = 4
    num_attention_heads: int = 4
    num_key_value_heads: int = 0
    intermediate_size: int = 384
    max_position_embeddings: int = 2048
    tie_word_embeddings: bool = True
    initializer_range: float = 0.02

    def __post_init__(self) -> None:
        _check(self.vocab_size >= 260, "`vocab_size` must hold the 256 bytes and 4 more")
        sizes = (self.hidden_size, self.num_hidden_layers, self.num_attention_heads)
        _check(min(*sizes, self.intermediate_size) >= 1, "every size must be at least 1")
        heads = self.num_attention_heads
        _check(
            self.hidden_size % (2 * heads) == 0,
            f"`hidden_size` {self.hidden_size} must be an even number of times"
            f" `num_attention_heads` {heads}",
        )
        _check(
            heads % (self.num_key_value_heads or heads) == 0,
            f"`num_key_value_heads` {self.num_key_value_heads} must divide {heads} heads",
        )


@dataclass(frozen=True)
class Training:
    """A dataset, a base model, a method and its settings.

    `model` is a folder or a hub id; "" starts from nothing, with the sizes in `architecture` and a
    tokenizer trained on the dataset.

    >>> Training(method="sft", dataset="questions.jsonl", model="out/base").optim.learning_rate
    0.0002
    """

    method: Literal["pretrain", "sft"]
    dataset: str
    model: str = ""
    seed: int = 42
    rows: Rows = field(default_factory=Rows)
    schedule: Schedule = field(default_factory=Schedule)
    optim: Optim = field(default_factory=Optim)
    pace: Pace = field(default_factory=Pace)
    compute: Compute = field(default_factory=Compute)
    lora: Lora | None = None
    architecture: Architecture | None = None

    def __post_init__(self) -> None:
        _check(bool(self.dataset), "`dataset` must name a file or a dataset folder")
        _check(self.seed >= 0, "`seed` must not be negative")
        if self.model:
            _check(self.architecture is None, "name a `model` or an `architecture`, not both")
        else:
            _check(self.architecture is not None, "name a `model`, or give an `architecture`")
            _check(self.lora is None, "`lora` needs a `model` to adapt")
            positions = self.architecture.max_position_embeddings if self.architecture else 0
            _check(
                self.rows.max_length <= positions,
                f"`max_length` {self.rows.max_length} is more than `max_position_embeddings`"
                f" {positions}",
            )


# Groups whose keys stand at the top of the file, and groups that are mappings of their own.
_FLAT: Mapping[str, type] = {
    "rows": Rows, "schedule": Schedule, "optim": Optim, "pace": Pace, "compute": Compute,
}  # fmt: skip
_NESTED: Mapping[str, type] = {"lora": Lora, "architecture": Architecture}


def keys() -> list[str]:
    """Every key that may stand at the top of a `kind: train` file.

    >>> {"learning_rate", "lora", "kind"} <= set(keys())
    True
    """
    own = [name for name in _names(Training) if name not in _FLAT]
    return [*_HEAD, *own, *(name for group in _FLAT.values() for name in _names(group))]


def load_training(spec: Spec) -> Training:
    """The Training that a file describes.

    Raises UsageError with the line for an unknown key (and the nearest one), a value of the wrong
    type, or settings that cannot go together.

    >>> from penstock.specs.read import parse_spec
    >>> text = "kind: train\\nmethod: sft\\ndataset: d\\nmodel: m\\nlearning_rat: 1e-3\\n"
    >>> load_training(parse_spec(text, "t.yaml"))
    Traceback (most recent call last):
    penstock.errors.UsageError: the training: no parameter `learning_rat`
    """
    owner = "the training"
    own: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {group: {} for group in _FLAT}
    for key, value in spec.data.items():
        if key not in keys():
            raise UsageError(
                f"{owner}: no parameter `{key}`",
                where=spec.where(key),
                hint=did_you_mean(key, keys(), label="parameters"),
            )
        home = next((group for group, cls in _FLAT.items() if key in _names(cls)), None)
        if home is not None:
            groups[home][key] = value
        elif key not in _HEAD:
            own[key] = value
    for group, cls in _FLAT.items():
        own[group] = dataclasses.asdict(build(cls, groups[group], spec.where, owner=owner))
    for key, cls in _NESTED.items():
        if own.get(key) is not None:
            own[key] = _nested(cls, key, own[key], spec)
    return build(Training, own, spec.where, owner=owner)


def _nested(cls: type, key: str, values: Any, spec: Spec) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise UsageError(
            f"the training: `{key}` is not a mapping",
            where=spec.where(key),
            hint=f"write `{key}: {{{_names(cls)[0]}: …}}`",
        )
    built: Any = build(cls, values, lambda inner: spec.where(key, inner), owner=f"`{key}`")
    return dataclasses.asdict(built)


def _names(cls: type) -> list[str]:
    return [field.name for field in dataclasses.fields(cls)]


def _check(fine: bool, message: str) -> None:
    if not fine:
        raise ValueError(message)
