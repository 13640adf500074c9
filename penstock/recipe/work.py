"""All there is to do for a recipe: its stages, over the shards of its input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import pyarrow as pa

from penstock.data.files import File, fingerprint
from penstock.data.shards import Shard, cut
from penstock.ops.base import Read
from penstock.recipe.apply import schema_after
from penstock.recipe.load import Recipe
from penstock.recipe.plan import Stage, plan
from penstock.recipe.reading import document_schema
from penstock.runs.folder import digest

# Where a packed file is cut, in bytes of what is inside.
Cuts = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Work:
    """All there is to do: the stages, over these shards of these files."""

    recipe: Recipe
    stages: tuple[Stage, ...]
    files: tuple[File, ...]
    shards: tuple[Shard, ...]
    schema: pa.Schema

    def schema_of(self, stage: Stage) -> pa.Schema:
        """The columns of the rows that enter a stage."""
        earlier = self.stages[: stage.index]
        return schema_after(self.schema, (step for one in earlier for step in one.steps))

    def cut_at(self, ends: Mapping[str, Sequence[int]]) -> Work:
        """The same work with some files cut at other places."""
        reader = cast(Read, self.recipe.steps[0].operator)
        shards = cut(self.files, splittable=reader.splittable, ends=ends)
        return replace(self, shards=tuple(shards))

    @cached_property
    def input_keys(self) -> list[str]:
        """What each shard is, by its bytes, for telling whether an earlier run has done it."""
        known = {file: fingerprint([file]) for file in self.files}
        schema = str(self.schema)
        return [
            digest([one.start, one.stop, schema, *self._places(one, known)]) for one in self.shards
        ]

    @staticmethod
    def _places(shard: Shard, known: Mapping[File, str]) -> list[str]:
        return [place for one in shard.files() for place in (one.file.address, known[one.file])]


def prepare(recipe: Recipe) -> Work:
    """Plan a recipe and look at its input. Raises MissingError when there is none."""
    stages = plan(recipe)
    reader = cast(Read, recipe.steps[0].operator)
    files = reader.files()
    shards = cut(files, splittable=reader.splittable)
    schema = document_schema(reader, files)
    # A column that is not there is found now, not after an hour.
    schema_after(schema, recipe.steps[1 : -len(stages[-1].writers)])
    return Work(recipe, stages, tuple(files), tuple(shards), schema)
