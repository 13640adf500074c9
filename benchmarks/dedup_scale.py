"""Planted near-duplicates in more and more documents: `python benchmarks/dedup_scale.py`.

Two workers, `--memory 3G`: what `dedup.minhash` finds of what `planted.py` has hidden, by the
ledger; the memory of all processes together; and whether time grows faster than the documents.
"""

import argparse
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dedup
import planted
import pyarrow.parquet as pq
import report

STEP = dedup.STEPS[dedup.NEAR]
CORES = (0, 1)
# Seconds a document with most documents, over those with fewest.
GROWTH = 1.15
# MinHash is a matter of chance, and so are the figures it is held against.
CHANCE = 0.002


def measured(work: Path, size: int, memory: str) -> dict[str, Any]:
    """One run, and what its ledger says."""
    source = work / str(size)
    planted.write(source, size)
    place = work / f"run-{size}"
    run = dedup.with_penstock(place, STEP, source / "*.jsonl", CORES, ("--memory", memory))
    columns = ["id", "state", "merged_into"]
    ledger = pq.read_table(place / "run" / "ledger", columns=columns)
    found = planted.check(planted.plan(size), ledger, dedup.BANDS, dedup.ROWS)
    shutil.rmtree(place)  # gigabytes
    mb = sum(file.stat().st_size for file in source.glob("*.jsonl")) / 1e6
    speed = {"documents_a_second": round(size / run.seconds)}
    return {"documents": size, "mb": round(mb), **asdict(run), **speed, **found}


def verdicts(rows: list[dict[str, Any]], memory: str) -> dict[str, dict[str, Any]]:
    """What was asked and what was reached."""
    first, last = rows[0], rows[-1]
    linear = first["seconds"] / first["documents"] * last["documents"]
    most = max(row["total_mb"] for row in rows)
    least = min(row["members_found"] - row["members_expected"] for row in rows)
    wrong = sum(row["merged_wrongly"] + row["neither_kept_nor_merged"] for row in rows)
    growth = round(last["seconds"] / linear, 3)
    return report.judged(
        {
            "growth, times linear": (growth, "<=", GROWTH),
            "memory in MB": (most, "<=", float(memory.rstrip("G")) * 1024),
            "members found beyond expected": (round(least, 5), ">=", -CHANCE),
            "merged wrongly or lost": (wrong, "<=", 0),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="+", default=[500_000, 1_000_000, 5_000_000])
    parser.add_argument("--memory", default="3G", help="in gigabytes")
    parser.add_argument("--work", type=Path, default=dedup.DATA / "planted")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    rows = []
    for size in sorted(arguments.documents):
        rows.append(measured(work, size, arguments.memory))
        print("  ".join(f"{name} {value:,}" for name, value in rows[-1].items()))
    targets = verdicts(rows, arguments.memory)
    report.say(targets)
    report.write("dedup_scale", step=STEP, runs=rows, targets=targets)


if __name__ == "__main__":
    main()
