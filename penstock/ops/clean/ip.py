"""Remove IP addresses, or put something in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from penstock.ops.base import Map
from penstock.text.columns import change_matching
from penstock.text.removal import replace_spans

if TYPE_CHECKING:
    import pyarrow as pa

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
# No version 6 address may begin right after an address.
_APART = r"(?!(?:[0-9A-Fa-f]{0,4}:){2})"
_FOUR = re.compile(
    rf"(?<![\w.:])(?<![A-Za-z_]-)({_OCTET}(?:\.{_OCTET}){{3}})(?!\d|\.\d|-?[A-Za-z_])"
    rf"(?::\d{{1,5}}(?!\d))?(?:/\d{{1,2}}(?!\d))?{_APART}",
    re.ASCII,
)
_SIX = re.compile(
    r"(?<![\w.:])((?:[0-9A-Fa-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}))(?![\w:])"
    rf"(?:%\w{{1,16}}(?!\w))?(?:/\d{{1,3}}(?!\d))?{_APART}",
    re.ASCII,
)
# Four numbers after one of these are a version.
_VERSION = re.compile(
    r"(?:version|ver|release|build|firmware|版本号?|固件)[.\s:：=]{0,3}\Z", re.IGNORECASE
)


@dataclass(frozen=True)
class Ip(Map):
    """Remove IP addresses (version 4 and 6), or put `replacement` in their place.

    A port or network length goes with its address. Four numbers after a word for "version", stuck
    to letters (`v10.2.3.4`, `10.2.3.4-rc1`), or all below ten (`1.2.3.4`: sections, versions, and a
    few public name servers) stay; any other four from 0 to 255 are an address. Version 6 is what
    Python's `ipaddress` accepts and has a digit, so that `std::cout`, `a::b`, times and hardware
    addresses stay. With `public_only`, private and reserved addresses stay.

    >>> Ip().text("服务器192.168.0.1:8080和2001:db8::1，版本 10.2.3.4")
    '服务器和，版本 10.2.3.4'
    """

    replacement: str = ""
    public_only: bool = False

    def text(self, text: str) -> str:
        """The text without addresses."""
        for pattern in (_SIX, _FOUR):
            text = replace_spans(text, self._found(text, pattern), self.replacement)
        return text

    def _found(self, text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 12) : match.start()]
            if pattern is _FOUR and _is_version(match[1], before):
                continue
            if pattern is _SIX and not any(map(str.isdigit, match[1])):
                continue
            try:
                address = ip_address(match[1])
            except ValueError:
                continue  # looks like one and is none: 12:30:45
            if not self.public_only or address.is_global:
                yield match.span()

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have anything like an address."""
        return change_matching(rows, r"\d\.\d{1,3}\.\d|:[0-9A-Fa-f]{0,4}:", self.text)


def _is_version(four: str, before: str) -> bool:
    return len(four) == len("1.2.3.4") or _VERSION.search(before) is not None
