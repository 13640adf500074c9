"""The pages in a batch of documents, for operators that read the column `content`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from penstock.crawl.killable import child
from penstock.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

# A parser's slowest cases grow with the square of a page's tags or length. The worst page known
# takes three seconds up to here, so that it needs no guard. (One real page in ten is larger.)
SMALL_PAGE = 384 << 10
FEW_TAGS = 10_000


class Page(NamedTuple):
    """The bytes of a page, the charset that its server names, and its address."""

    content: bytes
    charset: str
    url: str

    @property
    def harmless(self) -> bool:
        """Whether the page is too small to keep a parser busy for long."""
        return len(self.content) <= SMALL_PAGE and self.content.count(b"<") <= FEW_TAGS


def pages(rows: pa.RecordBatch, operator: str) -> Iterator[Page | None]:
    """The pages of a batch; None for a document without one."""
    from penstock.data.schema import strings

    if rows.schema.get_field_index("content") < 0:
        raise UsageError(
            f"`{operator}` reads the column `content`, and there is none here",
            hint="put it behind a reader of web pages (`read.warc`, `read.html`) and before"
            " `extract.main_text`, which drops `content` unless `keep_content: true` is set",
        )
    contents = rows.column("content").to_pylist()
    for content, charset, url in zip(
        contents, strings(rows, "charset"), strings(rows, "url"), strict=True
    ):
        yield None if content is None else Page(content, charset or "", url or "")


def guarded(function: Callable[..., T], page: Page, *options: Any, timeout: float) -> T | Any:
    """What `function(page…, options…)` returns: called here for a harmless page, else in a child
    that can be killed, where it comes back as JSON has it."""
    if page.harmless:
        return function(*page, *options)
    name = f"{function.__module__}:{function.__name__}"
    return child().call(name, *page, *options, timeout=timeout)
