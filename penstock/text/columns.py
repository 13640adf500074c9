"""Changing the texts of a batch, and only those that may need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa


def change_matching(
    rows: pa.RecordBatch, pattern: str, change: Callable[[str], str | None]
) -> pa.RecordBatch:
    """The batch with `change` applied to the texts in which `pattern` (RE2) is found.

    Looking for a pattern in Arrow's buffers costs less than making Python strings of them, and most
    texts are clean: a batch without finds comes back as it is.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    at = rows.schema.get_field_index("text")
    if at < 0:
        return rows
    texts = rows.column(at)
    if texts.null_count == len(texts):
        return rows
    found = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    before = texts.filter(found).to_pylist()
    after = [change(text) for text in before]
    if all(new is old for new, old in zip(after, before, strict=True)):
        return rows
    changed = pc.replace_with_mask(texts, found, pa.array(after, texts.type))
    return rows.set_column(at, rows.schema.field(at), changed)


def settle(text: str, change: Callable[[str], str], rounds: int = 8) -> str:
    """Apply `change` until it finds nothing more to do, `rounds` times at most.

    What one step of a change uncovers another step may want to change again. Honest text needs one
    or two rounds; the bound keeps the time linear for text made to need thousands.
    """
    for _ in range(rounds):
        changed = change(text)
        if changed == text:
            break
        text = changed
    return text
