"""Keep conversations whose answers are neither too short nor too long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from penstock.models.shapes import thought_apart
from penstock.ops.base import Filter, Rule
from penstock.ops.chat.messages import conversations
from penstock.text.words import words

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ResponseLength(Filter):
    """Keep conversations by the length of the assistant's turns, all together.

    Unless told otherwise, only empty answers go. Characters are Unicode's; words stand between
    white space, and every Han or kana character is one. Reasoning (between `<think>` tags or in its
    field) and calls of tools do not count. Works on any shape that `chat.messages` knows.

    >>> [rule.name for rule in ResponseLength(max_words=2000).rules()]
    ['min_characters', 'max_words']
    """

    measures: ClassVar[Mapping[str, str]] = {"characters": "int64", "words": "int64"}

    min_characters: int | None = 1
    max_characters: int | None = None
    min_words: int | None = None
    max_words: int | None = None

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """The characters and words of the answers in each conversation."""
        import pyarrow as pa

        answers = [
            [
                thought_apart(turn)["content"] or ""
                for turn in turns or ()
                if turn["role"] == "assistant"
            ]
            for turns in conversations(rows)
        ]
        characters = [sum(map(len, said)) for said in answers]
        counts = [sum(len(words(one)) for one in said) for said in answers]
        return {
            "characters": pa.array(characters, pa.int64()),
            "words": pa.array(counts, pa.int64()),
        }

    def rules(self) -> tuple[Rule, ...]:
        """The bounds that are given."""
        rules = (
            Rule("min_characters", "characters", "<", self.min_characters),
            Rule("max_characters", "characters", ">", self.max_characters),
            Rule("min_words", "words", "<", self.min_words),
            Rule("max_words", "words", ">", self.max_words),
        )
        return tuple(rule for rule in rules if rule.threshold is not None)
