"""Read documents from CSV and TSV files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from penstock.errors import UsageError
from penstock.ops.base import Lost, Read
from penstock.text.nearest import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.delimited import Dialect, Record
    from penstock.data.files import File
    from penstock.data.shards import Shard

BATCH_ROWS = 1024
RAW_KEPT = 1 << 16


@dataclass(frozen=True)
class Csv(Read):
    """One document for each record (RFC 4180), whose fields may hold line ends.

    Without a `delimiter` it is a tab in `.tsv` and a comma elsewhere. The first record names the
    columns, all of them strings; `columns` chooses among them and gives them types, as in
    ``{text: string, label: int64}``; where there is no `header` it names all, in their order. An
    empty field is null in a column that is not a string. A record with too many or too few fields,
    a wrong value, or quotes that do not match is quarantined with its line number, and reading goes
    on at the next line. Spark and MySQL write quotes with `escape: '\\'`; `strict: false` takes
    quotes inside of quoted fields as they come.

    >>> Csv(path="rows.csv", text="body", columns={"body": "string", "n": "int64"}).quote
    '"'
    """

    suffixes: ClassVar[tuple[str, ...]] = (
        ".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst",
    )  # fmt: skip

    path: str | tuple[str, ...]
    text: str = "text"
    delimiter: str | None = None
    quote: str = '"'
    escape: str | None = None
    header: bool = True
    columns: dict[str, str] | None = None
    encoding: str = "utf-8"
    strict: bool = True

    def __post_init__(self) -> None:
        from penstock.data.encodings import known

        known(self.encoding)
        if not self.header and not self.columns:
            raise ValueError("`columns` should name the columns where there is no `header`")
        for name, value in (("delimiter", self.delimiter), ("escape", self.escape)):
            if value is not None and len(value) != 1:
                raise ValueError(f"`{name}` should be one character")
        if len(self.quote) > 1:
            raise ValueError("`quote` should be one character, or empty where nothing is quoted")

    def schema(self, files: list[File]) -> pa.Schema:
        """The columns, which all files must have."""
        import pyarrow as pa

        from penstock.data.columns import RESERVED

        first = self._layout(files[0])
        for file in files[1:]:
            differ = first.columns.keys() ^ self._layout(file).columns.keys()
            if differ:
                raise UsageError(
                    f"column `{min(differ)}` is in one of {files[0].address} and {file.address},"
                    " and not in the other",
                    hint="read the files by themselves, or choose what they share with `columns`",
                )
        own = {name: kind for name, (_, kind) in first.columns.items() if name not in RESERVED}
        return pa.schema(list(own.items()))

    def records(self, shard: Shard) -> Iterator[pa.RecordBatch | Lost]:
        """All records of the file."""
        from penstock.data.delimited import records

        layout = self._layout(shard.file)
        held: list[Record] = []
        found = records(shard, self._dialect(shard.file))
        if self.header:
            next(found, None)
        for record in found:
            problem = record.problem
            if not problem and len(record.fields) != layout.width:
                counts = f"{len(record.fields)} in a table of {layout.width} columns"
                problem = f"line {record.line:,}: wrong number of fields: {counts}"
            if problem:
                yield from layout.documents(held)
                held = []
                yield layout.lost(record, problem)
            else:
                held.append(record)
                if len(held) == BATCH_ROWS:
                    yield from layout.documents(held)
                    held = []
        yield from layout.documents(held)

    def _dialect(self, file: File) -> Dialect:
        from penstock.data.delimited import Dialect

        tabs = ".tsv" in file.name.lower()
        delimiter = self.delimiter or ("\t" if tabs else ",")
        return Dialect(delimiter, self.quote, self.escape, self.strict, self.encoding)

    def _names(self, file: File) -> list[str]:
        """The names of all columns of a file."""
        from penstock.data.delimited import records
        from penstock.data.shards import Shard

        if not self.header:
            return list(self.columns or ())
        first = next(records(Shard(0, file, 0, file.size), self._dialect(file)), None)
        if first is None or first.problem:
            problem = first.problem if first else "the file is empty"
            raise UsageError(
                f"{file.address} does not begin with the names of its columns: {problem}",
                hint="`header: false` with `columns` says what they are",
            )
        names = [name.strip() or f"column_{at}" for at, name in enumerate(first.fields, start=1)]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise UsageError(f"{file.address} has several columns `{min(twice)}`")
        return names

    def _layout(self, file: File) -> _Layout:
        import pyarrow as pa

        from penstock.data.columns import type_of

        names = self._names(file)
        columns: dict[str, tuple[int, pa.DataType]] = {}
        for key, kind in (self.columns or dict.fromkeys(names, "string")).items():
            if key not in names:
                hint = did_you_mean(key, names, label="columns")
                raise UsageError(f"{file.address} has no column `{key}`", hint=hint)
            if key == self.text or key != "text":
                name = "text" if key == self.text else key
                columns[name] = (names.index(key), type_of(kind, key))
        if "id" in names:
            columns["id"] = (names.index("id"), pa.string())
        return _Layout(file.name, len(names), columns)


class _Layout(NamedTuple):
    """Which field of a file goes into which column, and as what type."""

    file: str
    width: int
    columns: dict[str, tuple[int, pa.DataType]]

    def documents(self, records: Sequence[Record]) -> Iterator[pa.RecordBatch | Lost]:
        """Records as documents; those that do not fit are lost."""
        from penstock.data.columns import isolated

        for part in isolated(records, self._batch):
            if isinstance(part, tuple):
                record, why = part
                yield self.lost(record, f"line {record.line:,}: {why}")
            else:
                yield part

    def lost(self, record: Record, problem: str) -> Lost:
        """A record that gives no document."""
        own = f"{self.file}:{record.offset}"
        return Lost(own, record.offset, error=problem, raw=record.raw[:RAW_KEPT])

    def _batch(self, records: Sequence[Record]) -> pa.RecordBatch:
        import pyarrow as pa

        found = {
            name: _column(name, [one.fields[place] for one in records], kind)
            for name, (place, kind) in self.columns.items()
        }
        if "id" not in found:
            found["id"] = pa.array([f"{self.file}:{one.offset}" for one in records], pa.string())
        found["offset"] = pa.array([one.offset for one in records], pa.int64())
        return pa.RecordBatch.from_pydict(found)


def _column(name: str, values: list[str], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    from penstock.data.columns import MisfitError

    if pa.types.is_string(kind):
        return pa.array(values, pa.string())
    try:
        return pa.array([value or None for value in values], pa.string()).cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise MisfitError(f"column `{name}` should be {kind}: {error}") from error
