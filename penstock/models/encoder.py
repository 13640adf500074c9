"""Models that turn texts into vectors: folders of sentence-transformers, without that library."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import MissingError, UsageError
from penstock.models.libraries import need_libraries
from penstock.models.load import check_code, load_tokenizer, loading
from penstock.models.threads import suit_threads

if TYPE_CHECKING:
    import numpy as np

# How one vector comes of those of the tokens; older folders have a flag for each.
_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "lasttoken",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
}
_KNOWN = ("cls", "mean", "max", "lasttoken")
_BARE = [{"type": "Transformer", "path": ""}, {"type": "Pooling", "path": ""}]


class Encoder:
    """A model with its tokenizer, on the CPU.

    The folder's `modules.json` says what is done; without one the mean over all tokens is taken.
    Raises MissingError where there is no model, and UsageError where it has parts that are not
    known here.
    """

    def __init__(self, folder: str | Path) -> None:
        need_libraries()
        folder = Path(folder)
        if not folder.is_dir():
            raise MissingError(f"there is no model folder {folder}")
        modules = _read(folder / "modules.json") or _BARE
        kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
        if kinds[:2] != ["Transformer", "Pooling"] or kinds[2:] not in ([], ["Normalize"]):
            raise UsageError(
                f"the model in {folder} is made of {', '.join(kinds)}",
                hint="known are Transformer, Pooling and Normalize; a server that runs other models"
                " is given as `endpoint`",
            )
        self.pooling = _pooling(
            folder / modules[1]["path"] / "config.json", bool(modules[1]["path"])
        )
        self.normal = "Normalize" in kinds
        self.prompt = _prompt(_read(folder / "config_sentence_transformers.json") or {})
        own = folder / modules[0]["path"]
        settings = _read(own / "sentence_bert_config.json") or {}
        self.lower = bool(settings.get("do_lower_case"))
        self.tokenizer = load_tokenizer(own)
        self.model = _model(own)
        self.dimension = int(self.model.config.hidden_size)
        longest = getattr(self.model.config, "max_position_embeddings", None)
        limits = [settings.get("max_seq_length"), self.tokenizer.model_max_length, longest]
        self.longest = min(int(one) for one in limits if one)

    def encode(
        self, texts: Sequence[str], size: int, *, prefix: str | None = None
    ) -> Iterator[tuple[Sequence[str], np.ndarray]]:
        """The vectors of texts, `size` at once: each time the texts, and a row for each.

        `prefix` stands before every text; it is the folder's own unless given. What is longer than
        the model takes is cut off.
        """
        # Texts of like length go together, so that little is computed for padding.
        ordered = sorted(texts, key=len)
        for start in range(0, len(ordered), size):
            part = ordered[start : start + size]
            full = [f"{self.prompt if prefix is None else prefix}{text}" for text in part]
            yield part, self._vectors([text.lower() for text in full] if self.lower else full)

    def _vectors(self, texts: list[str]) -> np.ndarray:
        import torch

        encoded = self.tokenizer(
            texts, padding=True, truncation=True, max_length=self.longest, return_tensors="pt"
        )
        with torch.inference_mode():
            hidden = self.model(**encoded).last_hidden_state
            found = _pooled(hidden, encoded["attention_mask"], self.pooling)
            if self.normal:
                found = torch.nn.functional.normalize(found, dim=1)
        vectors: np.ndarray = found.numpy()
        return vectors


def _model(folder: Path) -> Any:
    from transformers import AutoModel

    check_code(folder, False)
    with loading(folder):
        model = AutoModel.from_pretrained(str(folder), dtype="float32", use_safetensors=True)
    model.eval()
    suit_threads(model)
    return model


def _pooled(hidden: Any, mask: Any, way: str) -> Any:
    """One vector of those of the tokens that are there."""
    import torch

    if way in ("cls", "lasttoken"):
        size = mask.shape[1]
        at = mask.argmax(1) if way == "cls" else size - 1 - mask.flip(1).argmax(1)
        return hidden[torch.arange(len(hidden)), at]
    there = mask.unsqueeze(-1)
    if way == "max":
        return hidden.masked_fill(there == 0, float("-inf")).max(1).values
    return (hidden * there).sum(1) / there.sum(1).clamp(min=1)


def _pooling(file: Path, told: bool) -> str:
    """How a folder pools."""
    config = (_read(file) or {}) if told else {}
    ways = config.get("pooling_mode")
    if ways is None:
        ways = [way for flag, way in _FLAGS.items() if config.get(flag)] or ["mean"]
    ways = [ways] if isinstance(ways, str) else ways
    if len(ways) != 1 or ways[0] not in _KNOWN or config.get("include_prompt") is False:
        raise UsageError(
            f"{file} pools in a way that is not known here: {', '.join(map(str, ways))}",
            hint=f"known are {', '.join(_KNOWN)}, over all tokens; a server that runs other models"
            " is given as `endpoint`",
        )
    return str(ways[0])


def _prompt(config: dict[str, Any]) -> str:
    name = config.get("default_prompt_name")
    return str((config.get("prompts") or {}).get(name) or "") if name else ""


def _read(file: Path) -> Any:
    if not file.is_file():
        return None
    try:
        return json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise UsageError(f"{file} is not JSON: {error}") from error
