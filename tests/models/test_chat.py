"""What a model is to learn of a conversation, template by template."""

import pytest

from penstock.errors import UsageError
from penstock.models.chat import (
    CHATML,
    end_of_turn,
    ensure_template,
    learns_to_stop,
    prompt,
    render,
)
from penstock.train.tokenizer import train_tokenizer

from .conftest import TEXTS, bpe_tokenizer

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What fills the reservoir?"},
    {"role": "assistant", "content": "The river."},
    {"role": "user", "content": "水电站?"},
    {"role": "assistant", "content": "发电。"},
]

# ChatML without generation marks, as most published models have it.
UNMARKED = CHATML.replace("{% generation %}", "").replace("{% endgeneration %}", "")
# As Llama 3: begins with a BOS of its own, ends turns without a line break.
WITH_BOS = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n\n' + message['content'] | trim + '<|im_end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n\n' }}{% endif %}"
)
# As Qwen3: reasoning stands before an answer only where the answer is the last turn.
THINKING = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if loop.last and message['role'] == 'assistant' %}"
    "{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, 320)


def supervised(tokenizer, messages=TALK):
    ids, marks = render(tokenizer, messages)
    assert len(ids) == len(marks)
    return tokenizer.decode([one for one, mark in zip(ids, marks, strict=True) if mark])


@pytest.mark.parametrize("template", [CHATML, UNMARKED], ids=["marked", "unmarked"])
def test_answers_and_their_ends_are_supervised_and_nothing_else(tokenizer, template):
    tokenizer.chat_template = template
    assert supervised(tokenizer) == "The river.<|im_end|>发电。<|im_end|>"
    assert end_of_turn(tokenizer) == tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert learns_to_stop(tokenizer)


def test_marked_and_unmarked_templates_give_the_same_ids(tokenizer):
    tokenizer.chat_template = CHATML
    marked = render(tokenizer, TALK)
    tokenizer.chat_template = UNMARKED
    assert render(tokenizer, TALK) == marked


def test_a_template_that_drops_earlier_reasoning(tokenizer):
    tokenizer.chat_template = THINKING
    assert supervised(tokenizer) == ("The river.<|im_end|><think>\n\n</think>\n\n发电。<|im_end|>")


def test_a_template_with_its_own_bos_gets_no_second_one():
    tokenizer = bpe_tokenizer(bos_token="<s>", pad_token="<|im_start|>", eos_token="<|im_end|>")
    tokenizer.chat_template = WITH_BOS
    ids, _ = render(tokenizer, TALK)
    assert ids.count(tokenizer.bos_token_id) == 1
    assert supervised(tokenizer) == "The river.<|im_end|>发电。<|im_end|>"


def test_a_base_model_without_template_gets_plain_words_ended_by_its_eos():
    tokenizer = bpe_tokenizer(eos_token="</s>")
    assert ensure_template(tokenizer)
    assert supervised(tokenizer) == "The river.</s>发电。</s>"
    assert learns_to_stop(tokenizer)
    assert not ensure_template(tokenizer)


def test_a_tokenizer_that_cannot_end_a_turn_is_refused():
    with pytest.raises(UsageError, match="neither a chat template nor"):
        ensure_template(bpe_tokenizer(unk_token="<unk>"))


@pytest.mark.parametrize("template", [CHATML, UNMARKED, WITH_BOS, ""])
def test_what_is_asked_in_use_is_what_stood_before_the_answer_in_training(template):
    tokenizer = bpe_tokenizer(bos_token="<s>", pad_token="<|im_start|>", eos_token="<|im_end|>")
    tokenizer.chat_template = template or None
    ensure_template(tokenizer)
    ids, marks = render(tokenizer, TALK[:3])
    assert ids[: marks.index(True)] == prompt(tokenizer, TALK[:2])


def test_a_template_whose_marks_leave_out_the_end_is_seen(tokenizer):
    end_outside = CHATML.replace(
        "{{ message['content'] + '<|im_end|>' }}{% endgeneration %}",
        "{{ message['content'] }}{% endgeneration %}{{ '<|im_end|>' }}",
    )
    tokenizer.chat_template = end_outside
    assert supervised(tokenizer) == "The river.发电。"
    assert not learns_to_stop(tokenizer)


def test_a_template_that_ends_no_answer_is_seen(tokenizer):
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    assert end_of_turn(tokenizer) is None


def test_a_template_that_rewrites_answers_is_refused(tokenizer):
    tokenizer.chat_template = UNMARKED.replace("message['content']", "message['content'] | upper")
    with pytest.raises(UsageError, match="cannot be told apart"):
        render(tokenizer, TALK)
