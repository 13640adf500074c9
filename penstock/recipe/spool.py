"""Packed streams of lines, unpacked once into fixed cuts, so that all workers can read them."""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from penstock.data.atomic import replacing
from penstock.data.files import File
from penstock.data.shards import SHARD_BYTES
from penstock.data.streams import unpacked
from penstock.engines.engine import Engine
from penstock.errors import RecordError
from penstock.ops.base import Read
from penstock.recipe.work import Cuts, Work
from penstock.runs.commit import commit, committed
from penstock.runs.folder import Run

# A packed file smaller than this is read as one shard.
PACKED_BYTES = 16 << 20
BLOCK = 1 << 20


@dataclass(frozen=True)
class Spool:
    """A packed file to be cut into a folder of a run."""

    run: Path
    number: int
    file: File
    size: int = SHARD_BYTES

    @property
    def marker(self) -> str:
        """The name of the marker that says it is done."""
        return f"spool.{self.number}"

    @property
    def folder(self) -> Path:
        """Where the cuts are."""
        return self.run / "spool" / str(self.number)


def spooled(run: Run, work: Work, engine: Engine) -> Work:
    """The work with large packed files cut into shards. The cuts are recorded in the run; the same
    file is always cut in the same places."""
    reader = cast(Read, work.recipe.steps[0].operator)
    tasks = [
        Spool(run.path, number, file)
        for number, file in enumerate(work.files)
        if file.address.endswith(tuple(reader.streams)) and file.size >= PACKED_BYTES
    ]
    if not tasks:
        return work
    run.note("spool", files=len(tasks))
    for _ in engine.each([one for one in tasks if not committed(run.path, one.marker)], spool):
        pass  # what it made is named by its marker
    cuts: Cuts = {}
    folders = {}
    for task in tasks:
        marker = committed(run.path, task.marker)
        assert marker is not None
        if marker["report"]["cuts"]:
            cuts[task.file.address] = tuple(marker["report"]["cuts"])
            folders[task.file.address] = task.folder
    run.save(cuts=cuts)
    again = work.cut_at(cuts)
    shards = [
        dataclasses.replace(shard, part=str(folders[shard.file.address] / str(shard.start)))
        if shard.inside
        else shard
        for shard in again.shards
    ]
    return dataclasses.replace(again, shards=tuple(shards))


def spool(task: Spool) -> dict[str, Any]:
    """Unpack a file into cuts of whole lines, each a file named by its offset.

    A damaged file is left to its reader, which tells what is wrong with it: it gets no cuts.
    """
    shutil.rmtree(task.folder, ignore_errors=True)
    cuts: list[int] = []
    files: dict[str, Path] = {}
    offset = 0
    try:
        with unpacked(task.file) as stream:
            while True:
                path = task.folder / str(offset)
                with replacing(path) as temporary, open(temporary, "wb") as out:
                    size = _copy_lines(stream, out, task.size)
                if not size:
                    path.unlink()
                    break
                files[str(offset)] = path
                offset += size
                cuts.append(offset)
    except RecordError:
        shutil.rmtree(task.folder, ignore_errors=True)
        cuts, files = [], {}
    report = {"cuts": cuts}
    commit(task.run, task.marker, files, report)
    return report


def _copy_lines(source: Any, target: Any, size: int) -> int:
    """Copy about `size` bytes, to the end of a line; how many it were."""
    copied = 0
    while copied < size and (block := source.read(min(BLOCK, size - copied))):
        target.write(block)
        copied += len(block)
    if copied >= size and not block.endswith(b"\n"):
        while rest := source.readline(BLOCK):
            target.write(rest)
            copied += len(rest)
            if rest.endswith(b"\n"):
                break
    return copied
