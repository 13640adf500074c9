"""What a person sees while a run goes on."""

import io

import pytest

from penstock.cli.progress import Progress
from penstock.cli.table import table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


EVENTS = [
    {"event": "flow_step", "step": "clean", "number": 1, "steps": 2},
    {"event": "stage", "flow_step": "clean", "stage": 1, "stages": 1, "shards": 2, "done": 0},
    {
        "event": "shard",
        "flow_step": "clean",
        "done": 1,
        "shards": 2,
        "read": 5,
        "kept": 0,
        "bytes": 0,
    },
    {
        "event": "progress",
        "flow_step": "clean",
        "done": 1,
        "shards": 2,
        "read": 9,
        "kept": 3,
        "bytes": 90,
        "total_bytes": 90,
        "steps": [{"step": "1:read.jsonl", "rows_in": 9, "rows_out": 3}],
    },
    {"event": "an unknown one"},
    {"event": "eval", "flow_step": "base", "step": 3, "loss": 1.23456},
]


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (io.StringIO(), "[1/2] clean\nbase: held-out loss 1.235 at step 3\n"),
        (
            Terminal(),
            "[1/2] clean\n"
            "clean: pass 1 of 1: 2 shards"
            "\r\x1b[2Kclean: 1 of 2 shards, 5 records read, 0 s left"
            "\r\x1b[2Kclean: 1 of 2 shards, 9 records read, 33.3% kept"
            "\nstep          in  out\n1:read.jsonl   9    3"
            "\r\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2Kbase: held-out loss 1.235 at step 3\n",
        ),
    ],
    ids=["a file", "a terminal"],
)
def test_events_as_they_are_told(stream: io.StringIO, said: str) -> None:
    with Progress(stream) as progress:
        for event in EVENTS:
            progress(event)
    assert stream.getvalue() == said


def test_a_live_line_is_wiped_at_the_end() -> None:
    stream = Terminal()
    with Progress(stream) as progress:
        progress(EVENTS[1])
    assert stream.getvalue().endswith("\r\x1b[2K")


def test_han_characters_line_up() -> None:
    assert table([["水库", 1], ["dam", 20]], ["name", "n"]) == "name   n\n水库   1\ndam   20"
