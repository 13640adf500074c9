"""A disk that is full, for real: a small file system in a mount namespace of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """
set -e
mount -t tmpfs -o size=300k tmpfs small
set +e
{python} -m penstock.cli.main run r.yaml --runs small 2> said.txt
echo $? > code.txt
mount -o remount,size=50M small
{python} -m penstock.cli.main run r.yaml --runs small > again.txt 2>&1
echo $? > again-code.txt
cat small/*/run.json > record.json
"""


@pytest.mark.more
def test_a_full_disk_is_told_and_the_run_goes_on_afterwards(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    probe = [unshare or "false", "-Urm", "true"]
    if unshare is None or subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("this kernel lets nobody make a mount namespace")
    rows = "".join('{"text": "%s"}\n' % (f"{n:07d} " * 40) for n in range(3000))
    (tmp_path / "rows.jsonl").write_text(rows)
    (tmp_path / "small").mkdir()
    (tmp_path / "r.yaml").write_text(
        "kind: recipe\nsteps:\n  - read.jsonl: {path: rows.jsonl}\n  - write.jsonl\n"
    )
    subprocess.run(
        [unshare, "-Urm", "bash", "-c", SCRIPT.format(python=sys.executable)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
        check=True,
    )
    said = (tmp_path / "said.txt").read_text()
    assert (tmp_path / "code.txt").read_text().strip() == "5"
    assert "no space left on the disk that holds" in said
    assert "hint: make room" in said
    assert "Traceback" not in said
    assert (tmp_path / "again-code.txt").read_text().strip() == "0"
    assert '"kept": 3000' in (tmp_path / "record.json").read_text()
