"""The goldens themselves: small, traceable, and of enough texts in enough languages."""

from pathlib import Path

import golden
import pyarrow.parquet as pq
import pytest

FILES = sorted(golden.FOLDER.glob("*.parquet"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_is_small_and_says_where_it_comes_from(path: Path) -> None:
    assert path.stat().st_size <= golden.LIMIT
    table = pq.read_table(path)
    about = table.schema.metadata
    assert about[b"peer"]
    assert (golden.FOLDER.parent / about[b"script"].decode()).is_file()
    real = [row for row in table.select(["name", "language"]).to_pylist() if row["name"] is None]
    assert len(real) >= 2_000
    assert {"en", "zh", "de", "fr", "ru", "es", "ja", "ar"} <= {row["language"] for row in real}


def test_no_golden_holds_text() -> None:
    """Strings are names of edge cases, languages and reasons; a digest takes 16 bytes."""
    for path in FILES:
        for row in pq.read_table(path).to_pylist():
            said = [value for name, value in row.items() if name != "name"]
            assert all(len(one) <= 40 for one in said if isinstance(one, str | bytes))
