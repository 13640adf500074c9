"""Vectors from a folder against the library whose layout it has."""

import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from penstock.errors import MissingError, PenstockError, UsageError
from penstock.models.encoder import Encoder
from penstock.ops.label.embedding import Embedding

TEXTS = [
    "The dam holds the river.", "水库", "a", "river " * 200, "dam " * 3, "\u200f😀", "The",
    "的水坝 dams",
]  # fmt: skip
LAYOUTS: list[tuple[str, bool]] = [
    ("mean", True), ("mean", False), ("cls", True), ("max", False), ("lasttoken", True),
]  # fmt: skip


def bert(folder: Path) -> None:
    """A random BERT, with a vocabulary of a few words and letters."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "dam", "river", "holds", "##s"]
    (folder / "vocab.txt").write_text("\n".join([*words, *"水库坝的."]), "utf-8")
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            vocab_size=len(words) + 5, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=32, max_position_embeddings=48,
        )
    ).save_pretrained(folder)  # fmt: skip
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)


def modules(folder: Path, pooling: dict[str, Any] | None, normal: bool) -> None:
    """The files by which sentence-transformers knows a folder."""
    kinds = ["Transformer", "Pooling", "Normalize"][: 3 if normal else 2]
    listed = [
        {
            "idx": place,
            "name": str(place),
            "path": f"{place}_{kind}" if place else "",
            "type": f"sentence_transformers.models.{kind}",
        }
        for place, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps({"word_embedding_dimension": 16, **(pooling or {})})
    )
    if normal:
        (folder / "2_Normalize").mkdir(exist_ok=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bert(tmp_path)
    modules(tmp_path, {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, True)
    return tmp_path


def encoded(encoder: Encoder, texts: list[str], size: int = 3, **options: Any) -> np.ndarray:
    found = {}
    for part, vectors in encoder.encode(texts, size, **options):
        found.update(zip(part, vectors, strict=True))
    return np.stack([found[text] for text in texts])


def theirs(folder: Path, texts: list[str]) -> np.ndarray:
    """What sentence-transformers makes of texts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of that library, on itself
        library = pytest.importorskip("sentence_transformers")
        model = library.SentenceTransformer(str(folder), device="cpu")
        return np.asarray(model.encode(texts, show_progress_bar=False))


@pytest.mark.parametrize(("way", "normal"), LAYOUTS)
def test_vectors_are_those_of_sentence_transformers(folder: Path, way: str, normal: bool) -> None:
    modules(folder, {"pooling_mode": way}, normal)
    found = encoded(Encoder(folder), TEXTS)
    assert found.shape == (len(TEXTS), 16)
    assert found.dtype == np.float32
    assert np.allclose(found, theirs(folder, TEXTS), atol=1e-5)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5) == normal


@pytest.mark.parametrize(
    "settings",
    [
        {"sentence_bert_config.json": {"max_seq_length": 5, "do_lower_case": False}},
        {
            "config_sentence_transformers.json": {
                "prompts": {"dams": "the dam holds "},
                "default_prompt_name": "dams",
            }
        },
    ],
)
def test_settings_of_the_folder_are_followed(folder: Path, settings: dict[str, Any]) -> None:
    plain = encoded(Encoder(folder), TEXTS)
    for name, content in settings.items():
        (folder / name).write_text(json.dumps(content))
    found = encoded(Encoder(folder), TEXTS)
    assert not np.allclose(found, plain, atol=1e-3)
    assert np.allclose(found, theirs(folder, TEXTS), atol=1e-5)


def test_a_folder_without_modules_takes_the_mean(folder: Path) -> None:
    plain = encoded(Encoder(folder), TEXTS)
    (folder / "modules.json").unlink()
    bare = encoded(Encoder(folder), TEXTS)
    assert np.allclose(bare / np.linalg.norm(bare, axis=1)[:, None], plain, atol=1e-5)


def test_padding_on_the_left_changes_nothing(folder: Path) -> None:
    # Rotary models pad on the left; BERT's places are counted from the left, so one text at a time.
    for way in ("cls", "lasttoken"):
        modules(folder, {"pooling_mode": way}, True)
        encoder = Encoder(folder)
        right = encoded(encoder, TEXTS, 1)
        encoder.tokenizer.padding_side = "left"
        assert np.allclose(encoded(encoder, TEXTS, 1), right, atol=1e-5)


def test_a_prefix_replaces_the_folders_own(folder: Path) -> None:
    encoder = Encoder(folder)
    assert np.allclose(
        encoded(encoder, ["dam"], prefix="the "), encoded(encoder, ["the dam"]), atol=1e-6
    )


def test_the_operator_writes_them(folder: Path) -> None:
    operator = pickle.loads(pickle.dumps(Embedding(model=str(folder), batch_size=3)))
    texts = [*TEXTS, None, "  ", TEXTS[0]]
    rows = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string())})
    found = operator.batch(rows).column("embedding")
    assert found.type == pa.list_(pa.float32(), 16)
    assert found.is_null().to_pylist() == [not text or not text.strip() for text in texts]
    assert found[0] == found[len(texts) - 1]
    assert np.allclose(found.to_pylist()[0], theirs(folder, TEXTS)[0], atol=1e-5)
    assert operator.batch(rows).column("embedding") == found
    with pytest.raises(PenstockError, match="a vector of 16 numbers came where one of 8"):
        Embedding(model=str(folder), dimension=8).batch(rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: modules(it, {"pooling_mode": "weightedmean"}, True), "pools in a way"),
        (lambda it: modules(it, {"pooling_mode": ["cls", "mean"]}, True), "cls, mean"),
        (
            lambda it: (it / "modules.json").write_text(
                '[{"type": "a.Transformer", "path": ""}, {"type": "a.Pooling", "path": "1"},'
                ' {"type": "a.Dense", "path": "2"}]'
            ),
            "is made of Transformer, Pooling, Dense",
        ),
        (lambda it: (it / "modules.json").write_text("{"), "modules.json is not JSON"),
        (lambda it: (it / "model.safetensors").write_bytes(b"x"), "cannot be loaded"),
        (lambda it: (it / "model.safetensors").unlink(), "cannot be loaded"),
    ],
)
def test_folders_that_cannot_be_used(folder: Path, change: Any, message: str) -> None:
    change(folder)
    with pytest.raises(UsageError, match=message):
        Encoder(folder)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no model folder"):
        Encoder(tmp_path / "nowhere")
    with pytest.raises(MissingError, match="holds no model"):
        Encoder(tmp_path)
