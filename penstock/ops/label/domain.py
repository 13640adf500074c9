"""Write the host and the registered domain of each document's URL into columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from penstock.ops.base import Map
from penstock.text import urls

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Domain(Map):
    """Add the columns `host` and `domain` of the URLs in `column`.

    The host is in lower case, without user and port, and names in Punycode are as their letters.
    The domain is what somebody registered, by the Public Suffix List in the package
    publicsuffixlist: without its private part, as in Common Crawl's index, unless `private` is set;
    then what stands under github.io or blogspot.com is a domain of its own. Addresses in numbers,
    and what is no URL, have none: null.

    >>> Domain().parts("http://www.news.example.co.uk/a")
    ('www.news.example.co.uk', 'example.co.uk')
    """

    needs: ClassVar[tuple[str, ...]] = ("publicsuffixlist",)

    column: str = "url"
    private: bool = False

    def parts(self, url: str) -> tuple[str | None, str | None]:
        """The host and the domain of a URL."""
        host = urls.host(url)
        return host or None, urls.registered_domain(host, private=self.private) or None

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with the two columns."""
        import pyarrow as pa

        from penstock.data.schema import column, put

        addresses = column(rows, self.column).to_pylist()
        found = [(None, None) if url is None else self.parts(url) for url in addresses]
        hosts = pa.array([host for host, _ in found], pa.string())
        domains = pa.array([domain for _, domain in found], pa.string())
        return put(put(rows, "host", hosts), "domain", domains)
