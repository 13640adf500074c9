"""What MinHash libraries leave to their user: rows in, runs of five words, rows out."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

WORDS = re.compile(r"\w+")
SIZE = 5


def shingles(text: str) -> list[str]:
    """The runs of five words of a text, in lower case; all words together where there are fewer."""
    words = WORDS.findall(text.lower())
    return [" ".join(words[at : at + SIZE]) for at in range(max(1, len(words) - SIZE + 1))]


def rows(path: str) -> list[tuple[str, str]]:
    """The lines of a file, each with its text."""
    with open(path, encoding="utf-8") as file:
        return [(line, json.loads(line)["text"]) for line in file]


def write(path: str, lines: Iterable[str]) -> None:
    """Write what is kept."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)
