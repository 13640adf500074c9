"""Write documents as Arrow files, which are read without being unpacked or copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from penstock.ops.base import Write, Writer

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Arrow(Write):
    """One Arrow IPC file (also called Feather, version 2) for each shard.

    It is published at `path` when the run has succeeded; without one it stays in the run folder.
    Uncompressed it can be mapped into memory; `zstd` makes it about as small as Parquet. With
    `shard_size` the files of neighbouring shards are joined until they are that large.

    >>> Arrow(path="out/web-en", compression="zstd").suffix
    '.arrow'
    """

    path: str = ""
    compression: Literal["none", "zstd", "lz4"] = "none"
    shard_size: str | int | None = None

    def __post_init__(self) -> None:
        from penstock.text.sizes import parse_size

        if self.shard_size is not None and parse_size(self.shard_size) <= 0:
            raise ValueError("`shard_size` should be more than nothing")

    @property
    def suffix(self) -> str:
        """How the files end."""
        return ".arrow"

    def open(self, file: Path, schema: pa.Schema) -> Writer:
        """A writer of one Arrow file."""
        return _ArrowWriter(file, schema, self.compression)

    def join(self, parts: Sequence[Path], file: Path) -> None:
        """One file with the rows of all, in batches as full as those of a single shard."""
        import pyarrow as pa

        writer: _ArrowWriter | None = None
        for part in parts:
            with pa.OSFile(str(part)) as source, pa.ipc.open_file(source) as rows:
                writer = writer or _ArrowWriter(file, rows.schema, self.compression)
                for place in range(rows.num_record_batches):
                    writer.write(rows.get_batch(place))
        if writer is not None:
            writer.close()


class _ArrowWriter(Writer):
    def __init__(self, file: Path, schema: pa.Schema, compression: str) -> None:
        import pyarrow as pa

        from penstock.data.groups import Groups

        self._groups = Groups(schema)
        packed = None if compression == "none" else compression
        # One thread: the order in which buffers are packed must not show.
        options = pa.ipc.IpcWriteOptions(compression=packed, use_threads=False)
        self._file = pa.ipc.new_file(str(file), schema, options=options)

    def write(self, rows: pa.RecordBatch) -> None:
        self._put(self._groups.add(rows))

    def close(self) -> None:
        self._put(self._groups.rest())
        self._file.close()

    def _put(self, group: pa.Table | None) -> None:
        if group is not None and group.num_rows:
            self._file.write_batch(group.to_batches()[0])
