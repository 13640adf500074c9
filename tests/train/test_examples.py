"""Rows of every shape that is known, and of some that are not."""

import gzip
import json
import random
from pathlib import Path

import pytest

from penstock.data.dataset import read_rows
from penstock.errors import UsageError
from penstock.models.conversation import messages_of
from penstock.train.examples import held_out, text_of

Q, A = {"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}
SFT_DATA = Path(__file__).parents[3] / "shared" / "data" / "sft"


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [Q, A]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Q"}]}, A]},
        {"messages": [{"role": "user", "content": [{"type": "text", "value": "Q"}]}, A]},
        {"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]},
        {"instruction": "Q", "input": "", "output": "A"},
        {"instruction": "Q", "output": "A"},
        {"instruction": "Q", "input": None, "output": "A"},
        {"instruction": "Q", "context": "", "response": "A"},
        {"prompt": "Q", "response": "A"},
        {"prompt": "Q", "completion": "A"},
        {"prompt": [Q], "completion": [A]},
        {"id": "q1", "question": "Q", "answer": "A", "language": "en", "page": "p"},
    ],
    ids=lambda row: "+".join(row),
)
def test_shapes(row):
    assert messages_of(row) == [Q, A]


def test_alpacas_input_stands_under_the_instruction():
    row = {"instruction": "Sum up.", "input": "Long text.", "output": "A"}
    assert messages_of(row)[0]["content"] == "Sum up.\n\nLong text."


def test_tool_turns_of_sharegpt():
    turns = [
        {"from": "human", "value": "Q"},
        {"from": "function_call", "value": "{}"},
        {"from": "observation", "value": "3"},
    ]
    roles = [message["role"] for message in messages_of({"conversations": turns})]
    assert roles == ["user", "assistant", "tool"]


def test_a_system_message_comes_once_and_the_rows_own_wins():
    assert messages_of({"messages": [Q, A]}, system="S")[0] == {"role": "system", "content": "S"}
    own = [{"role": "system", "content": "own"}, Q]
    assert messages_of({"messages": own}, system="S") == own
    assert messages_of({"system": "row", "prompt": "Q", "response": "A"}, system="S")[0] == {
        "role": "system",
        "content": "row",
    }


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"title": "t", "body": "b"}, "their columns are title, body"),
        ({"question": "Q", "answer": None}, "`answer` is 'None', not text"),
        ({"messages": ["hello"]}, "not a mapping"),
        ({"messages": [{"role": "narrator", "content": "x"}]}, "by `narrator`"),
        ({"messages": []}, "hold no conversation"),
    ],
)
def test_rows_that_are_no_conversation(row, message):
    with pytest.raises(UsageError, match=message):
        messages_of(row)


def test_text_to_pretrain_on():
    assert text_of({"text": "T", "question": "Q", "answer": "A"}, "text") == "T"
    assert text_of({"body": "T"}, "body") == "T"
    assert text_of({"question": "Q", "answer": "A"}, "text") == "Q\n\nA"
    with pytest.raises(UsageError, match="no column `text`") as caught:
        text_of({"body": "T"}, "text")
    assert "body" in caught.value.hint
    assert "text_field" in caught.value.hint


@pytest.mark.parametrize("with_id", [True, False])
def test_the_held_out_rows_depend_on_no_order(with_id):
    rows = [{"text": f"row {at}", **({"id": str(at)} if with_id else {})} for at in range(500)]
    held = [row["text"] for row in rows if held_out(row, 0.1)]
    assert 30 < len(held) < 70
    random.Random(1).shuffle(rows)
    assert sorted(row["text"] for row in rows if held_out(row, 0.1)) == sorted(held)
    more = {row["text"] for row in rows if held_out(row, 0.2)}
    assert set(held) < more


def test_nothing_is_held_out_unless_asked():
    assert not any(held_out({"id": str(at)}, 0.0) for at in range(100))


FILES = [
    ("alpaca_en/alpaca_20k.jsonl.gz", 2),
    ("llama-factory/alpaca_zh_demo.json", 2),
    ("llama-factory/glaive_toolcall_en_demo.json", 4),
    ("llama-factory/identity.json", 2),
    ("llama-factory/v1_sft_demo.jsonl", 2),
    ("gsm8k/train.jsonl", 2),
]


@pytest.mark.parametrize(("name", "turns"), FILES, ids=[name for name, _ in FILES])
def test_published_files(name, turns):
    if not (SFT_DATA / name).exists():
        pytest.skip(f"needs the published file {name} in {SFT_DATA.name}/")
    conversations = [messages_of(row) for row in read_rows(SFT_DATA / name)]
    assert len(conversations) > 50
    assert sum(map(len, conversations)) >= turns * len(conversations) * 0.9
    assert all(any(one["role"] == "assistant" for one in talk) for talk in conversations)


def test_gzip_and_arrays_are_read_alike(tmp_path):
    rows = [{"prompt": "Q", "response": "A"}] * 2
    (tmp_path / "a.json").write_text(json.dumps(rows))
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)
    assert [messages_of(row) for row in read_rows(tmp_path)] == [[Q, A]] * 4
