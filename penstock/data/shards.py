"""Cutting input files into shards: a function of the input alone, never of the workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from penstock.data.files import File

SHARD_BYTES = 64 << 20


@dataclass(frozen=True)
class Shard:
    """The bytes [start, stop) of one file: the unit of work, of commit and of resume.

    A record belongs to the shard in which its first byte stands.
    """

    index: int
    file: File
    start: int
    stop: int

    @property
    def name(self) -> str:
        """The name of this shard's output files, sorted as the input is."""
        return f"{self.index:05d}"

    @property
    def whole(self) -> bool:
        """Whether the shard is the whole file."""
        return self.start == 0 and self.stop >= self.file.size


def cut(
    files: Sequence[File], *, splittable: Sequence[str] = (), size: int = SHARD_BYTES
) -> list[Shard]:
    """Cut files, in the order given, into shards of about `size` bytes.

    A file whose name ends in none of `splittable` is one shard, whatever its size.

    >>> [(s.start, s.stop) for s in cut([File("a.jsonl", 25)], splittable=[".jsonl"], size=10)]
    [(0, 9), (9, 18), (18, 25)]
    """
    shards: list[Shard] = []
    for file in files:
        pieces = max(1, -(-file.size // size)) if file.address.endswith(tuple(splittable)) else 1
        step = -(-file.size // pieces)
        bounds = [min(piece * step, file.size) for piece in range(pieces)] + [file.size]
        for start, stop in pairwise(bounds):
            shards.append(Shard(len(shards), file, start, stop))
    return shards
