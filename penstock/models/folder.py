"""A model folder: Hugging Face's layout (or a PEFT adapter's), and `model.json` beside the weights.

`model.json` says what the folder is and where it came from, so that an answer can be traced to the
run and the dataset that made the model. A plain download, without one, is a model too.
"""

import datetime
import json
import math
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import xxhash

from penstock.data.atomic import write_json
from penstock.errors import MissingError, UsageError
from penstock.runs.commit import file_digest

FORMAT = 1
# What decides how text becomes ids.
_TOKENIZER = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
)


@dataclass(frozen=True)
class Origin:
    """Something a model was made from: a path or hub id, and the digest it had then."""

    path: str
    digest: str


@dataclass(frozen=True)
class Model:
    """What is known of a model folder. `base` is set for adapters, `run` and `dataset` where known.

    `parameters` are those in the folder's own weights, `weights` and `tokenizer` xxh3-128 digests.
    """

    folder: Path
    name: str
    kind: Literal["model", "adapter"]
    architecture: str
    parameters: int
    weights: str
    tokenizer: str = ""
    base: Origin | None = None
    run: str = ""
    dataset: Origin | None = None
    created: str = ""

    @property
    def base_folder(self) -> Path | None:
        """Where the base of an adapter is now: beside the adapter as before, else as PEFT says."""
        if self.base is None:
            return None
        near = self.folder / self.base.path
        said = _read(self.folder / "adapter_config.json").get("base_model_name_or_path") or ""
        places = [near, *([Path(said)] if said else [])]
        return next((path for path in places if path.is_dir()), None)


def write_model(
    folder: Path,
    *,
    name: str,
    base: Origin | None = None,
    run: str = "",
    dataset: Origin | None = None,
) -> Model:
    """Write `model.json` for the weights that stand in `folder`.

    A base that is a folder is named relative to the adapter, so that both can move together.
    """
    if base is not None and Path(base.path).is_dir():
        base = Origin(os.path.relpath(base.path, folder), base.digest)
    found = _inspect(folder, name)
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    model = Model(**{**found, "base": base, "run": run, "dataset": dataset, "created": created})
    record = asdict(model)
    del record["folder"]
    write_json(folder / "model.json", {"format": FORMAT, **record})
    return model


def read_model(path: str | Path) -> Model:
    """What a model folder is, from `model.json`, or from its files when it has none.

    Raises MissingError when there is no model at `path`.
    """
    folder = Path(path)
    if not (folder / "model.json").exists():
        return Model(**_inspect(folder, folder.resolve().name))
    record = _read(folder / "model.json")
    if record.pop("format") > FORMAT:
        raise UsageError(f"{folder} was written by a newer penstock", hint="upgrade penstock")
    for key in ("base", "dataset"):
        record[key] = Origin(**record[key]) if record[key] else None
    return Model(folder=folder, **record)


def is_adapter(folder: Path) -> bool:
    """Whether the folder holds an adapter, which needs its base to answer."""
    return (folder / "adapter_config.json").exists()


def weights_digest(path: str | Path) -> str:
    """One xxh3-128 digest over the names and contents of a folder's weight files."""
    return _digest(weight_files(Path(path)))


def weights_of(source: str | Path) -> str:
    """The digest of a model folder's weights as its card says; `hub:` and its id for a hub's model.

    >>> weights_of("owner/name")
    'hub:owner/name'
    """
    return read_model(source).weights if Path(source).is_dir() else f"hub:{source}"


def weight_files(folder: Path) -> list[Path]:
    """The weight files, safetensors where there are any; by name.

    Raises MissingError when the folder holds none.
    """
    for pattern in ("*.safetensors", "*.bin", "*.pt"):
        files = sorted(folder.glob(pattern))
        if files:
            return files
    raise MissingError(
        f"no model in {folder}" if folder.is_dir() else f"no model folder {folder}",
        hint="a model folder holds config.json (or adapter_config.json) and *.safetensors",
    )


def _inspect(folder: Path, name: str) -> dict[str, Any]:
    files = weight_files(folder)
    config = _read(folder / "config.json")
    architecture = (config.get("architectures") or [config.get("model_type", "")])[0]
    base = None
    if is_adapter(folder):
        config = _read(folder / "adapter_config.json")
        architecture = config.get("peft_type", "")
        base = Origin(config.get("base_model_name_or_path") or "", "")
    return {
        "folder": folder,
        "name": name,
        "kind": "adapter" if is_adapter(folder) else "model",
        "architecture": architecture,
        "parameters": sum(map(_parameters, files)),
        "weights": _digest(files),
        "tokenizer": _digest(path for each in _TOKENIZER if (path := folder / each).exists()),
        "base": base,
    }


def _parameters(file: Path) -> int:
    """How many numbers a safetensors file holds, from its header; 0 for other files."""
    if file.suffix != ".safetensors":
        return 0
    with open(file, "rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    return sum(math.prod(header[key]["shape"]) for key in header if key != "__metadata__")


def _digest(files: Iterable[Path]) -> str:
    digest = xxhash.xxh3_128()
    for file in files:
        digest.update(f"{file.name} {file_digest(file)}\n".encode())
    return digest.hexdigest()


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
