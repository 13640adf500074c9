"""The models of an endpoint, loaded: each base once, its adapters on it, tokenizers by name."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.errors import UsageError
from penstock.models import chat
from penstock.models.folder import is_adapter, read_model, weights_of
from penstock.models.libraries import adapting
from penstock.models.load import base_of, load_model, load_tokenizer
from penstock.models.threads import suit_threads
from penstock.serve.engine import Request, ServedModel

BASE, TUNED = "base", "tuned"  # how a model and its adapter are called where nobody names them


@dataclass(frozen=True)
class Voice:
    """One name that answers: its weights, tokenizer, and the token ids that end an answer.

    `adapter` is PEFT's label for it, "" for the bare base.
    """

    served: ServedModel
    model: Any
    adapter: str
    tokenizer: Any
    ends: frozenset[int]

    def prompt_ids(self, request: Request) -> list[int]:
        """The token ids that the answer goes on from.

        Raises UsageError when the chat template does not take these messages in this order.
        """
        from jinja2 import TemplateError

        if not request.messages:
            return list(self.tokenizer(request.prompt)["input_ids"])
        try:
            return chat.prompt(self.tokenizer, request.messages)
        except TemplateError as error:
            raise UsageError(
                f"the chat template of `{self.served.name}` refuses this conversation: {error}",
                where="messages",
            ) from None

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids, without special tokens and without tidying up spaces."""
        text = self.tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return str(text)

    @contextlib.contextmanager
    def speaking(self) -> Iterator[Any]:
        """The model, with this voice's adapter switched on and any other off."""
        if self.adapter:
            self.model.set_adapter(self.adapter)
            yield self.model
        elif hasattr(self.model, "disable_adapter"):
            with self.model.disable_adapter():
                yield self.model
        else:
            yield self.model


@dataclass
class _Base:
    """Whole weights in memory, wrapped by PEFT from the first adapter on."""

    source: str
    model: Any
    ends: frozenset[int]
    adapters: int = 0

    def attach(self, folder: Path) -> str:
        """Put an adapter on; gives its label. PEFT takes no dots in labels, so names won't do."""
        from peft import PeftModel

        label = f"adapter{self.adapters}"
        with adapting():
            if self.adapters:
                self.model.load_adapter(str(folder), adapter_name=label)
            else:
                self.model = PeftModel.from_pretrained(self.model, str(folder), adapter_name=label)
        self.model.eval()
        self.adapters += 1
        return label


def load_voices(
    model: str, adapters: Mapping[str, str], *, dtype: str = "auto", trust: bool = False
) -> tuple[Voice, ...]:
    """Load `model` and `adapters` under the names that `name_sources` gives; the base comes first.

    What stands under `adapters` may be a whole model too. Raises MissingError or UsageError when
    one cannot be loaded, is named twice, or was trained on weights that are not among these.
    """
    sources = name_sources(model, adapters)
    digests = {name: weights_of(source) for name, source in sources.items()}
    bases: dict[str, _Base] = {}  # by the digest of their weights
    placed: dict[str, tuple[_Base, str]] = {}
    if _is_adapter(model):
        below = base_of(Path(model))
        bases[weights_of(below)] = _load(below, dtype, trust)
    for name, source in sources.items():
        if not _is_adapter(source):
            if digests[name] not in bases:
                bases[digests[name]] = _load(source, dtype, trust)
            placed[name] = bases[digests[name]], ""
    for name, source in sources.items():
        if _is_adapter(source):
            base = _base_for(source, bases)
            placed[name] = base, base.attach(Path(source))
    # Voices are made last: the first adapter wraps its base.
    return tuple(
        _voice(ServedModel(name, digests[name], source), *placed[name], trust)
        for name, source in sources.items()
    )


def name_sources(model: str, adapters: Mapping[str, str]) -> dict[str, str]:
    """Every name that is served and where its weights are, the base first.

    A model alone has its own name, an adapter alone is `tuned` beside its `base`; with adapters the
    model is `base`, whatever it is. Raises UsageError when two would have the same name.
    """
    if not adapters and _is_adapter(model):
        return {BASE: base_of(Path(model)), TUNED: model}
    if not adapters:
        return {read_model(model).name if Path(model).is_dir() else model: model}
    if BASE in adapters:
        raise UsageError(
            f"two models would be served as `{BASE}`", hint="name the adapter otherwise"
        )
    return {BASE: model, **adapters}


def _load(source: str, dtype: str, trust: bool) -> _Base:
    import torch
    from transformers import GenerationConfig

    model = load_model(source, dtype=dtype, trust=trust).eval()
    suit_threads(model)
    said = model.generation_config.eos_token_id
    ends = said if isinstance(said, list) else [said]
    # What a request does not ask for must not come from a file of the model, top_k for instance.
    model.generation_config = GenerationConfig()  # type: ignore[no-untyped-call]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return _Base(source, model.to(device), frozenset(end for end in ends if end is not None))


def _base_for(source: str, bases: Mapping[str, _Base]) -> _Base:
    """The loaded weights that an adapter was trained on; the first, when that cannot be told."""
    origin = read_model(source).base
    wanted = origin.digest if origin is not None else ""
    if wanted in bases:
        return bases[wanted]
    if wanted and not wanted.startswith("hub:"):
        known = ", ".join(base.source for base in bases.values())
        raise UsageError(
            f"the adapter {source} was trained on another base than {known}",
            hint="serve it on its own base, or train it again on this one",
        )
    return next(iter(bases.values()))


def _voice(served: ServedModel, base: _Base, adapter: str, trust: bool) -> Voice:
    tokenizer = load_tokenizer(served.source, trust=trust)
    chat.ensure_template(tokenizer)
    own_ends = (tokenizer.eos_token_id, chat.end_of_turn(tokenizer))
    context = int(getattr(base.model.config, "max_position_embeddings", 0) or 0)
    return Voice(
        dataclasses.replace(served, context=context),
        base.model,
        adapter,
        tokenizer,
        base.ends | {end for end in own_ends if end is not None},
    )


def _is_adapter(source: str) -> bool:
    return Path(source).is_dir() and is_adapter(Path(source))
