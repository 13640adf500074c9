"""A million documents of 1 kB in little memory: `python benchmarks/million.py`.

Generated documents, six filters, two workers, `--memory 1G`; the memory of all processes together,
then how long `penstock what-if` takes for another threshold.
"""

import argparse
import json
import random
from dataclasses import asdict
from pathlib import Path

import filters
import report
from measure import Measured, measure

STEPS = ("text_length", "word_count", *filters.STEPS)
ASKED = {"total_mb": 1024, "what_if_seconds": 1.0}
WORDS = (
    "the river and its gates have to be kept with care so that water of spring can pass below"
    " turbines while engineers watch level dam night long valley towns power stone bridge flood"
    " summer winter keeper house report number north south stream mill bank road field rain"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--work", type=Path, default=filters.DATA / "million")
    parser.add_argument("--memory", default="1G")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    source = work / "documents" / "corpus.jsonl"
    generate(source, arguments.documents)
    run = clean(work, arguments.memory)
    asked = what_if(work)
    found = {
        "documents": arguments.documents,
        "mb": round(source.stat().st_size / 1e6),
        **asdict(run),
        "documents_a_second": round(arguments.documents / run.seconds),
        "what_if_seconds": asked.seconds,
    }
    for name, value in found.items():
        note = f" (asked ≤ {ASKED[name]})" if name in ASKED else ""
        print(f"{name:20}{value:>12,}{note}")
    report.write("million", **found)


def generate(out: Path, size: int) -> None:
    """Prose of random words, the same each time; some short, some repeating itself."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draw, words = random.Random(0), WORDS.split()
    with out.open("w", encoding="utf-8") as file:
        for number in range(size):
            lines = [" ".join(draw.choices(words, k=13)).capitalize() + "." for _ in range(14)]
            if number % 10 == 0:
                lines = lines[:2] if number % 20 else lines[:3] * 5
            row = {"id": f"doc-{number}", "text": "\n".join(lines)}
            file.write(json.dumps(row) + "\n")


def clean(work: Path, memory: str) -> Measured:
    return filters.with_penstock(work, 2, STEPS, ("--memory", memory))


def what_if(work: Path) -> Measured:
    command = [
        str(filters.PENSTOCK),
        "what-if",
        str(work / "run"),
        "--set",
        "filter.word_count.max=190",
    ]
    return measure(command, work / "what-if.log", cwd=work)


if __name__ == "__main__":
    main()
