"""What several readers share: archives, files that are one document each, and JSON objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from penstock.errors import RecordError
from penstock.ops.base import REPAIR, Lost, Read

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.crawl.frames import Form
    from penstock.crawl.record import WebRecord
    from penstock.crawl.window import Frame
    from penstock.data.columns import Columns
    from penstock.data.files import File
    from penstock.data.shards import Shard

RAW_KEPT = 1 << 16
MAX_FILE = 64 << 20


class Refusal(NamedTuple):
    """Why a record that can be read need not be."""

    rule: str
    value: str
    threshold: str


class Archive(Read):
    """A reader of web archives: every byte ends in a record, and every record is accounted for."""

    def document(self, record: WebRecord) -> Mapping[str, Any] | Refusal:
        """The document of a record, or why there is none. Raises RecordError for a bad one."""
        raise NotImplementedError

    def form(self) -> Form:
        """How the archive is cut."""
        from penstock.crawl.frames import WARC

        return WARC

    def parse(self, frame: Frame) -> WebRecord:
        """The record in a frame."""
        from penstock.crawl.record import parse_record

        return parse_record(frame)

    def records(self, shard: Shard) -> Iterator[Mapping[str, Any] | Lost]:
        """The records whose first byte stands in the shard."""
        from penstock.crawl.frames import frames

        with shard.file.open() as stream:
            for frame in frames(stream, shard.start, shard.stop, self.form()):
                inner = f"+{frame.inner}" if frame.inner else ""
                yield self._settled(frame, f"{shard.file.name}:{frame.offset}{inner}")

    def _settled(self, frame: Frame, name: str) -> Mapping[str, Any] | Lost:
        problem = frame.problem
        if not problem:
            try:
                record = self.parse(frame)
                found = self.document(record)
            except RecordError as error:
                problem = error.message
        if problem:
            return Lost(name, frame.offset, error=problem, raw=frame.data[:RAW_KEPT])
        if isinstance(found, Refusal):
            return Lost(name, frame.offset, *found)
        return {"id": name, "offset": frame.offset, REPAIR: record.repair, **found}


class Documents(Read):
    """A reader of files that are one document each."""

    largest: ClassVar[int] = MAX_FILE

    def document(self, data: bytes, file: File) -> Mapping[str, Any]:
        """The document in the bytes of a file. Raises RecordError where there is none."""
        raise NotImplementedError

    def records(self, shard: Shard) -> Iterator[Mapping[str, Any] | Lost]:
        """The document, in the shard in which its first byte stands."""
        if shard.start:
            return
        file = shard.file
        name = below(self.path, file)
        data = b""
        try:
            if file.size > self.largest:
                raise RecordError(f"a file of {file.size:,} bytes is larger than {self.largest:,}")
            with file.open() as stream:
                data = stream.read(self.largest + 1)
            yield {"id": name, "offset": 0, **self.document(data, file)}
        except RecordError as error:
            yield Lost(name, 0, error=error.message, raw=data[:RAW_KEPT])


def below(paths: str | tuple[str, ...], file: File) -> str:
    """The path of a file below what the user has named: a folder holds many an `index.html`.

    >>> from penstock.data.files import File
    >>> below("docs/*/*.md", File("docs/a/index.md", 0)), below("a.md", File("a.md", 0))
    ('a/index.md', 'a.md')
    """
    for path in [paths] if isinstance(paths, str) else paths:
        root = re.split(r"[*?\[]", path, maxsplit=1)[0]
        root = root if root == path else root.rpartition("/")[0]
        if root and file.address.startswith(root.rstrip("/") + "/"):
            return file.address[len(root.rstrip("/")) + 1 :].partition("::")[0]
    return file.name


class Item(NamedTuple):
    """A JSON object, where it stands, and its bytes."""

    row: dict[str, Any]
    offset: int
    raw: bytes


class Objects(Read):
    """A reader of JSON objects, which become rows of a table."""

    text: str
    columns: dict[str, str] | None

    def objects(
        self, shard: Shard, columns: Columns | None
    ) -> Iterator[Mapping[str, Any] | Lost | pa.RecordBatch]:
        """The objects of a shard, as documents of these columns where they are known."""
        raise NotImplementedError

    def records(self, shard: Shard) -> Iterator[Mapping[str, Any] | Lost | pa.RecordBatch]:
        """The objects of a shard one by one, or in batches where `columns` names the columns."""
        from penstock.data.columns import named

        schema = None if self.columns is None else named(self.columns, self.text)
        return self.objects(shard, schema and self._columns(schema))

    def documents(
        self, shard: Shard, schema: pa.Schema
    ) -> Iterator[Mapping[str, Any] | Lost | pa.RecordBatch]:
        """The objects of a shard in batches; those that do not fit the schema are lost."""
        return self.objects(shard, self._columns(schema))

    def _columns(self, schema: pa.Schema) -> Columns:
        from penstock.data.columns import RESERVED, Columns

        for name in RESERVED:
            if name in schema.names:
                schema = schema.remove(schema.get_field_index(name))
        as_json = frozenset(key for key, kind in (self.columns or {}).items() if kind == "json")
        return Columns(schema, self.text, as_json)

    def settled(
        self, items: Sequence[Item], file: str, columns: Columns | None
    ) -> Iterator[Mapping[str, Any] | Lost | pa.RecordBatch]:
        """The objects as documents, in batches where the columns are known."""
        from penstock.data.columns import isolated

        if columns is None:
            yield from (self._document(item, file) for item in items)
            return

        def build(some: Sequence[Item]) -> pa.RecordBatch:
            ids = [_own_id(item, file) for item in some]
            return columns.batch([item.row for item in some], ids, [item.offset for item in some])

        for part in isolated(items, build):
            if isinstance(part, tuple):
                item, why = part
                yield Lost(_own_id(item, file), item.offset, error=why, raw=item.raw)
            else:
                yield part

    def _document(self, item: Item, file: str) -> dict[str, Any]:
        row = dict(item.row)
        if self.text != "text":
            row.pop("text", None)
            if self.text in row:
                row["text"] = row.pop(self.text)
        return {**row, "id": _own_id(item, file), "offset": item.offset}


def _own_id(item: Item, file: str) -> str:
    own = item.row.get("id")
    if type(own) is float and item.raw:  # a number beyond 64 bits, of which no digit may be lost
        own = json.loads(item.raw.lstrip(b"\x1e"))["id"]
    return f"{file}:{item.offset}" if own is None else str(own)
