"""What holds of single cleaners."""

import sys
import time
import unicodedata
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from penstock.errors import MissingError
from penstock.ops.clean.chunk import Chunk
from penstock.ops.clean.html import Html
from penstock.ops.clean.latex import Latex
from penstock.ops.clean.replace import Replace
from penstock.ops.clean.unicode import Unicode
from penstock.text.forms import FORM_PATTERNS


def test_no_character_that_nfc_changes_is_passed_over() -> None:
    codes = [code for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    changes = {code for code in codes if unicodedata.normalize("NFC", chr(code)) != chr(code)}
    # A character that joins the one before it under NFC is a mark, or a Korean letter.
    for code in codes:
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            changes.add(int(parts[1], 16))
    changes |= {*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}
    characters = pa.array(map(chr, sorted(changes)), pa.string())
    assert pc.all(pc.match_substring_regex(characters, FORM_PATTERNS["NFC"])).as_py()


@pytest.mark.parametrize("charset", ["latin-1", "cp1252"])
@pytest.mark.parametrize(
    "text", ["L’été à Besançon", "Größe über alles", "三峡大坝的水", "Плотина на реке", "ダムの水"]
)
def test_what_was_read_in_the_wrong_charset_is_read_again(text: str, charset: str) -> None:
    try:
        broken = text.encode().decode(charset)
    except UnicodeDecodeError:
        pytest.skip(f"{charset} has no character for some byte of it")
    assert Unicode().text(broken) == text
    assert Unicode().text(text) == text


def test_good_chinese_stays_as_it_is(real_data: Path) -> None:
    for book in (real_data / "lm" / "zh").glob("*.txt"):
        text = book.read_text("utf-8")
        changed = Unicode().text(text)
        # Full-width Latin letters of a footer are all there is to change.
        assert sum(a != b for a, b in zip(text, changed, strict=True)) < 5


def test_patterns_that_are_none_are_named() -> None:
    for pattern in ("(a", "(?<=a)b", "x{1001}"):
        with pytest.raises(ValueError, match="is no pattern"):
            Replace(patterns={pattern: ""})
    with pytest.raises(ValueError, match="is no pattern"):
        Replace(patterns={"a": r"\1"})
    with pytest.raises(ValueError, match="none of them empty"):
        Replace(patterns={"": "x"}, literal=True)
    assert Replace(patterns={"(a": ""}, literal=True).text("f(a)") == "f)"


def test_no_pattern_makes_replacing_slow() -> None:
    def cost(text: str) -> float:
        began = time.process_time()
        Replace(patterns={"(a|a)*(a*)*b": ""}).text(text)
        return time.process_time() - began

    assert cost("a" * 200_000) < 20 * max(cost("a" * 50_000), 0.02)


def test_operators_with_the_same_patterns_are_equal() -> None:
    one, other = Replace(patterns={"a": "b"}), Replace(patterns={"a": "b"})
    assert one == other
    assert hash(one) == hash(other)
    assert one != Replace(patterns={"a": "c"})


def test_a_macro_cannot_blow_a_text_up() -> None:
    names = "abcdefghijklmnopqrst"
    doubling = "".join(f"\\newcommand{{\\{one}}}{{\\{two}\\{two}}}" for one, two in pairwise(names))
    text = f"{doubling}\\newcommand{{\\t}}{{0123456789}}\\a"
    assert Latex().text(text) == text
    assert Latex().text(text.replace("}\\a", "}\\s")) == "0123456789" * 2


def test_text_with_stray_brackets_loses_nothing(real_data: Path) -> None:
    from penstock.data.dataset import read_rows

    for row in read_rows(real_data / "cc_text" / "data-juicer" / "arxiv.jsonl"):
        text = row["text"].replace("&", "and")
        assert Html().text(text) == text
        mixed = text.replace(" ", " <", 50)
        assert Html().text(mixed).replace("<", "") == text.replace("<", "")


def test_counting_tokens_needs_a_tokenizer_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no tokenizer at"):
        Chunk(unit="tokens", tokenizer=str(tmp_path)).pieces("Dams hold.")


def test_chunks_of_tokens(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[U]": 0}, unk_token="[U]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    chunk = Chunk(unit="tokens", size=6, tokenizer=str(tmp_path))
    assert chunk.pieces("One, two. Three four. Five!") == ["One, two.", "Three four. Five!"]
