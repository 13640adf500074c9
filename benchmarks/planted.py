"""Documents with planted near-duplicates: `python benchmarks/planted.py FOLDER [--documents N]`.

Short English-looking documents of 38 to 69 made-up words, as JSON Lines of about 100 MB a file. A
fifth of them stand in clusters of 2 to 50, strewn over all files: a first, and members that are the
first after one small edit, or copies of it. Every member shares at least 0.8 of its runs of five
words with the first (Jaccard); all other documents share none.

Nothing is drawn: words and edits are a function of the document's number, so that any part can be
made again without the rest, and a checker needs no file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

SEED = 1
SHARE = 0.2  # of documents in clusters
SMALLEST, LARGEST = 2, 50
SHORTEST, LONGEST = 38, 69  # words
WORDS = 50_000
SHINGLE = 5
BLOCK = 20_000
FILE_BYTES = 100_000_000
# The edits, and the share of members that get each; a copy is no edit.
COPY, CUT_HEAD, CUT_TAIL, ADD, REPLACE = range(5)
SHARES = (0.1, 0.2, 0.2, 0.2, 0.3)
# From so many words on, one in the middle can be another: it is in five runs.
LONG_ENOUGH = 50


@dataclass(frozen=True)
class Plan:
    """For each document its cluster (-1 for none) and its number within; the first is 0."""

    cluster: np.ndarray
    member: np.ndarray

    @property
    def keys(self) -> np.ndarray:
        """What the words depend on: the same for a whole cluster."""
        own = len(self.cluster) + np.arange(len(self.cluster))
        return np.where(self.cluster < 0, own, self.cluster)


@dataclass(frozen=True)
class Edits:
    """The edit of each document: its kind, where it is or how long, what new words come from, and
    the Jaccard index with the first that is left."""

    kind: np.ndarray
    amount: np.ndarray
    seed: np.ndarray
    jaccard: np.ndarray


def plan(size: int) -> Plan:
    """Where the clusters are; few numbers, however long the texts."""
    draw = np.random.default_rng(SEED)
    sizes = np.arange(SMALLEST, LARGEST + 1)
    weights = 1.0 / sizes**2
    mean = (sizes * weights).sum() / weights.sum()
    wanted = int(size * SHARE)
    drawn = draw.choice(sizes, round(wanted / mean) + 100, p=weights / weights.sum())
    drawn = drawn[: np.searchsorted(np.cumsum(drawn), wanted, side="right")]
    places = draw.permutation(size)[: drawn.sum()]
    cluster = np.full(size, -1, np.int32)
    member = np.zeros(size, np.int32)
    cluster[places] = np.repeat(np.arange(len(drawn)), drawn)
    member[places] = np.concatenate([np.arange(one) for one in drawn]) if len(drawn) else 0
    return Plan(cluster, member)


def edits(keys: np.ndarray, member: np.ndarray) -> Edits:
    """What is done to each document; nothing to the first, and to those outside clusters."""
    words = lengths(keys)
    runs = words - SHINGLE + 1
    seeds = _mixed(keys.astype(np.uint64) * np.uint64(LARGEST + 1) + member.astype(np.uint64))
    kind = np.searchsorted(np.cumsum(SHARES)[:-1], _unit(seeds), side="right")
    kind[member == 0] = COPY
    second = _mixed(seeds)
    place = _unit(second)
    amount = np.zeros(len(keys), np.int64)
    cut = (kind == CUT_HEAD) | (kind == CUT_TAIL)
    amount[cut] = 1 + (place * (runs // 10))[cut]
    amount[kind == ADD] = 1 + (place * (runs // 7))[kind == ADD]
    inner = SHINGLE + (place * (words - 2 * SHINGLE)).astype(np.int64)
    replaced = kind == REPLACE
    amount[replaced] = np.where(words < LONG_ENOUGH, words - 1, inner)[replaced]
    jaccard = np.ones(len(keys))
    jaccard[cut] = ((runs - amount) / runs)[cut]
    jaccard[kind == ADD] = (runs / (runs + amount))[kind == ADD]
    touched = np.where(words < LONG_ENOUGH, 1, SHINGLE)
    jaccard[replaced] = ((runs - touched) / (runs + touched))[replaced]
    return Edits(kind, amount, _mixed(second), jaccard)


def lengths(keys: np.ndarray) -> np.ndarray:
    """How many words a document has before it is edited."""
    return SHORTEST + (_unit(_mixed(keys)) * (LONGEST - SHORTEST + 1)).astype(np.int64)


def documents(planned: Plan) -> Iterator[tuple[int, int, str]]:
    """Number, cluster and text of each document, in order."""
    known, keys = vocabulary(), planned.keys
    for start in range(0, len(keys), BLOCK):
        part = slice(start, start + BLOCK)
        block, member = keys[part], planned.member[part]
        done, size = edits(block, member), lengths(block)
        rows = known[_ranks(block, LONGEST)].tolist()
        extra = known[_ranks(done.seed, LONGEST // 7 + 1)]
        changed = np.flatnonzero(member > 0)
        texts = [row[:end] for row, end in zip(rows, size.tolist(), strict=True)]
        for place in changed.tolist():
            texts[place] = edited(
                texts[place], int(done.kind[place]), int(done.amount[place]), extra[place].tolist()
            )
        clusters = planned.cluster[part].tolist()
        for number, (cluster, words) in enumerate(zip(clusters, texts, strict=True), start):
            yield number, cluster, " ".join(words)


def edited(words: list[str], kind: int, amount: int, extra: list[str]) -> list[str]:
    """One edit of a list of words."""
    if kind == CUT_HEAD:
        return words[amount:]
    if kind == CUT_TAIL:
        return words[:-amount]
    if kind == ADD:
        return words + extra[:amount]
    if kind == REPLACE:
        return [*words[:amount], extra[0], *words[amount + 1 :]]
    return words


def check(planned: Plan, ledger: pa.Table, bands: int = 14, rows: int = 8) -> dict[str, Any]:
    """How much of what was planted a run has found, by its ledger (id, state, merged_into).

    `members_expected` is the share of members that MinHash finds when it compares each with the
    first alone, from what their Jaccard index really is.
    """
    root = survivors(len(planned.cluster), ledger)
    inside = np.flatnonzero((planned.cluster >= 0) & (root >= 0))
    pairs = np.stack([planned.cluster[inside], root[inside]], axis=1)
    parts, counts = np.unique(pairs, axis=0, return_counts=True)
    sizes = np.bincount(planned.cluster[planned.cluster >= 0])
    pieces = np.bincount(parts[:, 0], minlength=len(sizes))
    # A document that is neither kept nor merged is a piece of its own.
    pieces += sizes - np.bincount(planned.cluster[inside], minlength=len(sizes))
    gone = np.flatnonzero((root >= 0) & (root != np.arange(len(root))))
    wrong = planned.cluster[gone] != planned.cluster[root[gone]]
    wrong |= planned.cluster[gone] < 0
    later = planned.member > 0
    jaccard = edits(planned.keys[later], planned.member[later]).jaccard
    return {
        "clusters": len(sizes),
        "clusters_whole": round(float((pieces == 1).mean()), 5),
        "pairs_found": round(float(_pairs(counts) / _pairs(sizes)), 5),
        "members_found": round(float(1 - (pieces - 1).sum() / (sizes - 1).sum()), 5),
        "members_expected": round(float((1 - (1 - jaccard**rows) ** bands).mean()), 5),
        "merged": len(gone),
        "merged_wrongly": int(wrong.sum()),
        "neither_kept_nor_merged": int((root < 0).sum()),
    }


def survivors(size: int, ledger: pa.Table) -> np.ndarray:
    """For each document the one that stands for it: itself where it is kept, -1 where the ledger
    has it in no such state."""
    import pyarrow.compute as pc

    root = np.full(size, -1, np.int64)
    for state, column in (("kept", "id"), ("merged", "merged_into")):
        rows = ledger.filter(pc.equal(ledger.column("state"), state))
        ids = rows.column("id").cast("int64").to_numpy()
        root[ids] = rows.column(column).cast("int64").to_numpy()
    while True:
        further = np.where(root >= 0, root[root], -1)
        if np.array_equal(further, root):
            return root
        root = further


def _pairs(sizes: np.ndarray) -> int:
    return int((sizes.astype(np.int64) * (sizes.astype(np.int64) - 1)).sum()) // 2


def vocabulary() -> np.ndarray:
    """Made-up words, the most frequent first, of one or two syllables."""
    syllables = [a + b + c for a in "bdfghjklmnprstvz" for b in "aeiou" for c in "nrs"]
    count = len(syllables)
    words = [
        syllables[rank] if rank < count else syllables[rank // count] + syllables[rank % count]
        for rank in range(WORDS)
    ]
    return np.array(words, dtype=object)


def _ranks(keys: np.ndarray, width: int) -> np.ndarray:
    """A table of words' ranks, a row for each key: how often each occurs is Zipf's law."""
    start = _mixed(keys)[:, None]
    unit = _unit(_mixed(start + np.arange(1, width + 1, dtype=np.uint64)[None, :]))
    return np.exp(unit * np.log(WORDS)).astype(np.int64) - 1


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Numbers scattered over 64 bits (splitmix64)."""
    with np.errstate(over="ignore"):
        mixed = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def _unit(scattered: np.ndarray) -> np.ndarray:
    """From 0 to 1, without 1."""
    return (scattered >> np.uint64(11)) * 2.0**-53


def write(folder: Path, size: int) -> None:
    """Write the documents, unless they are there."""
    done = folder / "planted.json"
    said = json.dumps({"documents": size, "seed": SEED, "share": SHARE})
    if done.exists() and done.read_text() == said:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for old in (done, *folder.glob("*.jsonl")):
        old.unlink(missing_ok=True)
    rest = documents(plan(size))
    for number in range(size):
        file = folder / f"{number:03}.jsonl"
        if not _fill(file, rest):
            break
    done.write_text(said)


def _fill(path: Path, rest: Iterator[tuple[int, int, str]]) -> bool:
    """Write a file until it is full; whether there may be more."""
    written = 0
    with path.open("w", encoding="ascii", buffering=1 << 20) as file:
        for number, cluster, text in rest:
            row = f'{{"id": "{number}", "cluster": {cluster}, "text": "{text}"}}\n'
            written += file.write(row)
            if written >= FILE_BYTES:
                return True
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=500_000)
    arguments = parser.parse_args()
    write(arguments.folder, arguments.documents)


if __name__ == "__main__":
    main()
