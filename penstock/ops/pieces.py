"""The shape of operators that remove pieces of documents which stand elsewhere too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from penstock.ops.base import Group

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


class Cut(NamedTuple):
    """The pieces of some texts, in order: in which row each stands (int32), where in the UTF-8
    bytes of its text it begins and ends (int64), and its key (16 bytes, as two columns of uint64).
    Pieces may overlap, and need not cover the text."""

    parents: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    keys: np.ndarray


class Pieces(Group):
    """A group of pieces of documents: those with the same key meet, whatever their document.

    A piece that stands in `min_documents` documents goes: from all of them, or (`keep: first`) from
    all but the first in input order, where it stays once. A document of which nothing but white
    space is left is dropped with the rule `no_text`.
    """

    keep: Literal["first", "none"]
    min_documents: int

    def check(self) -> None:
        """Raises ValueError where the parameters would remove all there is."""
        least = 2 if self.keep == "none" else 1
        if self.min_documents < least:
            raise ValueError(
                f"`min_documents` is {self.min_documents}; with `keep: {self.keep}` it must be at"
                f" least {least}"
            )

    def pieces(self, rows: pa.RecordBatch) -> Cut:
        """The pieces of the rows that take part."""
        raise NotImplementedError

    def look_for_columns(self, rows: pa.RecordBatch) -> None:
        """Ask for the texts only: to cut none would load compiled code."""
        from penstock.data.schema import column

        column(rows, "text")

    def goes(self, keys: np.ndarray, documents: np.ndarray) -> np.ndarray:
        """Which pieces go, of some in order of key and place. `keys` numbers the pieces that are
        equal; `documents` numbers their documents, in input order."""
        import numpy as np

        size = len(keys)
        first = np.ones(size, bool)
        first[1:] = keys[1:] != keys[:-1]
        opens = first.copy()
        opens[1:] |= documents[1:] != documents[:-1]
        places = np.cumsum(first) - 1
        often = np.bincount(places, opens) >= self.min_documents
        goes: np.ndarray = often[places]
        return goes & ~first if self.keep == "first" else goes


@dataclass(frozen=True)
class Units(Pieces):
    """Lines or paragraphs of at least `min_length` characters; with `across: site` those of the
    same site meet, which is the host in `column` without `www.`."""

    blank: ClassVar[bool]  # whether blank lines part them

    min_documents: int = 2
    keep: Literal["first", "none"] = "first"
    min_length: int = 15
    across: Literal["all", "site"] = "all"
    column: str = "url"

    def __post_init__(self) -> None:
        self.check()

    def look_for_columns(self, rows: pa.RecordBatch) -> None:
        """Ask for the texts, and for the sites where they count."""
        from penstock.data.schema import texts_of

        super().look_for_columns(rows)
        if self.across == "site":
            texts_of(rows, self.column)

    def pieces(self, rows: pa.RecordBatch) -> Cut:
        """The units of the rows that take part: those without a site do not, where sites count."""
        import numpy as np

        from penstock.data.schema import column, texts_of
        from penstock.text.pieces import cut_units
        from penstock.text.urls import host

        salts = np.ones(rows.num_rows, np.uint64)
        if self.across == "site":
            from xxhash import xxh3_64_intdigest

            urls = texts_of(rows, self.column)
            sites = [host(url).removeprefix("www.") if url else "" for url in urls]
            salted = [xxh3_64_intdigest(site.encode()) if site else 0 for site in sites]
            salts = np.array(salted, np.uint64)
        return Cut(*cut_units(column(rows, "text"), salts, self.min_length, blank=self.blank))
