"""Text piece by piece is the text in one piece, whatever the characters."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.serve.detokenise import Detokeniser, StopStrings


def decode_bytes(ids: Sequence[int]) -> str:
    return bytes(ids).decode("utf-8", errors="replace")


@cache
def bpe() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    core.train_from_iterator(["三峡大坝在长江上", "the dam on the river", "🌊🌊"], trainer)
    return core


@cache
def spaced() -> Any:
    """A tokenizer of the SentencePiece kind: `▁` begins a word, and the first space is dropped."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    marks = ["<unk>", "▁the", "▁dam", "▁", "t", "h", "e", "d", "a", "m", "长", "江"]
    core = Tokenizer(models.WordLevel({mark: at for at, mark in enumerate(marks)}, "<unk>"))
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    core.decoder = decoders.Metaspace()
    return core


@given(st.text())
def test_pieces_of_bytes_join_to_the_text(text: str) -> None:
    pieces = Detokeniser(decode_bytes)
    given_out = [pieces.add(byte) for byte in text.encode("utf-8", "replace")]
    assert "".join(given_out) + pieces.rest() == text.encode("utf-8", "replace").decode()


@given(st.text(alphabet="三峡大坝长江the dam🌊é\n"))
def test_no_piece_of_a_whole_text_is_broken(text: str) -> None:
    core = bpe()
    pieces = Detokeniser(core.decode)
    given_out = [pieces.add(token) for token in core.encode(text).ids]
    assert not any("\ufffd" in piece for piece in given_out)
    assert "".join(given_out) + pieces.rest() == text


@given(st.lists(st.integers(0, 319)))
def test_any_tokens_at_all_join_to_what_decoding_gives(ids: list[int]) -> None:
    core = bpe()
    ids = [token for token in ids if core.id_to_token(token)]
    pieces = Detokeniser(core.decode)
    given_out = [pieces.add(token) for token in ids]
    assert "".join(given_out) + pieces.rest() == core.decode(ids)


@given(st.lists(st.integers(1, 11)))
def test_spaces_that_mark_words_are_kept(ids: list[int]) -> None:
    core = spaced()
    pieces = Detokeniser(core.decode)
    given_out = [pieces.add(token) for token in ids]
    assert "".join(given_out) + pieces.rest() == core.decode(ids)


@given(
    st.text(alphabet="ab#"), st.lists(st.text(alphabet="ab#", min_size=1), max_size=3), st.data()
)
def test_a_cut_does_not_depend_on_the_pieces(
    text: str, stops: list[str], data: st.DataObject
) -> None:
    cut = StopStrings(stops)
    given_out, at = "", 0
    while at < len(text):
        step = data.draw(st.integers(1, len(text) - at))
        given_out += cut.add(text[at : at + step])
        at += step
        if cut.found:
            break
    given_out += cut.rest()
    ends = [text.index(stop) for stop in stops if stop in text]
    # With two stops that overlap, which comes first may depend on where the pieces end.
    if len(stops) < 2:
        assert given_out == text[: min(ends, default=len(text))]
    assert cut.found == bool(ends)
    assert text.startswith(given_out)


@pytest.mark.parametrize(
    ("pieces", "stops", "expected"),
    [
        (["a", "b", "c"], ["bc"], "a"),
        (["长", "江", "水"], ["江"], "长"),
        (["a#", "#"], ["###"], "a##"),
        (["abc"], [], "abc"),
    ],
)
def test_cuts(pieces: list[str], stops: list[str], expected: str) -> None:
    cut = StopStrings(stops)
    assert "".join(cut.add(piece) for piece in pieces) + cut.rest() == expected
