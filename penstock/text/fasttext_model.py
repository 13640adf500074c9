"""Classifiers in fastText's format: train one on labelled texts, and ask it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

PREFIX = "__label__"


@dataclass(frozen=True)
class FastTextModel:
    """A supervised model (Joulin et al. 2016) in a file, `.bin` or `.ftz`.

    The binding's own `predict` copies arrays in a way that numpy 2 refuses in most packages that
    are called fasttext; what it wraps is called here instead, and works in all of them.
    """

    file: str

    def predict(self, text: str, labels: int = 1) -> list[tuple[str, float]]:
        """The likeliest `labels` of a text with their probabilities; -1 gives all.

        A text is one line to fastText: line ends become spaces.
        """
        line = text.replace("\n", " ") + "\n"
        found = self._model.predict(line, labels, 0.0, "strict")
        return [(label.removeprefix(PREFIX), min(1.0, share)) for share, label in found]

    @cached_property
    def labels(self) -> list[str]:
        """All labels the model knows."""
        return sorted(label for label, _ in self.predict("", labels=-1))

    @cached_property
    def _model(self) -> Any:
        import fasttext_pybind

        model = fasttext_pybind.fasttext()
        model.loadModel(self.file)
        return model


def train(
    examples: Iterable[tuple[str, str]],
    file: str | Path,
    *,
    epochs: int = 5,
    rate: float = 0.5,
    word_ngrams: int = 2,
    dimension: int = 50,
    buckets: int = 200_000,
) -> None:
    """Train a classifier on pairs of text and label, and write it to `file`.

    The same pairs give the same file: one thread, a fixed seed. Needs the package fasttext-new,
    which trains on any Python and stands beside the binding that predicts.
    """
    import fasttext_new

    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "examples.txt"
        with lines.open("w", encoding="utf-8") as stream:
            for text, label in examples:
                stream.write(f"{PREFIX}{label} {' '.join(text.split())}\n")
        model: Any = fasttext_new.train_supervised(
            input=str(lines), epoch=epochs, lr=rate, wordNgrams=word_ngrams, dim=dimension,
            bucket=buckets, thread=1, seed=0, verbose=0,
        )  # fmt: skip
    model.save_model(str(file))
