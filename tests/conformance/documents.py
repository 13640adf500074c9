"""The real documents that peers and penstock are compared on: read, never copied into the project.

Standard library only, and in a fixed order: the generators run this in each peer's environment.
"""

import csv
import json
import re
import sys
import tarfile
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any, NamedTuple

# Languages that identification data has sentences in, joined to documents of many lengths.
LANGUAGES = ("ar", "de", "el", "en", "es", "fr", "he", "hi", "it", "ja", "pt", "ru", "zh")
JOINED = 110
LONGEST = 20_000


class Document(NamedTuple):
    """A text with the language that its source says it is in."""

    language: str
    text: str


def documents(data: Path) -> list[Document]:
    """About 3,600 different real texts, in a fixed order."""
    found: dict[str, str] = {}
    for source in (_web, _oscar, _wet, _sentences, _books, _instructions):
        for document in source(data):
            if document.text.strip():
                found.setdefault(document.text[:LONGEST], document.language)
    return [Document(language, text) for text, language in found.items()]


def _web(data: Path) -> Iterator[Document]:
    folder = data / "cc_text"
    for name, most in (
        ("c4_demo.jsonl", 300),
        ("dclm-human-quality-agreement_data.jsonl", 300),
        ("cc_en_head-0091.jsonl", 100),
        ("cc_en_head-0174.jsonl", 100),
        ("data-juicer/arxiv.jsonl", 60),
        ("data-juicer/redpajama-c4-refined.jsonl", 60),
        ("data-juicer/redpajama-cc-2023-06-refined.jsonl", 60),
        ("data-juicer/stack_exchange.jsonl", 100),
        ("data-juicer/the-pile-uspto-refined.jsonl", 60),
    ):
        for row in islice(_rows(folder / name), most):
            yield Document("en", row["text"])


def _oscar(data: Path) -> Iterator[Document]:
    for row in _rows(data / "cc_text" / "oscar-sample.jsonl"):
        yield Document(row["metadata"]["identification"]["label"], row["content"])


def _wet(data: Path) -> Iterator[Document]:
    csv.field_size_limit(sys.maxsize)
    with (data / "cc_text" / "cc-wet-filtered-CC-MAIN-2025.csv").open(
        "r", encoding="utf-8"
    ) as file:
        for row in csv.reader(file, escapechar="\\"):
            yield Document("en", row[-1])
    for path in sorted((data / "warc" / "commoncrawl").glob("*.wet*")):
        if path.suffix != ".gz":
            for part in path.read_text("utf-8", errors="replace").split("WARC/1.0")[1:]:
                yield Document("und", re.split(r"\r?\n\r?\n", part, maxsplit=1)[-1])


def _sentences(data: Path) -> Iterator[Document]:
    """Sentences in each language joined to documents: lines, paragraphs or running text."""
    with tarfile.open(data / "lid" / "lingua-sentences.tar.xz") as archive:
        for language in LANGUAGES:
            file = archive.extractfile(f"language-testdata/sentences/{language}.txt")
            assert file is not None
            lines = file.read().decode("utf-8").splitlines()
            yield from islice(_joined(language, lines), JOINED)


def _joined(language: str, lines: list[str]) -> Iterator[Document]:
    at = 0
    for number in count():
        size = 2 + number * 7 % 23
        taken = [lines[(at + place) % len(lines)] for place in range(size)]
        at += size
        if number % 10 == 9:  # some repeat themselves, as pages do
            taken += taken[: size // 2 + 1]
        yield Document(language, ("\n", " ", "\n\n")[number % 3].join(taken))


def _books(data: Path) -> Iterator[Document]:
    folder = data / "lm"
    for name in ("hongloumeng.txt", "xiyouji.txt"):
        chapters = re.split(r"\n(?=第.{1,6}回)", (folder / "zh" / name).read_text("utf-8"))
        for number, chapter in enumerate(islice(chapters, 60)):
            yield Document("zh", chapter[: 300 + 150 * number])
    for name in ("test.txt", "valid.txt"):
        articles = re.split(r"\n(?= = [^=])", (folder / "wikitext-2" / name).read_text("utf-8"))
        for article in islice(articles, 60):
            yield Document("en", article)
    stories = (folder / "tinystories-head.txt").read_text("utf-8").split("<|endoftext|>")
    for story in islice(stories, 150):
        yield Document("en", story)
    scenes = (folder / "tinyshakespeare.txt").read_text("utf-8").split("\n\n")
    for number in range(100):
        yield Document("en", "\n\n".join(scenes[number * 12 : number * 12 + 12]))


def _instructions(data: Path) -> Iterator[Document]:
    folder = data / "sft"
    for language, name, keys, most in (
        ("en", "llama-factory/alpaca_en_demo.json", ("instruction", "input", "output"), 200),
        ("zh", "llama-factory/alpaca_zh_demo.json", ("instruction", "input", "output"), 200),
        ("zh", "belle/eval_set.json", ("question", "std_answer"), 200),
        ("en", "gsm8k/test.jsonl", ("question", "answer"), 100),
        ("en", "medical_cot/huatuogpt_o1_demo.json", ("question", "cot", "answer"), 80),
    ):
        for row in islice(_rows(folder / name), most):
            yield Document(language, "\n\n".join(str(row[key]) for key in keys if row.get(key)))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    text = path.read_text("utf-8")
    if text.startswith("["):
        yield from json.loads(text)
    else:
        yield from (json.loads(line) for line in text.split("\n") if line.strip())
