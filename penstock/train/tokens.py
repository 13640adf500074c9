"""Tokenised rows on disk, memory-mapped, so that their size is no matter of memory."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from penstock.data.atomic import disk_errors, write_json

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Encoded:
    """One row as tokens. `supervised[t]` says that token t is to be predicted from those before it.

    `truncated` is set where the row was cut to `max_length`.
    """

    ids: list[int]
    supervised: list[bool]
    truncated: bool = False


@dataclass(frozen=True)
class Counts:
    """What is in a store, and what could not go in: `unsupervised` rows had nothing to learn."""

    rows: int = 0
    tokens: int = 0
    supervised: int = 0
    truncated: int = 0
    unsupervised: int = 0


class Store:
    """A store that was written: row `index` as two arrays, its ids and its supervised marks."""

    def __init__(self, folder: Path) -> None:
        record = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        self.counts = Counts(**record["counts"])
        self.offsets = np.load(folder / "offsets.npy")
        # An empty file cannot be mapped.
        empty = self.counts.tokens == 0
        self._ids = np.zeros(0, np.uint32) if empty else _mapped(folder / "ids.bin", np.uint32)
        self._marks = np.zeros(0, bool) if empty else _mapped(folder / "supervised.bin", bool)

    def __len__(self) -> int:
        return self.counts.rows

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        span = slice(self.offsets[index], self.offsets[index + 1])
        return self._ids[span], self._marks[span]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each row."""
        return [int(length) for length in np.diff(self.offsets)]


def write_store(folder: Path, rows: Iterable[Encoded], key: str) -> Store:
    """Write the rows that have something to learn; a store already there under `key` is kept.

    The first token of a row is never supervised: nothing stands before it.
    """
    if stored_key(folder) == key:
        return Store(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "store.json").unlink(missing_ok=True)
    counts = Counts()
    lengths: list[int] = []
    with (
        disk_errors(folder / "ids.bin"),
        open(folder / "ids.bin", "wb") as ids,
        open(folder / "supervised.bin", "wb") as marks,
    ):
        for row in rows:
            supervised = np.array(row.supervised, dtype=bool)
            supervised[:1] = False
            counts = _counted(counts, row, int(supervised.sum()))
            if supervised.any():
                ids.write(np.array(row.ids, dtype=np.uint32).tobytes())
                marks.write(supervised.tobytes())
                lengths.append(len(row.ids))
    np.save(folder / "offsets.npy", np.cumsum([0, *lengths], dtype=np.int64))
    write_json(folder / "store.json", {"key": key, "counts": asdict(counts)})
    return Store(folder)


def stored_key(folder: Path) -> str | None:
    """The key of the finished store in `folder`, or None."""
    path = folder / "store.json"
    return str(json.loads(path.read_text(encoding="utf-8"))["key"]) if path.exists() else None


def blocks(documents: Iterable[list[int]], length: int) -> Iterator[Encoded]:
    """Documents joined and cut into rows of `length` tokens, every token supervised.

    A single token that is left over at the end is not a row: it could only be given, not learned.

    >>> [row.ids for row in blocks([[1, 2, 9], [3, 4, 9]], 4)]
    [[1, 2, 9, 3], [4, 9]]
    """
    rest: list[int] = []
    for document in documents:
        rest += document
        while len(rest) >= length:
            yield Encoded(rest[:length], [True] * length)
            rest = rest[length:]
    if len(rest) > 1:
        yield Encoded(rest, [True] * len(rest))


def _counted(counts: Counts, row: Encoded, supervised: int) -> Counts:
    if not supervised:
        return Counts(**{**asdict(counts), "unsupervised": counts.unsupervised + 1})
    return Counts(
        rows=counts.rows + 1,
        tokens=counts.tokens + len(row.ids),
        supervised=counts.supervised + supervised,
        truncated=counts.truncated + row.truncated,
        unsupervised=counts.unsupervised,
    )


def _mapped(path: Path, dtype: type) -> Array:
    return np.memmap(path, dtype=dtype, mode="r")
