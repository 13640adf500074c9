"""Comparing two models that nobody serves yet: serve both, ask both, stop."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from penstock.errors import UsageError
from penstock.flow.deploy import name_of
from penstock.runs.folder import Listener, Run


def compare(
    base: str,
    tuned: str,
    questions: str,
    *,
    train_questions: str | None = None,
    root: Path = Path("runs"),
    trust: bool = False,
    listener: Listener | None = None,
) -> Run:
    """Compare two model folders on the questions; `tuned` may be an adapter on `base`.

    One process serves both, so that they differ in nothing but their weights.
    """
    from penstock.judge.run import run_comparison
    from penstock.judge.settings import Comparison
    from penstock.serve.settings import Endpoint
    from penstock.serve.start import start_endpoint

    for model in (base, tuned):
        if not model:
            raise UsageError("two models are compared", hint="penstock compare BASE TUNED")
    name = f"{name_of(base)}-against-{name_of(tuned)}"
    comparison = Comparison(
        "base",
        "tuned",
        questions,
        base_model=base,
        tuned_model=tuned,
        train_questions=train_questions or "",
    )
    with ExitStack() as stack:

        def serve() -> str:
            endpoint = Endpoint(base, {"tuned": tuned})
            running = start_endpoint(endpoint, root=root, name="compare", trust=trust)
            return stack.enter_context(running).url

        return run_comparison(
            comparison, root=root, name=name, listener=listener, trust=trust, url=serve
        )
