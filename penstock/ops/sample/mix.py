"""Mix several datasets by weights, to a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar, Literal

from penstock.data.schema import column, numbers_of, texts_of
from penstock.errors import RecordError, UsageError
from penstock.ops.base import PARENT, Filter, Map, Rule, Survey
from penstock.ops.sample.random import place
from penstock.text.words import words

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Summary = dict[str, "np.ndarray"]  # how much of each dataset stands in each of BINS parts of [0, 1)
BINS = 4096


@dataclass(frozen=True)
class Part:
    """What is taken of one dataset: every document `whole` times, and those before `until` once
    more. `there`, `most` (with repeats), `asked` and `taken` are in the unit of the mixture."""

    name: str
    weight: float
    there: int
    most: int
    asked: float
    whole: int
    until: float
    taken: int


@dataclass(frozen=True)
class Mix(Survey):
    """Keep of each dataset so much that together they have the shares in `weights` of `budget`.

    A document's dataset is its value in `column`; the names in `weights` may be patterns, so that
    with `column: source` files make datasets: `{"*/web/*": 3, "*/books/*": 1}`. The first that
    fits counts, and what fits none is dropped. Weights need not add up to 1. `unit` is characters,
    words, documents, or a column of whole numbers, such as the tokens of each text.

    Without `budget` the mixture is as large as the datasets allow. With `repeat` up to so many
    copies are made of each document where a dataset is too small (the copies are children, `id#1`
    and on). A dataset that is too small all the same ends the run with the figures, unless
    `shortfall: accept`. Which documents stay is decided by the hash of seed and id; the
    amount of each dataset comes as near to what is asked as a 4,096th of it (or one document).

    >>> Mix(weights={"web": 3, "books": 1}, budget=1_000_000).unit
    'characters'
    """

    weights: dict[str, float] = field(hash=False)
    column: str = "dataset"
    budget: int | None = None
    unit: str = "characters"
    repeat: int = 1
    shortfall: Literal["fail", "accept"] = "fail"
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.weights or min(self.weights.values()) <= 0:
            raise ValueError("`weights` must name at least one dataset, each with more than 0")
        if self.budget is not None and self.budget < 1:
            raise ValueError(f"`budget` is {self.budget}; it must be at least 1")
        if self.repeat < 1:
            raise ValueError(f"`repeat` is {self.repeat}; 1 means that no document comes twice")

    def survey(self, rows: pa.RecordBatch) -> Summary:
        """How much of each dataset is in a batch."""
        import numpy as np

        names = np.array(dataset_names(rows, self.column, tuple(self.weights)), dtype=object)
        bins = (places(rows, self.seed) * BINS).astype(np.int64)
        sizes = _sizes(rows, self.unit)
        found = {}
        for name in set(names) - {None}:
            ours = names == name
            found[name] = np.zeros(BINS, np.int64)
            np.add.at(found[name], bins[ours], sizes[ours])
        return found

    def merge(self, one: Summary, other: Summary) -> Summary:
        """The amounts of both together."""
        both = {name: one[name] + other[name] for name in one.keys() & other.keys()}
        return {**one, **other, **both}

    def parts(self, summary: Summary | None) -> tuple[Part, ...]:
        """What is taken of each dataset, in the order of `weights`."""
        import numpy as np

        nothing = np.zeros(BINS, np.int64)
        bins = {name: (summary or {}).get(name, nothing) for name in self.weights}
        budget = self.budget if self.budget is not None else self._largest(bins)
        total = sum(self.weights.values())
        return tuple(
            _part(name, weight, bins[name], budget * weight / total, self.repeat)
            for name, weight in self.weights.items()
        )

    def bind(self, summary: Summary | None) -> Map | Filter:
        """A filter for the parts; where documents may repeat, a map that makes their copies."""
        parts = self.parts(summary)
        short = [part for part in parts if part.asked >= part.most + 1 or not part.there]
        if summary is not None and short and self.shortfall == "fail":
            told = "; ".join(
                f"`{part.name}` has {part.most:,} {self.unit} of the {part.asked:,.0f} asked"
                for part in short
            )
            largest = int(self._largest(summary))
            raise UsageError(
                f"sample.mix: {told}" + (", repeats included" if self.repeat > 1 else ""),
                hint=f"the largest budget for what there is: {largest:,}; or raise `repeat`; or"
                " take less of a dataset with `shortfall: accept`",
            )
        kind = _Share if self.repeat == 1 else _Copies
        return kind(self.column, parts, self.seed)

    def _largest(self, bins: Summary) -> float:
        """The largest budget for which no dataset is too small, but for those that are empty."""
        total = sum(self.weights.values())
        sizes = {name: int(amounts.sum()) for name, amounts in bins.items()}
        budgets = [size * self.repeat * total / self.weights[name] for name, size in sizes.items()]
        return min((budget for budget in budgets if budget), default=0)


@dataclass(frozen=True)
class _Share(Filter):
    """Keep the documents whose place is before where their dataset's part ends."""

    measures: ClassVar[Mapping[str, str]] = {
        "weight": "float64",
        "place": "float64",
        "beyond": "float64",
    }

    column: str
    parts: tuple[Part, ...]
    seed: int

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The weight of each document's dataset, its place, and how far that is beyond the part."""
        import numpy as np
        import pyarrow as pa

        found = _parts_of(rows, self.column, self.parts)
        ends = np.array([part.whole + part.until if part else 0.0 for part in found], float)
        at = places(rows, self.seed)
        return {
            "weight": pa.array([part.weight if part else 0.0 for part in found], pa.float64()),
            "place": pa.array(at),
            "beyond": pa.array(at - ends),
        }

    def rules(self) -> tuple[Rule, ...]:
        """Of no dataset, or beyond its part."""
        return (Rule("weights", "weight", "==", 0.0), Rule("budget", "beyond", ">=", 0.0))


@dataclass(frozen=True)
class _Copies(Map):
    """Make as many copies of each document as its dataset's part asks for, or none."""

    many: ClassVar[bool] = True

    column: str
    parts: tuple[Part, ...]
    seed: int

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The copies, each with the place of its document."""
        import numpy as np
        import pyarrow as pa

        from penstock.data.schema import put

        found = _parts_of(rows, self.column, self.parts)
        copies = [
            part.whole + (at < part.until) if part else 0
            for part, at in zip(found, places(rows, self.seed), strict=True)
        ]
        parents = pa.array(np.repeat(np.arange(rows.num_rows), copies), pa.int32())
        return put(rows.take(parents), PARENT, parents)


def places(rows: pa.RecordBatch, seed: int) -> np.ndarray:
    """Where in [0, 1) each document stands."""
    import numpy as np

    ids = rows.column("id").to_pylist()
    return np.array([place(one, seed, "sample.mix") for one in ids], float)


def dataset_names(rows: pa.RecordBatch, name: str, patterns: tuple[str, ...]) -> list[str | None]:
    """The first pattern that each value fits; None where there is none."""
    known: dict[str | None, str | None] = {None: None}
    values = texts_of(rows, name)
    for value in values:
        if value is not None and value not in known:
            known[value] = next((one for one in patterns if fnmatchcase(value, one)), None)
    return [known[value] for value in values]


def _part(name: str, weight: float, bins: np.ndarray, asked: float, repeat: int) -> Part:
    import numpy as np

    there = int(bins.sum())
    most = there * repeat
    wanted = min(asked, most)
    whole = int(wanted // there) if there else 0
    sums = np.append(0, np.cumsum(bins))
    cut = int(np.argmin(np.abs(sums - (wanted - whole * there))))
    taken = whole * there + int(sums[cut])
    return Part(name, weight, there, most, asked, whole, cut / BINS, taken)


def _parts_of(rows: pa.RecordBatch, name: str, parts: tuple[Part, ...]) -> list[Part | None]:
    by_name = {part.name: part for part in parts}
    names = dataset_names(rows, name, tuple(by_name))
    return [by_name[one] if one is not None else None for one in names]


def _sizes(rows: pa.RecordBatch, unit: str) -> np.ndarray:
    """How much each document counts."""
    import numpy as np
    import pyarrow.compute as pc

    if unit == "documents":
        return np.ones(rows.num_rows, np.int64)
    if unit == "characters":
        lengths = pc.fill_null(pc.utf8_length(column(rows, "text")), 0)
        return np.asarray(lengths.to_numpy(zero_copy_only=False), np.int64)
    if unit == "words":
        texts = column(rows, "text").to_pylist()
        return np.array([len(words(text or "")) for text in texts], np.int64)
    sizes = numbers_of(rows, unit)
    if np.isnan(sizes).any() or (sizes < 0).any():
        raise RecordError(f"column `{unit}` is null or below 0, so the document has no size")
    return sizes.astype(np.int64)
