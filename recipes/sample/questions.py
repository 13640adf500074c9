"""The questions about the sample, as lines of JSON."""

import json

from pages import Page


def question_files(pages: list[Page]) -> dict[str, str]:
    """Return the text of both question files by name, numbered through in page order."""
    asked = [(page, question) for page in pages for question in page.questions]
    train = [pair for pair in asked if not pair[1].heldout]
    heldout = [pair for pair in asked if pair[1].heldout]
    rows = [
        {
            "id": f"q{number:03}",
            "question": question.text,
            "answer": question.answer,
            "language": page.lang,
            "page": page.url,
        }
        for number, (page, question) in enumerate(train + heldout, start=1)
    ]
    return {
        "questions-train.jsonl": _lines(rows[: len(train)]),
        "questions-heldout.jsonl": _lines(rows[len(train) :]),
    }


def _lines(rows: list[dict[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
