"""Remove lines that stand on many pages of the same site."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from penstock.data.schema import put, strings, texts_of
from penstock.ops.base import Map, Survey
from penstock.text.urls import host

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# Lines on fewer pages than this are nobody's boilerplate, whatever their share.
FEWEST = 3
# A key is 58 bits of the hash of site and line, and 6 that rank its page for sampling.
_RANK_BITS = 6

Run = tuple["np.ndarray", "np.ndarray"]  # keys in order, and on how many pages each stands
Keyed = tuple[str, int]  # a line and its key
Summary = tuple[int, tuple[Run, ...]]  # pages of a lower rank are not counted; counts in parts


@dataclass(frozen=True)
class BoilerplateLines(Survey):
    """Remove lines that stand on `pages` pages of a site or more, or on a `share` of its pages.

    A site is the host in `column`, without `www.`; rows without one stay as they are. A line counts
    once a page, without the white space around it, and only if it has a letter or digit and
    `min_length` characters; on fewer than three pages it always stays.

    The survey counts at most `max_lines` different lines of sites, at 12 bytes each (and about
    three times that while parts are merged). Where there are more, it counts a random half of the
    pages, a quarter, and so on, until they fit: lines of few pages disappear first, and small sites
    keep their boilerplate. Which pages is decided by the hash of their URL, so that the order in
    which parts are merged does not matter.

    >>> BoilerplateLines(pages=6, share=0.3).column
    'url'
    """

    pages: int = 10
    share: float = 0.5
    min_length: int = 2
    max_lines: int = 10_000_000
    column: str = "url"

    def __post_init__(self) -> None:
        if self.pages < FEWEST or not 0 < self.share <= 1 or self.max_lines < 1:
            raise ValueError(
                f"`pages` must be at least {FEWEST}, `share` above 0 and at most 1, and `max_lines`"
                " at least 1"
            )

    def survey(self, rows: pa.RecordBatch) -> Summary:
        """On how many pages each line of each site stands."""
        import numpy as np
        from xxhash import xxh3_64_intdigest

        found: list[int] = []
        for url, text in zip(texts_of(rows, self.column), strings(rows, "text"), strict=True):
            site = _site(url)
            if url and text and site:
                page = xxh3_64_intdigest(url.encode())
                rank = (page & -page).bit_length() - 1 & (1 << _RANK_BITS) - 1
                lines = {key for _, key in _keyed(text, site, self.min_length) if key}
                # The empty line stands for the page itself.
                found += [key << _RANK_BITS | rank for key in (*lines, _key("", site))]
        if not found:
            return 0, ()
        keys, counts = np.unique(np.array(found, np.uint64), return_counts=True)
        return 0, ((keys, counts.astype(np.uint32)),)

    def merge(self, one: Summary, other: Summary) -> Summary:
        """The counts of both together."""
        rank = max(one[0], other[0])
        runs = sorted((*_from_rank(one, rank), *_from_rank(other, rank)), key=_size)
        # Runs of about the same size are merged, so that a small one does not cost a large one.
        while len(runs) > 1 and _size(runs[1]) < 2 * _size(runs[0]):
            runs = sorted([_sum(runs[:2]), *runs[2:]], key=_size)
        if sum(map(_size, runs)) > self.max_lines:
            return self._thinned(rank, runs)
        return rank, tuple(runs)

    def _thinned(self, rank: int, runs: list[Run]) -> Summary:
        run = _sum(runs)
        while _size(run) > self.max_lines:
            rank += 1
            (run,) = _from_rank((0, (run,)), rank)
        return rank, (run,)

    def bind(self, summary: Summary | None) -> Map:
        """A map that removes those lines."""
        import numpy as np

        rank, runs = summary or (0, ())
        if not runs:
            return _Removal(b"", b"", 0, self)
        rank, (run,) = self._thinned(rank, list(runs))
        keys, counts = _sum([(run[0] >> np.uint64(_RANK_BITS), run[1])])
        often = counts >= FEWEST
        return _Removal(keys[often].tobytes(), counts[often].tobytes(), rank, self)


@dataclass(frozen=True)
class _Removal(Map):
    """Remove lines by the counts of a survey."""

    keys: bytes
    counts: bytes
    rank: int
    rule: BoilerplateLines

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows without the lines of their sites."""
        import numpy as np
        import pyarrow as pa

        texts = strings(rows, "text")
        keyed: list[list[Keyed]] = []
        lines: list[int] = []
        pages: list[int] = []  # for each line that is counted, the key of its page
        for url, text in zip(texts_of(rows, self.rule.column), texts, strict=True):
            site = _site(url)
            keyed.append(_keyed(text, site, self.rule.min_length) if text and site else [])
            counted = [key for _, key in keyed[-1] if key]
            lines += counted
            pages += [_key("", site)] * len(counted)
        goes = iter(self._goes(np.array(lines, np.uint64), np.array(pages, np.uint64)).tolist())
        changed = [
            "\n".join(line for line, key in found if not key or not next(goes)) if found else text
            for text, found in zip(texts, keyed, strict=True)
        ]
        return put(rows, "text", pa.array(changed, pa.string()))

    def _goes(self, lines: np.ndarray, pages: np.ndarray) -> np.ndarray:
        seen, of = self._count(lines), self._count(pages)
        enough = (seen << self.rank >= self.rule.pages) | (seen >= self.rule.share * of)
        return enough & (seen >= FEWEST)

    def _count(self, keys: np.ndarray) -> np.ndarray:
        import numpy as np

        table, counts = self._table
        if not len(table):
            return np.zeros(len(keys), np.int64)
        places = np.minimum(np.searchsorted(table, keys), len(table) - 1)
        return np.where(table[places] == keys, counts[places], 0)

    @cached_property
    def _table(self) -> Run:
        import numpy as np

        return (
            np.frombuffer(self.keys, np.uint64),
            np.frombuffer(self.counts, np.uint32).astype(np.int64),
        )


def _site(url: str | None) -> int:
    """The hash of a URL's site; 0 for none."""
    from xxhash import xxh3_64_intdigest

    site = host(url).removeprefix("www.") if url else ""
    return xxh3_64_intdigest(site.encode()) if site else 0


def _key(line: str, site: int) -> int:
    from xxhash import xxh3_64_intdigest

    return xxh3_64_intdigest(line.encode(), site) >> _RANK_BITS


def _keyed(text: str, site: int, min_length: int) -> list[Keyed]:
    """The lines of a page with their keys; 0 for those that are not counted."""
    keyed = []
    for line in text.split("\n"):
        bare = line.strip()
        counts = len(bare) >= min_length and any(map(str.isalnum, bare))
        keyed.append((line, _key(bare, site) if counts else 0))
    return keyed


def _size(run: Run) -> int:
    return len(run[0])


def _sum(runs: list[Run]) -> Run:
    import numpy as np

    keys = np.concatenate([run[0] for run in runs])
    counts = np.concatenate([run[1] for run in runs])
    distinct, places = np.unique(keys, return_inverse=True)
    return distinct, np.bincount(places, counts, len(distinct)).astype(np.uint32)


def _from_rank(summary: Summary, rank: int) -> tuple[Run, ...]:
    import numpy as np

    if summary[0] >= rank:
        return summary[1]
    ranks = np.uint64((1 << _RANK_BITS) - 1)
    kept = [keys & ranks >= rank for keys, _ in summary[1]]
    return tuple(
        (keys[keep], counts[keep]) for (keys, counts), keep in zip(summary[1], kept, strict=True)
    )
