"""Read a dataset of Hugging Face: a local folder, or one of the hub."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.errors import MissingError, PenstockError, UsageError
from penstock.ops.base import Lost, Read
from penstock.text.nearest import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.files import File
    from penstock.data.shards import Shard

FORMATS = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".jsonl": "jsonl", ".jsonl.gz": "jsonl", ".jsonl.zst": "jsonl", ".json": "jsonl",
    ".csv": "csv", ".tsv": "csv", ".csv.gz": "csv",
    ".txt": "text", ".txt.gz": "text",
}  # fmt: skip


@dataclass(frozen=True)
class Huggingface(Read):
    """One document for each row of a split.

    `path` is a folder that `save_to_disk` made, a folder of data files, or the name of a dataset of
    the hub (``org/name``). Which files make a `split` of a `config` is asked of the `datasets`
    library, of a `revision` where one is given; the rows are read from these files by this
    project's own readers, over the network only as far as they are needed, and damaged ones cost
    themselves only. Nothing that a dataset brings along is run: one made by a script has to be
    converted first. `HF_ENDPOINT` and `HF_TOKEN` are heeded. `text` and `columns` are as in
    `read.parquet`.

    >>> Huggingface(path="org/name", config="zh", text="content").split
    'train'
    """

    needs: ClassVar[tuple[str, ...]] = ("datasets",)
    extra: ClassVar[str] = "hub"
    suffixes: ClassVar[tuple[str, ...]] = tuple(FORMATS)
    splittable: ClassVar[tuple[str, ...]] = (".parquet", ".jsonl")

    path: str | tuple[str, ...]
    split: str = "train"
    config: str | None = None
    revision: str | None = None
    text: str = "text"
    columns: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.path, str):
            raise ValueError("`path` should be one dataset")

    def files(self) -> list[File]:
        """The files that make the split, in its order."""
        from penstock.data.files import file_at

        folder = Path(str(self.path))
        if (folder / "dataset_dict.json").exists():
            splits = json.loads((folder / "dataset_dict.json").read_text("utf-8"))["splits"]
            self._check_split(splits)
            folder = folder / self.split
        if (folder / "state.json").exists():
            state = json.loads((folder / "state.json").read_text("utf-8"))
            addresses = [str(folder / one["filename"]) for one in state["_data_files"]]
        else:
            addresses = self._resolved()
        return [file_at(address) for address in addresses]

    def schema(self, files: list[File]) -> pa.Schema:
        """The columns on which all files agree."""
        return self._reader(files).schema(files)

    def records(self, shard: Shard) -> Iterator[Mapping[str, Any] | Lost | pa.RecordBatch]:
        """The rows of a file, or of a part of it."""
        return self._reader([shard.file]).records(shard)

    def documents(
        self, shard: Shard, schema: pa.Schema
    ) -> Iterator[Mapping[str, Any] | Lost | pa.RecordBatch]:
        """The same in batches."""
        return self._reader([shard.file]).documents(shard, schema)

    def _reader(self, files: list[File]) -> Read:
        """The reader of the format that all files are in."""
        from penstock.ops.catalogue import find

        kinds = {_format(file) for file in files}
        if len(kinds) > 1:
            raise UsageError(
                f"{self.path} holds files of several formats: {', '.join(sorted(kinds))}",
                hint="name the files of one, with the reader of that format",
            )
        kind = kinds.pop()
        known: dict[str, Any] = {"path": self.path}
        if kind == "text":
            known["unit"] = "line"  # as `datasets` has it
        else:
            known["text"] = self.text
        if kind in ("parquet", "arrow"):
            known["columns"] = self.columns
        elif self.columns is not None:
            raise UsageError(f"`columns` cannot be chosen of {kind} files", where=str(self.path))
        reader = find(f"read.{kind}")(**known)
        assert isinstance(reader, Read)
        return reader

    def _check_split(self, splits: list[str]) -> None:
        if self.split not in splits:
            raise UsageError(
                f"{self.path} has no split `{self.split}`",
                hint=did_you_mean(self.split, splits, label="splits"),
            )

    def _resolved(self) -> list[str]:
        """What `datasets` finds: local paths, or addresses of the hub at one commit."""
        from datasets import load_dataset_builder
        from datasets.exceptions import DatasetNotFoundError

        try:
            builder = load_dataset_builder(str(self.path), self.config, revision=self.revision)
        except (DatasetNotFoundError, FileNotFoundError) as error:
            raise MissingError(
                f"no dataset {self.path}: {_first_line(error)}",
                hint="a folder, or org/name; a private one needs HF_TOKEN",
            ) from error
        except ConnectionError as error:
            raise PenstockError(
                f"the hub cannot be reached for {self.path}: {_first_line(error)}",
                hint="HF_ENDPOINT names a mirror; a folder of the same files can be read as well",
            ) from error
        except ValueError as error:  # no such config, or one has to be chosen
            raise UsageError(f"{self.path}: {' '.join(str(error).split())[:300]}") from error
        except RuntimeError as error:
            raise UsageError(
                f"{self.path}: {_first_line(error)}",
                hint="its `refs/convert/parquet` revision, if it has one, can be read",
            ) from error
        found = builder.config.data_files
        self._check_split(list(found or {}))
        return [str(address) for address in found[self.split]]


def _format(file: File) -> str:
    for suffix, kind in FORMATS.items():
        if file.name.endswith(suffix):
            return "json" if kind == "jsonl" and _is_array(file) else kind
    raise UsageError(
        f"{file.address} is in no format that can be read",
        hint=f"formats: {', '.join(sorted(set(FORMATS.values())))}",
    )


def _is_array(file: File) -> bool:
    from penstock.data.streams import head

    return head(file, 64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
