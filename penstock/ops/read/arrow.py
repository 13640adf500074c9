"""Read documents from Arrow files, streams and Feather."""

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
class Arrow(Read):
    """One document for each row of an Arrow IPC file (Feather, version 2) or stream.

    `text` and `columns` are as in `read.parquet`. The id is that of a column `id`, or else file and
    row; `offset` is the row's number. A stream that is cut off is read as far as it goes; a file
    without its footer is told before anything starts.

    >>> Arrow(path="pages/*.arrow").suffixes
    ('.arrow', '.feather', '.ipc', '.arrows')
    """

    suffixes: ClassVar[tuple[str, ...]] = (".arrow", ".feather", ".ipc", ".arrows")

    path: str | tuple[str, ...]
    text: str = "text"
    columns: tuple[str, ...] | None = None

    def schema(self, files: list[File]) -> pa.Schema:
        """The columns on which all files agree."""
        from penstock.data.tables import agreed

        schemas = []
        for file in files:
            with file.arrow() as source, _reader(source, file) as reader:
                schemas.append((file.address, reader.schema))
        return agreed(schemas, self.text, self.columns)

    def records(self, shard: Shard) -> Iterator[pa.RecordBatch | Lost]:
        """All rows of the file."""
        from penstock.data.tables import agreed, documents

        file = shard.file
        row = 0
        with file.arrow() as source, _reader(source, file) as reader:
            schema = agreed([(file.address, reader.schema)], self.text, self.columns)
            batches = _batches(reader)
            while True:
                try:
                    rows = next(batches, None)
                except (OSError, ValueError) as error:
                    if getattr(error, "errno", None):  # of the disk, not of what stands on it
                        raise
                    told = f"the rows from here on cannot be read: {error}".partition("\n")[0]
                    yield Lost(f"{file.name}:{row}", row, error=told)
                    return
                if rows is None:
                    return
                parts = documents(rows, schema, self.text, row, lambda at: f"{file.name}:{at}")
                for part in parts:
                    if isinstance(part, tuple):
                        yield Lost(f"{file.name}:{part[0]}", part[0], error=part[1])
                    else:
                        yield part
                row += rows.num_rows


def _reader(source: Any, file: File) -> Any:
    import pyarrow as pa

    try:
        if source.read(6) == b"ARROW1":
            return pa.ipc.open_file(source)
        source.seek(0)
        return pa.ipc.open_stream(source)
    except (OSError, ValueError) as error:
        what = "an old Feather file (version 1)" if _is_old(source) else "not a whole Arrow file"
        raise PenstockError(
            f"{file.address} is {what}: {str(error).partition(chr(10))[0]}",
            hint="it may be cut off: fetch it again, or leave it out",
        ) from error


def _is_old(source: Any) -> bool:
    source.seek(0)
    return bool(source.read(4) == b"FEA1")


def _batches(reader: Any) -> Iterator[pa.RecordBatch]:
    if hasattr(reader, "num_record_batches"):
        return map(reader.get_batch, range(reader.num_record_batches))
    return iter(reader)
