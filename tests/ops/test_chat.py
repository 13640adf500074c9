"""Conversations come back from every shape as they went in."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import MissingError, RecordError, UsageError
from penstock.models.chat import CHATML
from penstock.models.conversation import messages_of
from penstock.models.shapes import messages_type
from penstock.ops.chat.language_match import LanguageMatch
from penstock.ops.chat.messages import Messages, conversations
from penstock.ops.chat.refusal import Refusal
from penstock.ops.chat.render import Render
from penstock.ops.chat.template_leak import TemplateLeak
from penstock.ops.chat.turns import Turns
from penstock.ops.chat.validate import Validate

TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
NAME = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
ARGUMENTS = st.dictionaries(NAME, TEXT | st.integers(), max_size=2)
CALL = st.tuples(NAME, ARGUMENTS).map(lambda one: {"name": one[0], "arguments": one[1]})


@st.composite
def sharegpt(draw: Any) -> list[dict[str, str]]:
    """Conversations as ShareGPT has them, tools and all."""
    turns = [{"from": "system", "value": draw(TEXT)}] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        turns.append({"from": "human", "value": draw(TEXT)})
        if draw(st.booleans()):
            calls = draw(st.lists(CALL, min_size=1, max_size=2))
            value = calls[0] if len(calls) == 1 else calls
            turns.append({"from": "function_call", "value": json.dumps(value, ensure_ascii=False)})
            turns += [{"from": "observation", "value": draw(TEXT)} for _ in calls]
        turns.append({"from": "gpt", "value": draw(TEXT)})
    return turns


def rows_of(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    named = [{"id": str(at), **row} for at, row in enumerate(rows)]
    table = pa.Table.from_pylist(named).combine_chunks()
    return table.to_batches()[0]


def load(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    if text.startswith("["):
        return json.loads(text)  # type: ignore[no-any-return]
    return [json.loads(line) for line in text.splitlines() if line.strip()]


@given(st.lists(sharegpt(), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_sharegpt_and_back(talks):
    rows = rows_of([{"conversations": talk} for talk in talks])
    messages = Messages().batch(rows)
    assert messages.schema.field("messages").type == messages_type()
    back = Messages(to="sharegpt").batch(messages)
    assert back.column("conversations").to_pylist() == talks
    again = Messages().batch(back)
    assert again.column("messages").to_pylist() == messages.column("messages").to_pylist()
    full = [
        all(turn["value"].strip() for turn in talk if turn["from"] != "observation")
        for talk in talks
    ]
    problems = Validate().measure_batch(messages)["problem"].to_pylist()
    assert problems == [None if one else "empty_turn" for one in full]


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4), st.none() | TEXT)
@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize("shape", ["alpaca", "prompt_response", "question_answer", "sharegpt"])
def test_every_shape_and_back(shape, exchanges, system):
    held = exchanges if shape in ("alpaca", "sharegpt") else exchanges[:1]
    turns = [{"role": "system", "content": system}] if system else []
    for asked, said in held:
        turns += [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    rows = Messages().batch(rows_of([{"messages": turns}]))
    there = Messages(to=shape).batch(rows)
    assert "messages" not in there.schema.names
    back = Messages().batch(there)
    assert back.column("messages").to_pylist() == rows.column("messages").to_pylist()
    assert messages_of(there.to_pylist()[0]) == turns  # and a training reads the same


@given(TEXT, TEXT)
@settings(max_examples=50, deadline=None)
def test_reasoning_is_a_field_or_stands_in_the_answer(thought, answer):
    thought, answer = thought.strip(), answer.lstrip()
    if not thought or "</think>" in thought:
        return
    rows = rows_of([{"question": "Q", "reasoning": thought, "answer": answer}])
    tags, field = (Messages(thinking=one).batch(rows) for one in ("tags", "field"))
    assert field.column("messages")[0][1]["reasoning_content"].as_py() == thought
    assert field.column("messages")[0][1]["content"].as_py() == answer
    assert tags.column("messages")[0][1]["content"].as_py().startswith("<think>\n")
    assert Messages(thinking="field").batch(tags) == field
    assert Messages().batch(field) == tags
    back = Messages(to="question_answer").batch(tags).to_pylist()[0]
    assert (back["reasoning"], back["answer"]) == (thought, answer)


def test_openai_calls_become_sharegpts_and_come_back():
    arguments = '{"zone": "UTC", "none": null}'
    call = {"id": "c9", "type": "function", "function": {"name": "now", "arguments": arguments}}
    turns = [
        {"role": "user", "content": "Time?"},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call]},
        {"role": "tool", "content": "12", "tool_call_id": "c9"},
        {"role": "assistant", "content": "Noon."},
    ]
    tools = [{"type": "function", "function": {"name": "now", "parameters": {"a": 1}}}]
    rows = Messages().batch(rows_of([{"messages": turns, "tools": tools}]))
    assert json.loads(rows.column("tools")[0].as_py()) == tools
    there = Messages(to="sharegpt").batch(rows)
    said = there.column("conversations").to_pylist()[0]
    assert [turn["from"] for turn in said] == [
        "human",
        "gpt",
        "function_call",
        "observation",
        "gpt",
    ]
    assert json.loads(said[2]["value"]) == {"name": "now", "arguments": json.loads(arguments)}
    assert json.loads(there.column("tools")[0].as_py()) == [tools[0]["function"]]
    back = Messages().batch(there)
    found = conversations(back)[0]
    assert found is not None
    assert [turn["role"] for turn in found] == ["user", "assistant", "tool", "assistant"]
    assert found[1]["tool_calls"][0]["id"] == found[2]["tool_call_id"] == "call_1"
    assert back.column("tools") == rows.column("tools")


def test_a_training_reads_calls_as_sharegpt_writes_them():
    value = '{"name": "now", "arguments": {"zone": "UTC"}}'
    said = [{"from": "human", "value": "Time?"}, {"from": "function_call", "value": value}]
    rows = Messages().batch(rows_of([{"conversations": said}]))
    assert messages_of(rows.to_pylist()[0]) == messages_of({"conversations": said})


@pytest.mark.parametrize(
    ("row", "params", "message"),
    [
        ({"messages": []}, {}, "no conversation: messages are empty"),
        ({"question": "Q", "answer": None}, {}, "`answer` is 'None', not text"),
        ({"messages": '{"a": 1'}, {}, "not JSON"),
        ({"conversations": [{"from": "function_call", "value": "f(1)"}]}, {}, "not JSON"),
        ({"conversations": [{"from": "function_call", "value": "{}"}]}, {}, "without a name"),
        ({"prompt": "Q", "response": "A", "tools": "now()"}, {}, "`tools` is 'now"),
        (
            {"messages": [{"role": "user", "content": "Q"}]},
            {"to": "alpaca"},
            "by user, not by user and assistant in turn",
        ),
        (
            {"instruction": "Q", "output": "A", "history": [["a", "b"]]},
            {"to": "prompt_response"},
            "has 2 questions",
        ),
        (
            {"conversations": [{"from": "observation", "value": "3"}]},
            {"to": "alpaca"},
            "calls tools",
        ),
    ],
)
def test_a_bad_conversation_costs_its_document(row, params, message):
    with pytest.raises(RecordError, match=message):
        Messages(**params).batch(rows_of([row]))


def test_columns_without_a_conversation_are_named_before_the_run():
    rows = rows_of([{"title": "t", "body": "b"}]).slice(0, 0)
    for operator in (Messages(), Validate(), Turns(), Refusal(), Render()):
        call = operator.batch if hasattr(operator, "batch") else operator.measure_batch
        with pytest.raises(UsageError, match="their columns are id, title, body"):
            call(rows)
    with pytest.raises(UsageError, match="no column `Q`"):
        Messages(question="Q", answer="body").batch(rows)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Messages(question="q"), "name columns together"),
        (lambda: Messages(reasoning="r"), "stand beside"),
        (lambda: Validate(allow=("tooo_long",)), "no problem `tooo_long`"),
        (lambda: Refusal(also=("(",)), "no regular expression"),
    ],
)
def test_wrong_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# What the published files hold: rows, and the problems in them.
FILES: dict[str, tuple[dict[str, str], dict[str | None, int]]] = {
    "alpaca_en/alpaca_20k.jsonl.gz": ({}, {None: 19989, "empty_turn": 11}),
    "alpaca_zh/alpaca_zh-00000-03252.json": ({}, {None: 3243, "empty_turn": 4}),
    "belle/eval_set.json": (
        {"question": "question", "answer": "std_answer"},
        {None: 631, "empty_turn": 369},
    ),
    "gsm8k/train.jsonl": ({}, {None: 7473}),
    "llama-factory/alpaca_en_demo.json": ({}, {None: 999}),
    "llama-factory/alpaca_zh_demo.json": ({}, {None: 1000}),
    "llama-factory/dpo_en_demo.json": ({}, {"ends_not_with_assistant": 300}),
    "llama-factory/dpo_zh_demo.json": ({}, {"ends_not_with_assistant": 300}),
    "llama-factory/glaive_toolcall_en_demo.json": ({}, {None: 300}),
    "llama-factory/kto_en_demo.json": ({}, {None: 300}),
    "llama-factory/v1_sft_demo.jsonl": ({}, {None: 500}),
    "medical_cot/huatuogpt_o1_demo.json": ({}, {None: 198}),
}


@pytest.mark.parametrize("name", FILES)
def test_published_files(name, real_data):
    params, problems = FILES[name]
    rows = rows_of(load(real_data / "sft" / name))
    messages = Messages(**params).batch(rows)
    found = Counter(Validate().measure_batch(messages)["problem"].to_pylist())
    assert dict(found) == problems
    back = Messages(to="sharegpt").batch(messages)
    if "conversations" in rows.schema.names:
        assert back.column("conversations").to_pylist() == [
            [{"from": turn["from"], "value": turn["value"]} for turn in talk]
            for talk in rows.column("conversations").to_pylist()
        ]
    again = Messages().batch(back)
    assert again.column("messages").to_pylist() == messages.column("messages").to_pylist()
    some = messages.slice(0, 3000)
    mismatches = LanguageMatch().measure_batch(some)["match"].to_pylist().count(False)
    assert mismatches <= 0.01 * some.num_rows
    leaks = TemplateLeak().measure_batch(messages)["leak"]
    assert len(leaks) - leaks.null_count <= 1


def test_a_tokenizers_template_renders_as_transformers_renders_it(tmp_path):
    chat_template_utils = pytest.importorskip("transformers.utils.chat_template_utils")
    template = CHATML + (
        "{%- if tools %}\n  {{- tools | tojson }}\n{% endif %}"
        "{% for message in messages if message.tool_calls %}"
        "{{ message.tool_calls[0].function.arguments | tojson(indent=1) }}{% break %}{% endfor %}"
        "{{ bos_token }}"
    )
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"chat_template": template, "bos_token": {"content": "<水>"}})
    )
    said = [
        {"from": "human", "value": "Zeit? <b>'ü'"},
        {"from": "function_call", "value": '{"name": "now", "arguments": {"zone": "水"}}'},
        {"from": "observation", "value": "12"},
        {"from": "gpt", "value": "Noon."},
    ]
    rows = rows_of([{"conversations": said, "tools": '[{"name": "now"}]'}])
    text = Render(tokenizer=str(tmp_path)).batch(rows).column("text")[0].as_py()
    talk = conversations(rows)[0]
    assert talk is not None
    arguments = {"zone": "水"}
    given = [{**turn, "content": turn["content"] or ""} for turn in talk]
    given[1]["tool_calls"] = [{"function": {"name": "now", "arguments": arguments}}]
    (expected,), _ = chat_template_utils.render_jinja_template(
        [given],
        tools=[{"type": "function", "function": {"name": "now"}}],
        chat_template=template,
        bos_token="<水>",
    )
    assert text == expected


def test_what_a_template_refuses_costs_its_document(tmp_path):
    template = "{{ raise_exception('no tools here') }}"
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"bos_token": None}))
    rows = rows_of([{"prompt": "Q", "response": "A"}])
    with pytest.raises(UsageError, match="has no chat template"):
        Render(tokenizer=str(tmp_path)).batch(rows.slice(0, 0))
    (tmp_path / "chat_template.jinja").write_text(template)
    with pytest.raises(RecordError, match="no tools here"):
        Render(tokenizer=str(tmp_path)).batch(rows)
    (tmp_path / "chat_template.jinja").write_text("{{ messages.__class__.__mro__ }}")
    with pytest.raises(RecordError, match="unsafe"):
        Render(tokenizer=str(tmp_path)).batch(rows)
    with pytest.raises(MissingError, match="no file"):
        Render(tokenizer=str(tmp_path / "other")).batch(rows.slice(0, 0))
