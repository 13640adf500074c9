"""Rows of a dataset as text to pretrain on, and which of them are held out."""

import contextlib
import json
from collections.abc import Iterator

import xxhash

from penstock.errors import UsageError
from penstock.models.conversation import Row, messages_of, plain_text

Placed = tuple[str, Row]  # where a row stands, such as "chats.jsonl, row 7", and the row


def text_of(row: Row, field: str) -> str:
    """The text of a row to pretrain on: its column `field`, else what its conversation says.

    >>> text_of({"text": "Water falls."}, "text"), text_of({"question": "Q", "answer": "A"}, "text")
    ('Water falls.', 'Q\\n\\nA')
    """
    if field in row:
        return plain_text(row[field], field)
    try:
        messages = messages_of(row)
    except UsageError:
        raise UsageError(
            f"the rows have no column `{field}`",
            hint=f"columns: {', '.join(row)}; name the one that holds text with `text_field`",
        ) from None
    return "\n\n".join(message["content"] for message in messages)


def held_out(row: Row, fraction: float) -> bool:
    """Whether a row belongs to the held-out part: by its id, or by all it says where it has none.

    Neither order, seed nor the other rows matter, so two trainings on the same data hold out the
    same rows, and equal rows are on the same side.

    >>> sum(held_out({"id": str(number)}, 0.1) for number in range(1000))
    107
    """
    key = row.get("id")
    if key is None:
        key = json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)
    return xxhash.xxh3_64_intdigest(str(key).encode()) < int(fraction * 2**64)


@contextlib.contextmanager
def placed(place: str) -> Iterator[None]:
    """Name the row in an error that its content causes."""
    try:
        yield
    except UsageError as error:
        raise UsageError(error.message, where=place, hint=error.hint) from error
