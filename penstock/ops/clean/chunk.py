"""Cut documents into chunks of a bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from penstock.ops.base import Map
from penstock.text.chunks import Measure, chunks, sections
from penstock.text.words import words


@dataclass(frozen=True)
class Chunk(Map):
    r"""Cut documents into chunks of at most `size`: every chunk becomes a document.

    Sizes are in characters, words (each Han or kana character is one) or the tokens of `tokenizer`
    (a `tokenizer.json`, or a folder that has one). Chunks end between paragraphs where that is
    possible, else between lines, sentences, words, and in a word only if it alone is too long. Each
    begins with up to `overlap` of the end of the one before, whole sentences if they fit. For
    Markdown, `headings: break` begins a chunk at every heading, and `repeat` also puts the headings
    above it before each, as retrieval needs.

    >>> Chunk(size=40, headings="repeat").pieces("# Dams\n\nThey hold.\n\n## Gates\n\nThey let go.")
    ['# Dams\n\nThey hold.', '# Dams\n\n## Gates\n\nThey let go.']
    """

    many: ClassVar[bool] = True

    size: int = 2000
    overlap: int = 0
    unit: Literal["characters", "words", "tokens"] = "characters"
    headings: Literal["ignore", "break", "repeat"] = "ignore"
    tokenizer: str = ""

    def __post_init__(self) -> None:
        if self.size < 1 or not 0 <= self.overlap <= self.size // 2:
            raise ValueError("`size` must be at least 1, and `overlap` at most half of it")
        if (self.unit == "tokens") != bool(self.tokenizer):
            raise ValueError("`tokenizer` names whose tokens to count where `unit` is tokens")

    def pieces(self, text: str) -> Sequence[str]:
        """The chunks, without the white space around them."""
        found = self._whole(text) if self.headings == "ignore" else self._by_section(text)
        return [chunk for chunk in map(str.strip, found) if chunk]

    def _whole(self, text: str) -> Iterator[str]:
        return chunks(text, self.size, self.overlap, self._measure)

    def _by_section(self, text: str) -> Iterator[str]:
        bare = ""
        for path, body in sections(text):
            if path and not body.partition("\n")[2].strip():
                bare += body  # a heading with nothing under it goes with what follows
                continue
            if self.headings == "break":
                yield from self._whole(bare + body)
            else:
                yield from self._under(path, body.partition("\n")[2] if path else body)
            bare = ""
        yield from self._whole(bare)

    def _under(self, path: tuple[str, ...], body: str) -> Iterator[str]:
        most = (self.size - self.overlap) // 2
        while path and self._measure(_above(path)) > most:
            path = path[1:]
        size = self.size - self._measure(_above(path))  # what is left for the text
        for chunk in chunks(body, size, self.overlap, self._measure):
            if chunk.strip():
                yield _above(path) + chunk.strip()

    @cached_property
    def _measure(self) -> Measure:
        if self.unit == "characters":
            return len
        if self.unit == "words":
            return lambda text: len(words(text))
        tokenizer = _load(self.tokenizer)
        return lambda text: len(tokenizer.encode(text, add_special_tokens=False))


def _above(path: tuple[str, ...]) -> str:
    return "".join(f"{heading}\n\n" for heading in path)


def _load(name: str) -> Any:
    from penstock.errors import MissingError

    file = Path(name)
    file = file / "tokenizer.json" if file.is_dir() else file
    if not file.is_file():
        raise MissingError(f"no tokenizer at {file}", hint="give a tokenizer.json or its folder")
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError:
        raise MissingError(
            "counting tokens needs the package tokenizers", hint="pip install tokenizers"
        ) from None
    return Tokenizer.from_file(str(file))
