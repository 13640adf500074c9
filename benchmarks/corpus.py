"""Build the input of the benchmarks: `python benchmarks/corpus.py OUT [--folder FOLDER]`.

Real documents of about 2,000 characters, a tenth of them Chinese, none more than three times. The
folder may hold JSON, JSON Lines and plain text, packed or not; short texts that stand together in
a file are joined, long ones cut. The same folder gives the same bytes.
"""

import argparse
import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SHARED = Path(__file__).parents[2] / "shared" / "data"
FOLDERS = ("cc_text", "dedup", "lm", "sft")
SHORT, LONG = 1_400, 6_000
COPIES = 3
HAN = re.compile(r"[\u4e00-\u9fff]")


def build(out: Path, folders: list[Path], size: int = 36_000, chinese: float = 0.1) -> None:
    """Write so many documents as JSON Lines, with an id, in a fixed random order."""
    pools: tuple[list[str], list[str]] = ([], [])
    for text in dict.fromkeys(text for folder in folders for text in _documents(folder)):
        pools[len(HAN.findall(text[:1000])) > 100].append(text)
    order = random.Random(0)
    chosen = []
    for pool, share in zip(pools, (1 - chinese, chinese), strict=True):
        order.shuffle(pool)
        chosen += (pool * COPIES)[: round(size * share)]
    order.shuffle(chosen)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as file:
        for number, text in enumerate(chosen):
            row = {"id": f"doc-{number}", "text": text, "source": "corpus"}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    mean = sum(map(len, chosen)) / max(1, len(chosen))
    print(
        f"{out}: {len(chosen):,} documents ({len(pools[0]):,} and {len(pools[1]):,} different),"
        f" {out.stat().st_size / 1e6:.1f} MB, {mean:,.0f} characters on average"
    )


def _documents(folder: Path) -> Iterator[str]:
    """The texts below a folder, joined or cut to a usual length."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        waiting: list[str] = []
        for text in _texts(path):
            if len(text) >= SHORT and not waiting:
                yield from (text[at : at + LONG] for at in range(0, len(text), LONG))
                continue
            waiting.append(text)
            if sum(map(len, waiting)) >= SHORT:
                yield "\n\n".join(waiting)[:LONG]
                waiting = []


def _texts(path: Path) -> Iterator[str]:
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    if suffixes[-1:] not in ([".json"], [".jsonl"], [".txt"]):
        return
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        whole = file.read()
    if suffixes[-1] == ".txt":
        yield from (part for part in re.split(r"\n\s*\n|<\|endoftext\|>", whole) if part.strip())
    else:
        yield from map(_strings, _rows(whole))


def _rows(whole: str) -> list[Any]:
    """The rows of a JSON list or object, or of JSON Lines, whatever the file is called."""
    try:
        value = json.loads(whole)
    except json.JSONDecodeError:
        return [json.loads(line) for line in whole.split("\n") if line.strip()]
    return list(value.values()) if isinstance(value, dict) else value


def _strings(value: Any) -> str:
    """A row's text: the usual column, or all its strings."""
    if isinstance(value, dict):
        for name in ("text", "content"):
            if isinstance(value.get(name), str):
                return value[name]
        value = list(value.values())
    if isinstance(value, list):
        return "\n\n".join(filter(None, map(_strings, value)))
    return value if isinstance(value, str) else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--folder", type=Path, help="documents of your own")
    parser.add_argument("--documents", type=int, default=36_000)
    arguments = parser.parse_args()
    folders = [arguments.folder] if arguments.folder else [SHARED / name for name in FOLDERS]
    build(arguments.out, folders, arguments.documents)


if __name__ == "__main__":
    main()
