"""JSON values from bytes, fast where that gives the same."""

from __future__ import annotations

import json
from typing import Any

import orjson


def loads(data: bytes) -> Any:
    """What some JSON means. Raises ValueError where it is none.

    orjson refuses some of what the standard library takes, and what is found in real files: NaN,
    lone surrogates, a byte order mark, UTF-16. Whole numbers beyond 64 bits become floating point.

    >>> loads(b'[1, NaN, 18446744073709551616]')
    [1, nan, 1.8446744073709552e+19]
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(data, parse_int=_whole_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _whole_number(digits: str) -> int | float:
    """As orjson reads it, so that a number means the same whatever else stands beside it."""
    if len(digits) > 20:
        return float(digits)
    number = int(digits)
    return number if -(1 << 63) <= number < 1 << 64 else float(number)
