"""Another engine gives the same bytes."""

from pathlib import Path
from typing import Any

import pytest

import penstock as api

SAMPLE = Path(__file__).parents[2] / "recipes" / "sample" / "rivers.warc.gz"
STEPS = """
  - extract.main_text: {profile: fast}
  - filter.language: {keep: [en, zh]}
  - filter.word_count
  - filter.gopher_quality
  - mask.pii
  - dedup.exact
  - write.parquet
"""


@pytest.mark.more
def test_ray_gives_the_bytes_of_local(tmp_path: Path, monkeypatch: Any) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    from penstock.data import shards

    monkeypatch.setattr(
        shards.cut, "__kwdefaults__", {**shards.cut.__kwdefaults__, "size": 100_000}
    )
    recipe = tmp_path / "r.yaml"
    recipe.write_text(f"kind: recipe\nsteps:\n  - read.warc: {{path: {SAMPLE}}}{STEPS}")
    runs = {
        engine: api.run(recipe, engine=engine, workers=2, runs=tmp_path / engine)
        for engine in ("local", "ray")
    }
    assert runs["ray"].record["engine"] == "ray"
    assert runs["ray"].record["shards"] > 3
    made = {}
    for engine, run in runs.items():
        files = [
            file
            for role in ("dataset", "ledger", "measures", "quarantine")
            for file in sorted((run.path / role).rglob("*"))
            if file.is_file()
        ]
        made[engine] = {str(f.relative_to(run.path)): f.read_bytes() for f in files}
    assert made["ray"] == made["local"]
