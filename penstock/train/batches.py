"""From stored rows to the batches of optimizer steps, in an order that anyone can compute."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from penstock.train.packing import pack
from penstock.train.settings import Schedule
from penstock.train.tokens import Array, Store

IGNORED = -100  # the label of a token that carries no loss; torch's own default


@dataclass(frozen=True)
class Row:
    """What the model reads as one row: token ids, supervised marks, and the length of each of the
    documents it is made of, which must not see one another."""

    ids: Array
    supervised: Array
    lengths: tuple[int, ...]


@dataclass(frozen=True)
class Batch:
    """All rows of one optimizer step on this process, and the supervised tokens over all of them.

    The loss is the mean over `supervised`, so neither the number of processes nor the cut into
    micro-batches changes it.
    """

    rows: tuple[Row, ...]
    supervised: int

    @property
    def tokens(self) -> int:
        """Tokens that the model reads in this step, without padding."""
        return sum(len(row.ids) for row in self.rows)


class Source:
    """A store as training takes it: row by row, or several documents packed into each row."""

    def __init__(self, store: Store, capacity: int = 0) -> None:
        """`capacity` above 0 packs documents into rows of at most that many tokens."""
        self.store = store
        self.packed = capacity > 0
        self._groups = pack(store.lengths, capacity) if self.packed else None

    def __len__(self) -> int:
        return len(self.store) if self._groups is None else len(self._groups)

    def __getitem__(self, index: int) -> Row:
        parts = [self.store[at] for at in (self._groups[index] if self._groups else [index])]
        return Row(
            np.concatenate([ids for ids, _ in parts]).astype(np.int64),
            np.concatenate([supervised for _, supervised in parts]),
            tuple(len(ids) for ids, _ in parts),
        )


def total_steps(schedule: Schedule, rows: int) -> int:
    """Optimizer steps of a training on so many rows; an epoch's last step may be smaller.

    >>> total_steps(Schedule(num_train_epochs=2, per_device_train_batch_size=8), 20)
    6
    """
    if schedule.max_steps:
        return schedule.max_steps
    return math.ceil(schedule.num_train_epochs * math.ceil(rows / schedule.rows_per_step))


def batches(source: Source, schedule: Schedule, seed: int, start: int = 0) -> Iterator[Batch]:
    """The batches of steps `start + 1` to the last; starting late costs no more than starting."""
    per_epoch = math.ceil(len(source) / schedule.rows_per_step)
    epoch, chosen = -1, np.zeros(0, np.int64)
    for step in range(start, total_steps(schedule, len(source))):
        if step // per_epoch != epoch:
            epoch = step // per_epoch
            chosen = order(seed, epoch, len(source))
        first = step % per_epoch * schedule.rows_per_step
        rows = tuple(source[int(at)] for at in chosen[first : first + schedule.rows_per_step])
        yield Batch(rows, sum(int(row.supervised.sum()) for row in rows))


def order(seed: int, epoch: int, count: int) -> Array:
    """A permutation of `count` rows that depends on seed and epoch alone.

    Rows are sorted by a hash (splitmix64) of seed, epoch and index: no library's generator is
    asked, so the order is the same in every version of every library.

    >>> order(42, 0, 5).tolist(), order(42, 1, 5).tolist()
    ([3, 0, 4, 1, 2], [0, 1, 3, 4, 2])
    """
    key = _mixed(_mixed(np.array([seed], np.uint64)) + np.uint64(epoch))
    ranked: Array = np.argsort(_mixed(key + np.arange(count, dtype=np.uint64)), kind="stable")
    return ranked


def collate(rows: Sequence[Row], pad: int, packed: bool) -> dict[str, torch.Tensor]:
    """Rows as one rectangle, padded on the right: `input_ids` and `labels` of rows × longest.

    `keep` names the columns whose prediction carries loss in any row. Padding is known by the
    rows' lengths, never by its id, so a pad token that is also the end token stays supervised
    where it ends an answer. Packed rows get `position_ids` that restart with each document and
    *no* attention mask: only then does transformers keep the documents apart.
    """
    size = (len(rows), max(len(row.ids) for row in rows))
    ids, labels = np.full(size, pad, np.int64), np.full(size, IGNORED, np.int64)
    real, positions = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for at, row in enumerate(rows):
        length = len(row.ids)
        ids[at, :length] = row.ids
        labels[at, :length][row.supervised] = row.ids[row.supervised]
        real[at, :length] = 1
        # Padding is one more document: it sees no other, and none sees it.
        spans = (*row.lengths, size[1] - length)
        positions[at] = np.concatenate([np.arange(span) for span in spans])
    # Token t is predicted at position t - 1.
    keep = np.flatnonzero((labels[:, 1:] != IGNORED).any(axis=0))
    apart = {"position_ids": positions} if packed else {"attention_mask": real}
    arrays = {"input_ids": ids, "labels": labels, "keep": keep, **apart}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _mixed(x: Array) -> Array:
    """splitmix64's finaliser (Steele, Lea and Flood 2014), on 64-bit integers that wrap around."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = x ^ (x >> np.uint64(31))
    return mixed
