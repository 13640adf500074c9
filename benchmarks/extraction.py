"""Speed and exactness of page extraction: `python benchmarks/extraction.py [--pages FOLDER …]`.

Whole processes on one core, each reading the same archive of real pages; and F1 on the 181 pages
of scrapinghub's article-extraction-benchmark (2020), scored as its authors do. `--pages` adds
folders of `.html` and `.html.gz`. Prints a table and writes results/extraction.json.
"""

import argparse
import gzip
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import mean
from typing import Any

from fastwarc.warc import ArchiveIterator, WarcRecordType
from measure import Measured, machine, measure, median, rounds

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared" / "data"
ARTICLES = SHARED / "extraction" / "scrapinghub"
PROFILES = ("fast", "balanced", "precise")
COPIES = 2
WORD = re.compile(r"\w+")

READ = """
import sys
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.parse.encoding import bytes_to_str, detect_encoding
size = 0
with open(sys.argv[1], "rb") as stream:
    for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
        content = record.reader.read()
        try:
            html = content.decode()
        except UnicodeDecodeError:
            html = bytes_to_str(content, detect_encoding(content))
        size += len(extract(html) or "")
print(size)
"""
RESILIPARSE = """
from resiliparse.extract.html2text import extract_plain_text
def extract(html):
    return extract_plain_text(html, main_content=True, alt_texts=False)
"""
TRAFILATURA = """
import trafilatura
def extract(html):
    return trafilatura.extract(html, fast=True, include_comments=False, include_tables=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, nargs="*", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "extraction.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "pages.warc.gz"
        found = write_archive(archive, arguments.pages)
        runs = {
            "fastwarc + resiliparse": bare(RESILIPARSE, archive, arguments.core),
            "fastwarc + trafilatura fast": bare(TRAFILATURA, archive, arguments.core),
            **{f"penstock {name}": penstock(name, archive, arguments.core) for name in PROFILES},
        }
        speeds = table(rounds(runs, arguments.rounds), found["records"])
    report = {
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "machine": machine(),
        "versions": {name: version(name) for name in ("fastwarc", "resiliparse", "trafilatura")},
        "input": found,
        "speed": speeds,
        "scrapinghub": exactness(),
    }
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    show(report)


def write_archive(archive: Path, folders: list[Path]) -> dict[str, float]:
    """All real pages there are, each twice, as an archive of one member a record."""
    pages = list(dict.fromkeys(page for page in real_pages(folders)))
    with archive.open("wb") as out:
        for copy in range(COPIES):
            for number, page in enumerate(pages):
                url = f"http://page-{number}.example/{copy}"
                out.write(gzip.compress(record(url, page), 6, mtime=0))
    size = sum(map(len, pages)) * COPIES
    return {"pages": len(pages), "records": len(pages) * COPIES, "megabytes": round(size / 1e6, 1)}


def real_pages(folders: list[Path]) -> Iterator[bytes]:
    """The HTML pages of the shared data and of further folders."""
    for archive in sorted((SHARED / "warc").rglob("*.warc*")):
        if archive.suffix in (".warc", ".gz"):
            yield from archived(archive)
    for folder in [ARTICLES / "html", SHARED / "html_odd", *folders]:
        for file in sorted(folder.rglob("*.htm*")):
            data = file.read_bytes()
            yield gzip.decompress(data) if file.suffix == ".gz" else data


def archived(archive: Path) -> Iterator[bytes]:
    try:
        for one in ArchiveIterator(
            archive.open("rb"), record_types=WarcRecordType.response, parse_http=True
        ):
            if one.http_headers and "html" in (one.http_content_type or ""):
                yield one.reader.read()
    except (OSError, ValueError) as error:
        print(f"{archive.name}: {error}", file=sys.stderr)


def record(url: str, page: bytes) -> bytes:
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
    block = http.encode() + page
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\n"
        "WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def bare(extract: str, archive: Path, core: int) -> Callable[[], Measured]:
    command = [sys.executable, "-c", extract + READ, str(archive)]
    return lambda: measure(command, archive.with_suffix(".log"), [core])


def penstock(profile: str, archive: Path, core: int) -> Callable[[], Measured]:
    recipe = archive.with_name(f"{profile}.yaml")
    recipe.write_text(
        f"kind: recipe\nsteps:\n  - read.warc: {{path: {archive}}}\n"
        f"  - extract.main_text: {{profile: {profile}}}\n  - write.parquet\n"
    )
    out = archive.with_name(profile)
    command = [sys.executable, "-m", "penstock.cli.main", "run", str(recipe)]
    command += ["--workers", "1", "--fresh", "--out", str(out)]
    return lambda: measure(command, archive.with_suffix(".log"), [core], cwd=archive.parent)


def table(measured: dict[str, list[dict[str, float]]], records: float) -> dict[str, Any]:
    """Pages a second, and how many times trafilatura's and resiliparse's."""
    speed = {name: records / median(runs, "seconds") for name, runs in measured.items()}
    return {
        name: {
            "pages_per_second": round(speed[name], 1),
            "times_trafilatura_fast": round(speed[name] / speed["fastwarc + trafilatura fast"], 2),
            "times_resiliparse": round(speed[name] / speed["fastwarc + resiliparse"], 2),
            "total_mb": median(runs, "total_mb"),
            "seconds": [one["seconds"] for one in runs],
        }
        for name, runs in measured.items()
    }


def exactness() -> dict[str, dict[str, float]]:
    """Precision, recall and F1 on the 181 articles: of stored outputs, as a check of the scoring,
    and of the profiles."""
    from penstock.ops.extract.main_text import MainText

    truth = json.loads((ARTICLES / "ground-truth.json").read_text("utf-8"))
    pages = {key: gzip.decompress((ARTICLES / f"html/{key}.html.gz").read_bytes()) for key in truth}
    outputs = {}
    for file in sorted((ARTICLES / "output").glob("*.json")):
        stored = json.loads(file.read_text("utf-8"))
        stored = stored.get("output", stored)
        outputs[f"stored {file.stem}"] = {key: stored[key]["articleBody"] for key in truth}
    for profile in PROFILES:
        operator = MainText(profile=profile)  # type: ignore[arg-type]
        outputs[f"penstock {profile}"] = {
            key: operator.page(page, "utf-8")[0] for key, page in pages.items()
        }
    return {
        name: scores([(truth[key]["articleBody"], texts[key]) for key in truth])
        for name, texts in outputs.items()
    }


def scores(pairs: list[tuple[str, str | None]]) -> dict[str, float]:
    """Means over the pages of precision and recall of 4-word shingles, and F1 of the two."""
    matches = [match(true, text or "") for true, text in pairs]
    precision = mean(ratio(hit, extra) for hit, extra, _ in matches if hit + extra)
    recall = mean(ratio(hit, missing) for hit, _, missing in matches if hit + missing)
    f1 = 2 * precision * recall / (precision + recall)
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def match(true: str, text: str) -> tuple[int, int, int]:
    wanted, got = shingles(true), shingles(text)
    hit = (wanted & got).total()
    return hit, got.total() - hit, wanted.total() - hit


def shingles(text: str, size: int = 4) -> Counter[tuple[str, ...]]:
    words = WORD.findall(text)
    if not words:
        return Counter()
    return Counter(tuple(words[at : at + size]) for at in range(max(1, len(words) - size + 1)))


def ratio(hit: int, miss: int) -> float:
    return hit / (hit + miss)


def show(report: dict[str, Any]) -> None:
    found = report["input"]
    print(f"{found['pages']:,} pages, each {COPIES} times, {found['megabytes']} MB")
    for name, row in report["speed"].items():
        print(
            f"{name:28s} {row['pages_per_second']:8.1f} pages/s"
            f" {row['times_trafilatura_fast']:6.2f} x trafilatura"
            f" {row['times_resiliparse']:5.2f} x resiliparse {row['total_mb']:7.1f} MB"
        )
    for name, row in report["scrapinghub"].items():
        print(f"{name:28s} {row['precision']:.3f} {row['recall']:.3f} F1 {row['f1']:.3f}")


if __name__ == "__main__":
    main()
