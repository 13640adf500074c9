"""Write documents as Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from penstock.ops.base import Write, Writer

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 10_000
GROUP_BYTES = 64 << 20


@dataclass(frozen=True)
class Parquet(Write):
    """One Parquet file for each shard, published at `path` when the run has succeeded.

    Without a `path` the dataset stays in the run folder. Row groups hold up to 10,000 documents or
    64 MiB.

    >>> Parquet(path="out/web-en").compression
    'zstd'
    """

    path: str = ""
    compression: Literal["zstd", "snappy", "gzip", "none"] = "zstd"

    @property
    def suffix(self) -> str:
        """How the files end."""
        return ".parquet"

    def open(self, file: Path, schema: pa.Schema) -> Writer:
        """A writer of one Parquet file."""
        return _ParquetWriter(file, schema, self.compression)


class _ParquetWriter(Writer):
    def __init__(self, file: Path, schema: pa.Schema, compression: str) -> None:
        import pyarrow.parquet as pq

        self._schema = schema
        self._file = pq.ParquetWriter(file, schema, compression=compression)
        self._held: list[pa.RecordBatch] = []

    def write(self, rows: pa.RecordBatch) -> None:
        self._held.append(rows)
        held_rows = sum(batch.num_rows for batch in self._held)
        if held_rows >= GROUP_ROWS or sum(batch.nbytes for batch in self._held) >= GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        import pyarrow as pa

        # How a column happens to be chunked must not show in the file.
        table = pa.Table.from_batches(self._held, self._schema).combine_chunks()
        self._held = []
        if table.num_rows:
            self._file.write_table(table, row_group_size=table.num_rows)
