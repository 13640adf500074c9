"""Write documents as a dataset folder that Hugging Face's `datasets` and hub understand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.ops.base import Write, Writer

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Huggingface(Write):
    """Parquet files and a dataset card, for `datasets.load_dataset(path)` or an upload as it is.

    The card (`README.md`) says which files make the split. `license` and `language` are those of
    the hub (`cc-by-4.0`; `en`, `zh`). With `shard_size` the files of neighbouring shards are
    joined until they are that large; the hub asks for at most 500 MB.

    >>> print(Huggingface(path="out", language=("en",)).beside(3)["README.md"].partition("\\n#")[0])
    ---
    language:
    - en
    size_categories:
    - n<1K
    configs:
    - config_name: default
      data_files:
      - split: train
        path: data/*.parquet
    ---
    <BLANKLINE>
    """

    path: str = ""
    split: str = "train"
    license: str = ""
    language: tuple[str, ...] = ()
    shard_size: str | int | None = None

    def __post_init__(self) -> None:
        from penstock.text.sizes import parse_size

        if self.shard_size is not None and parse_size(self.shard_size) <= 0:
            raise ValueError("`shard_size` should be more than nothing")
        if not all(part.isidentifier() for part in self.split.split(".")):
            raise ValueError("`split` should be a name such as train, validation or test")

    @property
    def suffix(self) -> str:
        """How the files end."""
        return ".parquet"

    def open(self, file: Path, schema: pa.Schema) -> Writer:
        """A writer of one Parquet file."""
        from penstock.ops.write.parquet import ParquetWriter

        return ParquetWriter(file, schema, "zstd")

    def join(self, parts: Sequence[Path], file: Path) -> None:
        """One file with the rows of all."""
        from penstock.ops.write.parquet import Parquet

        Parquet().join(parts, file)

    def beside(self, rows: int) -> Mapping[str, str]:
        """The files that stand beside `data/`, by name: the card of a dataset of so many rows."""
        head = [f"license: {self.license}"] if self.license else []
        if self.language:
            head += ["language:", *(f"- {one}" for one in self.language)]
        head += ["size_categories:", f"- {_size_category(rows)}"]
        files = ["- config_name: default", "  data_files:"]
        files += [f"  - split: {self.split}", "    path: data/*.parquet"]
        card = [
            "---",
            *head,
            "configs:",
            *files,
            "---",
            "",
            f"# {Path(self.path).name or 'dataset'}",
        ]
        said = f"{rows:,} documents. `dataset.json` names the run that made them."
        return {"README.md": "\n".join([*card, "", said, ""])}


def _size_category(rows: int) -> str:
    """The hub's name for an order of magnitude.

    >>> _size_category(999), _size_category(25_000), _size_category(10**13)
    ('n<1K', '10K<n<100K', 'n>1T')
    """
    names = ["1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T"]
    for place, name in enumerate(names):
        if rows < 1000 * 10**place:
            return f"{names[place - 1]}<n<{name}" if place else "n<1K"
    return "n>1T"
