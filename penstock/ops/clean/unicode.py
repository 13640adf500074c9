"""Repair wrongly decoded text and unify its characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.ops.base import Map
from penstock.text import forms, invisible, mojibake
from penstock.text.columns import change_matching, settle

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Unicode(Map):
    """Repair wrongly decoded text, bring characters to one form and remove invisible ones.

    In this order: `mojibake` reads `Ã©` as `é` where a line looks broken (ftfy 6, Speer 2019);
    `controls` removes control characters other than white space, terminal escapes and
    non-characters; `invisible` removes zero-width characters, byte order marks, soft hyphens and
    hidden tags, but keeps joiners that Persian, Indic scripts and emoji are spelt with; `bidi`
    removes directional formatting; `ligatures` spells out `ﬁ`; `width` makes full-width letters,
    digits and symbols ASCII and half-width kana full-width; `form` is the normalisation form.
    Unlike ftfy's own defaults, quotes and Chinese punctuation (`，`, `：`, `、`) stay, in NFKC too.

    >>> Unicode().text("\\ufeffＡ１，Ã©tÃ©　ｶﾞ")
    'A1，été\\u3000ガ'
    """

    form: Literal["NFC", "NFKC", "none"] = "NFC"
    mojibake: bool = True
    width: bool = True
    ligatures: bool = True
    controls: bool = True
    invisible: bool = True
    bidi: bool = True

    def text(self, text: str) -> str:
        """The text in order."""
        return settle(text, self._round)

    def _round(self, text: str) -> str:
        steps = (
            (self.mojibake, mojibake.repaired),
            (self.controls, invisible.without_controls),
            (self.invisible, invisible.without_invisible),
            (self.bidi, invisible.without_bidi),
            (self.ligatures, forms.without_ligatures),
            (self.width, forms.normal_width),
        )
        for wanted, step in steps:
            if wanted:
                text = step(text)
        return forms.normalized(text, self.form)

    def batch(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Change the texts that have any character of concern."""
        patterns = (
            (self.mojibake, mojibake.broken_pattern()),
            (self.controls, invisible.CONTROLS),
            (self.invisible, f"{invisible.INVISIBLE}|{invisible.TAGS}|{invisible.JOINERS}"),
            (self.bidi, invisible.BIDI),
            (self.ligatures, forms.LIGATURE_PATTERN),
            (self.width, forms.WIDTH_PATTERN),
            (self.form != "none", forms.FORM_PATTERNS[self.form]),
        )
        wanted = "|".join(pattern for on, pattern in patterns if on)
        return change_matching(rows, wanted, self.text) if wanted else rows
