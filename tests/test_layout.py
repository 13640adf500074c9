"""The shape of the code: sizes, names, one operator a file, everything on the map."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.ops.base import Operator
from penstock.ops.catalogue import class_name, find, names

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "penstock"
SOURCES = sorted(PACKAGE.rglob("*.py"))
EVERYWHERE = [
    *SOURCES,
    *sorted((ROOT / "tests").rglob("*.py")),
    *sorted((ROOT / "recipes").rglob("*.py")),
]
FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base_mixin"}


def ids(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("path", EVERYWHERE, ids=ids(EVERYWHERE))
def test_files_and_functions_are_small(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= 400, "a file is at most 400 lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 50, f"{node.name} has {length} lines, at most 50"


def test_names_say_what_is_inside() -> None:
    for path in EVERYWHERE:
        parts = {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
        assert not parts & FORBIDDEN, path


def test_folders_are_at_most_three_deep() -> None:
    assert max(len(path.relative_to(PACKAGE).parts) for path in SOURCES) <= 3


def test_package_files_hold_only_their_docstring() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        tree = ast.parse(path.read_text("utf-8"))
        allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign)
        assert ast.get_docstring(tree), path
        assert all(isinstance(node, allowed) for node in tree.body), path
        if path.parent != PACKAGE:
            assert len(tree.body) == 1, path


def test_public_names_are_listed() -> None:
    import penstock

    public = {
        name
        for name, value in vars(penstock).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name != "VERSION"
    }
    assert public | {"__version__"} == set(penstock.__all__)


@pytest.mark.parametrize("name", names())
def test_an_operator_is_a_file_with_an_example_and_cases(name: str) -> None:
    cls = find(name)
    module = sys.modules[cls.__module__]
    public = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Operator)
        and value.__module__ == cls.__module__
        and not value.__name__.startswith("_")
    ]
    assert public == [cls]
    assert cls.__name__ == class_name(name)
    document = inspect.getdoc(cls) or ""
    assert document.partition("\n")[0].endswith((".", ":"))
    assert ">>>" in document, "an operator's docstring has an example that runs"
    assert cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    kind, _, operator = name.partition(".")
    assert (ROOT / "tests" / "cases" / kind / f"{operator}.yaml").is_file()


def test_every_folder_is_on_the_map() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    assert text.count("\n") <= 300
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    folders = {str(Path(file).parent) for file in tracked if file.startswith("penstock/")}
    folders |= {file.split("/")[0] for file in tracked if "/" in file}
    for folder in sorted(folders - {".", ".ci"}):
        assert f"`{folder}/`" in text, f"ARCHITECTURE.md does not name {folder}/"


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        assert path.name in listed


def test_links_in_documents_lead_somewhere() -> None:
    documents = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "recipes").rglob("*.md"),
    ]
    for path in documents:
        prose = re.sub(r"```.*?```|`[^`]*`", "", path.read_text("utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", prose):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


HEAVY = (
    "torch",
    "transformers",
    "ray",
    "pyspark",
    "boto3",
    "fastapi",
    "pyarrow",
    "pydantic",
    "numpy",
)


@pytest.mark.parametrize("module", ["penstock", "penstock.cli.main"])
def test_importing_penstock_is_light(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_recipes_run_without_torch(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n')
    (tmp_path / "r.yaml").write_text(
        "kind: recipe\nsteps:\n  - read.jsonl: {path: rows.jsonl}\n  - write.parquet\n"
    )
    code = (
        "import sys, penstock\npenstock.run('r.yaml', workers=1)\n"
        "print([m for m in ('torch', 'transformers', 'ray', 'fastapi') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
