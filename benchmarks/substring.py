"""Passages that stand in several documents: `python benchmarks/substring.py`.

200 MB of real text through `dedup.substring: {tokens: 50}`, with passages copied from document to
document; two workers; the time, and the memory of all processes together.
"""

import argparse
import json
import random
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import dedup
import report

TOKENS = 50
MOST_MB = 2048
# Shorter than what is looked for, in words or Han characters.
PIECE = re.compile(r"(?:[\u4e00-\u9fff]\s*|[^\s\u4e00-\u9fff]+\s*){1,20}")
# One document in so many gets a passage of another, of so many pieces.
EVERY, PASSAGE = 10, (5, 15)


def generate(out: Path, bytes_wanted: int, folder: Path | None) -> dict[str, int]:
    """Write the text. There is not so much real text at hand; so each document comes again with its
    pieces in another order, which repeats no run of 50 tokens but those of the passages."""
    whole = out.with_suffix(".all")
    dedup.build(whole, 1_000_000, folder)
    with whole.open(encoding="utf-8") as rows:
        texts = list(dict.fromkeys(json.loads(row)["text"] for row in rows))
    whole.unlink()
    draw, before = random.Random(0), [["nothing "]]
    written = number = characters = 0
    with out.open("w", encoding="utf-8") as file:
        for pieces in orders(texts):
            if number % EVERY == EVERY - 1:
                passage = copied(draw.choice(before), draw)
                at = draw.randrange(len(pieces) + 1)
                characters += len("".join(passage))
                text = "".join([*pieces[:at], *passage, *pieces[at:]])
            else:
                text = "".join(pieces)
                before = [*before[-999:], pieces]
            row = json.dumps({"id": f"doc-{number}", "text": text}, ensure_ascii=False) + "\n"
            number, written = number + 1, written + len(row.encode())
            file.write(row)
            if written >= bytes_wanted:
                break
    return {"documents": number, "bytes": written, "copied_characters": characters}


def orders(texts: list[str]) -> Iterator[list[str]]:
    """The pieces of each text in order; then of each every second first, every third, and so on."""
    pieces = [PIECE.findall(text) for text in texts]
    for stride in range(1, 100):
        for one in pieces:
            if len(one) >= 2 * stride:
                yield [piece for start in range(stride) for piece in one[start::stride]]


def copied(pieces: list[str], draw: random.Random) -> list[str]:
    """Some neighbouring pieces."""
    count = draw.randint(*PASSAGE)
    start = draw.randrange(max(1, len(pieces) - count))
    return pieces[start : start + count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="documents of your own (see corpus.py)")
    parser.add_argument("--work", type=Path, default=dedup.DATA / "substring")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    source = work / "documents" / "corpus.jsonl"
    source.parent.mkdir(parents=True, exist_ok=True)
    said = generate(source, arguments.mb * 1_000_000, arguments.folder)
    step = {"dedup.substring": {"tokens": TOKENS}}
    run = dedup.with_penstock(work, step, source, (0, 1))
    left = characters(work / "penstock")
    found = {
        **said,
        **asdict(run),
        "documents_a_second": round(said["documents"] / run.seconds),
        "removed_characters": characters(source.parent) - left,
    }
    for name, value in found.items():
        print(f"{name:20}{value:>14,}")
    targets = report.judged({"memory in MB": (run.total_mb, "<=", MOST_MB)})
    report.say(targets)
    report.write("substring", step=step, run=found, targets=targets)


def characters(folder: Path) -> int:
    """How much text lies below a folder as JSON Lines."""
    total = 0
    for path in folder.rglob("*.jsonl"):
        with path.open(encoding="utf-8") as rows:
            total += sum(len(json.loads(row)["text"]) for row in rows)
    return total


if __name__ == "__main__":
    main()
