"""Where a record of a run ended, and why."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds

from penstock.errors import MissingError, PenstockError
from penstock.runs.folder import Run


def fate(run: Run, record_id: str) -> list[dict[str, Any]]:
    """The ledger entries with this id (ids may repeat), each with the record's measures.

    Raises MissingError when the run read no such record.
    """
    folder = run.path / "ledger"
    if not folder.is_dir():
        raise PenstockError(
            f"{run.path} has no ledger", hint="only recipes keep one; was the run finished?"
        )
    found: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*.parquet")):
        table = ds.dataset(file).to_table(filter=pc.field("id") == record_id)
        found += [{**entry, "shard": file.stem} for entry in table.to_pylist()]
    if not found:
        raise MissingError(
            f"this run read no record `{record_id}`",
            hint="ids are those in the dataset's `id` column and in the ledger",
        )
    return [{**entry, "measures": _measures(run, entry)} for entry in found]


def _measures(run: Run, entry: dict[str, Any]) -> dict[str, Any]:
    file = run.path / "measures" / f"{entry['shard']}.parquet"
    if not file.exists():
        return {}
    rows = ds.dataset(file).to_table(filter=pc.field("row") == entry["row"]).to_pylist()
    merged = {key: value for row in rows for key, value in row.items() if value is not None}
    merged.pop("row", None)
    return merged
