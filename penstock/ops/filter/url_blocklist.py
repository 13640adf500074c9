"""Keep documents whose URL is on no list of sites and pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from penstock.ops.base import Filter, Rule
from penstock.text import urls

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_PLAIN = re.compile(r"[a-z0-9.-]+")
_ENDS = re.compile(r"[/?]")
_DOMAIN, _PAGE = 0, 1


@dataclass(frozen=True)
class UrlBlocklist(Filter):
    """Keep documents whose URL, in `column`, is not on the list `blocked`.

    An entry is a domain, which stands for all hosts below it too, or a URL, which stands for that
    page and all below its path; scheme, port, case of the host, `www.` before that of a URL and a
    final slash do not matter. `blocked` are entries, or the address of a file with one a line, a
    glob, or a folder with files called `domains` and `urls`, such as UT1's blacklists (Prigent,
    Toulouse); lines of a hosts file do as well. Of millions of entries 64-bit hashes are kept, 8
    bytes each. The measure is the entry that blocks, or "".

    >>> UrlBlocklist(blocked=("casino.example",)).match("https://www.casino.example/poker")
    'casino.example'
    """

    measures: ClassVar[Mapping[str, str]] = {"match": "string"}

    blocked: str | tuple[str, ...]
    column: str = "url"

    def __post_init__(self) -> None:
        from penstock.data.lists import check_there

        check_there(blocked=self.blocked)

    def match(self, url: str) -> str:
        """The entry that blocks a URL: a domain rather than a page; "" when none does."""
        import numpy as np

        host, path = urls.split(url)
        domains = list(urls.parents(urls.readable(host)))
        pages = _pages(_bare(host), path.rstrip("/"))
        keys = [*(_digest(domain, _DOMAIN) for domain in domains), *(key for key, _ in pages)]
        wanted = np.array(keys, np.uint64)
        places = np.searchsorted(self._keys, wanted)
        hits = np.flatnonzero(self._keys[np.minimum(places, len(self._keys) - 1)] == wanted)
        if not len(hits):
            return ""
        first = int(hits[0])
        if first < len(domains):
            return domains[first]
        return _bare(host) + path[: pages[first - len(domains)][1]]

    def rules(self) -> tuple[Rule, ...]:
        """Any entry blocks."""
        return (Rule("blocked", "match", "!=", ""),)

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The entries that block; null where there is no URL."""
        import pyarrow as pa

        from penstock.data.schema import column

        addresses = column(rows, self.column).to_pylist()
        found = [None if url is None else self.match(url) for url in addresses]
        return {"match": pa.array(found, pa.string())}

    @cached_property
    def _keys(self) -> np.ndarray:
        import numpy as np

        from penstock.data.lists import entries

        keys = np.fromiter(map(_key, entries(self.blocked)), np.uint64)
        # One key that nothing has, so that an empty list needs no case of its own.
        return np.unique(np.append(keys, np.uint64(2**64 - 1)))


def _key(entry: str) -> int:
    if _PLAIN.fullmatch(entry) and "xn--" not in entry:
        return _digest(entry.strip("."), _DOMAIN)
    address = entry.split()[1] if len(entry.split()) > 1 else entry  # "0.0.0.0 a.example"
    host, path = urls.split(address.removeprefix("*."))
    path = path.rstrip("/")
    return _digest(_bare(host) + path, _PAGE) if path else _digest(urls.readable(host), _DOMAIN)


def _pages(host: str, path: str) -> list[tuple[int, int]]:
    """The keys of a page and of all paths above it, with the place in the path where each ends."""
    import xxhash

    # The hash goes on from where it stands, so that a thousand slashes cost no thousand readings.
    state, done, found = xxhash.xxh3_64(host.encode(), seed=_PAGE), 0, []
    ends = [match.start() for match in _ENDS.finditer(path, 1)]
    for end in [*ends, len(path)] if path else []:
        state.update(path[done:end].encode())
        done = end
        found.append((state.intdigest(), end))
    return found


def _digest(entry: str, kind: int) -> int:
    import xxhash

    return xxhash.xxh3_64_intdigest(entry.encode(), kind)


def _bare(host: str) -> str:
    return urls.readable(host).removeprefix("www.")
