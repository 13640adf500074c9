"""Keep documents of a number of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from penstock.ops.base import Filter


@dataclass(frozen=True)
class TokenCount(Filter):
    """Keep documents with `min` to `max` tokens; the least is Data-Juicer's.

    `tokenizer` is a tokenizer of Hugging Face's library: a file `tokenizer.json`, or the model
    folder that has one. Special tokens (begin, end) are not counted, nothing is cut off. Later
    steps find the column `token_count`.

    >>> from tokenizers import Tokenizer, models, pre_tokenizers
    >>> tokenizer = Tokenizer(models.WordLevel({"the": 0, "dam": 1, "?": 2}, unk_token="?"))
    >>> tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    >>> file = str(getfixture("tmp_path") / "tokenizer.json")
    >>> tokenizer.save(file)
    >>> TokenCount(tokenizer=file).measure("the dam holds.")
    4
    """

    needs: ClassVar[tuple[str, ...]] = ("tokenizers",)
    extra: ClassVar[str] = "classify"
    measures: ClassVar[Mapping[str, str]] = {"token_count": "int64"}
    columns: ClassVar[Mapping[str, str]] = {"token_count": "token_count"}

    tokenizer: str
    min: int = 10
    max: int | None = None

    def __post_init__(self) -> None:
        if not self._file.is_file():
            raise ValueError(f"`tokenizer`: there is no file {self._file}")

    def measure(self, text: str) -> int:
        """The number of tokens."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    @property
    def _file(self) -> Path:
        path = Path(self.tokenizer)
        return path / "tokenizer.json" if path.is_dir() else path

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        from penstock.errors import UsageError

        try:
            tokenizer = Tokenizer.from_file(str(self._file))
        except Exception as error:  # the library raises nothing narrower
            raise UsageError(f"{self._file} is not a tokenizer: {error}") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer
