"""The file answers.jsonl: what both sides said, a line a question, written as the answers come."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from penstock.data.atomic import disk_errors, write_text
from penstock.judge.compare import Answer, Row

Known = dict[str, tuple[Answer, Answer]]


def append_row(path: Path, group: str, row: Row) -> None:
    """Add a line for one question of a group (`held_out`, `train`)."""
    with disk_errors(path), open(path, "a", encoding="utf-8") as stream:
        stream.write(json.dumps(_line(group, row), ensure_ascii=False) + "\n")


def resume(path: Path) -> dict[str, Known]:
    """The answers that an interrupted comparison got, by group and question id.

    A last line that was cut short is removed from the file.
    """
    whole = list(_whole_lines(path))
    write_text(path, "".join(f"{line}\n" for line, _ in whole))
    known: dict[str, Known] = {}
    for _, said in whole:
        pair = Answer(**said["base"]), Answer(**said["tuned"])
        known.setdefault(said["set"], {})[said["id"]] = pair
    return known


def _line(group: str, row: Row) -> dict[str, Any]:
    return {
        "set": group,
        "id": row.question.id,
        "language": row.question.language,
        "messages": [dict(message) for message in row.question.messages],
        "reference": row.question.answer,
        "change": row.change,
        "base": asdict(row.base),
        "tuned": asdict(row.tuned),
        "base_scores": asdict(row.base_scores),
        "tuned_scores": asdict(row.tuned_scores),
    }


def _whole_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            yield line, json.loads(line)
        except json.JSONDecodeError:
            return  # the process was killed while it wrote this one
