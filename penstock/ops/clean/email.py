"""Remove e-mail addresses, or put something in their place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching
from penstock.text.removal import replace_spans

if TYPE_CHECKING:
    import pyarrow as pa

# Look-arounds instead of \b: between a Han character and a letter there is no word boundary. Every
# repetition is bounded, so that no text can make matching slow.
_ADDRESS = (
    r"(?:mailto:)?[A-Za-z0-9._%+-]{1,64}[@＠]"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)
# Several that run into each other go at once.
_ADDRESSES = re.compile(rf"(?<![A-Za-z0-9._%+-])(?:{_ADDRESS})++")


@dataclass(frozen=True)
class Email(Map):
    """Remove e-mail addresses, or put `replacement` in their place.

    Addresses in any case, also next to Han characters and with a full-width `＠`. To mask personal
    data of several kinds at once see `mask.pii`.

    >>> Email().text("邮箱Water@Example.COM，谢谢")
    '邮箱，谢谢'
    """

    replacement: str = ""

    def text(self, text: str) -> str:
        """The text without addresses."""
        spans = (found.span() for found in _ADDRESSES.finditer(text))
        return replace_spans(text, spans, self.replacement)

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have an at sign."""
        return change_matching(rows, "[@＠]", self.text)
