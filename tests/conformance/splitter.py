"""One simple way to split words, for both sides of a comparison of everything else.

Neither a peer's nor penstock's, so that the goldens outlast changes of either.
"""

import re

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+|[^\w\s]|_")


def split(text: str) -> list[str]:
    """Runs of letters and digits, Han characters and marks, each a word."""
    return _WORD.findall(text)


def split_alnum(text: str) -> list[str]:
    """The same without the marks."""
    return [word for word in split(text) if word[0].isalnum()]
