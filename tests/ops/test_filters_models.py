"""Filters that take a model of the user's: n-grams, fastText, tokenizers."""

import csv
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import UsageError
from penstock.ops.filter.fasttext_classifier import FasttextClassifier
from penstock.ops.filter.perplexity import Perplexity
from penstock.ops.filter.token_count import TokenCount
from penstock.ops.label.quality_score import QualityScore
from penstock.specs.build import build
from penstock.text import fasttext_model, ngram_model

TEXTS = st.lists(st.text("ab \n", max_size=12), min_size=1, max_size=5)


def kneser_ney(texts: list[str], order: int) -> Callable[[tuple[str, ...], str], float]:
    """The probability of a token after others, by the formulas and with dictionaries."""
    grams: list[Counter[tuple[str, ...]]] = [Counter() for _ in range(order + 1)]
    for text in texts:
        tokens = ["\n"] * order + tokens_of(text)
        for at in range(order, len(tokens)):
            grams[order][tuple(tokens[at + 1 - order : at + 1])] += 1
    for size in range(order - 1, 0, -1):
        grams[size] = Counter(gram[1:] for gram in grams[size + 1])
    totals: dict[tuple[str, ...], int] = defaultdict(int)
    kinds: dict[tuple[str, ...], int] = defaultdict(int)
    discounts = [0.0]
    for size in range(1, order + 1):
        values = list(grams[size].values())
        once, twice = values.count(1), values.count(2)
        discounts.append(min(0.9, max(0.1, once / max(1, once + 2 * twice))))
        for gram, count in grams[size].items():
            totals[gram[:-1]] += count
            kinds[gram[:-1]] += 1

    def probability(before: tuple[str, ...], token: str) -> float:
        found = 1 / (len(grams[1]) + 1)
        for size in range(1, order + 1):
            context = before[len(before) - size + 1 :]
            if totals[context]:
                count = grams[size][(*context, token)]
                left = discounts[size] * kinds[context] / totals[context]
                found = max(count - discounts[size], 0) / totals[context] + left * found
        return found

    return probability


def tokens_of(text: str) -> list[str]:
    lines = (line.split() for line in text.splitlines() if line.strip())
    return [token for line in lines for token in [*line, "\n"]]


@settings(deadline=None)
@given(TEXTS, st.text("abc \n", max_size=12), st.integers(1, 4))
def test_the_model_is_kneser_and_neys(texts: list[str], text: str, order: int) -> None:
    if not any(map(tokens_of, texts)):
        return
    probability = kneser_ney(texts, order)
    tokens = ["\n"] * order + tokens_of(text)
    expected = [
        probability(tuple(tokens[at + 1 - order : at]), tokens[at])
        for at in range(order, len(tokens))
    ]
    found = ngram_model.train(texts, order=order).probabilities(text)
    assert found.tolist() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_after_a_context_sum_to_one(order: int) -> None:
    texts = ["the dam holds the river", "the dam leaks\nthe river rises", "a dam"]
    model = ngram_model.train(texts, order=order)
    words = {token for text in texts for token in text.split()} | {"unheard"}
    for context in ("the dam", "river the", "nothing known"):
        after = [model.probabilities(f"{context} {word}")[2] for word in words]
        end = model.probabilities(context)[2]
        assert sum(after) + end == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("unit", "order"), [("word", 3), ("character", 6)])
def test_a_saved_model_says_the_same(tmp_path: Path, unit: Any, order: int) -> None:
    texts = ["The dam holds 12 rivers.", "水库的水位\n降低了", "👍 e\u0301"]
    model = ngram_model.train(texts, order=order, unit=unit)
    for name in ("one", "two"):
        model.save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert ngram_model.load(tmp_path / "one").perplexity(texts[0]) == model.perplexity(texts[0])
    assert model.perplexity("THE DAM holds 34 rivers.") == model.perplexity(texts[0])
    assert model.perplexity("") is None
    assert model.perplexity(" \n\t") is None


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model"
    file.write_text("not a model")
    with pytest.raises(UsageError, match="is not an n-gram model"):
        Perplexity(model=str(file), max=9).measure("dam")
    with pytest.raises(UsageError, match="no fastText model"):
        FasttextClassifier(model=str(file), min=0.5).measure("dam")
    with pytest.raises(UsageError, match="is not a tokenizer"):
        TokenCount(tokenizer=str(file)).measure("dam")
    for cls, values in (
        (Perplexity, {"model": "nowhere", "max": 9}),
        (FasttextClassifier, {"model": "nowhere", "min": 0.5}),
        (TokenCount, {"tokenizer": "nowhere"}),
        (QualityScore, {"model": "nowhere", "label": "good"}),
    ):
        with pytest.raises(UsageError, match="there is no file nowhere"):
            build(cls, values, lambda _: "", owner="step")
    with pytest.raises(ValueError, match="no text to train on"):
        ngram_model.train(["", " \n"])


def test_prose_is_likelier_than_its_words_shuffled(real_data: Path, tmp_path: Path) -> None:
    texts = [
        (real_data / "lm" / "wikitext-2" / f"{name}.txt").read_text("utf-8").split("\n")
        for name in ("valid", "test")
    ]
    ngram_model.train(texts[0], order=3).save(tmp_path / "wiki.ngrams")
    measure = Perplexity(model=str(tmp_path / "wiki.ngrams"), max=400).measure
    shuffle = random.Random(0)
    paragraphs = [text for text in texts[1] if len(text) > 300][:200]
    shuffled = [" ".join(shuffle.sample(text.split(), len(text.split()))) for text in paragraphs]
    assert all(
        measure(one) < measure(other) for one, other in zip(paragraphs, shuffled, strict=True)
    )


def test_a_novel_is_likelier_than_another_by_its_own_model(real_data: Path) -> None:
    folder = real_data / "lm" / "zh"
    own = (folder / "hongloumeng.txt").read_text("utf-8")
    other = (folder / "xiyouji.txt").read_text("utf-8")
    half = len(own) // 2
    model = ngram_model.train(own[:half].splitlines(), order=3)

    def middle(text: str) -> float:
        pages = [text[at : at + 300] for at in range(0, len(text) - 300, 3000)]
        return sorted(model.perplexity(page) or 0 for page in pages)[len(pages) // 2]

    assert middle(own[half:]) * 2 < middle(other)


def test_fasttext_learns_which_reviews_are_good(real_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("fasttext_new")
    rows = {}
    for part in ("train", "dev"):
        with (real_data / "sst2" / f"{part}.tsv").open(encoding="utf-8") as stream:
            table = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
            rows[part] = [(text, {"0": "bad", "1": "good"}[label]) for text, label in table]
    file = tmp_path / "sst2.bin"
    fasttext_model.train(rows["train"], file)
    fasttext_model.train(rows["train"], tmp_path / "again.bin")
    assert file.read_bytes() == (tmp_path / "again.bin").read_bytes()
    operator = FasttextClassifier(model=str(file), keep=("good",))
    found = [operator.measure(text) for text, _ in rows["dev"]]
    right = sum(one["label"] == label for one, (_, label) in zip(found, rows["dev"], strict=True))
    assert right / len(found) > 0.78
    good = FasttextClassifier(model=str(file), label="good", min=0.5)
    for one, (text, _) in zip(found[:50], rows["dev"], strict=False):
        assert (good.measure(text)["score"] >= 0.5) == (one["label"] == "good")
    score = QualityScore(model=str(file), label="good").score(rows["dev"][0][0])
    assert score == good.measure(rows["dev"][0][0])["score"]
    with pytest.raises(UsageError, match="has no label `god`") as caught:
        FasttextClassifier(model=str(file), keep=("god",)).measure("dam")
    assert "good" in caught.value.hint


def test_quality_agrees_with_people(real_data: Path) -> None:
    file = real_data / "cc_text" / "dclm-human-quality-agreement_data.jsonl"
    pages = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    scores = {label: [] for label in ("0", "1")}
    for page in pages:
        scores[str(page["label"])].append(QualityScore().score(page["text"]))
    pairs = [good > bad for good in scores["1"] for bad in scores["0"]]
    assert sum(pairs) / len(pairs) > 0.95


def test_rules_are_of_what_was_given(tmp_path: Path) -> None:
    (tmp_path / "model").touch()
    model = str(tmp_path / "model")
    named = [rule.name for rule in FasttextClassifier(model=model, keep=("a",), max=0.9).rules()]
    assert named == ["keep", "max"]
    with pytest.raises(UsageError, match="nothing is decided"):
        build(FasttextClassifier, {"model": model}, lambda _: "", owner="step")
    assert [rule.name for rule in Perplexity(model=model, max=9, min=2).rules()] == ["max", "min"]


def test_tokens_are_counted_whole(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, special_tokens=["<s>"], show_progress=False
    )
    tokenizer.train_from_iterator(["the dam holds the river"] * 9, trainer)
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=9)
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)]
    )
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    operator = TokenCount(tokenizer=str(tmp_path))
    assert operator.measure("") == 0
    assert operator.measure("水") == 3
    assert operator.measure("👍🏽") == 8
    assert 4 <= operator.measure("the dam holds the river") <= 9
    assert operator.measure("the dam " * 1000) > 1000
