"""Drop conversations in which the assistant refuses to answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from penstock.models.conversation import Turn
from penstock.models.shapes import thought_apart
from penstock.ops.base import Filter, Rule
from penstock.ops.chat.messages import conversations

if TYPE_CHECKING:
    import pyarrow as pa

HEAD = 250  # characters: who refuses says so at once

_NOT = r"(?:can['’`]?t|cannot|can not|won['’`]?t|will not|am unable to|am not able to)"
_REFUSALS = (
    # English
    r"\b(?:I['’`]?m|I am|we are|we['’`]?re) (?:\w+ ){0,2}(?:sorry|afraid)[,.;]?(?: but| that)?"
    rf" (?:\w+ ){{0,3}}?(?:I|we) (?:\w+ )?(?:{_NOT}|don['’`]?t|do not|must decline)\b",
    rf"\A\W*sorry[,.;]? (?:but )?(?:(?:I|we) (?:\w+ )?{_NOT}|(?:this|the|your) \w+ (?:\w+ )?"
    r"(?:cannot|can['’`]?t|involves|requires)|this cannot)",
    rf"\b(?:I|we) (?:\w+ )?(?:{_NOT}|must decline to|refuse to) (?:\w+ ){{0,2}}?"
    r"(?:assist|help(?! but)|answer|fulfill?|comply|provide|engage|create|generate|write|discuss"
    r"|support|respond|participate|offer|complete)\b",
    r"\b(?:I['’`]?m|I am) (?:\w+ )?(?:unable to|not able to|not comfortable|not allowed"
    r"|not programmed)",
    r"\b(?:GPT|AI|language) (?:\w+ )?models? (?:is |are )?(?:cannot|can['’`]?t|can not|unable)",
    r"\b(?:instruction|task|request|prompt) (?:\w+ ){0,3}cannot be (?:fulfilled|completed|done)",
    r"\b(?:is|would be|goes) against my\b|\bwould be (?:unethical|illegal|inappropriate)\b",
    # Chinese
    r"(?:抱歉|对不起|不好意思|對不起)[^。！？\n]{0,30}?(?:无法|不能|不可以|没有办法|没办法|无权|無法)",
    r"(?:我|本助手|本模型|本人|模型)(?:目前|暂时|现在)?(?:无法|不能|無法|没有办法|不便|拒绝)(?:回答|提供"
    r"|协助|帮助|帮您|完成|满足|生成|给出|执行|讨论|处理|支持|确定|判断)",
    # German, French, Spanish, Portuguese, Italian
    r"\bich kann (?:\w+ ){0,6}?nicht\b|\btut mir leid\b.{0,30}\b(?:nicht|kein)",
    r"\bje (?:suis|ne suis) (?:désolée?|pas en mesure).{0,40}\b(?:ne|pas)\b|\bje ne peux pas\b",
    r"\b(?:lo siento|lamento).{0,40}\bno (?:puedo|es posible)\b|\bno puedo (?:ayudar|proporcionar)",
    r"\b(?:desculpe|sinto muito|lamento).{0,40}\bnão (?:posso|consigo)\b",
    r"\b(?:mi dispiace|spiacente).{0,40}\bnon (?:posso|sono in grado)\b",
    # Russian, Japanese, Korean
    r"(?:извините|простите|к сожалению).{0,40}\bне (?:могу|можем|в состоянии)\b",
    r"(?:申し訳|すみません|ごめんなさい).{0,60}?(?:できません|できかねます|お答えでき|いたしかねます)",
    r"(?:죄송|미안).{0,60}?(?:수 없|못 하|못하|어렵)",
)
_DISCLAIMERS = (
    r"\bas an? (?:\w+ )?(?:AI|artificial intelligence|(?:large )?language model|chatbot)\b",
    r"\bI(?:['’`]?m| am) (?:just |only )?an? (?:\w+ )?(?:AI|artificial intelligence"
    r"|language model)\b",
    r"作为一[个名款位种]?.{0,6}?(?:AI|人工智能|语言模型|機器人|机器人|虚拟助手)",
    r"我(?:只是|是)(?:一[个名款位种])?.{0,6}?(?:AI|人工智能|语言模型)",
    r"\bals (?:eine? )?(?:KI|künstliche Intelligenz|Sprachmodell)\b",
    r"\ben tant qu[e'’ ]+(?:\w+ )?(?:IA|intelligence artificielle|modèle de langage)",
    r"\bcomo (?:una? |uma )?(?:IA|inteligencia artificial|inteligência artificial|modelo de ling)",
    r"как (?:\w+ )?(?:искусственный интеллект|языковая модель|ИИ)",
    r"AIとして|言語モデルとして",
)
# Who writes a letter of excuse has not refused to write it.
_LETTER = re.compile(r"\W*(?:dear\b|亲爱的|尊敬的|親愛的|尊敬的)", re.IGNORECASE)
_REFUSES = re.compile("|".join(_REFUSALS), re.IGNORECASE)
_DISCLAIMS = re.compile("|".join(_DISCLAIMERS), re.IGNORECASE)


@dataclass(frozen=True)
class Refusal(Filter):
    """Drop conversations with more than `max` turns of the assistant that begin with a refusal.

    A refusal is a known phrase in the first 250 characters after any reasoning: "I'm sorry, but I
    can't", 抱歉，我无法, and their like in German, French, Spanish, Portuguese, Italian, Russian,
    Japanese and Korean. Phrases about itself ("As an AI language model", 作为一个人工智能) are
    counted apart, and drop with `max_disclaimers` only. A letter ("Dear …") is none, whatever it
    says. `also` adds regular expressions. English
    and Chinese were tried on real data, the others on examples; a tactful refusal in other words
    is not found. Works on any shape that `chat.messages` knows.

    >>> Refusal().counts([{"role": "assistant", "content": "I'm sorry, but I can't help."}])
    (1, 0)
    """

    measures: ClassVar[Mapping[str, str]] = {"refusals": "int64", "disclaimers": "int64"}

    max: int = 0
    max_disclaimers: int | None = None
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for pattern in self.also:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"`also`: {pattern!r} is no regular expression: {error}") from None

    def counts(self, turns: Sequence[Turn]) -> tuple[int, int]:
        """How many answers begin with a refusal, and how many with what the assistant is."""
        heads = [
            (thought_apart(turn)["content"] or "")[:HEAD].lstrip()
            for turn in turns
            if turn["role"] == "assistant"
        ]
        heads = [head for head in heads if not _LETTER.match(head)]
        also = [re.compile(pattern, re.IGNORECASE) for pattern in self.also]
        refusals = sum(any(one.search(head) for one in (_REFUSES, *also)) for head in heads)
        return refusals, sum(_DISCLAIMS.search(head) is not None for head in heads)

    def measure_batch(self, rows: pa.RecordBatch) -> dict[str, pa.Array]:
        """Both counts for each conversation."""
        import pyarrow as pa

        counts = [self.counts(turns or ()) for turns in conversations(rows)]
        refusals, disclaimers = zip(*counts, strict=True) if counts else ((), ())
        return {
            "refusals": pa.array(refusals, pa.int64()),
            "disclaimers": pa.array(disclaimers, pa.int64()),
        }

    def rules(self) -> tuple[Rule, ...]:
        """More refusals than `max`; more disclaimers, where they are bounded."""
        rules = (
            Rule("max", "refusals", ">", self.max),
            Rule("max_disclaimers", "disclaimers", ">", self.max_disclaimers),
        )
        return tuple(rule for rule in rules if rule.threshold is not None)
