"""How the rows of a group meet: each of its shapes has a module of this form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import pyarrow as pa

from penstock.engines.engine import Engine
from penstock.ops.base import Group
from penstock.ops.near import Near
from penstock.ops.pieces import Pieces
from penstock.recipe import cutting, group, near
from penstock.recipe.batch import Batch
from penstock.recipe.group import Part
from penstock.recipe.load import Step


class Meeting(Protocol):
    """What travels from a shard, what becomes of it, and how it comes home."""

    KEYS: pa.Schema
    FOUND: str  # how the file is called that says what was found about a shard

    def key_rows(self, batch: Batch, step: Step, shard: int, place: int) -> pa.Table:
        """What a batch sends; its first row is handed on as the row `place` of its shard."""

    def gather(
        self,
        engine: Engine,
        step: Step,
        parts: Sequence[Part],
        home: Path,
        scratch: Path,
        bucket_rows: int,
    ) -> None:
        """Let all that was sent meet, and write what was found, shard by shard, to `home`."""

    def read_found(self, path: Path) -> pa.Table:
        """What was found about a shard; nothing where there is no such file."""

    def settle(self, batch: Batch, step: Step, found: pa.Table) -> None:
        """Apply it to the rows of a batch."""


def meeting_of(operator: Group) -> Meeting:
    """The module for a group."""
    if isinstance(operator, Near):
        return cast(Meeting, near)
    if isinstance(operator, Pieces):
        return cast(Meeting, cutting)
    return cast(Meeting, group)
