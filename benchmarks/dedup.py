"""The deduplication of penstock and its peers on the same documents, side by side.

python benchmarks/dedup.py [--rounds 3] [--documents 36000] [--only penstock rensa …]

Near-duplicates by MinHash (14 bands of 8, runs of five words), and paragraphs seen before. Whole
processes, one pinned core, in turn; medians. See README.md.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import peers
import report
from measure import Measured, measure, rounds

HERE = Path(__file__).parent
DATA = HERE / ".data"
RESULTS = HERE / "results"
PENSTOCK = Path(sys.executable).with_name("penstock")
BANDS, ROWS, WORDS = 14, 8, 5
NEAR, PARAGRAPHS = "penstock", "penstock, paragraphs"
STEPS: dict[str, Mapping[str, Any]] = {
    NEAR: {"dedup.minhash": {"bands": BANDS, "rows": ROWS, "ngram": WORDS}},
    PARAGRAPHS: {"dedup.lines": {}},  # what Dolma calls paragraphs
}
# What each is to be faster than, and how many times; the best of the peer's settings counts.
TARGETS = {
    "rensa": (NEAR, 2.5),
    "text-dedup": (NEAR, 12),
    "datatrove": (NEAR, 60),
    "dolma, paragraphs": (PARAGRAPHS, 1),
}


@dataclass(frozen=True)
class Tool:
    """How a tool is run, and how many documents (or paragraphs) it has taken away."""

    run: Callable[[], Measured]
    removed: Callable[[], int]


@dataclass(frozen=True)
class Place:
    """Where a comparison runs: its folder, those of the peers' environments, its core."""

    work: Path
    envs: Path
    core: int

    @property
    def source(self) -> Path:
        return self.work / "documents" / "corpus.jsonl"

    def out(self, name: str) -> Path:
        return self.work / name.replace(", ", "-")

    def fresh(self, name: str) -> Path:
        """An empty folder for what a tool writes."""
        shutil.rmtree(self.out(name), ignore_errors=True)
        self.out(name).mkdir()
        return self.out(name)

    def measure(self, name: str, command: Sequence[str | Path], **environment: str) -> Measured:
        log = self.work / f"{self.out(name).name}.log"
        return measure(list(map(str, command)), log, (self.core,), environment, cwd=self.work)

    def python(self, name: str) -> Path:
        return peers.python(name.partition(",")[0], self.envs)


def with_penstock(
    work: Path,
    step: Mapping[str, Any],
    source: Path,
    cores: Sequence[int],
    options: Sequence[str] = (),
) -> Measured:
    """Run one step from JSON Lines to JSON Lines, on one worker a core."""
    recipe, out = work / "penstock.yaml", work / "penstock"
    for folder in (work / "run", out):
        shutil.rmtree(folder, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    steps = [{"read.jsonl": {"path": str(source)}}, step, {"write.jsonl": {"path": str(out)}}]
    # JSON is YAML.
    recipe.write_text(json.dumps({"kind": "recipe", "name": "dedup", "steps": steps}))
    command = [str(PENSTOCK), "run", str(recipe), "--out", str(work / "run"), *options]
    command += ["--workers", str(len(cores))]
    return measure(command, work / "penstock.log", cores, cwd=work)


def with_script(place: Place, name: str, *arguments: str) -> Measured:
    peer = name.partition(",")[0]
    script = HERE / f"dedup_with_{peer}.py"
    out = place.fresh(name) / "kept.jsonl"
    return place.measure(name, [place.python(name), script, place.source, out, *arguments])


def with_datatrove(place: Place, name: str) -> Measured:
    script, out = HERE / "dedup_with_datatrove.py", place.fresh(name)
    return place.measure(name, [place.python(name), script, place.source.parent, out])


def with_text_dedup(place: Place, name: str) -> Measured:
    out = place.fresh(name)
    command = [
        place.python(name), "-m", "text_dedup.minhash", "--path", "json", "--split", "train",
        "--data_files", place.source, "--cache_dir", out / "cache", "--output", out / "kept",
        "--column", "text", "--ngram", WORDS, "--min_length", 1, "--num_perm", BANDS * ROWS,
        "--b", BANDS, "--r", ROWS, "--hash_func", "xxh3", "--num_proc", 1,
    ]  # fmt: skip
    return place.measure(name, command)


def with_data_juicer(place: Place, name: str) -> Measured:
    out = place.fresh(name)
    step = {
        "tokenization": "space",
        "window_size": WORDS,
        "num_permutations": BANDS * ROWS,
        "num_bands": BANDS,
        "num_rows_per_band": ROWS,
    }
    config = {
        "project_name": "dedup",
        "dataset_path": str(place.source),
        "export_path": str(out / "kept" / "kept.jsonl"),
        "np": 1,
        "auto_op_parallelism": False,
        "use_cache": False,
        "open_monitor": False,
        "process": [{"document_minhash_deduplicator": step}],
    }
    file = place.work / "data-juicer.yaml"
    file.write_text(json.dumps(config))
    command = [place.python(name).with_name("dj-process"), "--config", file]
    # It opens a thread a core unless all of these are set.
    return place.measure(name, command, TOKENIZERS_PARALLELISM="false", MKL_NUM_THREADS="1")


def with_dolma(place: Place, name: str) -> Measured:
    """Its Bloom filter over paragraphs; it marks them, and takes nothing out of the documents."""
    attributes = place.work / "attributes"
    shutil.rmtree(attributes, ignore_errors=True)
    bloom = place.fresh(name) / "bloom"
    expected = sum(1 for _ in paragraphs(place.source))
    # It asks a server for a sentence splitter, which this does not use, unless it is there.
    (place.work / "nltk" / "tokenizers" / "punkt").mkdir(parents=True, exist_ok=True)
    command = [
        place.python(name).with_name("dolma"), "dedupe", "--documents", place.source,
        "--dedupe.name", "paragraphs", "--dedupe.paragraphs.attribute_name", "seen",
        "--dedupe.skip_empty", "--bloom_filter.file", bloom, "--no-bloom_filter.read_only",
        "--bloom_filter.estimated_doc_count", expected,
        "--bloom_filter.desired_false_positive_rate", "0.00001", "--processes", 1,
    ]  # fmt: skip
    return place.measure(name, command, NLTK_DATA=str(place.work / "nltk"))


def paragraphs(file: Path) -> Iterator[str]:
    """The lines, not blank, of all texts of a file."""
    with file.open(encoding="utf-8") as rows:
        for row in rows:
            yield from filter(str.strip, json.loads(row)["text"].split("\n"))


def lines(folder: Path) -> int:
    """How many documents lie below a folder as JSON Lines."""
    return sum(file.read_bytes().count(b"\n") for file in folder.rglob("*.jsonl"))


def arrow_rows(folder: Path) -> int:
    """The same for a folder of Arrow streams."""
    import pyarrow as pa

    files = folder.rglob("*.arrow")
    return sum(pa.ipc.open_stream(file).read_all().num_rows for file in files)


def marked(file: Path) -> int:
    """How many paragraphs Dolma has marked."""
    with file.open(encoding="utf-8") as rows:
        return sum(len(spans) for row in rows for spans in json.loads(row)["attributes"].values())


def build(out: Path, size: int, folder: Path | None) -> int:
    """Build the input; how many documents it has, which may be fewer than asked for. In a process
    of its own: a process begins with the largest memory of the one that starts it."""
    own = ["--folder", str(folder)] if folder else []
    command = [sys.executable, str(HERE / "corpus.py"), str(out), "--documents", str(size), *own]
    subprocess.run(command, check=True)
    with out.open("rb") as file:
        return sum(1 for _ in file)


def tools(place: Place, size: int) -> dict[str, Tool]:
    """What can be run, by name; a peer's environment is made when it is first needed."""

    def own(name: str) -> Callable[[], Measured]:
        return partial(with_penstock, place.out(name), STEPS[name], place.source, (place.core,))

    def less(name: str, folder: str = "") -> Callable[[], int]:
        return lambda: size - lines(place.out(name) / folder)

    def less_paragraphs() -> int:
        left = (place.out(PARAGRAPHS) / "penstock").rglob("*.jsonl")
        return sum(1 for _ in paragraphs(place.source)) - sum(
            1 for file in left for _ in paragraphs(file)
        )

    found = {
        NEAR: Tool(own(NEAR), less(NEAR, "penstock")),
        "datatrove": Tool(partial(with_datatrove, place, "datatrove"), less("datatrove", "kept")),
        "data-juicer": Tool(
            partial(with_data_juicer, place, "data-juicer"), less("data-juicer", "kept")
        ),
        "text-dedup": Tool(
            partial(with_text_dedup, place, "text-dedup"),
            lambda: size - arrow_rows(place.out("text-dedup") / "kept"),
        ),
        PARAGRAPHS: Tool(own(PARAGRAPHS), less_paragraphs),
        "dolma, paragraphs": Tool(
            partial(with_dolma, place, "dolma, paragraphs"),
            lambda: marked(place.work / "attributes" / "paragraphs" / "corpus.jsonl"),
        ),
    }
    scripts = {"datasketch": (), "rensa, native": ("native",), "rensa, bands": ("bands",)}
    for name, arguments in scripts.items():
        found[name] = Tool(partial(with_script, place, name, *arguments), less(name))
    return found


def compare(
    measured: Mapping[str, list[dict[str, float]]], removed: Mapping[str, int], size: int
) -> report.Figures:
    """The figures of each tool, beside that of penstock's that does the same."""
    found = report.figures(measured, size)
    for name, row in found.items():
        row["removed"] = removed[name]
    report.set_beside(
        found, lambda name: found.get(PARAGRAPHS if name.endswith("paragraphs") else NEAR)
    )
    return found


def verdicts(found: report.Figures) -> report.Figures:
    """Each target with what was reached, for what was measured."""
    checks: dict[str, report.Check] = {}
    for peer, (own, times) in TARGETS.items():
        rows = [row for name, row in found.items() if name.startswith(peer)]
        if rows and own in found:
            reached = min(row["penstock_is_faster"] for row in rows)
            checks[f"times {peer}"] = (reached, ">=", times)
    return report.judged(checks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=36_000)
    parser.add_argument("--folder", type=Path, help="documents of your own (see corpus.py)")
    parser.add_argument("--work", type=Path, default=DATA / "dedup")
    parser.add_argument("--envs", type=Path, default=peers.ENVS)
    parser.add_argument("--core", type=int, default=0, help="all are pinned to it; this is not")
    parser.add_argument("--only", nargs="*", metavar="TOOL", help="tools whose names start so")
    arguments = parser.parse_args()
    place = Place(arguments.work.resolve(), arguments.envs.resolve(), arguments.core)
    size = build(place.source, arguments.documents, arguments.folder)
    chosen = tools(place, size)
    if arguments.only:
        starts = tuple(arguments.only)
        chosen = {name: tool for name, tool in chosen.items() if name.startswith(starts)}
    for name in STEPS.keys() & chosen.keys():
        chosen[name].run()  # compiles its kernels, once for an installation
    measured = rounds({name: tool.run for name, tool in chosen.items()}, arguments.rounds)
    removed = {name: tool.removed() for name, tool in chosen.items()}
    found = compare(measured, removed, size)
    targets = verdicts(found)
    report.show(found, {"removed": ","})
    report.say(targets)
    report.write(
        "dedup",
        peers={name: (*peer.packages, *peer.bare) for name, peer in peers.PEERS.items()},
        documents=size,
        mb=round(place.source.stat().st_size / 1e6, 1),
        medians=found,
        targets=targets,
        rounds=measured,
    )


if __name__ == "__main__":
    main()
