"""Read documents from Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.errors import PenstockError
from penstock.ops.base import Lost, Read

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.files import File
    from penstock.data.shards import Shard


@dataclass(frozen=True)
class Parquet(Read):
    """One document for each row; `text` names the column that becomes `text`.

    `columns` are those to be read; all, unless they are named. Files must agree in them. The id is
    that of a column `id`, or else file, row group and row; `offset` is the row's number in the
    file. A row group that cannot be unpacked costs its rows, a value that is not UTF-8 its row; a
    file without a footer, such as one that is cut off, is told before anything starts.

    >>> Parquet(path="pages/*.parquet", text="content", columns=("url",)).columns
    ('url',)
    """

    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq")
    splittable: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    path: str | tuple[str, ...]
    text: str = "text"
    columns: tuple[str, ...] | None = None

    def schema(self, files: list[File]) -> pa.Schema:
        """The columns on which all files agree."""
        from penstock.data.tables import agreed

        schemas = []
        for file in files:
            with _opened(file) as source:
                schemas.append((file.address, source.schema_arrow))
        return agreed(schemas, self.text, self.columns)

    def records(self, shard: Shard) -> Iterator[pa.RecordBatch | Lost]:
        """The rows of the row groups whose first byte stands in the shard."""
        from penstock.data.tables import agreed

        with _opened(shard.file) as source:
            schema = agreed([(shard.file.address, source.schema_arrow)], self.text, self.columns)
            first = 0
            for number in range(source.num_row_groups):
                group = source.metadata.row_group(number)
                if shard.start <= _begins(group) < shard.stop:
                    yield from self._group(source, number, first, schema, shard.file.name)
                first += group.num_rows

    def _group(
        self, source: Any, number: int, first: int, schema: pa.Schema, file: str
    ) -> Iterator[pa.RecordBatch | Lost]:
        from penstock.data.tables import BATCH_ROWS, documents, wanted

        def name(row: int) -> str:
            return f"{file}:{number}:{row - first}"

        columns = wanted(source.schema_arrow, self.text, self.columns)
        row = first
        try:
            for rows in source.iter_batches(
                BATCH_ROWS, row_groups=[number], columns=columns, use_threads=False
            ):
                for part in documents(rows, schema, self.text, row, name):
                    if isinstance(part, tuple):
                        yield Lost(name(part[0]), part[0], error=part[1])
                    else:
                        yield part
                row += rows.num_rows
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None):  # of the disk, not of what stands on it
                raise
            told = f"row group {number} cannot be unpacked: {_first_line(error)}"
            for lost in range(row, first + source.metadata.row_group(number).num_rows):
                yield Lost(name(lost), lost, error=told)


def _opened(file: File) -> Any:
    import pyarrow.parquet as pq

    source = file.arrow()
    try:
        return pq.ParquetFile(source)
    except (OSError, ValueError) as error:
        source.close()
        raise PenstockError(
            f"{file.address} is not a whole Parquet file: {_first_line(error)}",
            hint="it may be cut off: fetch it again, or leave it out",
        ) from error


def _begins(group: Any) -> int:
    """Where the first byte of a row group stands."""
    chunks = [group.column(place) for place in range(group.num_columns)]
    # The dictionary, where there is one, stands before the data; some writers say 0 for none.
    starts = [one.dictionary_page_offset or one.data_page_offset for one in chunks]
    return min(starts, default=0)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
