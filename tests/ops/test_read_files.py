"""Files that are a document each: text, Markdown, HTML, PDF, Word."""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.data.files import File, expand
from penstock.data.shards import Shard, cut
from penstock.errors import MissingError, RecordError
from penstock.ops.base import Lost
from penstock.ops.read.docx import Docx
from penstock.ops.read.html import Html
from penstock.ops.read.markdown import Markdown
from penstock.ops.read.pdf import Pdf
from penstock.ops.read.text import Text

NOWHERE = File("a", 0)


def read(reader: Any, path: Path, size: int = 1 << 40) -> list[Any]:
    file = File(str(path), path.stat().st_size)
    shards = cut([file], splittable=reader.splittable, size=size)
    return [one for shard in shards for one in reader.records(shard)]


PIECES = st.sampled_from(["a", "水", "\n", "\n\n", "\r\n", " ", "b\n \nc", "\u3000", "\0"])


@given(st.lists(PIECES, max_size=40).map("".join), st.integers(1, 30))
@settings(max_examples=200, deadline=None)
def test_shards_hold_each_text_once(  # type: ignore[no-untyped-def]
    tmp_path_factory, text: str, size: int
) -> None:
    path = tmp_path_factory.mktemp("text") / "a.txt"
    path.write_bytes(text.encode())
    for unit in ("file", "line", "paragraph"):
        reader = Text("x", unit=unit, encoding="utf-8")  # type: ignore[arg-type]
        assert read(reader, path, size) == read(reader, path)
    lines = [line.removesuffix("\r") for line in text.split("\n") if line.encode().strip()]
    assert [one["text"] for one in read(Text("x", unit="line"), path)] == lines
    path.write_bytes(text.encode("utf-16"))
    wide = Text("x", unit="line", encoding="utf-16")
    assert [one["text"] for one in read(wide, path, size)] == lines


def test_a_paragraph_may_cross_a_shard(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\n" * 50 + "\n" + "two\n" * 50)
    for size in (1 << 40, 100, 30):
        found = read(Text("x", unit="paragraph"), path, size)
        assert [one["text"][:3] for one in found] == ["one", "two"]


@pytest.mark.parametrize("unit", ["file", "paragraph"])
def test_a_text_too_large_is_told(
    tmp_path: Path, unit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.ops.read.text.MAX_TEXT", 20)
    path = tmp_path / "a.txt"
    path.write_text("0123456789\n" * 5 + "\nlast\n")
    found = read(Text("x", unit=unit), path)
    assert isinstance(found[0], Lost)
    assert "too large for a document" in found[0].error
    assert [one["text"] for one in found[1:]] == (["last"] if unit == "paragraph" else [])


def test_old_chinese_text_is_read(tmp_path: Path) -> None:
    text = "第一回 灵根育孕源流出 心性修持大道生\n\n诗曰：混沌未分天地乱，茫茫渺渺无人见。\n" * 20
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode("gbk"))
    assert read(Text("x"), path)[0]["text"] == text
    assert len(read(Text("x", unit="paragraph"), path)) == 21


def test_a_document_is_named_below_what_the_user_named(tmp_path: Path) -> None:
    for name in ("a/index.html", "b/index.html"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("<p>x</p>")
    for address in (tmp_path, tmp_path / "*" / "*.html"):
        reader = Html(str(address))
        files = expand(str(address), reader.suffixes)
        found = [one for file in files for one in reader.records(Shard(0, file, 0, file.size))]
        assert [one["id"] for one in found] == ["a/index.html", "b/index.html"]  # type: ignore[index]
        assert found[0]["url"] == str(tmp_path / "a/index.html")  # type: ignore[index]


def test_a_file_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Html, "largest", 10)
    (tmp_path / "a.html").write_text("x" * 11)
    (lost,) = read(Html("x"), tmp_path / "a.html")
    assert "a file of 11 bytes is larger than 10" in lost.error


def test_a_file_that_is_gone_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="is not there"):
        list(Html("x").records(Shard(0, File(str(tmp_path / "a.html"), 5), 0, 5)))


def test_front_matter_that_stands_for_too_much_is_refused() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(RecordError, match="more than 10,000 values"):
        Markdown("x").document(f"---\n{chr(10).join(lines)}\n---\n".encode(), NOWHERE)


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_text_is_some_markdown(text: str) -> None:
    data = text.encode("utf-8", "replace")
    document = Markdown("x", plain=True, encoding="utf-8").document(b"\n" + data, NOWHERE)
    assert isinstance(document["text"], str)


def pdf(stream: bytes, filters: bytes = b"", more: bytes = b"", font: bytes = b"") -> bytes:
    """A PDF of one page with this content."""
    helvetica = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(stream), filters, stream),
        font or helvetica,
        b"<< /Title (Dams) /Author (Keeper) >>",
    ]
    data = b"%PDF-1.4\n"
    for number, one in enumerate(objects, start=1):
        data += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    return data + b"trailer\n<< /Size 7 /Root 1 0 R /Info 6 0 R %b >>\n" % more


def shown(*lines: bytes) -> bytes:
    written = b" ".join(b"(%b) Tj T*" % line for line in lines)
    return b"BT /F1 12 Tf 14 TL 50 700 Td %b ET" % written


CHINESE = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H"
    b" /DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light"
    b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /DW 1000 >>] >>"
)


class TestPdf:
    """What PDFium reads, and what it does not get to see."""

    pytest.importorskip("pypdfium2")

    def test_text_and_what_the_file_says_of_itself(self) -> None:
        found = Pdf("x").document(pdf(shown(b"A dam holds", b"back a river.")), NOWHERE)
        assert found == {
            "text": "A dam holds\nback a river.",
            "title": "Dams",
            "author": "Keeper",
            "pages": 1,
            "empty_pages": 0,
        }

    def test_words_that_a_line_end_divides_are_joined(self) -> None:
        found = Pdf("x").document(pdf(shown(b"a manip-", b"ulation of it")), NOWHERE)
        assert "manipulation" in found["text"]

    def test_chinese(self) -> None:
        stream = b"BT /F1 12 Tf 50 700 Td <6C34575D> Tj ET"
        assert Pdf("x").document(pdf(stream, font=CHINESE), NOWHERE)["text"] == "水坝"

    def test_what_is_hidden(self) -> None:
        invisible = b" BT 3 Tr /F1 12 Tf 50 500 Td (under a scan) Tj ET"
        outside = b" BT 0 Tr /F1 12 Tf 50 9000 Td (off the page) Tj ET"
        found = Pdf("x").document(pdf(shown(b"seen") + invisible + outside), NOWHERE)
        assert found["text"] == "seen\nunder a scan"

    def test_a_page_without_text(self) -> None:
        found = Pdf("x").document(pdf(b"0 0 100 100 re f"), NOWHERE)
        assert (found["text"], found["pages"], found["empty_pages"]) == (None, 1, 1)

    def test_a_file_that_needs_a_password(self) -> None:
        keys = b"/Filter /Standard /V 1 /R 2 /P -4 /O <%b> /U <%b>" % (b"11" * 32, b"22" * 32)
        locked = pdf(shown(b"secret"), more=b"/Encrypt << %b >> /ID [<00> <00>]" % keys)
        with pytest.raises(RecordError, match="encrypted, and needs a password"):
            Pdf("x").document(locked, NOWHERE)

    @pytest.mark.parametrize("times", [1, 2])
    def test_a_stream_that_unpacks_to_too_much(
        self, times: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("penstock.ops.read.pdf.MAX_STREAM", 1 << 20)
        stream = b" " * (3 << 20)
        for _ in range(times):
            stream = zlib.compress(stream, 9)
        filters = b"/Filter [%b]" % (b"/FlateDecode " * times)
        with pytest.raises(RecordError, match="unpacks to more than 1,048,576 bytes"):
            Pdf("x").document(pdf(stream, filters), NOWHERE)
        packed = zlib.compress(shown(b"small"))
        found = Pdf("x").document(pdf(packed, b"/Filter /FlateDecode"), NOWHERE)
        assert found["text"] == "small"

    def test_text_that_is_too_much(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("penstock.ops.read.pdf.MAX_TEXT", 10)
        with pytest.raises(RecordError, match="larger than 10 characters"):
            Pdf("x").document(pdf(shown(b"more than ten characters")), NOWHERE)

    @pytest.mark.parametrize("keep", [0, 5, 60, 300])
    def test_a_damaged_file(self, keep: int) -> None:
        with pytest.raises(RecordError, match="damaged, or no PDF"):
            Pdf("x").document(pdf(shown(b"x"))[:keep], NOWHERE)

    def test_real_files(self, real_data: Path) -> None:
        from fastwarc.warc import ArchiveIterator

        with open(real_data / "warc" / "other" / "example.pdf.warc.gz", "rb") as stream:
            pages = [one.reader.read() for one in ArchiveIterator(stream) if one.is_http]
        files = [page for page in pages if page.startswith(b"%PDF")]
        found = [Pdf("x").document(data, NOWHERE) for data in files]
        assert [one["pages"] > 1 for one in found] == [True, True]
        assert "Analyzing Web Archives in the Cloud" in found[1]["text"]


class TestDocx:
    """Word files made by python-docx, and some that no program should make."""

    docx = pytest.importorskip("docx")

    def saved(self, document: Any) -> bytes:
        stream = io.BytesIO()
        document.save(stream)
        return stream.getvalue()

    def changed(self, data: bytes, **parts: bytes) -> bytes:
        """The file with some parts changed: `word/<name>.xml`."""
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
            for name in old.namelist():
                key = name.removeprefix("word/").removesuffix(".xml")
                new.writestr(name, parts.get(key, old.read(name)))
        return stream.getvalue()

    def with_body(self, body: str) -> bytes:
        space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        document = f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
        return self.changed(self.saved(self.docx.Document()), document=document.encode())

    def text(self, data: bytes) -> str:
        return str(Docx("x").document(data, NOWHERE)["text"])

    def test_headings_paragraphs_lists_and_tables(self) -> None:
        document = self.docx.Document()
        document.add_heading("水坝", 0)
        document.add_heading("Part", 2)
        document.add_paragraph("A ").add_run("bold").bold = True
        document.add_paragraph("one", style="List Bullet")
        document.add_paragraph("two", style="List Number")
        table = document.add_table(2, 2)
        for place, cell in enumerate(cell for row in table.rows for cell in row.cells):
            cell.text = f"{place}|x\ny"
        document.add_paragraph()
        document.add_paragraph("End 🌊")
        document.core_properties.title = "Dams"
        document.core_properties.author = ""
        found = Docx("x").document(self.saved(document), NOWHERE)
        assert found == {
            "text": "# 水坝\n\n## Part\n\nA bold\n\n- one\n- two\n\n"
            "| 0\\|x y | 1\\|x y |\n| --- | --- |\n| 2\\|x y | 3\\|x y |\n\nEnd 🌊",
            "title": "Dams",
            "author": None,
        }

    def test_changes_are_accepted_and_hidden_text_is_left_out(self) -> None:
        run = "<w:r>{}<w:t xml:space='preserve'>{}</w:t></w:r>"
        hidden = run.format("<w:rPr><w:vanish/></w:rPr>", "hidden")
        shown = run.format("<w:rPr><w:vanish w:val='0'/></w:rPr>", "shown ")
        body = (
            f"<w:p>{run.format('', 'a ')}<w:ins>{run.format('', 'new ')}</w:ins>"
            f"<w:del><w:r><w:delText>old </w:delText></w:r></w:del>{hidden}{shown}"
            f"<w:hyperlink>{run.format('', 'link')}</w:hyperlink>"
            "<w:r><w:instrText>PAGE</w:instrText><w:tab/><w:noBreakHyphen/></w:r></w:p>"
            f"<w:sdt><w:sdtContent><w:p>{run.format('', 'inside')}</w:p></w:sdtContent></w:sdt>"
        )
        assert self.text(self.with_body(body)) == "a new shown link\t-\n\ninside"

    def test_notes_follow_in_the_end(self) -> None:
        data = self.saved(self.docx.Document())
        space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
        with zipfile.ZipFile(io.BytesIO(data)) as old:
            relations = old.read("word/_rels/document.xml.rels").decode()
            types = old.read("[Content_Types].xml").decode()
        note = f'<Relationship Id="rId99" Type="{kind}" Target="footnotes.xml"/></Relationships>'
        override = (
            '<Override PartName="/word/footnotes.xml" ContentType="application/vnd.openxml'
            'formats-officedocument.wordprocessingml.footnotes+xml"/></Types>'
        )
        body = (
            f'<w:document xmlns:w="{space}"><w:body><w:p><w:r><w:t>A dam</w:t></w:r><w:r>'
            '<w:footnoteReference w:id="2"/></w:r></w:p></w:body></w:document>'
        )
        notes = (
            f'<w:footnotes xmlns:w="{space}"><w:footnote w:id="0"/><w:footnote w:id="2"><w:p>'
            "<w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>"
        )
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
            parts = {name: old.read(name) for name in old.namelist()}
            parts["word/document.xml"] = body.encode()
            parts["word/footnotes.xml"] = notes.encode()
            parts["word/_rels/document.xml.rels"] = relations.replace(
                "</Relationships>", note
            ).encode()
            parts["[Content_Types].xml"] = types.replace("</Types>", override).encode()
            for name, part in parts.items():
                new.writestr(name, part)
        assert self.text(stream.getvalue()) == "A dam[^1]\n\n[^1]: A note."

    def test_what_is_no_word_file(self) -> None:
        other = io.BytesIO()
        with zipfile.ZipFile(other, "w") as packed:
            packed.writestr("a.txt", "x")
        whole = self.saved(self.docx.Document())
        broken = self.changed(whole, document=b"<w:document")
        for data, said in (
            (b"", "no Word file"),
            (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "encrypted, or an old .doc file"),
            (other.getvalue(), "no Word file"),
            (whole[: len(whole) // 2], "no Word file"),
            (broken, "no Word file"),
        ):
            with pytest.raises(RecordError, match=said):
                Docx("x").document(data, NOWHERE)

    def test_a_file_that_unpacks_to_too_much(self) -> None:
        stream = io.BytesIO()
        with (
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed,
            packed.open("word/document.xml", "w") as part,
        ):
            for _ in range(257):
                part.write(b" " * (1 << 20))
        with pytest.raises(RecordError, match="it unpacks to 269,484,032 bytes"):
            Docx("x").document(stream.getvalue(), NOWHERE)

    def test_entities_are_not_expanded(self) -> None:
        data = self.with_body("<w:p><w:r><w:t>x&amp;a;</w:t></w:r></w:p>")
        assert self.text(data) == "x&a;"
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            inner = packed.read("word/document.xml").replace(b"&amp;a;", b"&a;")
        bomb = b'<!DOCTYPE w [<!ENTITY a "aaaa">]>' + inner
        assert self.text(self.changed(data, document=bomb)) == "x"

    def test_another_kind_of_part_is_no_word_file(self) -> None:
        data = self.changed(self.saved(self.docx.Document()), document=b"<other/>")
        with pytest.raises(RecordError, match="it has no body"):
            Docx("x").document(data, NOWHERE)

    def test_a_real_file(self, real_data: Path) -> None:
        from fastwarc.warc import ArchiveIterator

        with open(real_data / "warc" / "other" / "example.docs.warc.gz", "rb") as stream:
            (data,) = [
                one.reader.read()
                for one in ArchiveIterator(stream)
                if (one.http_content_type or "").endswith("wordprocessingml.document")
            ]
        assert self.text(data) == "Archives unleashed"
