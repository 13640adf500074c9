"""Splitting text into sentences, in many languages at once."""

import re

# Marks that end a sentence whatever follows: Chinese, Arabic, Indic, Ethiopic, Khmer, Burmese, ...
_ALWAYS = "。！？｡‼⁇⁈⁉؟۔।॥။።፧፨។៕։᠃᠉"
_CLOSING = "\"'”’»›)\\]}）」』】》〉］｝"
_END = re.compile(rf"[.!?…{_ALWAYS}]+[{_CLOSING}]*\s*")
_SURE = re.compile(f"[{_ALWAYS}]")
_HAN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_HAN_NEXT = re.compile(f"[{_HAN}“‘「『《（【]")
# What cannot begin a sentence.
_CONTINUES = frozenset(",;:，、；：)]}%/=…-–)]）")

# Before a name or number: no sentence ends here.
_TITLES = (
    # English
    "mr mrs ms dr prof st mt gen col lt sgt capt cmdr adm maj rev hon gov sen rep pres supt messrs"
    " fig figs eq eqs no nos vol vols pp ch sec art dept univ approx est ed eds trans vs cf viz"
    " jan feb mar apr jun jul aug sep sept oct nov dec"
    # German, Dutch, Scandinavian
    " bzw ca nr str abs bd evtl ggf inkl zzgl hrsg vgl sog allg dipl ing med phil geb gest verh"
    " dhr mevr mw drs bijv blz fr hr frk kl tlf"
    # French, Spanish, Portuguese, Italian
    " mme mlle mgr env chap sra srta ud uds pág págs núm ej av avda dra exmo sig dott avv pag"
    # Russian, Polish, Czech
    " г гг ул стр рис им св тыс руб проф акад см р ул нр św ul tzw np tzn prof inż mgr č"
    " např tzv"
)
# These may end a sentence: one does where a capital follows.
_ENDINGS = "etc inc ltd co corp jr sr al bros usw uvm usf osv enz itd atd др пр etcétera a.m p.m"
_TITLE_WORDS, _ENDING_WORDS = frozenset(_TITLES.split()), frozenset(_ENDINGS.split())
_TOKEN = re.compile(r"[^\s(\[\"'“‘«]+\Z")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,3}\.)+[^\W\d_]{1,3}")
_NUMBER = re.compile(r"\s*[(\[]?(?:\d{1,3}|[ivxIVX]{1,4}|[A-Za-z])")
# German writes the day of a date, and kings, as ordinals.
_ORDINAL = re.compile(r"\b(?:[Aa]m|vom|zum|der|den|dem|des|die|im|bis)\s\d{1,2}\Z")
_LOOK_BACK = 80


def sentences(text: str) -> list[str]:
    """The sentences of a text of one paragraph, each with the white space after it.

    Joined they are the text. Abbreviations, initials, decimal numbers, ordinals and addresses do
    not end a sentence; closing quotes stay with it. A sentence is found from its own characters and
    the first one after it, so that taking one out does not move the ends of others.

    >>> sentences("Dr. J. Smith paid $3.5 for it. “Really?” she said. 大坝高185米。很高！")
    ['Dr. J. Smith paid $3.5 for it. ', '“Really?” she said. ', '大坝高185米。', '很高！']
    """
    found, start = [], 0
    for end in _END.finditer(text):
        if end.end() < len(text) and _is_end(text, start, end):
            found.append(text[start : end.end()])
            start = end.end()
    return [*found, text[start:]] if start < len(text) else found


def _is_end(text: str, start: int, end: re.Match[str]) -> bool:
    marks, after = end[0], text[end.end()]
    if after in _CONTINUES or (
        marks[0] in "!?" and ")" in marks and _is_aside(text, start, end.start())
    ):
        return False
    if _SURE.search(marks):
        return True
    pause = marks.startswith(("…", "...")) and not marks.strip(".…")
    if not marks[-1].isspace() and (pause or not _HAN_NEXT.match(after)):
        return False
    if after.islower():
        return False
    if marks[0] != "." or marks[1:2] in (".", "!", "?", "…"):
        return True
    from_start = max(start, end.start() - _LOOK_BACK)
    return _is_full_stop(text[from_start : end.start()], after, whole=from_start == start)


def _is_aside(text: str, start: int, end: int) -> bool:
    """Whether what a bracket closes was opened within the sentence: "a (big?) dam"."""
    return text.rfind("(", max(start, end - _LOOK_BACK), end) > start


def _is_full_stop(before: str, after: str, *, whole: bool) -> bool:
    """Whether a point ends a sentence that so far is `before` (the end of it, unless `whole`)."""
    token = _TOKEN.search(before)
    if token is None:
        return True
    word = token[0]
    if whole and _NUMBER.fullmatch(before):
        return False
    if word.lower() in _TITLE_WORDS or _ORDINAL.search(before):
        return False
    if word.lower() in _ENDING_WORDS:
        return after.isupper()
    if len(word) == 1 and word.isupper():
        # "vitamin C" ends a sentence, "Ludwig B" does not.
        return before[: token.start()].rstrip().rpartition(" ")[2][:1].islower()
    return _DOTTED.fullmatch(word) is None
