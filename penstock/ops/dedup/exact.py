"""Remove exact copies of a document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import xxhash

from penstock.ops.base import Group

if TYPE_CHECKING:
    import pyarrow as pa

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Exact(Group):
    """Merge documents with the same text into the first of them in input order.

    With `normalize`, texts that differ only in case or white space are the same. Texts are compared
    by their 128-bit xxh3 digest.

    >>> Exact().digest("A  River") == Exact().digest("a river")
    True
    """

    normalize: bool = True

    def digest(self, text: str) -> bytes:
        """The key of one text: 16 bytes."""
        if self.normalize:
            text = _SPACE.sub(" ", text.casefold()).strip()
        return xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass"))

    def keys(self, rows: pa.RecordBatch) -> pa.Array:
        """The digest of each text; null where there is none."""
        import pyarrow as pa

        from penstock.data.schema import strings

        texts = strings(rows, "text")
        keys = [None if text is None else self.digest(text) for text in texts]
        return pa.array(keys, pa.binary(16))

    def elect(self, bucket: pa.Table) -> pa.Table:
        """All but the first row of each key, merged into it."""
        import numpy as np
        import pyarrow as pa

        keys = np.array(bucket.column("key").to_pylist(), dtype=object)
        copies = np.flatnonzero(keys[1:] == keys[:-1]) + 1
        first = np.arange(len(keys))
        first[copies] = 0
        first = np.maximum.accumulate(first)
        return pa.table(
            {
                "shard": bucket.column("shard").take(copies),
                "row": bucket.column("row").take(copies),
                "merged_into": bucket.column("id").take(first[copies]),
                "similarity": pa.array(np.ones(len(copies))),
            }
        )
