"""`penstock clean`: says what would go, and asks."""

from __future__ import annotations

import json
import sys

from penstock import face
from penstock.cli.table import size, table
from penstock.errors import UsageError


def clean_runs(runs: str, yes: bool, as_json: bool) -> None:
    """Show what can be removed, and remove it once that is agreed."""
    found = face.clean(runs)
    rows = [[one["path"], size(one["bytes"]), one["reason"]] for one in found]
    if found:
        print(table(rows, ["path", "size", "why"], left=1), file=sys.stderr)
    if found and (yes or _agreed()):
        found = face.clean(runs, really=True)
    if as_json:
        print(json.dumps(found, indent=1))
    else:
        removed = [one for one in found if one.get("removed")]
        freed = size(sum(one["bytes"] for one in removed))
        print(f"removed {len(removed)}, {freed}" if removed else "nothing removed")


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError("clean removes nothing unasked", hint="add --yes")
    print("remove these? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
