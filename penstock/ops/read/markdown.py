"""Read documents from Markdown files, with what stands in front of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.errors import RecordError
from penstock.ops.reading import Documents

if TYPE_CHECKING:
    import pyarrow as pa
    from markdown_it.token import Token

    from penstock.data.files import File

MAX_NODES = 10_000
# Where a title is looked for.
TITLE_IN = 1 << 16
_FRONT = re.compile(
    r"(?P<fence>---|\+\+\+)[ \t]*\r?\n(?P<inside>(?:.*\r?\n)*?)"
    r"(?:(?P=fence)|\.\.\.)[ \t]*(?:\r?\n|$)"
)


@dataclass(frozen=True)
class Markdown(Documents):
    """One document for each `.md` file; with `plain`, without its markup.

    Front matter (YAML between `---`, TOML between `+++`) is taken off the text, and kept as JSON in
    `front_matter`; `columns` names keys of it that become columns, with their types, as in
    ``{author: string, tags: list<string>}``. `title` is its title, or the first heading of the
    first level. Plain text keeps headings, list items and the cells of tables as lines, code as it
    is and the texts of links and images; HTML is left out (CommonMark 0.31 with GFM's tables).

    >>> from penstock.data.files import File
    >>> reader = Markdown(path="docs/", plain=True)
    >>> reader.document(b"# Dams\\n\\nA *dam* [holds](x).", File("a.md", 0))["text"]
    'Dams\\n\\nA dam holds.'
    """

    suffixes: ClassVar[tuple[str, ...]] = (".md", ".markdown", ".mdx")

    path: str | tuple[str, ...]
    plain: bool = False
    columns: dict[str, str] | None = None
    encoding: str = "auto"

    def __post_init__(self) -> None:
        from penstock.data.encodings import known

        if self.encoding != "auto":
            known(self.encoding)

    def schema(self, files: list[File]) -> pa.Schema:  # noqa: ARG002 - the same for all files
        """The text and what is known of it."""
        import pyarrow as pa

        from penstock.data.columns import type_of

        own = [(name, pa.string()) for name in ("text", "title", "front_matter")]
        asked = (self.columns or {}).items()
        return pa.schema([*own, *((key, type_of(kind, key)) for key, kind in asked)])

    def document(self, data: bytes, file: File) -> Mapping[str, Any]:  # noqa: ARG002
        """The document in a file."""
        from penstock.data.columns import json_text
        from penstock.data.encodings import decoded, detected

        encoding = detected(data) if self.encoding == "auto" else self.encoding
        text, front = _split(decoded(data, encoding))
        tokens = _tokens(text if self.plain else text[:TITLE_IN])
        title = front.get("title")
        asked = {
            key: json_text(front[key]) if kind == "json" and key in front else front.get(key)
            for key, kind in (self.columns or {}).items()
        }
        return {
            "text": _plain(tokens) if self.plain else text,
            "title": title if isinstance(title, str) else _first_heading(tokens),
            "front_matter": json_text(front) if front else None,
            **asked,
        }


def _split(text: str) -> tuple[str, dict[str, Any]]:
    """The text behind the front matter, and what this says."""
    front = _FRONT.match(text)
    if front is None:
        return text, {}
    inside = front["inside"]
    try:
        found = _yaml(inside) if front["fence"] == "---" else _toml(inside)
    except ValueError as error:
        raise RecordError(f"the front matter cannot be read: {error}") from error
    if not isinstance(found, dict):  # two rules with something between
        return text, {}
    return text[front.end() :].lstrip("\r\n"), _plain_data(found, iter(range(MAX_NODES)))


def _yaml(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())[:300]) from error


def _toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


def _plain_data(value: Any, budget: Iterator[int]) -> Any:
    """The value as JSON can hold it; a few anchors in YAML can stand for very many."""
    if next(budget, None) is None:
        raise RecordError(f"the front matter stands for more than {MAX_NODES:,} values")
    if isinstance(value, dict):
        return {str(key): _plain_data(inner, budget) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain_data(inner, budget) for inner in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _tokens(text: str) -> list[Token]:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def _first_heading(tokens: Sequence[Token]) -> str | None:
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            return _inline(tokens[place + 1].children or ()) or None
    return None


def _plain(tokens: Sequence[Token]) -> str:
    """The text of blocks, with a blank line between them; items and rows follow on each other."""
    text = before = ""
    cells: list[str] = []
    for place, token in enumerate(tokens):
        kind, found = "", ""
        if token.type == "inline":
            opening = tokens[place - 1]
            found = _inline(token.children or ())
            if opening.tag in ("td", "th"):
                cells.append(found)
                continue
            kind = "item" if opening.hidden else "block"
        elif token.type in ("fence", "code_block"):
            kind, found = "block", token.content.rstrip("\n")
        elif token.type == "tr_close":
            kind, found, cells = "row", " | ".join(cells), []
        if found:
            follows = kind == before and kind != "block"
            text += ("\n" if follows else "\n\n") * bool(text) + found
            before = kind
    return text


def _inline(tokens: Sequence[Token]) -> str:
    text = ""
    for token in tokens:
        if token.type in ("text", "code_inline"):
            text += token.content
        elif token.type in ("softbreak", "hardbreak"):
            text += "\n"
        elif token.type == "image":
            text += _inline(token.children or ())
    return text
