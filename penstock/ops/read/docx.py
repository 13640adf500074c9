"""Read the text of Word files (DOCX)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.errors import RecordError
from penstock.ops.reading import Documents

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.data.files import File

MAX_UNPACKED = 256 << 20
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_NOTES = ("footnotes", "endnotes")
_SIGNS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
# What was deleted or moved away, what is there for older programs only, codes of fields, settings.
_SKIPPED = {
    *(f"{_W}{name}" for name in ("del", "moveFrom", "instrText", "delText", "pPr", "rPr", "sdtPr")),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}


@dataclass(frozen=True)
class Docx(Documents):
    """One document for each file, as Markdown: headings, paragraphs, list items, tables and notes.

    Text as it stands after accepting all changes; hidden text, comments, headers and footers are
    left out. Footnotes and endnotes follow at the end (``[^1]: …``). A file that is damaged,
    encrypted, or unpacks to more than 256 MiB is quarantined with the reason; so is an old `.doc`.

    >>> Docx(path="letters/").needs
    ('docx',)
    """

    needs: ClassVar[tuple[str, ...]] = ("docx",)
    extra: ClassVar[str] = "documents"
    suffixes: ClassVar[tuple[str, ...]] = (".docx",)

    path: str | tuple[str, ...]

    def schema(self, files: list[File]) -> pa.Schema:  # noqa: ARG002 - the same for all files
        """The text, and what the file says of itself."""
        import pyarrow as pa

        return pa.schema([(name, pa.string()) for name in ("text", "title", "author")])

    def document(self, data: bytes, file: File) -> Mapping[str, Any]:  # noqa: ARG002
        """The text of a file."""
        import docx
        from lxml.etree import XMLSyntaxError

        _check_size(data)
        try:
            opened = docx.Document(io.BytesIO(data))
            text = _Text(opened).markdown()
            about = opened.core_properties
            return {"text": text, "title": about.title or None, "author": about.author or None}
        except (zipfile.BadZipFile, KeyError, ValueError, XMLSyntaxError) as error:
            raise RecordError(f"it is damaged, or no Word file: {error}") from error


def _check_size(data: bytes) -> None:
    if data.startswith(OLD_OFFICE):
        raise RecordError("it is encrypted, or an old .doc file")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except zipfile.BadZipFile as error:
        raise RecordError(f"it is damaged, or no Word file: {error}") from error
    if size > MAX_UNPACKED:
        raise RecordError(f"it unpacks to {size:,} bytes, more than {MAX_UNPACKED:,}")


class _Text:
    """The text of an opened file."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened
        self._styles = {style.style_id: style.name or "" for style in opened.styles}
        self._noted: list[tuple[str, str]] = []

    def markdown(self) -> str:
        """All blocks, with a blank line between them but for the items of a list."""
        body = getattr(self._opened.element, "body", None)
        if body is None:
            raise ValueError("it has no body")
        text = before = ""
        for kind, block in [*self._blocks(body), *self._notes()]:
            if block:
                follows = kind == before == "item"
                text += ("\n" if follows else "\n\n") * bool(text) + block
                before = kind
        return text

    def _blocks(self, parent: Any) -> Iterator[tuple[str, str]]:
        for element in parent:
            if element.tag == f"{_W}p":
                yield self._paragraph(element)
            elif element.tag == f"{_W}tbl":
                yield "table", self._table(element)
            elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
                yield from self._blocks(element)

    def _paragraph(self, element: Any) -> tuple[str, str]:
        text = self._inline(element).strip()
        style = element.find(f"{_W}pPr/{_W}pStyle")
        name = self._styles.get(style.get(f"{_W}val"), "").lower() if style is not None else ""
        heading = re.fullmatch(r"heading (\d)", name)
        if text and (heading or name == "title"):
            level = int(heading[1]) if heading else 1
            return "heading", f"{'#' * level} {' '.join(text.split())}"
        number = element.find(f"{_W}pPr/{_W}numPr")
        if text and (number is not None or name.startswith("list ")):
            inner = number.find(f"{_W}ilvl") if number is not None else None
            depth = int(inner.get(f"{_W}val", 0)) if inner is not None else 0
            return "item", f"{'  ' * depth}- {text}"
        return "paragraph", text

    def _inline(self, parent: Any) -> str:
        text = ""
        for element in parent:
            tag = element.tag
            if tag in _SKIPPED or not isinstance(tag, str) or _is_hidden(element):
                continue
            if tag in (f"{_W}t", f"{_M}t"):
                text += element.text or ""
            elif tag in _SIGNS:
                text += _SIGNS[tag]
            elif tag in (f"{_W}footnoteReference", f"{_W}endnoteReference"):
                part = "footnotes" if "footnote" in tag else "endnotes"
                self._noted.append((part, element.get(f"{_W}id", "")))
                text += f"[^{len(self._noted)}]"
            else:
                inner = self._inline(element)
                boxed = tag == f"{_W}p" and inner  # a paragraph in a text box
                text += f"\n{inner}\n" if boxed else inner
        return text

    def _table(self, element: Any) -> str:
        """A table in Markdown; a cell that spans several leaves the others empty."""
        rows = [self._row(row) for row in element.iterchildren(f"{_W}tr")]
        width = max(map(len, rows), default=0)
        if not any(map(any, rows)):
            return ""
        lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in rows]
        return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])

    def _row(self, row: Any) -> list[str]:
        cells: list[str] = []
        for cell in row.iter(f"{_W}tc"):
            if next(cell.iterancestors(f"{_W}tr")) is not row:
                continue  # of a table within
            words = " ".join(block for _, block in self._blocks(cell) if block)
            span = cell.find(f"{_W}tcPr/{_W}gridSpan")
            wide = int(span.get(f"{_W}val", 1)) if span is not None else 1
            cells += [" ".join(words.replace("|", "\\|").split()), *[""] * (min(wide, 64) - 1)]
        return cells

    def _notes(self) -> Iterator[tuple[str, str]]:
        """The notes that the text refers to. Asked for when all of it has been read."""
        found = {name: self._note_parts(name) for name in _NOTES}
        for number, (part, name) in enumerate(self._noted, start=1):
            note = found[part].get(name)
            if note is not None:
                words = " ".join(block for _, block in self._blocks(note) if block)
                yield "note", f"[^{number}]: {' '.join(words.split())}"

    def _note_parts(self, name: str) -> dict[str, Any]:
        from docx.oxml import parse_xml

        for relation in self._opened.part.rels.values():
            if relation.reltype.endswith(f"/{name}") and not relation.is_external:
                notes = parse_xml(relation.target_part.blob)
                return {note.get(f"{_W}id"): note for note in notes}
        return {}


def _is_hidden(element: Any) -> bool:
    hidden = element.find(f"{_W}rPr/{_W}vanish") if element.tag == f"{_W}r" else None
    return hidden is not None and hidden.get(f"{_W}val", "true") not in ("0", "false")
