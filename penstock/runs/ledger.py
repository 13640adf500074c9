"""The ledger: in which state each record ended, where and why, with sums that must match."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from penstock.errors import PenstockError

STATES = ("kept", "dropped", "merged", "quarantined", "split")

# `row` is the record's number within its shard; `child` is 0 for a record that was read, and
# numbers those born of it, whose `parent` is an id too. `value` and `threshold` are written as a
# person would, since a rule may compare numbers, languages or media types.
SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("child", pa.int32()),
        ("id", pa.string()),
        ("parent", pa.string()),
        ("source", pa.string()),
        ("offset", pa.int64()),
        ("state", pa.string()),
        ("step", pa.string()),
        ("rule", pa.string()),
        ("value", pa.string()),
        ("threshold", pa.string()),
        ("merged_into", pa.string()),
        ("similarity", pa.float64()),
        ("error", pa.string()),
    ]
)

QUARANTINE = pa.schema(
    [
        ("row", pa.int64()),
        ("child", pa.int32()),
        ("id", pa.string()),
        ("source", pa.string()),
        ("offset", pa.int64()),
        ("step", pa.string()),
        ("error", pa.string()),
        ("traceback", pa.string()),
        ("raw", pa.binary()),
    ]
)


@dataclass(frozen=True)
class Totals:
    """How many records were read or born, and in which state each ended."""

    read: int = 0
    born: int = 0
    kept: int = 0
    dropped: int = 0
    merged: int = 0
    quarantined: int = 0
    split: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every record ended in exactly one state."""
        return self.read + self.born == sum(int(getattr(self, state)) for state in STATES)

    def check(self, where: str) -> None:
        """Raise PenstockError when the sums do not match: a record was lost or counted twice."""
        if not self.balanced:
            ends = " + ".join(f"{getattr(self, state)} {state}" for state in STATES)
            raise PenstockError(
                f"the ledger does not balance: {self.read} read + {self.born} born ≠ {ends}",
                where=where,
                hint="this is a defect in penstock or in an operator of yours; please report it",
            )


def add_up(totals: Iterable[Mapping[str, int]]) -> Totals:
    """The sum of the totals of all shards."""
    sums: Counter[str] = Counter()
    for one in totals:
        sums.update(one)
    return Totals(**sums)
