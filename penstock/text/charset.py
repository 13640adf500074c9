"""From the bytes of a page to its text, whatever the page and its server say the charset is."""

import re
from collections.abc import Iterator

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Codecs that read everything the named ones do, and what browsers accept under those names.
_WIDER = {
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso8859-11": "cp874",
}
_UNMAPPED = {
    "cp949": "cp949",
    "uhc": "cp949",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-user-defined": "cp1252",
}
# Servers send these names by default, whatever the page is in.
_SAYS_NOTHING = ("cp1252", "iso8859-1", "ascii")
# How far a page is searched for the charset it names, and how much of it the detector sees.
PRESCAN = 4096
SAMPLE = 1 << 17
# One character in so many may be invalid in a charset that is named, or in UTF-8 that is not.
_INVALID = 50

_COMMENT = re.compile(rb"<!--.*?(?:-->|$)", re.DOTALL)
_META = re.compile(rb"<meta[\s/][^>]*?charset\s*=\s*[\"']?\s*([\w:.+-]+)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']\s*([\w:.+-]+)", re.IGNORECASE)


def decode(content: bytes, charset: str = "") -> str:
    """The text of a page's bytes, `charset` being what the server says.

    Order: a byte order mark; UTF-8 where the bytes are valid UTF-8 (text in another charset
    practically never is); what the server names, then what the page names (HTML Living Standard,
    prescan of `meta` and the XML declaration), each only where the bytes agree; then what the
    bytes look like. A few invalid bytes become U+FFFD; a character that is cut off at the end goes.

    >>> decode("三峡大坝".encode("gb18030"), "gb2312"), decode("Straße".encode(), "iso-8859-1")
    ('三峡大坝', 'Straße')
    >>> decode(b'<meta charset="windows-1251">' + "Днепр".encode("cp1251"))[-5:]
    'Днепр'
    """
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(codec, "replace")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return _other(content, charset)
    if b"\0" in content and (codec := _wide_codec(content)):
        return content.decode(codec, "replace")
    if b"\x1b" in content and b"\x1b$" in content:  # seven bits, and yet not ASCII
        return _decoded(content, "iso2022_jp") or text
    return text


def named(content: bytes) -> str:
    """The charset that a page names in its first bytes, or "".

    >>> named(b"<!-- <meta charset=big5> --><meta http-equiv=x content='text/html; charset=GBK'>")
    'GBK'
    """
    head = _COMMENT.sub(b"", content[:PRESCAN])
    found = _XML.match(head) or _META.search(head)
    return found[1].decode("ascii", "ignore") if found else ""


def codec_of(name: str) -> str:
    """The codec that reads what is labelled with a name (WHATWG's table), or "".

    >>> codec_of("gb2312"), codec_of("X-SJIS"), codec_of("latin1"), codec_of("klingon")
    ('gb18030', 'cp932', 'cp1252', '')
    """
    from resiliparse.parse.encoding import map_encoding_to_html5

    label = name.strip().strip("\"'").lower()
    codec = map_encoding_to_html5(label, fallback_utf8=False) if label else None
    codec = codec or _UNMAPPED.get(label, "")
    return _WIDER.get(codec, codec)


def _other(content: bytes, charset: str) -> str:
    """The text of bytes that are not valid UTF-8."""
    from resiliparse.parse.encoding import detect_encoding

    if codec := _wide_codec(content):
        return content.decode(codec, "replace")
    # UTF-8 with a few invalid bytes is still UTF-8, whether it says so or not.
    candidates = [codec_of(charset), codec_of(named(content))]
    believed = [one for one in candidates if one and one not in _SAYS_NOTHING]
    for codec in [*believed, "utf-8"]:
        text = _decoded(content, "utf-8" if codec.startswith("utf-16") else codec)
        if text is not None:
            return text
    detected = codec_of(detect_encoding(content, max_len=SAMPLE, html5_compatible=False) or "")
    for codec in [detected, "cp1252"]:
        text = _decoded(content, codec) if codec else None
        if text is not None:
            return text
    return content.decode("cp1252", "replace")


def _decoded(content: bytes, codec: str) -> str | None:
    """The text in a codec, or None where too much of it is invalid."""
    text = content.decode(codec, "replace")
    invalid = text.count("\ufffd")
    if not invalid:
        return text
    text = text.removesuffix("\ufffd")
    other = sum(map(len, _not_ascii(text)))
    return text if text.count("\ufffd") * _INVALID <= other else None


def _not_ascii(text: str) -> Iterator[str]:
    return (match[0] for match in re.finditer("[^\0-\x7f]+", text))


def _wide_codec(content: bytes) -> str:
    """Which UTF-16 without a mark this is, by where the zero bytes of its markup stand; or ""."""
    head = content[: PRESCAN & ~1]
    first, second = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if min(first, second) <= half // 100 and max(first, second) >= half // 5 > 0:
        return "utf-16-le" if second > first else "utf-16-be"
    return ""
