"""What the ledger and the measures of a run say, as text."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from penstock.cli.table import table

DIFF_LINES = 40


def explained(entry: Mapping[str, Any]) -> str:
    """What `penstock why` says of one record."""
    lines = [
        f"{entry['id']}: {entry['state']}",
        f"  from {entry['source']} at byte {entry['offset']}",
    ]
    if entry["state"] == "dropped":
        lines.append(
            f"  by {entry['step']}, rule {entry['rule']}:"
            f" it has {entry['value']}, the threshold is {entry['threshold']}"
        )
    if entry.get("parent"):
        lines.append(f"  born of {entry['parent']}")
    if entry["state"] == "merged":
        lines.append(
            f"  by {entry['step']} into {entry['merged_into']}, similarity {entry['similarity']:g}"
        )
    if entry["error"]:
        at = f"  at {entry['step']}: " if entry["step"] else "  "
        lines.append(f"{at}{entry['error']}")
    lines += _changes(entry.get("journey", []))
    if entry["measures"]:
        lines.append("  measured:")
        lines += [f"    {name}: {_number(value)}" for name, value in entry["measures"].items()]
    return "\n".join(lines)


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _changes(changes: list[Mapping[str, Any]]) -> Iterator[str]:
    """What each step made of a record: small values as they are, texts as a difference."""
    for change in changes:
        yield f"  {change['step']}"
        after = change["after"]
        if after is None:
            yield "    nothing was left"
            continue
        for name in {**change["before"], **after}:
            old, new = change["before"].get(name), after.get(name)
            if isinstance(old, str) and isinstance(new, str):
                yield from (f"    {line}" for line in _difference(name, old, new))
            elif name in after:
                yield f"    {name}: {_cut(new)}"
            else:
                yield f"    {name}: gone"


def _difference(name: str, old: str, new: str) -> Iterator[str]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm="")
    found = [line for line in lines if not line.startswith(("---", "+++"))]
    yield f"{name}: {len(old):,} → {len(new):,} characters"
    yield from map(_cut, found[:DIFF_LINES])
    if len(found) > DIFF_LINES:
        yield f"… {len(found) - DIFF_LINES} more lines; --json has all"


def _cut(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 160 else f"{text[:157]}…"


def answered(found: Mapping[str, Any]) -> str:
    """What `penstock what-if` says."""
    low, high = found["kept"]
    kept = f"{low:,}" if low == high else f"{low:,} to {high:,}" if high else f"at least {low:,}"
    lines = [f"{', '.join(found['set'])}: keeps {kept}, was {found['kept_before']:,}"]
    if found["open"]:
        lines.append(
            f"{found['open']:,} rows get past a step that stopped them, and were not measured"
            " behind it; --run reads them again"
        )
    steps = {**found["dropped_before"], **found["dropped"]}
    rows = [
        [label, f"{found['dropped_before'].get(label, 0):,}", f"{found['dropped'].get(label, 0):,}"]
        for label in sorted(steps, key=lambda label: int(label.partition(":")[0]))
    ]
    return "\n".join([*lines, table(rows, ["ends at", "before", "with"])] if rows else lines)
