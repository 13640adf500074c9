"""One form for each character: normalisation, full and half width, ligatures."""

import re
import unicodedata

# These full-width marks are the punctuation of Chinese (GB/T 15834) and stay.
_KEPT = "！（），－．／：；？［］｛｝～"
_NARROW: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in _KEPT},
    **dict(zip(range(0xFFE0, 0xFFE7), "¢£¬￣¦¥₩", strict=True)),
}
_WIDE = re.compile("[\uff01-\uff5e\uffe0-\uffe6]")
_POINT = re.compile("(?<=[0-9A-Za-z])．(?=[0-9A-Za-z])")
_HALF_KANA = re.compile("[\uff61-\uff9f]")
# A voicing mark joins the kana before it, half-width or not; without one it stands alone.
_KANA = re.compile("[ぁ-ゖァ-ヺ]?[\uff61-\uff9f]+")
_LONE_MARK = re.compile("(?<![ぁ-ゖァ-ヺｦ-ﾝ])[ﾞﾟ]")
_LIGATURES = dict(
    zip(range(0xFB00, 0xFB07), ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True)
)
_LIGATURE = re.compile("[\ufb00-\ufb06]")
# What NFKC would turn into ASCII or into spaces, and Chinese text needs.
_NOT_KEPT = re.compile(f"[^…‥{re.escape(_KEPT)}]+")

# Patterns (RE2) of what these functions may change; more is found than is changed.
WIDTH_PATTERN = "[＂-＇＊＋０-９＜-＞＠-Ｚ＼＾-ｚ｜｡-ﾟ￠-￦]|[0-9A-Za-z]．[0-9A-Za-z]"
LIGATURE_PATTERN = "[\ufb00-\ufb06]"
FORM_PATTERNS = {
    "NFC": r"\p{M}|[\x{374}\x{37e}\x{387}\x{958}-\x{a5e}\x{b5c}\x{b5d}\x{f43}-\x{f69}]"
    r"|[\x{1161}-\x{11ff}\x{1f71}-\x{1fff}\x{2000}\x{2001}\x{2126}\x{212a}\x{212b}\x{2329}\x{232a}\x{2adc}]"
    r"|[\x{f900}-\x{faff}\x{fb1d}-\x{fb4e}\x{1d15e}-\x{1d1c0}\x{2f800}-\x{2fa1f}]",
    "NFKC": r"[^\x00-\x7f]",
    "none": "",
}


def normal_width(text: str) -> str:
    """The text with full-width letters, digits and symbols as ASCII, and half-width kana as kana.

    Chinese punctuation stays; a full-width full stop becomes a point between letters or digits.

    >>> normal_width("ＡＢＣ１２３％，ｶﾞｷﾞ３．１４")
    'ABC123%，ガギ3.14'
    """
    if _WIDE.search(text):
        text = _POINT.sub(".", text.translate(_NARROW))
    if _HALF_KANA.search(text):
        text = _LONE_MARK.sub(lambda mark: "゛" if mark[0] == "ﾞ" else "゜", text)
        text = _KANA.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text)
    return text


def without_ligatures(text: str) -> str:
    """The text with the Latin ligatures of typesetters spelt out.

    >>> without_ligatures("eﬃcient ﬂow")
    'efficient flow'
    """
    return text.translate(_LIGATURES) if _LIGATURE.search(text) else text


def normalized(text: str, form: str) -> str:
    """The text in a Unicode normalisation form; NFKC leaves Chinese punctuation as it is.

    >>> normalized("ｎº １，２", "NFKC")
    'no 1，2'
    """
    if form == "NFKC":
        return _NOT_KEPT.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text)
    return unicodedata.normalize("NFC", text) if form == "NFC" else text
