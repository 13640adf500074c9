"""Mask personal data."""

import re
from dataclasses import dataclass
from typing import Literal

from penstock.ops.base import Map

# Look-arounds instead of \b: between a Han character and a digit there is no word boundary.
# Every repetition is bounded, so that no text can make matching slow.
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)
_PHONE = re.compile(
    r"(?<![\dA-Za-z_.+-])(?:"
    r"(?:\+86[ -]?|0086[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}"  # Chinese mobile
    r"|0\d{2,3}-\d{7,8}"  # Chinese landline
    r"|\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,5}"  # international
    r"|\(\d{3}\)[ .-]?\d{3}[ .-]?\d{4}"  # North American
    r"|\d{3}[.-]\d{3}[.-]\d{4}"
    r")(?![\dA-Za-z_-]|\.\d)",
    re.ASCII,
)
_FULL_WIDTH = str.maketrans({chr(0xFF10 + digit): str(digit) for digit in range(10)} | {"＠": "@"})


@dataclass(frozen=True)
class Pii(Map):
    """Replace e-mail addresses and phone numbers by `[EMAIL]` and `[PHONE]`.

    Finds addresses in any case, Chinese mobile and landline numbers, international numbers with `+`
    and North American ones; also next to Han characters and in full-width digits.

    >>> Pii().text("请致电13800138000，或写信给 Water@Example.COM。")
    '请致电[PHONE]，或写信给 [EMAIL]。'
    """

    kinds: tuple[Literal["email", "phone"], ...] = ("email", "phone")

    def text(self, text: str) -> str:
        """The text with every find replaced."""
        patterns = {"email": _EMAIL, "phone": _PHONE}
        for kind in self.kinds:
            text = _masked(text, patterns[kind], f"[{kind.upper()}]")
        return text


def _masked(text: str, pattern: re.Pattern[str], mask: str) -> str:
    # One character stands for one, so places in the plain text are places in the original.
    plain = text.translate(_FULL_WIDTH)
    parts, end = [], 0
    for match in pattern.finditer(plain):
        parts += [text[end : match.start()], mask]
        end = match.end()
    return "".join([*parts, text[end:]]) if parts else text
