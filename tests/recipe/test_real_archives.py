"""Every real archive at hand, whole or broken: no crash, and every record accounted for."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fastwarc.warc import ArchiveIterator

from penstock.engines.local import Local
from penstock.recipe.load import load_recipe
from penstock.recipe.run import run_recipe
from penstock.runs.folder import Run
from penstock.specs.read import parse_spec

STEPS = """
  - extract.main_text: {profile: fast}
  - filter.language: {keep: [en, zh]}
  - filter.word_count: {min: 20}
  - filter.gopher_quality
  - mask.pii
  - dedup.exact
  - write.parquet
"""
# What the crawl of each folder is known to hold, so that a test cannot pass on an empty folder.
FOLDERS = {"commoncrawl": 4, "other": 20, "broken": 20}


def run(path: Path, root: Path) -> Run:
    text = f"kind: recipe\nname: real\nsteps:\n  - read.warc: {{path: '{path}'}}{STEPS}"
    return run_recipe(load_recipe(parse_spec(text)), Local(1), root=root)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_record_of_a_folder_is_accounted_for(
    folder: str, real_data: Path, tmp_path: Path
) -> None:
    one = run(real_data / "warc" / folder, tmp_path)
    entries = [
        row
        for file in sorted((one.path / "ledger").iterdir())
        for row in pq.read_table(file).to_pylist()
    ]
    assert len(entries) == one.record["totals"]["read"] > 0
    assert len({entry["source"] for entry in entries}) >= FOLDERS[folder]
    read: dict[str, int] = {}
    for entry in entries:
        read[entry["source"]] = read.get(entry["source"], 0) + 1
        if entry["state"] == "quarantined":
            assert entry["error"]
            assert entry["offset"] >= 0
    assert read == {source: counted(source) for source in read}


def counted(source: str) -> int:
    """How many records FastWARC finds at its most lenient."""
    with open(source, "rb") as stream:
        return sum(1 for _ in ArchiveIterator(stream, quirks_mode=True, parse_http=False))


def test_an_archive_that_ends_early_is_quarantined_with_its_offset(
    real_data: Path, tmp_path: Path
) -> None:
    one = run(real_data / "warc" / "broken" / "resiliparse-clipped.warc.gz", tmp_path)
    (entry,) = pq.read_table(next((one.path / "quarantine").iterdir())).to_pylist()
    assert entry["error"] == "the file ends in the middle of this record"
    assert (entry["step"], entry["offset"]) == ("1:read.warc", 0)
    assert entry["raw"].startswith(b"WARC/1.0")
