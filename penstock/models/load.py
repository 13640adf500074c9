"""Loading tokenizers and models, from a folder or a hub, and nothing that runs code unasked."""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from penstock.errors import MissingError, UsageError
from penstock.models.folder import is_adapter, read_model, weight_files
from penstock.models.libraries import adapting, need_libraries, no_bars

_MODEL = ("config.json", "adapter_config.json")
_TOKENIZER = ("tokenizer_config.json", "tokenizer.json")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


def load_tokenizer(source: str | Path, *, trust: bool = False) -> Any:
    """The tokenizer of a model folder, an adapter folder, or a hub id (transformers' fast one).

    Raises MissingError when there is none, UsageError when it would run code and `trust` is false.
    """
    need_libraries()
    from transformers import AutoTokenizer

    folder = _folder(source, (*_TOKENIZER, *_MODEL))
    if folder is not None and is_adapter(folder):
        own = any((folder / name).exists() for name in _TOKENIZER)
        source = source if own else base_of(folder)
    check_code(Path(source), trust)
    with loading(source):
        return AutoTokenizer.from_pretrained(str(source), trust_remote_code=trust)


def load_model(source: str | Path, *, trust: bool = False, dtype: Any = "auto") -> Any:
    """The causal language model of a folder or a hub id, on the CPU; for an adapter, on its base.

    `dtype` is a torch dtype, its name, or "auto" for that of the checkpoint. Raises MissingError
    when there is none, UsageError when it would run code or unpickle and `trust` is false.
    """
    need_libraries()
    import transformers

    folder = _folder(source, _MODEL)
    if folder is not None and is_adapter(folder):
        return _adapted(folder, trust, dtype)
    check_code(Path(source), trust)
    if folder is not None and not trust and weight_files(folder)[0].suffix != ".safetensors":
        raise UsageError(
            f"the weights in {folder} are pickled, and reading them can run any code",
            hint="--trust, if you know who made them; safetensors files need no trust",
        )
    options = {} if trust else {"use_safetensors": True}
    with loading(source):
        return transformers.AutoModelForCausalLM.from_pretrained(
            str(source), dtype=dtype, trust_remote_code=trust, **options
        )


def is_hub_id(source: str | Path) -> bool:
    """Whether `source` can be the name of a model on a hub: it is no folder, and looks like one.

    >>> is_hub_id("Qwen/Qwen3-0.6B"), is_hub_id("./out/model"), is_hub_id("runs/a/model")
    (True, False, False)
    """
    named = isinstance(source, str) and _HUB_ID.fullmatch(source) is not None
    return named and not Path(source).is_dir()


def base_of(folder: Path) -> str:
    """The folder or hub id of the base that an adapter was trained on.

    Raises UsageError when the base that is there now is not the one it was trained on.
    """
    adapter = read_model(folder)
    assert adapter.base is not None
    found = adapter.base_folder
    if found is None:
        return adapter.base.path
    if adapter.base.digest and read_model(found).weights != adapter.base.digest:
        raise UsageError(
            f"the adapter {folder} was trained on another base than the one now in {found}",
            hint="train the adapter again, or put its own base back",
        )
    return os.path.normpath(found)


def _adapted(folder: Path, trust: bool, dtype: Any) -> Any:
    from peft import PeftModel
    from transformers import GenerationConfig

    base = load_model(base_of(folder), trust=trust, dtype=dtype)
    if (folder / "generation_config.json").exists():
        # What ends an answer was learned with the adapter; the base may know another end only.
        base.generation_config = GenerationConfig.from_pretrained(str(folder))
    with loading(folder), adapting():
        return PeftModel.from_pretrained(base, str(folder))


def _folder(source: str | Path, holds: Sequence[str]) -> Path | None:
    """The folder that `source` names, with one of the files it must hold; None for a hub id."""
    path = Path(source)
    if not path.is_dir():
        if is_hub_id(source):
            return None
        raise MissingError(f"no model folder {source}", hint="name a folder, or a model of a hub")
    if not any((path / name).exists() for name in holds):
        raise MissingError(
            f"{path} holds no model: it has no {' or '.join(holds)}",
            hint="a model folder is in Hugging Face's layout; a run's is its `model` folder",
        )
    return path


def check_code(folder: Path, trust: bool) -> None:
    """Refuse a folder that brings its own Python for a model transformers does not know."""
    if trust or not (folder / "config.json").exists():
        return
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("auto_map") and config.get("model_type") not in CONFIG_MAPPING:
        raise UsageError(
            f"the model in {folder} brings Python code of its own, which loading it would run",
            hint="--trust, if you have read it",
        )


@contextlib.contextmanager
def loading(source: str | Path) -> Iterator[None]:
    """Say in the user's words why a model cannot be loaded."""
    from safetensors import SafetensorError

    try:
        with no_bars():
            yield
    except (OSError, ValueError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        if Path(source).is_dir():
            raise UsageError(f"the model in {source} cannot be loaded: {reason}") from error
        raise MissingError(
            f"no folder {source}, and no model of that name from the hub: {reason}",
            hint="check the name and the network; HF_ENDPOINT names a mirror, HF_TOKEN a key",
        ) from error
