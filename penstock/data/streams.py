"""Byte streams of files, unpacked where the name says so, and the lines in them."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from penstock.data.encodings import is_wide
from penstock.data.files import File
from penstock.data.shards import Shard
from penstock.errors import RecordError

MAX_LINE = 64 << 20
BLOCK = 1 << 20
_PACKED = {".gz": "gzip", ".zst": "zstd"}


@dataclass(frozen=True)
class Run:
    """Lines that follow one another, without their ends, from a byte offset on.

    With `problem` there are none: it says what is wrong with what begins there.
    """

    offset: int
    lines: list[bytes]
    problem: str = ""


def packing(address: str) -> str:
    """How a file is packed by its name: "gzip", "zstd" or "".

    >>> packing("rows.jsonl.zst"), packing("rows.jsonl")
    ('zstd', '')
    """
    return next((kind for end, kind in _PACKED.items() if address.endswith(end)), "")


def unpacked(file: File) -> BinaryIO:
    """Open a file, unpacking `.gz` and `.zst`. Reading on raises RecordError where it is damaged.

    What is packed can be read from its beginning only.
    """
    kind = packing(file.name)
    return io.BufferedReader(_Unpacked(file, kind), 1 << 18) if kind else file.open()


def head(file: File, size: int) -> bytes:
    """The first bytes of what is in a file, as far as it can be unpacked."""
    data = b""
    with unpacked(file) as stream:
        try:
            while len(data) < size and (more := cast(Any, stream).read1(size - len(data))):
                data += more
        except RecordError:
            pass  # told with its offset when all is read
    return data


class _Unpacked(io.RawIOBase):
    def __init__(self, file: File, kind: str) -> None:
        self._kind = kind
        self._size = file.size
        self._stream: Any
        if kind == "gzip":
            from isal import igzip  # twice as fast as zlib

            self._raw: Any = file.open()
            self._stream = igzip.IGzipFile(fileobj=self._raw)  # type: ignore[no-untyped-call]
            self._read = self._stream.read1
        else:
            import pyarrow as pa

            self._raw = file.arrow()
            self._stream = pa.CompressedInputStream(self._raw, kind)
            self._read = self._stream.read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        from isal.igzip_lib import IsalError

        try:
            if not self._size:
                raise EOFError("the file is empty")
            # Little at a time: where an error is met, what was unpacked with it is gone.
            data = self._read(min(len(buffer), 1 << 16))
        except (EOFError, gzip.BadGzipFile, IsalError) as error:  # type: ignore[misc]
            raise self._damage(error) from error
        except OSError as error:
            if self._kind != "zstd" or error.errno:
                raise
            raise self._damage(error) from error
        buffer[: len(data)] = data
        return len(data)

    def _damage(self, error: Exception) -> RecordError:
        return RecordError(f"the {self._kind} data is damaged or cut off here: {error}")

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._raw.close()
        super().close()


class _Recoded(io.RawIOBase):
    """A stream in an encoding whose lines end in more than a byte, as UTF-8."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            block = self._stream.read(1 << 16)
            try:
                text = self._decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                raise RecordError(f"what follows is not {self._encoding}: {error}") from error
            self._held = text.encode("utf-8", "replace")
            if not block:
                break
        size = min(len(buffer), len(self._held))
        buffer[:size], self._held = self._held[:size], self._held[size:]
        return size

    def close(self) -> None:
        self._stream.close()
        super().close()


def runs(shard: Shard, encoding: str = "utf-8") -> Iterator[Run]:
    """The lines whose first byte stands in a shard, about a megabyte at a time.

    Offsets in a packed file are those of what is inside. A file in UTF-16 or UTF-32 is read as
    UTF-8, and by its first shard as a whole.
    """
    recoded = is_wide(encoding)
    packed = not shard.part and (bool(packing(shard.file.name)) or recoded)
    endless = shard.whole or shard.part or (packed and not shard.inside)
    if recoded and shard.start:
        return
    with _source(shard, encoding) as stream:
        read = cast(Any, stream).read1 if packed else stream.read
        offset = shard.start
        if offset and not shard.inside:
            stream.seek(offset - 1)
            offset += _to_line_end(stream) - 1
        while endless or offset < shard.stop:
            size = BLOCK if endless else min(BLOCK, shard.stop - offset)
            block, problem, cut = _lines(stream, read, size)
            if not block and not problem:
                return
            whole = block.split(b"\n")
            if not whole[-1]:
                whole.pop()
            if whole:
                yield Run(offset, whole)
            offset += len(block)
            if problem:
                yield Run(offset, [], problem)
            if problem and not cut:
                return
            offset += cut


def _source(shard: Shard, encoding: str) -> BinaryIO:
    """The stream in which the lines of a shard are found."""
    if shard.part:
        return open(shard.part, "rb")
    stream = unpacked(shard.file)
    if is_wide(encoding):
        return io.BufferedReader(_Recoded(stream, encoding), 1 << 18)
    left = shard.start if shard.inside else 0
    while left and (passed := stream.read(min(left, BLOCK))):
        left -= len(passed)
    return stream


def _lines(stream: BinaryIO, read: Any, size: int) -> tuple[bytes, str, int]:
    """About `size` bytes of whole lines; what is wrong behind them; how much is passed over."""
    block = b""
    try:
        block = read(size)
        if not block or block.endswith(b"\n"):
            return block, "", 0
        rest = stream.readline(MAX_LINE)
        at = block.rfind(b"\n") + 1
        length = len(block) - at + len(rest)
        if length <= MAX_LINE and (rest.endswith(b"\n") or len(rest) < MAX_LINE):
            return block + rest, "", 0
        length += 0 if rest.endswith(b"\n") else _to_line_end(stream)
        return block[:at], f"a line of {length:,} bytes is too long", length
    except RecordError as error:
        return block[: block.rfind(b"\n") + 1], error.message, 0


def _to_line_end(stream: BinaryIO) -> int:
    """Pass over the rest of a line, however long; its length."""
    size = 0
    while part := stream.readline(BLOCK):
        size += len(part)
        if part.endswith(b"\n"):
            break
    return size
