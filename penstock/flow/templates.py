"""The recipes and flows that come with penstock, and the sample they run on."""

from __future__ import annotations

import shutil
from pathlib import Path

from penstock.data.atomic import disk_errors
from penstock.errors import PenstockError, UsageError
from penstock.text.nearest import did_you_mean

_PACKAGE = Path(__file__).parent.parent
# In a wheel they are inside the package; in a checkout they stand beside it.
_PLACES = (_PACKAGE / "shipped", _PACKAGE.parent / "recipes")


def shipped() -> Path:
    """The folder of shipped recipes."""
    return next(place for place in _PLACES if place.is_dir())


def templates() -> list[str]:
    """The names that `penstock new` takes."""
    return sorted(file.stem for file in shipped().glob("*.yaml"))


def copy(template: str, folder: Path) -> Path:
    """Copy a template and the sample into a new folder; the copied file's path."""
    if template not in templates():
        hint = did_you_mean(template, templates(), label="templates")
        raise UsageError(f"no template `{template}`", hint=hint)
    if folder.exists() and any(folder.iterdir()):
        raise PenstockError(f"{folder} is not empty", hint="name another folder")
    with disk_errors(folder / template):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(shipped() / f"{template}.yaml", folder)
        kept = ("rivers.warc.gz", "questions-train.jsonl", "questions-heldout.jsonl", "README.md")
        (folder / "sample").mkdir()
        for name in kept:
            shutil.copy2(shipped() / "sample" / name, folder / "sample")
    return folder / f"{template}.yaml"
