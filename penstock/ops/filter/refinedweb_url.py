"""Keep documents whose URL does not speak of adult or harmful pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.ops.base import Filter, Rule
from penstock.text import urls

if TYPE_CHECKING:
    import pyarrow as pa

_LISTS = ("domains", "urls", "hard_words", "soft_words", "subwords")


@dataclass(frozen=True)
class RefinedwebUrl(Filter):
    """Keep documents by the rules on URLs of RefinedWeb (Penedo et al. 2023, appendix G.1).

    A document is dropped when its domain, host or URL is listed; when a word of its URL (between
    what is neither a Latin letter nor a digit) is one of `hard_words`; when more than
    `max_soft_words` are of `soft_words`; and when one of `subwords` stands anywhere in the letters
    and digits of the URL. Each list is given as entries, or as the file that holds them, one a
    line; none come with penstock. `penstock` ignores case and lists a domain with all hosts below
    it; `datatrove` (0.10) compares words and hosts as they are written, and the registered domain
    and the whole host only.

    >>> RefinedwebUrl(hard_words=("casino",)).look("http://a.example/Casino-Royale")["hard_words"]
    1
    """

    needs: ClassVar[tuple[str, ...]] = ("publicsuffixlist",)
    measures: ClassVar[Mapping[str, str]] = {
        "listed": "string",
        "hard_words": "int64",
        "soft_words": "int64",
        "subwords": "int64",
    }

    domains: str | tuple[str, ...] = ()
    urls: str | tuple[str, ...] = ()
    hard_words: str | tuple[str, ...] = ()
    soft_words: str | tuple[str, ...] = ()
    subwords: str | tuple[str, ...] = ()
    max_soft_words: int = 1
    column: str = "url"
    profile: Literal["penstock", "datatrove"] = "penstock"

    def __post_init__(self) -> None:
        from penstock.data.lists import check_there

        lists = {name: getattr(self, name) for name in _LISTS}
        if not any(lists.values()):
            raise ValueError("no list is given; write `hard_words: lists/hard.txt`, or others")
        check_there(**lists)

    def look(self, url: str) -> dict[str, Any]:
        """What the lists say of a URL."""
        host = urls.split(url)[0]
        if self.profile == "penstock":
            host = urls.readable(host)
        words = set(urls.WORDS.split(url.lower() if self.profile == "penstock" else url))
        letters = urls.WORDS.sub("", url).lower()
        return {
            "listed": self._listed(url, host),
            "hard_words": len(words & self._words("hard_words")),
            "soft_words": len(words & self._words("soft_words")),
            "subwords": sum(one in letters for one in self._words("subwords")),
        }

    def rules(self) -> tuple[Rule, ...]:
        """In the order of datatrove."""
        return (
            Rule("domain", "listed", "==", "domain"),
            Rule("subdomain", "listed", "==", "subdomain"),
            Rule("url", "listed", "==", "url"),
            Rule("hard_words", "hard_words", ">", 0),
            Rule("max_soft_words", "soft_words", ">", self.max_soft_words),
            Rule("subwords", "subwords", ">", 0),
        )

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The measures; null where there is no URL."""
        import pyarrow as pa

        from penstock.data.schema import column

        addresses = column(rows, self.column).to_pylist()
        found = [None if url is None else self.look(url) for url in addresses]
        return {
            name: pa.array([one and one[name] for one in found], kind)
            for name, kind in self.measures.items()
        }

    def _listed(self, url: str, host: str) -> str:
        domain = urls.registered_domain(host)
        if domain in self._entries["domains"]:
            return "domain"
        above = urls.parents(host) if self.profile == "penstock" else (host,)
        if domain and any(name in self._entries["domains"] for name in above):
            return "subdomain"
        return "url" if url in self._entries["urls"] else ""

    def _words(self, name: str) -> frozenset[str]:
        return self._entries[name]

    @cached_property
    def _entries(self) -> dict[str, frozenset[str]]:
        from penstock.data.lists import entries

        found = {name: frozenset(entries(getattr(self, name))) for name in _LISTS}
        for name in ("hard_words", "soft_words", "subwords"):
            # Lists are full of spaces and hyphens that no word of a URL can have.
            found[name] = frozenset(urls.WORDS.sub("", one).lower() for one in found[name]) - {""}
        return found
