"""Amounts of bytes as people write them."""

import re

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_size(text: str | int) -> int:
    """The number of bytes meant by `4G`, `256MB`, `1.5 GiB` or 1048576; a K is 1024.

    Raises ValueError for anything else.

    >>> parse_size("4G"), parse_size("1.5 MiB"), parse_size(512)
    (4294967296, 1572864, 512)
    """
    if isinstance(text, int):
        return text
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is not a size; write 4G or 256MB")
    number, unit, _ = match.groups()
    return int(float(number) * 1024 ** _POWERS[unit.lower()])
