"""Penstock's measures and verdicts beside a golden's, for the texts at hand."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import golden
import pyarrow as pa

from penstock.ops.base import Filter, failing

WAYS = ("measure", "batch")


class Row(NamedTuple):
    """What a peer said of a text at hand."""

    text: golden.Text
    said: Mapping[str, Any]


def rows(name: str, known: Mapping[bytes, golden.Text]) -> list[Row]:
    """The rows of a golden whose texts are at hand; a test on too few of them would say little."""
    found = [
        Row(known[said["key"]], said)
        for said in golden.read(name).to_pylist()
        if said["key"] in known
    ]
    assert len(found) >= min(2_000, len(known) * 0.95), f"{name}: write the goldens again"
    return found


def measured(
    operator: Filter,
    texts: Sequence[str],
    way: str,
    split: Callable[[str], Sequence[str]] | None = None,
) -> dict[str, list[Any]]:
    """The measures of texts by name: by the readable reference, or as a run takes them; of words
    split so, or as the operator splits them."""
    names = tuple(operator.measures)
    given = [] if split is None else [split(text) for text in texts]
    if way == "measure":
        more = [{"words": words} for words in given] or [{}] * len(texts)
        found = [operator.measure(text, **words) for text, words in zip(texts, more, strict=True)]
        if len(names) == 1:
            return {names[0]: found}
        return {name: [one[name] for one in found] for name in names}
    column = pa.array(texts, pa.string())
    if type(operator).measure_features is Filter.measure_features:
        arrays = operator.measure_batch(pa.RecordBatch.from_arrays([column], ["text"]))
    else:
        from penstock.text.features import Features

        features = Features.from_words(column, given) if split else Features(column)
        arrays = operator.measure_features(features)
    return {name: pa.array(arrays[name]).to_pylist() for name in names}


def taken(found: Sequence[Row], way: str) -> list[Row]:
    """The rows that a way is asked for. No Arrow column holds a lone surrogate; the reference is
    slow, and sees all edge cases and every fourth real document."""
    if way == "measure":
        return [row for at, row in enumerate(found) if row.text.name is not None or at % 4 == 0]
    return [row for row in found if "surrogate" not in (row.text.name or "")]


def differences(
    found: Sequence[Row], ours: Mapping[str, Sequence[Any]], names: Mapping[str, str]
) -> list[str]:
    """Where a measure (ours → theirs by name) is not the very same; theirs null says nothing."""
    return [
        f"{_title(row)}: {mine} is {ours[mine][at]!r}, for the peer {row.said[theirs]!r}"
        for mine, theirs in names.items()
        for at, row in enumerate(found)
        if row.said[theirs] is not None and ours[mine][at] != row.said[theirs]
    ]


def blames(operator: Filter, ours: Mapping[str, Sequence[Any]]) -> list[str | None]:
    """The measure that each text fails first by the operator's rules; None if it is kept."""
    arrays = {name: pa.array(ours[name], kind) for name, kind in operator.measures.items()}
    size = len(next(iter(ours.values())))
    rules = operator.rules()
    return [
        rules[index].measure if index >= 0 else None
        for index in failing(rules, arrays, size).tolist()
    ]


def disagreements(
    found: Sequence[Row], ours: Sequence[str | None], reasons: Mapping[str, str]
) -> list[str]:
    """Where the first measure that fails is another than the peer's reason names."""
    return [
        f"{_title(row)}: dropped by {mine}, by the peer for {row.said['reason']}"
        for row, mine in zip(found, ours, strict=True)
        if mine != (row.said["reason"] and reasons[row.said["reason"]])
    ]


def _title(row: Row) -> str:
    return row.text.name or f"{row.text.language} {row.text.text[:60]!r}"
