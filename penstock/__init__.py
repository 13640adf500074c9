"""penstock: from the raw web to a fine-tuned model that answers.

>>> import penstock
>>> "filter.word_count" in [one["name"] for one in penstock.operators()]
True
"""

from penstock.face import (
    chat,
    clean,
    deploy,
    events,
    explore,
    new,
    operators,
    plan,
    run,
    show,
    what_if,
    why,
)
from penstock.version import VERSION

__version__ = VERSION

__all__ = [
    "__version__",
    "chat",
    "clean",
    "deploy",
    "events",
    "explore",
    "new",
    "operators",
    "plan",
    "run",
    "show",
    "what_if",
    "why",
]
