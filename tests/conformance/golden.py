"""Goldens: what a peer measured and decided, by the digest of the text; never the text itself."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from documents import documents
from edge_cases import edge_cases

FOLDER = Path(__file__).parent / "goldens"
LIMIT = 300_000


class Text(NamedTuple):
    """A text to compare on: an edge case has a name, a real document none."""

    name: str | None
    language: str
    text: str


def texts(data: Path | None) -> Iterator[Text]:
    """All edge cases, then the real documents where their folder is given."""
    for name, text in edge_cases().items():
        yield Text(name, "en", text)
    for document in documents(data) if data else ():
        yield Text(None, document.language, document.text)


def key(text: str) -> bytes:
    """The 128-bit XXH3 of a text; lone surrogates as they are."""
    return xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass"))


def write(name: str, peer: str, script: str, rows: list[tuple[Text, Mapping[str, Any]]]) -> None:
    """Write `goldens/name.parquet`: key, name and language of each text, and what the peer said."""
    table = pa.Table.from_pylist([dict(said) for _, said in rows])
    for index, (column, values) in enumerate(
        {
            "key": pa.array([key(one.text) for one, _ in rows], pa.binary(16)),
            "name": pa.array([one.name for one, _ in rows], pa.string()),
            "language": pa.array([one.language for one, _ in rows], pa.string()),
        }.items()
    ):
        table = table.add_column(index, column, values)
    table = table.replace_schema_metadata({"peer": peer, "script": Path(script).name})
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{name}.parquet"
    pq.write_table(table, file, compression="zstd", compression_level=19)
    size = file.stat().st_size
    assert size <= LIMIT, f"{file.name} has {size:,} bytes, more than {LIMIT:,}"
    print(f"{file.name}: {table.num_rows:,} texts, {size:,} bytes, {peer}")


def read(name: str) -> pa.Table:
    """A golden as a table."""
    return pq.read_table(FOLDER / f"{name}.parquet")
