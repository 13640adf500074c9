"""The commands that ask a run what it did."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from penstock import face
from penstock.cli.emit import emit
from penstock.errors import PenstockError, UsageError

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]


def show(run_: RunPath, json_: Json = False) -> None:
    """What a run did: its funnel, its losses, its report."""
    from penstock.cli.summary import summary
    from penstock.runs.folder import read_run

    if json_:
        emit(face.show(run_))
    else:
        print(summary(read_run(run_)))


def why(
    run_: RunPath,
    record: Annotated[str, typer.Argument(metavar="ID", help="A record's id.")],
    brief: Annotated[bool, typer.Option(help="Only what the ledger says.")] = False,
    json_: Json = False,
) -> None:
    """Where a record ended and why, and what each step made of it."""
    from penstock.cli.records import explained

    try:
        found = face.why(run_, record, journey=not brief)
    except PenstockError as error:
        if brief or isinstance(error, UsageError):
            raise
        found = face.why(run_, record)  # a record that is not there at all is told here
        print(f"what the steps made of it cannot be shown: {error.message}", file=sys.stderr)
    if json_:
        emit(found)
    else:
        print("\n\n".join(map(explained, found)))


def what_if(
    run_: RunPath,
    set_: Annotated[list[str], typer.Option("--set", help="filter.word_count.min=80")],
    replay: Annotated[
        bool, typer.Option("--run", help="Read the rows again that no measure tells of.")
    ] = False,
    json_: Json = False,
) -> None:
    """What a finished run would keep with other thresholds, from its measures."""
    from penstock.cli.records import answered

    found = face.what_if(run_, set=set_, run=replay)
    if json_:
        emit(found)
    else:
        print(answered(found))


def explore(
    run_: RunPath,
    to: Annotated[Path | None, typer.Option(help="The page. [explore.html in the run]")] = None,
    json_: Json = False,
) -> None:
    """Write a page of how a run's measures are distributed, with its thresholds."""
    page = face.explore(run_, to)
    emit({"page": str(page)}) if json_ else print(page)
