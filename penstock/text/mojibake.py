"""Text that was decoded with the wrong charset somewhere on its way."""

import re
from functools import cache

# The charsets that text in UTF-8 is taken for.
_CHARSETS = (
    "latin-1", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1257", "iso8859-2",
    "mac-roman", "cp437",
)  # fmt: skip
# Repairing takes time that grows with the square of a line made for it, hence pieces.
PIECE = 1000


def repaired(text: str) -> str:
    """The text with sequences such as `Ã©` read as they were meant, where they look broken.

    Lines are repaired one by one, so that a broken one does not depend on its neighbours.

    >>> repaired("L’Ã©cole est fermÃ©e")
    'L’école est fermée'
    """
    likely, broken = _compiled()
    if not likely.search(text):
        return text
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if likely.search(line) and broken.search(line):
            lines[place] = "".join(_repair(piece) for piece in _pieces(line))
    return "\n".join(lines)


def _repair(piece: str) -> str:
    import ftfy

    return ftfy.fix_encoding(piece)


def _pieces(line: str) -> list[str]:
    # Between two ASCII characters there is no sequence to cut.
    pieces, start = [], 0
    while len(line) - start > PIECE:
        ends = range(start + PIECE, start + PIECE // 2, -1)
        end = next((place for place in ends if line[place - 1 : place + 1].isascii()), ends[0])
        pieces.append(line[start:end])
        start = end
    return [*pieces, line[start:]]


@cache
def broken_pattern() -> str:
    """What the first bytes of a UTF-8 character look like in any of the charsets, as a pattern.

    A no-break space within a sequence has often become a space, and a lost byte a question mark.
    """
    pairs = [f"[{_read(one, 0xC2, 0xF5)}][{_read(one, 0x80, 0xC0)}]" for one in _CHARSETS]
    return "|".join([*pairs, "[ÂÃÅÎÐÙ][ ?]", "[âãð] [\x80-\xbf]", "[\x80-\x84\x86-\x9f]"])


@cache
def _compiled() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A wider pattern that is quick to look for, and the pattern."""
    first = "".join(_read(one, 0xC2, 0xF5) for one in _CHARSETS)
    second = "".join(_read(one, 0x80, 0xC0) for one in _CHARSETS)
    # Its first part is one class of characters, which is what Python is quick to look for.
    likely = f"[{first}\x80-\x9f](?:[{second} ?]|(?<=[\x80-\x9f]))"
    return re.compile(likely), re.compile(broken_pattern())


def _read(charset: str, first: int, last: int) -> str:
    """Bytes read in a charset, as the inside of a class of characters."""
    characters = (bytes([byte]).decode(charset, "ignore") for byte in range(first, last))
    # RE2 and Python both take these escapes, and none of the characters is ASCII or astral.
    return "".join(character for character in characters if ord(character or "\0") > 0x7F)
