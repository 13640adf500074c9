"""Files that a step depends on without being its input."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from penstock.ops.base import Map
from penstock.recipe.load import Step
from penstock.recipe.outside import outside


@dataclass(frozen=True)
class Listed(Map):
    """A map with a list, and a cache that does not change what it does."""

    scratch: ClassVar[tuple[str, ...]] = ("cache",)

    words: str
    cache: str = ""


def test_lists_count_and_caches_do_not(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "cache.db"):
        (tmp_path / name).write_text(name)
    cache = str(tmp_path / "cache.db")

    def digests(words: str) -> list[str]:
        return outside(Step(1, "map.listed", Listed(words, cache)))

    assert digests("a word") == []
    before = digests(str(tmp_path / "*.txt"))
    assert len(before) == 1
    (tmp_path / "cache.db").write_text("other")
    assert digests(str(tmp_path / "*.txt")) == before
    (tmp_path / "b.txt").write_text("changed in length")
    assert digests(str(tmp_path / "*.txt")) != before
    assert len(digests(str(tmp_path))) == 1
