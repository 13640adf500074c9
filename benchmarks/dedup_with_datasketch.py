"""Remove near-duplicates with datasketch; run in its environment: `IN_FILE OUT_FILE`.

Whoever shares a band with a document that is kept is dropped.
"""

import sys

from datasketch import MinHash, MinHashLSH
from shingles import rows, shingles, write
from xxhash import xxh32_intdigest

BANDS, ROWS = 14, 8

if __name__ == "__main__":
    source, out = sys.argv[1:]
    lines = rows(source)
    index = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
    sets = ([shingle.encode() for shingle in shingles(text)] for _, text in lines)
    signs = MinHash.generator(sets, num_perm=BANDS * ROWS, hashfunc=xxh32_intdigest)
    kept = []
    for place, (sign, (line, _)) in enumerate(zip(signs, lines, strict=True)):
        if not index.query(sign):
            index.insert(place, sign, check_duplication=False)
            kept.append(line)
    write(out, kept)
