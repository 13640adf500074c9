"""Characters that no reader sees."""

import re

# Where a joiner is part of the spelling: after a letter of a joining or Indic script, and within
# emoji sequences. After anything else it does nothing.
_JOINING = (
    "\u0600-\u1cff"  # Arabic to Vedic extensions: all scripts that use joiners, none that is Latin
    "\ua800-\uabff\U00010a00-\U00011fff\U0001e900-\U0001e95f"
    "\u00a9\u00ae\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"  # emoji
)
# Control characters other than white space, and code points that are no characters.
CONTROLS = "[\\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]"
_CONTROL = re.compile(CONTROLS)
# A terminal's colours and cursor movements.
_ESCAPE = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]")
INVISIBLE = "[\u00ad\u034f\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffc]"
_INVISIBLE = re.compile(INVISIBLE)
TAGS = "[\U000e0000-\U000e007f]"
_TAGS = re.compile(f"{TAGS}+")
JOINERS = "[\u200c\u200d]"
_JOINER = re.compile(f"{JOINERS}(?<![{_JOINING}].)")
BIDI = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_BIDI = re.compile(BIDI)


def without_controls(text: str) -> str:
    """The text without control characters other than white space, and without escape sequences.

    >>> without_controls("\\x1b[31mred\\x1b[0m\\x00")
    'red'
    """
    return _CONTROL.sub("", _ESCAPE.sub("", text)) if _CONTROL.search(text) else text


def without_invisible(text: str) -> str:
    """The text without characters of no width: byte order marks, soft hyphens, hidden tags.

    Joiners stay where they are part of the spelling.

    >>> without_invisible("\\ufeffda\\u200bm")
    'dam'
    """
    return _JOINER.sub("", _TAGS.sub(_flag, _INVISIBLE.sub("", text)))


def _flag(tags: re.Match[str]) -> str:
    # Tags spell the flags of England, Scotland and Wales; elsewhere they only hide text.
    before = tags.string[tags.start() - 1 : tags.start()]
    return tags[0] if before == "\U0001f3f4" else ""


def without_bidi(text: str) -> str:
    """The text without directional formatting (Unicode's property Bidi_Control).

    It changes the order in which letters are shown, never a letter.

    >>> without_bidi("user\\u202e nimda")
    'user nimda'
    """
    return _BIDI.sub("", text)
