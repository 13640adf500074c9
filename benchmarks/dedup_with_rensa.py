"""Remove near-duplicates with rensa; run in its environment: `IN_FILE OUT_FILE native|bands`.

`native` is its own deduplicator, which compares signatures before it drops. `bands` takes from it
the signatures alone; whoever shares a band with a document before it is dropped.
"""

import sys
from collections.abc import Iterator
from itertools import islice

from rensa import RMinHash, RMinHashDeduplicator
from shingles import rows, shingles, write

BANDS, ROWS, THRESHOLD, BATCH = 14, 8, 0.7, 1000


def native(texts: list[str]) -> list[bool]:
    found = RMinHashDeduplicator(THRESHOLD, BANDS * ROWS, use_lsh=True, num_bands=BANDS, seed=1)
    return found.add_pairs((str(place), shingles(text)) for place, text in enumerate(texts))


def bands(texts: list[str]) -> Iterator[bool]:
    seen: list[set[tuple[int, ...]]] = [set() for _ in range(BANDS)]
    rest = map(shingles, texts)
    while batch := list(islice(rest, BATCH)):
        for digest in RMinHash.digests_from_token_sets(batch, BANDS * ROWS, 1):
            keys = [tuple(digest[at : at + ROWS]) for at in range(0, BANDS * ROWS, ROWS)]
            yield not any(key in table for key, table in zip(keys, seen, strict=True))
            for key, table in zip(keys, seen, strict=True):
                table.add(key)


if __name__ == "__main__":
    source, out, how = sys.argv[1:]
    lines = rows(source)
    keep = {"native": native, "bands": bands}[how]([text for _, text in lines])
    write(out, (line for (line, _), kept in zip(lines, keep, strict=True) if kept))
