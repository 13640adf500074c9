"""The dataset as training reads it: split, tokenised, stored in the run folder, and counted."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from penstock.data.dataset import read_rows
from penstock.models.chat import ensure_template
from penstock.models.load import load_tokenizer
from penstock.runs.folder import digest
from penstock.train import pretrain, sft
from penstock.train.batches import Source
from penstock.train.examples import Placed, held_out
from penstock.train.guards import check_counts, check_tokenizer
from penstock.train.settings import Training
from penstock.train.tokenizer import train_tokenizer
from penstock.train.tokens import Counts, write_store

_METHODS: Any = {"pretrain": pretrain, "sft": sft}


@dataclass(frozen=True)
class Prepared:
    """The tokenizer, the rows to train on, and the held-out rows (None when there are none)."""

    tokenizer: Any
    train: Source
    held_out: Source | None


def prepare(training: Training, dataset: str, model: str, folder: Path, trust: bool) -> Prepared:
    """Tokenise `dataset` into `folder`, with the tokenizer of `model` or a new one.

    What an earlier, interrupted run has tokenised is used again. Raises UsageError for settings
    that could not train (see `guards`).
    """
    tokenizer = _tokenizer(training, dataset, model, folder, trust)
    if training.method == "sft":
        ensure_template(tokenizer)
    check_tokenizer(tokenizer, training.method)
    sources = []
    for part, held in (("train", False), ("held-out", True)):
        rows = _rows(training, dataset, held=held)
        encoded = _METHODS[training.method].encode(tokenizer, rows, training.rows)
        store = write_store(folder / "tokens" / part, encoded, digest(asdict(training.rows)))
        packing = training.method == "sft" and training.rows.packing
        sources.append(Source(store, training.rows.max_length if packing else 0))
    train, held_rows = sources
    check_counts(train.store.counts, dataset)
    return Prepared(tokenizer, train, held_rows if len(held_rows) else None)


def statistics(source: Source | None) -> dict[str, Any]:
    """What the run records of one part of the data.

    `rows` counts rows of the dataset (blocks, in pretraining), `packed_rows` what they were packed
    into, `unsupervised` rows that were left out because nothing in them is to be learned.
    """
    counts = source.store.counts if source else Counts()
    share = counts.supervised / counts.tokens if counts.tokens else 0.0
    packed = {"packed_rows": len(source)} if source and source.packed else {}
    return {**asdict(counts), "supervised_share": round(share, 4), **packed}


def _tokenizer(training: Training, dataset: str, model: str, folder: Path, trust: bool) -> Any:
    if training.architecture is None:
        return load_tokenizer(model, trust=trust)
    made = folder / "tokenizer"
    if not (made / "tokenizer_config.json").exists():
        # Held-out rows are not shown to the tokenizer either.
        rows = _rows(training, dataset, held=False)
        texts = _METHODS[training.method].texts(rows, training.rows)
        train_tokenizer(texts, training.architecture.vocab_size).save_pretrained(str(made))
    return load_tokenizer(str(made))


def _rows(training: Training, dataset: str, *, held: bool) -> Iterator[Placed]:
    for number, row in enumerate(read_rows(dataset), start=1):
        if held_out(row, training.rows.eval_fraction) == held:
            yield f"{dataset}, row {number}", row
