"""Write documents as Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from penstock.ops.base import Write, Writer

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Parquet(Write):
    """One Parquet file for each shard, published at `path` when the run has succeeded.

    Without a `path` the dataset stays in the run folder. Row groups hold about 10,000 documents or
    64 MiB. With `shard_size` (such as `256MB`) the files of neighbouring shards are joined until
    they are that large.

    >>> Parquet(path="out/web-en").compression
    'zstd'
    """

    path: str = ""
    compression: Literal["zstd", "snappy", "gzip", "none"] = "zstd"
    shard_size: str | int | None = None

    def __post_init__(self) -> None:
        from penstock.text.sizes import parse_size

        if self.shard_size is not None and parse_size(self.shard_size) <= 0:
            raise ValueError("`shard_size` should be more than nothing")

    @property
    def suffix(self) -> str:
        """How the files end."""
        return ".parquet"

    def open(self, file: Path, schema: pa.Schema) -> Writer:
        """A writer of one Parquet file."""
        return ParquetWriter(file, schema, self.compression)

    def join(self, parts: Sequence[Path], file: Path) -> None:
        """One file with the rows of all, in row groups as full as those of a single shard."""
        import pyarrow.parquet as pq

        writer = ParquetWriter(file, pq.read_schema(parts[0]), self.compression)
        for part in parts:
            with pq.ParquetFile(part) as rows:
                for batch in rows.iter_batches(1024):
                    writer.write(batch)
        writer.close()


class ParquetWriter(Writer):
    """Writes one Parquet file."""

    def __init__(self, file: Path, schema: pa.Schema, compression: str) -> None:
        import pyarrow.parquet as pq

        from penstock.data.groups import Groups

        self._groups = Groups(schema)
        self._file = pq.ParquetWriter(file, schema, compression=compression)

    def write(self, rows: pa.RecordBatch) -> None:
        """Add a batch."""
        self._put(self._groups.add(rows))

    def close(self) -> None:
        """Finish the file."""
        self._put(self._groups.rest())
        self._file.close()

    def _put(self, group: pa.Table | None) -> None:
        if group is not None and group.num_rows:
            self._file.write_table(group, row_group_size=group.num_rows)
