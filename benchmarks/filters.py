"""The quality filters of penstock and its peers on the same documents, side by side.

python benchmarks/filters.py [--rounds 3] [--documents 36000] [--only penstock datatrove …]

Whole processes, one pinned core (two for two workers), in turn; medians. See README.md.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import corpus
import peers
from measure import Measured, machine, measure, median, rounds

HERE = Path(__file__).parent
DATA = HERE / ".data"
RESULTS = HERE / "results"
PENSTOCK = Path(sys.executable).with_name("penstock")
STEPS = ("gopher_quality", "gopher_repetition", "c4", "fineweb_quality")
SETS = ("GopherQualityFilter", "GopherRepetitionFilter", "C4QualityFilter", "FineWebQualityFilter")
# What penstock, on one core, is to be faster than, and how many times.
TARGETS = {"datatrove": 60, "dolma": 20, "data-juicer, best": 15}
MOST_MB, TWO_WORKERS = 400, 1.7
# Those of Data-Juicer's filters that are nearest to the four sets.
NEAREST = (
    "alphanumeric_filter", "average_line_length_filter", "maximum_line_length_filter",
    "character_repetition_filter", "word_repetition_filter", "special_characters_filter",
    "stopwords_filter", "flagged_words_filter", "text_length_filter", "words_num_filter",
    "suffix_filter",
)  # fmt: skip


def with_penstock(
    work: Path, workers: int, filters: Sequence[str] = STEPS, options: Sequence[str] = ()
) -> Measured:
    recipe = work / "penstock.yaml"
    steps = [{"read.jsonl": {"path": str(work / "documents" / "*.jsonl")}}]
    steps += [{f"filter.{name}": {}} for name in filters]
    steps += [{"write.jsonl": {"path": str(work / "penstock")}}]
    # JSON is YAML.
    recipe.write_text(json.dumps({"kind": "recipe", "name": "filters", "steps": steps}))
    command = [str(PENSTOCK), "run", str(recipe), "--fresh", "--out", str(work / "run"), *options]
    for folder in ("run", "penstock"):
        shutil.rmtree(work / folder, ignore_errors=True)
    cores = tuple(range(workers))
    log = work / "penstock.log"
    return measure([*command, "--workers", str(workers)], log, cores, cwd=work)


def with_datatrove(work: Path, python: Path, filters: Sequence[str] = SETS) -> Measured:
    out = work / "datatrove"
    shutil.rmtree(out, ignore_errors=True)
    script = HERE / "filter_with_datatrove.py"
    command = [str(python), str(script), str(work / "documents"), str(out), *filters]
    return measure(command, work / "datatrove.log")


def with_dolma(work: Path, python: Path) -> Measured:
    """Its taggers only, which measure and drop nothing."""
    shutil.rmtree(work / "attributes", ignore_errors=True)
    command = [
        str(python.with_name("dolma")), "tag", "--documents", str(work / "documents" / "*.jsonl"),
        "--taggers", "gopher_v1", "c4_v1", "--experiment", "filters", "--processes", "1",
    ]  # fmt: skip
    # It asks a server for a sentence splitter, which these taggers do not use, unless it is there.
    (work / "nltk" / "tokenizers" / "punkt").mkdir(parents=True, exist_ok=True)
    found = {"NLTK_DATA": str(work / "nltk")}
    return measure(command, work / "dolma.log", environment=found)


def with_data_juicer(
    work: Path, python: Path, fused: bool, filters: Sequence[str] = NEAREST
) -> Measured:
    out = work / "data-juicer"
    shutil.rmtree(out, ignore_errors=True)
    words = work / "words"
    words.mkdir(exist_ok=True)
    for kind in ("stopwords", "flagged_words"):
        (words / f"{kind}.json").write_text(json.dumps({"en": ["the", "and", "of", "to", "damn"]}))
    # With so few words in the list, the usual share of stop words would drop all that is left.
    own: dict[str, Any] = {"stopwords_filter": {"stopwords_dir": str(words), "min_ratio": 0.0}}
    own |= {"flagged_words_filter": {"flagged_words_dir": str(words)}}
    config = {
        "project_name": "filters",
        "dataset_path": str(work / "documents" / "corpus.jsonl"),
        "export_path": str(out / "out.jsonl"),
        "np": 1,
        "auto_op_parallelism": False,
        "use_cache": False,
        "open_monitor": False,
        "op_fusion": fused,
        "fusion_strategy": "greedy",
        "process": [{name: own.get(name, {})} for name in filters],
    }
    file = work / "data-juicer.yaml"
    file.write_text(json.dumps(config))
    command = [str(python.with_name("dj-process")), "--config", str(file)]
    # It opens a thread a core unless all of these are set.
    threads = {"TOKENIZERS_PARALLELISM": "false", "MKL_NUM_THREADS": "1"}
    return measure(command, work / "data-juicer.log", environment=threads, cwd=work)


def tools(work: Path, envs: Path) -> dict[str, Callable[[], Measured]]:
    """What can be run, by name; a peer's environment is made when it is first needed."""
    runs: dict[str, Callable[[], Measured]] = {
        "penstock": partial(with_penstock, work, 1),
        "penstock, 2 workers": partial(with_penstock, work, 2),
    }
    for name, run, options in (
        ("datatrove", with_datatrove, {}),
        ("dolma", with_dolma, {}),
        ("data-juicer, plain", with_data_juicer, {"fused": False}),
        ("data-juicer, fused", with_data_juicer, {"fused": True}),
    ):
        peer = name.partition(",")[0]
        runs[name] = lambda run=run, peer=peer, options=options: run(
            work, peers.python(peer, envs), **options
        )
    return runs


def compare(measured: dict[str, list[dict[str, float]]], size: int, mb: float) -> dict[str, Any]:
    """The figures of each tool, and whether the targets are met."""
    found: dict[str, Any] = {}
    for name, runs in measured.items():
        seconds = median(runs, "seconds")
        found[name] = {
            "seconds": seconds,
            "cpu_seconds": median(runs, "cpu_seconds"),
            "documents_a_second": round(size / seconds, 1),
            "mb_a_second": round(mb / seconds, 2),
            "largest_mb": max(one["largest_mb"] for one in runs),
            "total_mb": max(one["total_mb"] for one in runs),
        }
    best = min((n for n in found if n.startswith("data-juicer")), key=lambda n: found[n]["seconds"],
               default=None)  # fmt: skip
    if best:
        found["data-juicer, best"] = found[best]
    ours = found.get("penstock")
    for row in found.values():
        row["penstock_is_faster"] = ours and round(row["seconds"] / ours["seconds"], 2)
        row["times_the_cpu"] = ours and round(row["cpu_seconds"] / ours["cpu_seconds"], 2)
    return found


def verdicts(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each target with what was reached, for what was measured."""
    checks = {
        f"times {name}": (found[name]["penstock_is_faster"], ">=", times)
        for name, times in TARGETS.items()
        if name in found and "penstock" in found
    }
    if "penstock" in found:
        most = max(found["penstock"]["largest_mb"], found["penstock"]["total_mb"])
        checks["memory in MB"] = (most, "<=", MOST_MB)
    if "penstock, 2 workers" in found and "penstock" in found:
        gain = 1 / found["penstock, 2 workers"]["penstock_is_faster"]
        checks["times, two workers"] = (round(gain, 2), ">=", TWO_WORKERS)
    return {
        name: {"reached": reached, "asked": f"{sign} {asked}",
               "met": reached >= asked if sign == ">=" else reached <= asked}
        for name, (reached, sign, asked) in checks.items()
    }  # fmt: skip


def show(found: dict[str, Any], targets: dict[str, dict[str, Any]]) -> None:
    print(
        f"{'tool':22}{'s':>9}{'CPU s':>9}{'docs/s':>10}{'MB/s':>8}{'RSS MB':>8}{'all MB':>8}"
        f"{'slower':>10}{'CPU':>9}"
    )
    for name, row in found.items():
        print(
            f"{name:22}{row['seconds']:9.2f}{row['cpu_seconds']:9.2f}"
            f"{row['documents_a_second']:10,.0f}{row['mb_a_second']:8.2f}"
            f"{row['largest_mb']:8.0f}{row['total_mb']:8.0f}"
            f"{row['penstock_is_faster'] or 0:9.1f}×{row['times_the_cpu'] or 0:8.1f}×"
        )
    for name, row in targets.items():
        print(f"{name}: {row['reached']} ({row['asked']}) {'met' if row['met'] else 'NOT MET'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=36_000)
    parser.add_argument("--folder", type=Path, help="documents of your own (see corpus.py)")
    parser.add_argument("--work", type=Path, default=DATA / "filters")
    parser.add_argument("--envs", type=Path, default=peers.ENVS)
    parser.add_argument("--only", nargs="*", metavar="TOOL", help="tools whose names start so")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    source = work / "documents" / "corpus.jsonl"
    folders = (
        [arguments.folder] if arguments.folder else [corpus.SHARED / f for f in corpus.FOLDERS]
    )
    corpus.build(source, folders, arguments.documents)
    runs = tools(work, arguments.envs.resolve())
    if arguments.only:
        runs = {name: run for name, run in runs.items() if name.startswith(tuple(arguments.only))}
    if "penstock" in runs:
        runs["penstock"]()  # compiles its kernels, once for an installation
    measured = rounds(runs, arguments.rounds)
    found = compare(measured, arguments.documents, source.stat().st_size / 1e6)
    targets = verdicts(found)
    show(found, targets)
    RESULTS.mkdir(exist_ok=True)
    record = {
        "command": " ".join(["python", *sys.argv]),
        "machine": machine(),
        "peers": {name: peer.packages for name, peer in peers.PEERS.items()},
        "documents": arguments.documents,
        "mb": round(source.stat().st_size / 1e6, 1),
        "medians": found,
        "targets": targets,
        "rounds": measured,
    }
    (RESULTS / "filters.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
