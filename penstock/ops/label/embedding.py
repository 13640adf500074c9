"""Write a vector for the meaning of each document into a column."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from penstock.ops.base import Map

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from penstock.data.answers import Answers
    from penstock.models.encoder import Encoder

# A text that is asked for to see how many numbers come.
_PROBE = "dam"


@dataclass(frozen=True)
class Embedding(Map):
    """Add the column `column` with a vector of float32 numbers, null where there is no text.

    `model` is a folder of sentence-transformers (Reimers and Gurevych 2019), which runs on the CPU
    and has its prompt, pooling and normalisation followed; or with `endpoint` the name of a model
    that an OpenAI-compatible server knows (`https://…/v1`, the key in PENSTOCK_KEY). `prefix`
    stands before every text, such as `passage: ` for E5. A model cuts off what is too long for it;
    a text that a server refuses is quarantined. `dimension` is how many numbers a vector has; the
    model is asked unless it is given.

    A server that is away or busy is asked again for a quarter of a minute, then the run stops. With
    `cache`, a file, each answer is kept as it comes, by model, prefix and text: nothing is asked
    twice but the requests that were under way when a run was stopped. Vectors depend in their last
    bits on the texts that are computed with them.

    >>> Embedding(model="bge-m3", endpoint="http://127.0.0.1:8000/v1").batch_size
    32
    """

    scratch: ClassVar[tuple[str, ...]] = ("cache",)

    model: str
    endpoint: str | None = None
    column: str = "embedding"
    prefix: str | None = None
    dimension: int | None = None
    batch_size: int = 32
    cache: str | None = None

    def __post_init__(self) -> None:
        from penstock.data.schema import refuse_fixed

        if self.endpoint is None and not os.path.isdir(self.model):
            raise ValueError(
                f"`model`: there is no folder {self.model}; a model's name goes with `endpoint`"
            )
        if self.endpoint is not None and not self.endpoint.startswith(("http://", "https://")):
            raise ValueError(
                f"`endpoint` is {self.endpoint}; it must begin with http:// or https://"
            )
        if self.endpoint is None and self.cache is not None:
            raise ValueError("`cache` goes with `endpoint`; a folder is computed on this machine")
        if self.batch_size < 1:
            raise ValueError(f"`batch_size` is {self.batch_size}; it must be at least 1")
        if self.dimension is not None and self.dimension < 1:
            raise ValueError(f"`dimension` is {self.dimension}; it must be at least 1")
        if self.column == "text":
            raise ValueError("`column` is `text`, which would be lost")
        refuse_fixed([self.column], "overwritten")

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with the column."""
        import numpy as np
        import pyarrow as pa

        from penstock.data.schema import put, strings

        size = self._size
        texts = [text if text and not text.isspace() else None for text in strings(rows, "text")]
        vectors = dict(self._vectors((text for text in texts if text is not None), size))
        nothing = np.zeros(size, np.float32)
        flat = [nothing if text is None else vectors[text] for text in texts]
        values = pa.FixedSizeListArray.from_arrays(
            pa.array(np.concatenate([*flat, nothing[:0]])),
            size,
            mask=pa.array([text is None for text in texts], pa.bool_()),
        )
        return put(rows, self.column, values)

    def _vectors(self, texts: Iterable[str], size: int = 0) -> Iterator[tuple[str, np.ndarray]]:
        """Each text once, and its vector, which has `size` numbers if that is known."""
        import numpy as np

        asked = {self._key(text): text for text in texts}
        known = self._answers.get(list(asked)) if self._answers is not None else {}
        for key, answer in known.items():
            vector = np.frombuffer(answer, np.float32)
            self._check(len(vector), size)
            yield asked[key], vector
        left = [text for key, text in asked.items() if key not in known]
        for part, vectors in self._computed(left) if left else ():
            self._check(vectors.shape[1], size)
            if self._answers is not None:
                pairs = zip(part, vectors, strict=True)
                self._answers.put({self._key(text): one.tobytes() for text, one in pairs})
            yield from zip(part, vectors, strict=True)

    def _computed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[str], np.ndarray]]:
        if self.endpoint is None:
            yield from self._encoder.encode(texts, self.batch_size, prefix=self.prefix)
            return
        from penstock.models.embeddings import embed

        prefix, key = self.prefix or "", os.environ.get("PENSTOCK_KEY")
        full = [f"{prefix}{text}" for text in texts]
        for part, vectors in embed(self.endpoint, self.model, full, self.batch_size, key=key):
            yield [text[len(prefix) :] for text in part], vectors

    def _check(self, found: int, size: int) -> None:
        from penstock.errors import PenstockError

        if size and found != size:
            raise PenstockError(
                f"a vector of {found} numbers came where one of {size} was expected",
                where=self.endpoint or self.model,
                hint="if another model answers now, give it another `cache`",
            )

    def _key(self, text: str) -> bytes:
        import xxhash

        parts = (self.model, self.prefix or "", text)
        return xxhash.xxh3_128_digest("\0".join(parts).encode())

    @cached_property
    def _size(self) -> int:
        # A server does not say it, and a batch may have no text at all.
        if self.endpoint is None:
            self._check(self._encoder.dimension, self.dimension or 0)
            return self._encoder.dimension
        return self.dimension or len(next(self._vectors([_PROBE]))[1])

    @cached_property
    def _encoder(self) -> Encoder:
        from penstock.models.encoder import Encoder

        return Encoder(self.model)

    @cached_property
    def _answers(self) -> Answers | None:
        from penstock.data.answers import Answers

        return None if self.cache is None else Answers(self.cache)
