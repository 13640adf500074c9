"""Keep documents that share no passages with evaluation sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.ops.base import Filter, Rule

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.text.contamination import Hit, Items


@dataclass(frozen=True)
class Decontaminate(Filter):
    """Keep documents that share few n-grams of words with any item of the evaluation sets.

    `against` are files, folders or globs: JSON, JSON Lines, Parquet, or text with one item a line.
    Each column of an item, or each of `item_columns`, is a passage; no n-gram goes from one into
    the next, since pages set questions and answers apart in their own way. A passage shorter than
    `ngram` words counts whole, from `min_words` on; where an item has none so long, all of it is
    one passage. Case, accents and punctuation do not matter, and each Han or kana character is a
    word.

    The measures are `shared`, the most distinct n-grams in common with one item; `share`, the
    largest share of an item's n-grams; and `item`, the item with that share, as `gsm8k.jsonl:17`.
    A document goes when it shares more than `max_shared` n-grams with an item, or more than
    `max_share` of an item's; with neither given one n-gram is too much, as with GPT-3 (13 words,
    Brown et al. 2020) and datatrove (12). For items that quote well-known texts `max_share: 0.5` is
    milder. Others do not say which item was hit, and their hits cannot be judged again at another
    threshold.

    >>> file = getfixture("tmp_path") / "dams.txt"
    >>> _ = file.write_text("Which dam on the Yangtze holds back the most water of all?")
    >>> dams = Decontaminate(against=str(file))
    >>> dams.measure("Q: which dam on the yangtze holds back the most water of all")["item"]
    'dams.txt:1'
    """

    measures: ClassVar[Mapping[str, str]] = {
        "shared": "int64",
        "share": "float64",
        "item": "string",
    }

    against: str | tuple[str, ...]
    item_columns: tuple[str, ...] = ()
    ngram: int = 13
    min_words: int = 8
    max_shared: int | None = None
    max_share: float | None = None

    def __post_init__(self) -> None:
        from penstock.data.lists import check_there

        if not self.against:
            raise ValueError("`against` is empty; name the files of the evaluation sets")
        for address in [self.against] if isinstance(self.against, str) else self.against:
            check_there(against=address)
        if not 1 <= self.min_words <= self.ngram:
            raise ValueError(
                f"`min_words` is {self.min_words}; it must be from 1 to `ngram`, {self.ngram}"
            )
        if self.max_shared is not None and self.max_shared < 0:
            raise ValueError(f"`max_shared` is {self.max_shared}; it must be 0 or more")
        if self.max_share is not None and not 0 <= self.max_share < 1:
            raise ValueError(f"`max_share` is {self.max_share}; it must be at least 0 and below 1")

    def measure(self, text: str) -> dict[str, Any]:
        """What a text has in common with the items."""
        return self._named(self._index.find([text])[0])

    def rules(self) -> tuple[Rule, ...]:
        """More than `max_shared`, more than `max_share`; without either more than none."""
        most = 0 if self.max_shared is None and self.max_share is None else self.max_shared
        rules = (
            Rule("max_shared", "shared", ">", most),
            Rule("max_share", "share", ">", self.max_share),
        )
        return tuple(rule for rule in rules if rule.threshold is not None)

    def thresholds(self) -> frozenset[str]:
        """Those of the rules; `min_words` changes what is looked for."""
        return frozenset({"max_shared", "max_share"})

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The measures; null where a row has no text."""
        import pyarrow as pa

        from penstock.data.schema import strings

        texts = strings(rows, "text")
        hits = iter(self._index.find([text for text in texts if text is not None]))
        found = [None if text is None else self._named(next(hits)) for text in texts]
        return {
            name: pa.array([one and one[name] for one in found], kind)
            for name, kind in self.measures.items()
        }

    def _named(self, hit: Hit) -> dict[str, Any]:
        item = None if hit.item < 0 else self._names[hit.item]
        return {"shared": hit.shared, "share": hit.share, "item": item}

    @property
    def _index(self) -> Items:
        return self._read[0]

    @property
    def _names(self) -> list[str]:
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[Items, list[str]]:
        from penstock.data.items import read_items
        from penstock.errors import UsageError
        from penstock.text.contamination import index

        items = list(read_items(self.against, self.item_columns))
        found = index((item.passages for item in items), self.ngram, self.min_words)
        if not len(found.hashes):
            raise UsageError(
                f"no item of {self.against} has {self.min_words} words, so that nothing would be"
                " found",
                hint="lower `min_words`, or name the right `item_columns`",
            )
        return found, [item.name for item in items]
