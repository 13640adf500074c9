"""The wheel, in environments that know nothing of this checkout."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.more


def call(*argv: str | Path, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(one) for one in argv],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=ROOT)
    (made,) = folder.glob("*.whl")
    return made


def environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    return folder / "bin"


def test_the_core_runs_recipes_without_torch(wheel: Path, tmp_path: Path) -> None:
    binaries = environment(tmp_path / "venv")
    call(binaries / "pip", "install", "--quiet", wheel, cwd=tmp_path)
    listed = call(binaries / "pip", "list", "--format=freeze", cwd=tmp_path)
    assert "torch==" not in listed
    call(binaries / "penstock", "new", "crawl-to-chat", "demo", cwd=tmp_path)
    recipe = (
        "kind: recipe\nsteps:\n  - read.warc: {path: demo/sample/rivers.warc.gz}\n"
        "  - extract.main_text\n  - filter.language: {keep: [en, zh]}\n"
        "  - write.jsonl: {path: out}\n"
    )
    (tmp_path / "r.yaml").write_text(recipe)
    assert "succeeded" in call(binaries / "penstock", "run", "r.yaml", cwd=tmp_path)
    assert list((tmp_path / "out" / "data").iterdir())
    doctor = call(binaries / "penstock", "doctor", cwd=tmp_path)
    assert "pip install 'penstock[train]'" in doctor


def test_the_demo_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    binaries = environment(tmp_path / "venv")
    call(binaries / "pip", "install", "--quiet", "torch==2.13.0", cwd=tmp_path)
    call(binaries / "pip", "install", "--quiet", f"{wheel}[train,serve]", cwd=tmp_path)
    call(binaries / "penstock", "new", "crawl-to-chat", "demo", cwd=tmp_path)
    said = call(binaries / "penstock", "run", "crawl-to-chat.yaml", cwd=tmp_path / "demo")
    assert "report" in said
    assert list((tmp_path / "demo" / "runs").glob("report-*/report.html"))
