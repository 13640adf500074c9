"""Supervised fine-tuning: conversations, with loss on the answers and on what ends them."""

from collections.abc import Iterable, Iterator
from typing import Any

from penstock.models.chat import render
from penstock.models.conversation import messages_of
from penstock.train.examples import Placed, placed
from penstock.train.settings import Rows
from penstock.train.tokens import Encoded


def encode(tokenizer: Any, rows: Iterable[Placed], settings: Rows) -> Iterator[Encoded]:
    """One row of tokens for each conversation, cut at its end to `max_length`."""
    for place, row in rows:
        with placed(place):
            messages = messages_of(row, system=settings.system)
            ids, supervised = render(tokenizer, messages)
        kept = settings.max_length
        yield Encoded(ids[:kept], supervised[:kept], truncated=len(ids) > kept)


def texts(rows: Iterable[Placed], settings: Rows) -> Iterator[str]:
    """What a new tokenizer is trained on."""
    for place, row in rows:
        with placed(place):
            messages = messages_of(row, system=settings.system)
        yield from (message["content"] for message in messages)
