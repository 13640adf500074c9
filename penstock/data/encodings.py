"""How the bytes of text files stand for characters."""

from __future__ import annotations

import codecs

from penstock.errors import RecordError, UsageError

# What is looked at to find the encoding of a file that is read line by line.
LOOKED_AT = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Each of these is read as the larger one that pages and files in it are really written in.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "ascii": "cp1252"}


def detected(data: bytes, *, whole: bool = True) -> str:
    """The encoding of some bytes: by their mark, UTF-8 where they are that, or the likeliest.

    With `whole=False` a character may be cut off at the end.

    >>> detected("水力发电站".encode("gb18030") * 4), detected("Wasser läuft".encode())
    ('gb18030', 'utf-8')
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
    except UnicodeDecodeError:
        found = _likeliest(data)
        return _WIDER.get(found, found)
    return "utf-8"


def known(encoding: str) -> str:
    """The encoding itself. Raises ValueError when there is none of that name."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise ValueError(f"`{encoding}` is no encoding; write utf-8, gb18030, cp1252 …") from None
    return encoding


def is_wide(encoding: str) -> bool:
    """Whether the end of a line is more than one byte.

    >>> is_wide("utf-16"), is_wide("gb18030")
    (True, False)
    """
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def decoded(data: bytes, encoding: str) -> str:
    """The text, without a byte order mark. Raises RecordError that says where it is not text."""
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        byte = data[error.start : error.start + 1].hex()
        raise RecordError(f"not {encoding}: byte {byte} at {error.start:,}") from error
    except LookupError as error:  # found by detection, and not known to Python
        raise UsageError(f"`{encoding}` is no encoding that can be read") from error


def _likeliest(data: bytes) -> str:
    from charset_normalizer import from_bytes
    from resiliparse.parse.encoding import detect_encoding

    # Right more often, and a hundred times faster; but of Korean it knows nothing.
    found = (detect_encoding(data, max_len=len(data)) or "utf-8").lower()
    if found != "utf-8":
        return str(found)
    best = from_bytes(data[: 1 << 16]).best()
    return best.encoding if best is not None else "cp1252"
