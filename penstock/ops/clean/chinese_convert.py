"""Convert Chinese text between simplified and traditional characters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.ops.base import Map
from penstock.text.columns import change_matching

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ChineseConvert(Map):
    """Convert Chinese text between simplified and traditional characters, by OpenCC's dictionaries.

    In `mode`, s is simplified, t traditional (OpenCC's own standard), tw and hk are the standards
    of Taiwan and Hong Kong, and jp is new Japanese characters; a final p also changes words that
    differ (软件, 軟體). Words decide between characters: 头发 becomes 頭髮, 出发 出發. From
    simplified, a line is converted only where more of its characters would change that way than
    back, so that text that is traditional already stays as it is (皇后 would become 皇後).

    >>> ChineseConvert().text("三峽大壩的頭髮")
    '三峡大坝的头发'
    """

    needs: ClassVar[tuple[str, ...]] = ("opencc",)
    extra: ClassVar[str] = "zh"

    mode: Literal[
        "s2t", "t2s", "s2tw", "tw2s", "s2hk", "hk2s", "s2twp", "tw2sp",
        "t2tw", "tw2t", "t2hk", "hk2t", "t2jp", "jp2t",
    ] = "t2s"  # fmt: skip

    def text(self, text: str) -> str:
        """The text in the other characters."""
        changed: str = self._converter.convert(text)
        if changed == text or not self.mode.startswith("s"):
            return changed if changed != text else text
        return "\n".join(map(self._line, text.split("\n")))

    def _line(self, line: str) -> str:
        there, back = self._converter.convert(line), self._back.convert(line)
        if back == line or _differences(line, there) > _differences(line, back):
            return str(there)
        return line

    @cached_property
    def _converter(self) -> Any:
        import opencc

        return opencc.OpenCC(self.mode)

    @cached_property
    def _back(self) -> Any:
        import opencc

        return opencc.OpenCC("t2s")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have Han characters."""
        return change_matching(rows, r"\p{Han}", self.text)


def _differences(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))
