"""Where an answer and its reference differ, word by word (character by character for Han)."""

import difflib
import re
from typing import Literal

from penstock.text.words import has_unspaced_script, words

Kind = Literal["same", "extra", "missing"]
_WORD_AND_SPACE = re.compile(r"\S+\s*|\s+")


def word_diff(answer: str, reference: str) -> list[tuple[Kind, str]]:
    """The pieces of both texts in reading order, and which of the two each stands in.

    The pieces that are not `missing` are the answer. Nothing is `missing` where the two have no
    word in common: striking out a whole reference beside a whole answer would show nothing.

    >>> word_diff("in the Yangtze", "in the Yellow River")
    [('same', 'in the '), ('extra', 'Yangtze'), ('missing', 'Yellow River')]
    """
    found, sought = _pieces(answer), _pieces(reference)
    keys = [piece.strip() for piece in found], [piece.strip() for piece in sought]
    matcher = difflib.SequenceMatcher(None, *keys, autojunk=False)
    pieces: list[tuple[Kind, str]] = []
    for kind, start, end, from_, to in matcher.get_opcodes():
        said, wanted = "".join(found[start:end]), "".join(sought[from_:to])
        if kind == "equal":
            pieces.append(("same", said))
            continue
        pieces += [("extra", said)] if said else []
        pieces += [("missing", wanted)] if wanted else []
    if answer.strip() and not any(kind == "same" for kind, _ in pieces):
        return [("extra", answer)]
    return pieces


def _pieces(text: str) -> list[str]:
    """Words, each with the white space after it; joined they are the text again."""
    return [piece for part in _WORD_AND_SPACE.findall(text) for piece in _characters(part)]


def _characters(part: str) -> list[str]:
    """A word with its space, cut at Han characters; the space stays with the last one."""
    if not has_unspaced_script(part):
        return [part]
    *front, last = words(part)
    return [*front, last + part[len(part.rstrip()) :]]
