"""What the documents show is true: every spec in them loads, every operator in them works."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from penstock.flow.load import load_flow
from penstock.judge.settings import load_comparison
from penstock.recipe.load import load_recipe
from penstock.recipe.plan import plan
from penstock.serve.settings import load_endpoint
from penstock.specs.read import Spec, parse_spec
from penstock.train.settings import load_training

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LOADERS = {
    "recipe": lambda spec: plan(load_recipe(spec)),
    "train": load_training,
    "endpoint": load_endpoint,
    "compare": load_comparison,
    "flow": load_flow,
}


def test_the_operator_pages_are_current() -> None:
    spec = importlib.util.spec_from_file_location("build", ROOT / "docs" / "operators" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    there = {path.name: path.read_text("utf-8") for path in build.HERE.glob("*.md")}
    assert there == build.pages(), "run `make docs`"


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", path.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_specs_load(path: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    operators = [block for block in blocks(path, "python") if "penstock.ops.base" in block]
    Path("my_ops.py").write_text("\n".join(operators), "utf-8")
    specs = [block for block in blocks(path, "yaml") if block.startswith("kind:")]
    for block in specs:
        spec: Spec = parse_spec(block, path.name)
        assert LOADERS[spec.kind](spec)


def test_the_documents_have_specs() -> None:
    found = [block for path in DOCUMENTS for block in blocks(path, "yaml")]
    assert len([block for block in found if block.startswith("kind:")]) >= 4


def test_the_operators_shown_work(tmp_path: Path, write_jsonl: Any, monkeypatch: Any) -> None:
    import penstock as api

    monkeypatch.chdir(tmp_path)
    operators = [b for b in blocks(ROOT / "docs" / "recipes.md", "python") if "ops.base" in b]
    Path("my_ops.py").write_text("\n".join(operators), "utf-8")
    write_jsonl([{"text": "a river and a river"}, {"text": "a hill"}])
    Path("r.yaml").write_text(
        "kind: recipe\nsteps:\n  - read.jsonl: {path: rows.jsonl}\n"
        "  - ./my_ops.py:Rivers: {min: 2}\n  - ./my_ops.py:Shout\n  - write.jsonl: {path: out}\n"
    )
    assert api.run("r.yaml", workers=1).record["totals"]["kept"] == 1
    assert "A RIVER AND A RIVER" in next(Path("out/data").iterdir()).read_text()
