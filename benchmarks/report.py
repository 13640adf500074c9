"""What all comparisons say and write in the same way."""

import json
import sys
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from measure import machine, median

RESULTS = Path(__file__).parent / "results"
# Where things stand on this machine, which no figure depends on.
_PLACES = ("--envs", "--work", "--out")
_MEETS: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda reached, asked: reached >= asked,
    "<=": lambda reached, asked: reached <= asked,
}

Check = tuple[float, str, float]  # what was reached, ">=" or "<=", what was asked
Figures = dict[str, dict[str, Any]]


def figures(measured: Mapping[str, list[dict[str, float]]], size: int) -> Figures:
    """The medians of each tool, and the most memory it took."""
    found = {}
    for name, runs in measured.items():
        seconds = median(runs, "seconds")
        found[name] = {
            "seconds": seconds,
            "cpu_seconds": median(runs, "cpu_seconds"),
            "documents_a_second": round(size / seconds, 1),
            "largest_mb": max(one["largest_mb"] for one in runs),
            "total_mb": max(one["total_mb"] for one in runs),
        }
    return found


def set_beside(found: Figures, ours: Callable[[str], dict[str, Any] | None]) -> None:
    """Add to each tool how many times as long it takes as `ours` says that penstock's does."""
    for name, row in found.items():
        own = ours(name)
        row["penstock_is_faster"] = own and round(row["seconds"] / own["seconds"], 2)
        row["times_the_cpu"] = own and round(row["cpu_seconds"] / own["cpu_seconds"], 2)


def judged(checks: Mapping[str, Check]) -> Figures:
    """Each target with what was reached."""
    return {
        name: {"reached": reached, "asked": f"{sign} {asked}", "met": _MEETS[sign](reached, asked)}
        for name, (reached, sign, asked) in checks.items()
    }


def show(found: Figures, others: Mapping[str, str]) -> None:
    """Print a table of tools; `others` are columns of their own, with how they are written."""
    print(
        f"{'tool':22}{'s':>9}{'CPU s':>9}{'docs/s':>10}{'RSS MB':>8}{'all MB':>8}"
        + "".join(f"{name:>12}" for name in others)
        + f"{'slower':>10}{'CPU':>9}"
    )
    for name, row in found.items():
        print(
            f"{name:22}{row['seconds']:9.2f}{row['cpu_seconds']:9.2f}"
            f"{row['documents_a_second']:10,.0f}{row['largest_mb']:8.0f}{row['total_mb']:8.0f}"
            + "".join(f"{format(row[other], how):>12}" for other, how in others.items())
            + f"{row['penstock_is_faster'] or 0:9.1f}×{row['times_the_cpu'] or 0:8.1f}×"
        )


def say(targets: Figures) -> None:
    """Print what was asked and reached."""
    for name, row in targets.items():
        print(f"{name}: {row['reached']} ({row['asked']}) {'met' if row['met'] else 'NOT MET'}")


def command(arguments: list[str]) -> str:
    """The command that was given, without where things stand.

    >>> command(["/x/dedup.py", "--rounds", "2", "--envs", "/y"])
    'python benchmarks/dedup.py --rounds 2'
    """
    kept = [f"benchmarks/{Path(arguments[0]).name}"]
    for before, one in pairwise(arguments):
        if one not in _PLACES and before not in _PLACES:
            kept.append(one)
    return " ".join(["python", *kept])


def write(name: str, **record: Any) -> None:
    """Keep what was found in results/<name>.json."""
    RESULTS.mkdir(exist_ok=True)
    whole = {"command": command(sys.argv), "machine": machine(), **record}
    (RESULTS / f"{name}.json").write_text(json.dumps(whole, indent=2) + "\n")
