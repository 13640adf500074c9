"""A dataset folder: Parquet or JSONL shards in `data/`, and `dataset.json`, which names them.

The shards stand in a folder of their own so that other tools can read it as it is.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from penstock.data.atomic import disk_errors, write_json
from penstock.data.files import expand
from penstock.errors import MissingError, PenstockError, UsageError

FORMAT = 1
SUFFIXES = (".parquet", ".arrow", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".json", ".json.gz")


@dataclass(frozen=True)
class Part:
    """One file of a dataset: its path inside the folder, rows, bytes and xxh3-128 digest."""

    path: str
    rows: int
    bytes: int
    digest: str


@dataclass(frozen=True)
class Dataset:
    """What `dataset.json` says."""

    folder: Path
    run: str
    parts: tuple[Part, ...]
    columns: dict[str, str]

    @property
    def rows(self) -> int:
        """The number of documents."""
        return sum(part.rows for part in self.parts)

    def write(self) -> None:
        """Write `dataset.json`; the folder is a dataset from this moment on."""
        record = {
            "format": FORMAT,
            "run": self.run,
            "rows": self.rows,
            "columns": self.columns,
            "parts": [asdict(part) for part in self.parts],
        }
        write_json(self.folder / "dataset.json", record)


def read_dataset(folder: str | Path) -> Dataset:
    """Read `dataset.json`. Raises MissingError when the folder is not a dataset."""
    folder = Path(folder)
    try:
        record = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingError(
            f"{folder} is not a dataset: it has no dataset.json",
            hint="a recipe that ends in write.parquet or write.jsonl makes one",
        ) from None
    if record["format"] > FORMAT:
        raise UsageError(
            f"{folder} was written by a newer penstock (format {record['format']})",
            hint="upgrade penstock",
        )
    parts = tuple(Part(**part) for part in record["parts"])
    return Dataset(folder, record["run"], parts, record["columns"])


def publish(dataset: Dataset, target: Path, beside: Sequence[str] = ()) -> Dataset:
    """Put a finished dataset at `target` in one step, replacing an earlier one that penstock made.

    The files are linked where the disk allows it and copied where not; `beside` are further files
    of its folder. A folder that holds anything
    else is left alone.
    """
    if target.exists() and not (target / "dataset.json").exists() and any(target.iterdir()):
        raise PenstockError(
            f"{target} is not empty and was not written by penstock",
            hint="choose another path, or empty the folder",
        )
    fresh, old = (target.with_name(f".{target.name}.{role}") for role in ("new", "old"))
    with disk_errors(target):
        for left in (fresh, old):  # by a process that was killed just here
            shutil.rmtree(left, ignore_errors=True)
        fresh.mkdir(parents=True)
        for part in dataset.parts:
            _link_or_copy(dataset.folder / part.path, fresh / part.path)
        for name in ("dataset.json", *beside):
            shutil.copy2(dataset.folder / name, fresh / name)
        if target.exists():
            target.rename(old)
        fresh.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    return Dataset(target, dataset.run, dataset.parts, dataset.columns)


def read_rows(address: str | Path) -> Iterator[dict[str, Any]]:
    """Every row of a dataset folder, or of a Parquet, Arrow, JSON or JSONL file, as a dict.

    JSON may be an array of objects or one object a line, packed or plain. A line that is not JSON
    is a UsageError that names file and line: training data is not quarantined silently.
    """
    for path in data_files(address):
        if path.endswith(".parquet"):
            for batch in pq.ParquetFile(path).iter_batches():
                yield from batch.to_pylist()
        elif path.endswith(".arrow"):
            with pa.ipc.open_file(path) as file:
                for number in range(file.num_record_batches):
                    yield from file.get_batch(number).to_pylist()
        else:
            yield from _json_rows(path)


def data_files(address: str | Path) -> list[str]:
    """The files that hold the rows of a dataset folder, or that an address names."""
    folder = Path(address)
    if (folder / "dataset.json").exists():
        return [str(folder / part.path) for part in read_dataset(folder).parts]
    return [file.address for file in expand(str(address), SUFFIXES)]


def _json_rows(path: str) -> list[dict[str, Any]]:
    with pa.input_stream(path, compression="detect") as stream:
        text = stream.read().decode("utf-8-sig")
    if text.lstrip().startswith("["):
        rows = _parsed(text, path, 1)
    else:
        lines = enumerate(text.split("\n"), start=1)
        rows = [_parsed(line, path, number) for number, line in lines if line.strip()]
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise UsageError(f"row {number} is not an object", where=path)
    return rows  # type: ignore[no-any-return]


def _parsed(text: str, path: str, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"not JSON: {error.msg}",
            where=f"{path}:{line + error.lineno - 1}",
            hint="one JSON object a line, or one array of objects",
        ) from None


def _link_or_copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
