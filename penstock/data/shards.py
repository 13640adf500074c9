"""Cutting input files into shards: a function of the input alone, never of the workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from penstock.data.files import File

SHARD_BYTES = 64 << 20
# Files of at most a 64th of a shard share one, up to a 16th of a shard and 1,000 files: each shard
# costs a commit.
SMALL = 64
TOGETHER = 16
MOST_FILES = 1000


@dataclass(frozen=True)
class Shard:
    """The bytes [start, stop) of one file: the unit of work, of commit and of resume.

    A record belongs to the shard in which its first byte stands. They may be bytes of what is
    `inside` a packed file, and `part` may name a file that holds just these. Small files share a
    shard: those of `more` follow the first, each as a whole.
    """

    index: int
    file: File
    start: int
    stop: int
    inside: bool = False
    part: str = ""
    more: tuple[File, ...] = ()

    @property
    def name(self) -> str:
        """The name of this shard's output files, sorted as the input is."""
        return f"{self.index:05d}"

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.stop - self.start + sum(file.size for file in self.more)

    def files(self) -> Iterator[Shard]:
        """The same as one shard for each file."""
        yield replace(self, more=())
        for file in self.more:
            yield Shard(self.index, file, 0, file.size)

    @property
    def whole(self) -> bool:
        """Whether the shard is the whole file."""
        return not self.inside and self.start == 0 and self.stop >= self.file.size


def cut(
    files: Sequence[File],
    *,
    splittable: Sequence[str] = (),
    size: int = SHARD_BYTES,
    ends: Mapping[str, Sequence[int]] | None = None,
) -> list[Shard]:
    """Cut files, in the order given, into shards of about `size` bytes.

    A file whose name ends in none of `splittable` is one shard, whatever its size; one whose
    address is in `ends` is cut there. Neighbours that are small share a shard.

    >>> [(s.start, s.stop) for s in cut([File("a.jsonl", 25)], splittable=[".jsonl"], size=10)]
    [(0, 9), (9, 18), (18, 25)]
    """
    shards: list[Shard] = []
    for file in files:
        pieces = max(1, -(-file.size // size)) if file.address.endswith(tuple(splittable)) else 1
        step = -(-file.size // pieces)
        bounds = [min(piece * step, file.size) for piece in range(pieces)] + [file.size]
        if ends and file.address in ends:
            bounds = [0, *ends[file.address]]
        for start, stop in pairwise(bounds):
            inside = ends is not None and file.address in ends
            shards.append(Shard(len(shards), file, start, stop, inside))
    return list(_together(shards, size))


def _together(shards: Iterable[Shard], size: int) -> Iterator[Shard]:
    """Shards with small files joined to their neighbours, numbered anew."""
    held: list[Shard] = []
    held_bytes = number = 0
    for shard in shards:
        small = shard.whole and shard.size * SMALL <= size
        if held and not (small and held_bytes * TOGETHER < size and len(held) < MOST_FILES):
            yield _joined(held, number)
            held, held_bytes, number = [], 0, number + 1
        if small:
            held.append(shard)
            held_bytes += shard.size
        else:
            yield replace(shard, index=number)
            number += 1
    if held:
        yield _joined(held, number)


def _joined(shards: Sequence[Shard], number: int) -> Shard:
    return replace(shards[0], index=number, more=tuple(one.file for one in shards[1:]))
