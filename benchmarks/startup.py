"""How long a run of ten rows takes: `python benchmarks/startup.py [--rounds 7]`.

One filter and one writer, whole processes, in turn, warm (one run before that is not counted).
"""

import argparse
import json
from functools import partial
from pathlib import Path

import filters
import peers
import report
from measure import Measured, median, rounds

ASKED = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--work", type=Path, default=filters.DATA / "startup")
    parser.add_argument("--envs", type=Path, default=peers.ENVS)
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    source = work / "documents" / "corpus.jsonl"
    source.parent.mkdir(parents=True, exist_ok=True)
    rows = ({"id": str(n), "text": f"Row {n} of ten, no more.", "source": "s"} for n in range(10))
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    runs = tools(work, arguments.envs.resolve())
    for run in runs.values():
        run()
    measured = rounds(runs, arguments.rounds)
    found = {name: median(of, "seconds") for name, of in measured.items()}
    for name, seconds in found.items():
        print(f"{name:22}{seconds:8.2f} s")
    targets = report.judged({"seconds": (found["penstock"], "<=", ASKED)})
    report.say(targets)
    report.write("startup", medians=found, targets=targets, rounds=measured)


def tools(work: Path, envs: Path) -> dict[str, partial[Measured]]:
    """The same tools as in the comparison of filters, of each the quickest to start."""
    datatrove, juicer = peers.python("datatrove", envs), peers.python("data-juicer", envs)
    few = ("text_length_filter",)
    return {
        "penstock": partial(filters.with_penstock, work, 1, ("word_count",)),
        "datatrove": partial(filters.with_datatrove, work, datatrove, ("GopherQualityFilter",)),
        "data-juicer": partial(filters.with_data_juicer, work, juicer, False, few),
        "data-juicer, 11 filters": partial(filters.with_data_juicer, work, juicer, False),
    }


if __name__ == "__main__":
    main()
