"""Read documents from text files: a file, a paragraph or a line each."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.errors import RecordError
from penstock.ops.base import Lost, Read
from penstock.ops.reading import below

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.files import File
    from penstock.data.shards import Shard
    from penstock.data.streams import Run

MAX_TEXT = 64 << 20
RAW_KEPT = 1 << 16
BEFORE = 1 << 16
_TOO_LARGE = f"a text of more than {MAX_TEXT:,} bytes is too large for a document"

# Offset, bytes, their encoding, and what is wrong if anything.
Piece = tuple[int, bytes, str, str]


@dataclass(frozen=True)
class Text(Read):
    """One document for each file, paragraph (lines up to a blank one) or line that is not blank.

    The encoding of a file is that of its byte order mark, UTF-8 where its first megabyte is that,
    or the likeliest; name it in `encoding` where you know it. A part that is not in this encoding
    is quarantined. Files may be packed (`.gz`, `.zst`). `offset` is the byte at which a document
    begins.

    >>> Text(path="novels/*.txt", unit="paragraph", encoding="gb18030").unit
    'paragraph'
    """

    suffixes: ClassVar[tuple[str, ...]] = (".txt", ".text", ".txt.gz", ".txt.zst")
    splittable: ClassVar[tuple[str, ...]] = (".txt", ".text")

    path: str | tuple[str, ...]
    unit: Literal["file", "line", "paragraph"] = "file"
    encoding: str = "auto"

    def __post_init__(self) -> None:
        from penstock.data.encodings import known

        if self.encoding != "auto":
            known(self.encoding)

    def schema(self, files: list[File]) -> pa.Schema:  # noqa: ARG002 - the same for all files
        """The text."""
        import pyarrow as pa

        return pa.schema([("text", pa.string())])

    def records(self, shard: Shard) -> Iterator[Mapping[str, Any] | Lost]:
        """The documents whose first byte stands in the shard."""
        from penstock.data.encodings import decoded

        name = shard.file.name
        for offset, data, encoding, problem in self._pieces(shard):
            own = below(self.path, shard.file) if self.unit == "file" else f"{name}:{offset}"
            try:
                if problem:
                    raise RecordError(problem)
                yield {"id": own, "offset": offset, "text": decoded(data, encoding)}
            except RecordError as error:
                yield Lost(own, offset, error=error.message, raw=data[:RAW_KEPT])

    def _pieces(self, shard: Shard) -> Iterator[Piece]:
        from penstock.data.encodings import LOOKED_AT, detected, is_wide
        from penstock.data.streams import head, runs

        if self.unit == "file":
            if not shard.start:
                yield self._whole(shard.file)
            return
        encoding = self.encoding
        if encoding == "auto":
            first = head(shard.file, LOOKED_AT)
            encoding = detected(first, whole=len(first) < LOOKED_AT)
        inner = "utf-8" if is_wide(encoding) else encoding
        found: Iterable[tuple[int, bytes, str]] = _lines(runs(shard, encoding))
        if self.unit == "paragraph":
            # The last paragraph may go on behind the shard.
            onward = dataclasses.replace(shard, stop=max(shard.stop, shard.file.size))
            whole = shard.whole or inner != encoding
            stop = sys.maxsize if whole else shard.stop
            found = _paragraphs(_lines(runs(onward, encoding)), stop, _inside(shard))
        elif self.unit == "line":
            found = (one for one in found if one[2] or one[1].strip())
        for offset, data, problem in found:
            yield offset, data, inner, problem

    def _whole(self, file: File) -> Piece:
        from penstock.data.encodings import detected
        from penstock.data.streams import unpacked

        data, problem = b"", ""
        try:
            with unpacked(file) as stream:
                data = stream.read(MAX_TEXT + 1)
        except RecordError as error:
            problem = error.message
        if len(data) > MAX_TEXT:
            problem = f"{_TOO_LARGE}; `unit: paragraph` or `line` makes several of it"
        encoding = detected(data) if self.encoding == "auto" else self.encoding
        return 0, data, encoding, problem


def _lines(runs: Iterable[Run]) -> Iterator[tuple[int, bytes, str]]:
    """Lines, each with its offset; or what is wrong there."""
    for run in runs:
        if run.problem:
            yield run.offset, b"", run.problem
        offset = run.offset
        for line in run.lines:
            yield offset, line.removesuffix(b"\r"), ""
            offset += len(line) + 1


def _paragraphs(
    lines: Iterator[tuple[int, bytes, str]], stop: int, inside: bool
) -> Iterator[tuple[int, bytes, str]]:
    """Lines joined up to the next blank one; the rest of one that began before is passed over."""
    held: list[bytes] = []
    start = size = 0
    for offset, line, problem in lines:
        blank = bool(problem) or not line.strip()
        if blank:
            if held:
                yield start, *_joined(held, size)
            if problem:
                yield offset, b"", problem
            held, size, inside = [], 0, False
        elif not inside:
            start = start if held else offset
            size += len(line) + 1
            if size <= MAX_TEXT or not held:
                held.append(line)
        if offset >= stop and not (held and start < stop):
            return
    if held:
        yield start, *_joined(held, size)


def _joined(lines: list[bytes], size: int) -> tuple[bytes, str]:
    return b"\n".join(lines), "" if size <= MAX_TEXT + 1 else _TOO_LARGE


def _inside(shard: Shard) -> bool:
    """Whether a paragraph that began before the shard goes on where its first line begins."""
    if not shard.start:
        return False
    begin = max(0, shard.start - BEFORE)
    with shard.file.open() as stream:
        stream.seek(begin)
        before = stream.read(shard.start - begin)
        # The line that the start cuts is the last of those before.
        before += b"" if before.endswith(b"\n") else stream.readline(BEFORE)
    return bool(before.removesuffix(b"\n").rpartition(b"\n")[2].strip())
