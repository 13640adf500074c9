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
import report
from measure import Measured, measure, rounds

HERE = Path(__file__).parent
DATA = HERE / ".data"
PENSTOCK = Path(sys.executable).with_name("penstock")
STEPS = ("gopher_quality", "gopher_repetition", "c4", "fineweb_quality")
SETS = ("GopherQualityFilter", "GopherRepetitionFilter", "C4QualityFilter", "FineWebQualityFilter")
# What penstock, on one core, is to be faster than, and how many times.
TARGETS = {"datatrove": 60, "dolma": 20, "data-juicer, best": 15}
MOST_MB, TWO_WORKERS = 400, 1.7
# From so many documents on, starting workers does not weigh as much as their work.
SCALED = 1_000_000
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


def compare(measured: dict[str, list[dict[str, float]]], size: int, mb: float) -> report.Figures:
    """The figures of each tool, those of Data-Juicer's better setting once more."""
    found = report.figures(measured, size)
    for row in found.values():
        row["mb_a_second"] = round(mb / row["seconds"], 2)
    best = min((n for n in found if n.startswith("data-juicer")), key=lambda n: found[n]["seconds"],
               default=None)  # fmt: skip
    if best:
        found["data-juicer, best"] = found[best]
    report.set_beside(found, lambda _: found.get("penstock"))
    return found


def verdicts(found: report.Figures, documents: int) -> report.Figures:
    """Each target with what was reached, for what was measured."""
    checks: dict[str, report.Check] = {
        f"times {name}": (found[name]["penstock_is_faster"], ">=", times)
        for name, times in TARGETS.items()
        if name in found and "penstock" in found
    }
    if "penstock" in found:
        checks["memory in MB"] = (found["penstock"]["total_mb"], "<=", MOST_MB)
    if "penstock, 2 workers" in found and "penstock" in found and documents >= SCALED:
        gain = 1 / found["penstock, 2 workers"]["penstock_is_faster"]
        checks["times, two workers"] = (round(gain, 2), ">=", TWO_WORKERS)
    return report.judged(checks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=36_000)
    parser.add_argument("--folder", type=Path, help="documents of your own (see corpus.py)")
    parser.add_argument("--times", type=int, default=1, help="how often each is in the input")
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
    size = arguments.documents * arguments.times
    repeat(source, arguments.times)
    runs = tools(work, arguments.envs.resolve())
    if arguments.only:
        runs = {name: run for name, run in runs.items() if name.startswith(tuple(arguments.only))}
    if "penstock" in runs:
        runs["penstock"]()  # compiles its kernels, once for an installation
    measured = rounds(runs, arguments.rounds)
    mb = source.stat().st_size / 1e6
    found = compare(measured, size, mb)
    targets = verdicts(found, size)
    report.show(found, {"mb_a_second": ".2f"})
    report.say(targets)
    report.write(
        "filters" if arguments.times == 1 else "filters_scaled",
        peers={name: peer.packages for name, peer in peers.PEERS.items()},
        documents=size,
        mb=round(mb, 1),
        medians=found,
        targets=targets,
        rounds=measured,
    )


def repeat(source: Path, times: int) -> None:
    """Let a file hold all its lines so many times."""
    content = source.read_bytes()
    with source.open("ab") as file:
        for _ in range(times - 1):
            file.write(content)


if __name__ == "__main__":
    main()
