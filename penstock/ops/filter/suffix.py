"""Keep documents whose file or URL ends in given ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from penstock.ops.base import Filter, Rule
from penstock.text import urls

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Suffix(Filter):
    """Keep documents whose `column` ends in one of `keep`, and in none of `drop`.

    The column holds paths (`source`) or URLs (`url`); of a URL its path counts, without query. A
    suffix is in lower case and with its dot, and `.warc.gz` is one; what has none has "". Those in
    `keep` and `drop` may be written `pdf`, `.pdf` or `.PDF`. A null passes.

    >>> Suffix(keep=("html", "")).suffix("http://a.example/Report.PDF?page=2")
    '.pdf'
    """

    measures: ClassVar[Mapping[str, str]] = {"suffix": "string"}

    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    column: str = "source"

    def __post_init__(self) -> None:
        if not self.keep and not self.drop:
            raise ValueError("`keep` and `drop` are both empty; name the suffixes of one of them")

    def suffix(self, address: str) -> str:
        """How an address ends."""
        return urls.suffix(address)

    def rules(self) -> tuple[Rule, ...]:
        """Not in `keep`, where there is one; in `drop`."""
        kept, dropped = _dotted(self.keep), _dotted(self.drop)
        rules = (Rule("keep", "suffix", "not in", kept), Rule("drop", "suffix", "in", dropped))
        return tuple(rule for rule in rules if rule.threshold)

    def thresholds(self) -> frozenset[str]:
        """Neither list changes what is measured."""
        return frozenset({"keep", "drop"})

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The suffixes."""
        import pyarrow as pa

        from penstock.data.schema import column

        values = column(rows, self.column).to_pylist()
        found = [None if value is None else self.suffix(value) for value in values]
        return {"suffix": pa.array(found, pa.string())}


def _dotted(suffixes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("." + one.lower().removeprefix(".") if one else "" for one in suffixes)
