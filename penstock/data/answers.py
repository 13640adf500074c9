"""Answers that cost time or money, kept in a file by what was asked."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from penstock.data.atomic import disk_errors
from penstock.errors import PenstockError

WAIT_SECONDS = 60.0  # for another process that writes


class Answers:
    """A file of answers, which several processes of one machine may read and write.

    What `put` was given is there as soon as it returns, and after a process is killed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The answers that are there, by their keys."""
        found = {}
        with self._open() as connection:
            for key in keys:
                row = connection.execute("select answer from answers where key = ?", (key,))
                for (answer,) in row:
                    found[key] = answer
        return found

    def put(self, answers: Mapping[bytes, bytes]) -> None:
        """Keep answers; those that are there stay as they are."""
        with self._open() as connection:
            connection.executemany("insert or ignore into answers values (?, ?)", answers.items())

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with disk_errors(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS)) as connection:
                connection.execute(
                    "create table if not exists answers (key blob primary key, answer blob)"
                    " without rowid"
                )
                with connection:
                    yield connection
        except sqlite3.Error as error:
            raise PenstockError(
                f"the cache {self.path} cannot be used: {error}",
                hint="name a file that can be written, or one that is not there yet",
            ) from error
