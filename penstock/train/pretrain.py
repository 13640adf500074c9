"""Pretraining: documents, joined by their end tokens and cut into rows of `max_length`."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from penstock.train.examples import Placed, placed, text_of
from penstock.train.settings import Rows
from penstock.train.tokens import Encoded, blocks

_AT_ONCE = 256  # documents; a fast tokenizer works on many in parallel


def encode(tokenizer: Any, rows: Iterable[Placed], settings: Rows) -> Iterator[Encoded]:
    """Rows of tokens, every one supervised. Nothing is truncated: documents go on in the next."""
    return blocks(_documents(tokenizer, texts(rows, settings)), settings.max_length)


def texts(rows: Iterable[Placed], settings: Rows) -> Iterator[str]:
    """What a new tokenizer is trained on."""
    for place, row in rows:
        with placed(place):
            yield text_of(row, settings.text_field)


def _documents(tokenizer: Any, documents: Iterator[str]) -> Iterator[list[int]]:
    while some := list(islice(documents, _AT_ONCE)):
        for ids in tokenizer(some, verbose=False)["input_ids"]:
            yield ids if ids[-1:] == [tokenizer.eos_token_id] else [*ids, tokenizer.eos_token_id]
