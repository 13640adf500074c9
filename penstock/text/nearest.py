"""The closest known name to one that is unknown."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None when nothing is close.

    >>> nearest("filter.word_cont", ["filter.word_count", "filter.language"])
    'filter.word_count'
    >>> nearest("zebra", ["filter.word_count"]) is None
    True
    """
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(name: str, known: Iterable[str], *, label: str = "known") -> str:
    """A hint that offers the nearest name, or lists what there is.

    >>> did_you_mean("mn", ["min", "max"])
    'did you mean `min`?'
    >>> did_you_mean("zebra", ["min", "max"], label="parameters")
    'parameters: max, min'
    """
    options = sorted(known)
    close = nearest(name, options)
    if close:
        return f"did you mean `{close}`?"
    return f"{label}: {', '.join(options)}" if options else ""
