"""Chat templates: conversations to token ids, and which of these a model should learn to write."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.errors import UsageError

Message = Mapping[str, Any]

START = "<|im_start|>"
END = "<|im_end|>"

# ChatML, the answer and its end-of-turn token marked as what is generated. Line breaks are written
# out, so that none comes from how the template itself is laid out.
CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}"
    "{{ '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

# For a base model that has no template and no ChatML tokens: plain words, ended by its own EOS.
PLAIN = (
    "{% for message in messages %}"
    "{{ message['role'] + ':\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + eos_token }}{% endgeneration %}"
    "{% else %}{{ message['content'] }}{% endif %}"
    "{{ '\n\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant:\n' }}{% endif %}"
)

_GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")
_PROBE = ({"role": "user", "content": "ping"}, {"role": "assistant", "content": "pong"})


def ensure_template(tokenizer: Any) -> bool:
    """Give a tokenizer that has no chat template one of ours; say whether it needed it.

    Raises UsageError when it has no token to end a turn with.
    """
    if tokenizer.chat_template:
        return False
    known = tokenizer.get_vocab()
    if START not in known or END not in known:
        if not tokenizer.eos_token:
            raise UsageError(
                "the tokenizer has neither a chat template nor an end-of-text token",
                hint="choose a base model that has one of the two",
            )
        tokenizer.chat_template = PLAIN
    else:
        tokenizer.chat_template = CHATML
    return True


def render(tokenizer: Any, messages: Sequence[Message]) -> tuple[list[int], list[bool]]:
    """Token ids of a conversation, and for each whether it is supervised.

    Supervised are the tokens of assistant messages and the end-of-turn token after each: what the
    template marks as `{% generation %}`, else what each answer adds to the conversation before it.
    Special tokens are those the template writes, and no others. Raises UsageError for a
    template that rewrites earlier turns beyond recognition.
    """
    conversation = [dict(message) for message in messages]
    if _GENERATION.search(tokenizer.chat_template or ""):
        encoded = tokenizer.apply_chat_template(
            conversation, return_dict=True, return_assistant_tokens_mask=True
        )
        return list(encoded["input_ids"]), [bool(one) for one in encoded["assistant_masks"]]
    text, spans = _answers(tokenizer, conversation)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    marks = [
        any(start <= first < end for start, end in spans) for first, _ in encoded["offset_mapping"]
    ]
    return list(encoded["input_ids"]), marks


def prompt(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """Token ids of a conversation up to where the next answer begins."""
    encoded = tokenizer.apply_chat_template(
        [dict(message) for message in messages], add_generation_prompt=True, return_dict=True
    )
    return list(encoded["input_ids"])


def end_of_turn(tokenizer: Any) -> int | None:
    """The token that the template writes after an answer, or None when it writes none."""
    text, spans = _answers(tokenizer, [dict(message) for message in _PROBE])
    start, end = spans[0]
    after = text[start:end].partition("pong")[2].strip()
    ids = tokenizer(after, add_special_tokens=False)["input_ids"] if after else []
    return ids[0] if ids else None


def learns_to_stop(tokenizer: Any) -> bool:
    """Whether the token that ends an answer is among the supervised ones."""
    end = end_of_turn(tokenizer)
    ids, supervised = render(tokenizer, _PROBE)
    return any(one == end and mark for one, mark in zip(ids, supervised, strict=True))


def _answers(tokenizer: Any, messages: list[dict[str, Any]]) -> tuple[str, list[tuple[int, int]]]:
    """The rendered conversation, and where in it each answer with its end-of-turn stands."""
    text = _text(tokenizer, messages)
    spans = []
    for turn, message in enumerate(messages):
        if message["role"] == "assistant":
            before = _text(tokenizer, messages[:turn], add_generation_prompt=True)
            after = _text(tokenizer, messages[: turn + 1])
            spans.append((len(before), _end(text, before, after, str(message["content"]).strip())))
    return text, spans


def _end(text: str, before: str, after: str, content: str) -> int:
    """Where an answer ends in `text`: behind its end-of-turn, without white space after that."""
    tail = after[after.rfind(content) + len(content) :].rstrip()
    # Templates that drop the reasoning of earlier turns change what stands before the content, so
    # the content is looked for rather than counted to.
    at = text.find(content + tail, len(before)) if text.startswith(before) else -1
    if at < 0:
        raise UsageError(
            "the chat template changes earlier turns, so what is answer cannot be told apart",
            hint="mark the answers in the template with {% generation %} … {% endgeneration %}",
        )
    return at + len(content) + len(tail)


def _text(tokenizer: Any, messages: list[dict[str, Any]], **options: Any) -> str:
    if not messages and not options:
        return ""
    return str(tokenizer.apply_chat_template(messages, tokenize=False, **options))
