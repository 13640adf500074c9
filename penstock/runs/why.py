"""Where a record of a run ended, and why."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds

from penstock.errors import MissingError, PenstockError
from penstock.runs.folder import Run


def fate(run: Run, record_id: str) -> list[dict[str, Any]]:
    """The ledger entries with this id (ids may repeat), each with the record's measures.

    An address (`https://…`) stands for the documents kept from there. Raises MissingError when the
    run read no such record.
    """
    folder = run.path / "ledger"
    if not folder.is_dir():
        raise PenstockError(
            f"{run.path} has no ledger", hint="only recipes keep one; was the run finished?"
        )
    names = [record_id, *(_kept_from(run, record_id) if "://" in record_id else [])]
    found: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*.parquet")):
        table = ds.dataset(file).to_table(filter=pc.field("id").isin(names))
        found += [{**entry, "shard": file.stem} for entry in table.to_pylist()]
    if not found:
        raise MissingError(
            f"this run read no record `{record_id}`",
            hint="ids are in the dataset and the ledger; by their address only those documents"
            " are found that were kept",
        )
    return [{**entry, "measures": _measures(run, entry)} for entry in found]


def _kept_from(run: Run, url: str) -> list[str]:
    """The ids of the kept documents that come from an address."""
    ids: list[str] = []
    for file in sorted((run.path / "dataset" / "data").glob("*.parquet")):
        dataset = ds.dataset(file)
        if "url" in dataset.schema.names:
            found = dataset.to_table(columns=["id"], filter=pc.field("url") == url)
            ids += found.column("id").to_pylist()
    return ids


def _measures(run: Run, entry: dict[str, Any]) -> dict[str, Any]:
    file = run.path / "measures" / f"{entry['shard']}.parquet"
    if not file.exists():
        return {}
    ours = (pc.field("row") == entry["row"]) & (pc.field("child") == entry["child"])
    rows = ds.dataset(file).to_table(filter=ours).drop_columns(["row", "child"]).to_pylist()
    return {key: value for row in rows for key, value in row.items() if value is not None}
