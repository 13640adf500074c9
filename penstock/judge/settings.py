"""What a `kind: compare` file says."""

from dataclasses import dataclass
from typing import Literal

from penstock.specs.build import build
from penstock.specs.read import Spec

_HEAD = ("kind", "name")


@dataclass(frozen=True)
class Comparison:
    """Two models, and the questions both are asked with the same settings, greedily.

    `base` and `tuned` are their names on the endpoint, `base_model` and `tuned_model` their folders
    (for the likelihood of the reference answers, and to know their weights). `endpoint` is the
    address of any OpenAI-compatible server. `train_questions` are questions the tuned model was
    trained on; they are reported apart. `text` is held-out text for perplexity. An answer counts as
    correct by `correct`: equal to the reference but for case and punctuation, or containing it.
    """

    base: str
    tuned: str
    questions: str
    endpoint: str = ""
    base_model: str = ""
    tuned_model: str = ""
    train_questions: str = ""
    text: str = ""
    correct: Literal["exact_match", "contains"] = "exact_match"
    max_tokens: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        if self.base == self.tuned:
            raise ValueError("`base` and `tuned` are the same model")
        if self.max_tokens < 1:
            raise ValueError("`max_tokens` must be at least 1")


def load_comparison(spec: Spec) -> Comparison:
    """The comparison that a spec describes. Raises UsageError, with the line, if it is wrong.

    >>> from penstock.specs.read import parse_spec
    >>> text = "kind: compare\\nbase: base\\ntuned: tuned\\nquestions: held-out.jsonl"
    >>> load_comparison(parse_spec(text)).max_tokens
    256
    """
    values = {key: value for key, value in spec.data.items() if key not in _HEAD}
    return build(Comparison, values, spec.where, owner="compare")
