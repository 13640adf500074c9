"""Texts made to sit on the edges of the filters' definitions, the same on every machine."""

# Every character that str.splitlines() ends a line at, and some that it does not.
LINE_BREAKS = (
    "\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029",
    "\n\n", "\n \n", "\r\n\r\n", "\n\r", "\u200b", "\x1f", "\u180e",
)  # fmt: skip
# White space of str.split(), \s and str.strip(), and what only looks like it.
SPACES = (
    " ", "\t", "\u00a0", "\u1680", "\u2000", "\u2009", "\u202f", "\u205f", "\u3000", "\x1c", "\x1f",
    "\x85", "\ufeff", "\u200b", "\u2060", "\u00ad", "\u180e",
)  # fmt: skip
WORDS = (
    "the", "river", "and", "its", "gates", "have", "to", "be", "kept", "with", "care", "so",
    "that", "water", "of", "spring", "can", "pass", "below", "turbines", "while", "engineers",
    "watch", "level", "dam", "night", "long", "valley",
)  # fmt: skip
SENTENCE = "The keeper of the gate house wrote that the water had to be let through with care."


def edge_cases() -> dict[str, str]:
    """All texts by name; the names say what is odd about them."""
    return {
        **_tiny(),
        **_scripts(),
        **_separators(),
        **_lines(),
        **_repetitions(),
        **_thresholds(),
        **_c4(),
        **_huge(),
        **_surrogates(),
    }


def prose(size: int, start: int = 0) -> str:
    """So many words that repeat no five in a row for long, in lines of twelve."""
    chosen = [WORDS[(n * n + 3 * n + n // 7) % len(WORDS)] for n in range(start, start + size)]
    lines = [" ".join(chosen[at : at + 12]).capitalize() + "." for at in range(0, size, 12)]
    return "\n".join(lines)


def _tiny() -> dict[str, str]:
    texts = [
        "",
        " ",
        "\n",
        "\n\n\n",
        " \t\r\n ",
        "a",
        "1",
        "#",
        "…",
        "...",
        ".",
        "'",
        "-",
        "•",
        "长",
    ]
    texts += [
        "\x00",
        "\ufeff",
        "\u200b",
        "\u0301",
        "😀",
        "👩‍👩‍👧‍👦",
        "🇨🇳",
        "ß",
        "İ",
        "ﬁ",
        "a\n",
        "\na",
        "{",
        "①",
    ]
    return {f"tiny {text.encode('unicode_escape').decode()!r}": text for text in texts}


def _scripts() -> dict[str, str]:
    lines = {
        "arabic": "يحرس السد مياه النهر في الربيع، ثم تمر المياه عبر التوربينات إلى المدن؟",
        "hebrew": "הסכר עוצר את מי הנהר באביב והמים עוברים דרך הטורבינות אל הערים.",
        "han": "水库的闸门每年春天打开一次，水流经过压力管道推动水轮机，然后流回下游的河道。",
        "han rare": "𠀀𠀁𠀂水𪚥𫝀電。㐀㐁豈更",
        "kana": "ダムの水は、春になると発電所のタービンへ流れます。ーッツシン士上一",
        "hangul": "댐의 물은 봄에 수문을 지나 터빈으로 흐른다. 강물이 마을로 간다!",
        "thai": "น้ำในเขื่อนไหลผ่านกังหันไปยังเมืองข้างล่าง",
        "hindi": "बाँध का पानी वसंत में टरबाइनों से होकर नगरों तक जाता है।",
        "greek": "Το νερό του φράγματος περνά από τις τουρμπίνες; ΌΛΟΣ ς σ",
        "turkish": "İSTANBUL ılık IŞIK Işık ısı İ̇",
        "german": "STRASSE Straße ẞ groß Größe-Maß »Anführung« „unten“",
        "emoji": "Rain 🌧 again 🌧 and 🏞️ the 👨‍🔧 keeper of the 🚰 gates 1️⃣ has to go with 🇨🇭!",
        "combining": "e\u0301te\u0301 c\u0327a n\u0303 a\u0300\u0301\u0302 \u0301\u0301 x",
        "bidi": "\u202bthe river\u202c and \u2067نهر\u2069 of the valley\u200f.",
        "mixed": "水库 reservoir と ダム и река и نهر together 123 ４５６ ௧௨ ½ Ⅷ ² x² ª",
        "full-width": "Ｔｈｅ　ｒｉｖｅｒ！　＃＃　…　・・・ ．．． ﹗﹖｡",
        "control": "the\x00river\x01of\x02the\x7fvalley\x80and\x9f\x1bto",
        "private": "the \ue000\uf8ff river \U000f0000 of \ufffe and \uffff",
    }
    one = {f"script {name}": line for name, line in lines.items()}
    long = {f"script {name} x30": "\n".join([line] * 30) for name, line in lines.items()}
    every = "\n".join(lines.values())
    return {**one, **long, "scripts together": every, "scripts and prose": f"{prose(80)}\n{every}"}


def _separators() -> dict[str, str]:
    lines = [prose(12, 5 * n).removesuffix(".") for n in range(7)]
    found = {f"break {_name(sep)}": sep.join([*lines, lines[0]]) for sep in LINE_BREAKS}
    found |= {f"ends with {_name(sep)}": f"{sep}{lines[0]}.{sep}" for sep in LINE_BREAKS}
    found |= {f"space {_name(sep)}": sep.join(prose(70).split()) for sep in SPACES}
    found |= {f"stripped {_name(sep)}": f"{sep}- {prose(30)}…{sep}" for sep in SPACES}
    return found


def _lines() -> dict[str, str]:
    first, second = prose(12), prose(12, 40)
    return {
        "one line": first,
        "two equal lines": f"{first}\n{first}",
        "equal but for a space": f"{first}\n{first} \n {first}",
        "equal but for case": f"{first}\n{first.upper()}",
        "equal paragraphs": f"{first}\n\n{first}\n\n\n{second}\n\n{first}",
        "equal paragraphs at the ends": f"\n\n{first}\n\n{first}\n\n",
        "paragraphs with spaces between": f"{first}\n \n{first}\n\t\n{first}",
        "blank lines counted": "\n".join([first, "", "", second, "", first]),
        "only blank lines repeat": "\n \n \n \n \n \na",
        "empty line first and last": f"\n{first}\n{second}\n",
        "short lines": "\n".join(["menu", "home", "about us", "contact", "log in", "top"] * 4),
        "line of 30 characters": "\n".join(["x" * 30, "y" * 30, "z" * 31]),
        "one word a line": prose(60).replace(" ", "\n"),
        "all punctuation": "!!! ??? ... … — ; : , . - • # @ { } [ ] ( )\n" * 5,
        "digits": " ".join(str(n * 7919) for n in range(80)),
        "digits and words": " ".join(f"{n}. word{n}" for n in range(60)),
        "apostrophes": "It's the keeper's dogs' o'clock, isn't it? Don't — 'tis l’eau d'hiver.\n"
        * 6,
        "hyphens": "well-known state-of-the-art -- e-mail x-ray - vis-à-vis –– A—B\n" * 6,
        "addresses": "See https://example.org/a?b=c#d or write to a.b@example.org, v1.2.3 U.S.A.\n"
        * 6,
        "markup": "<p class='x'>the river</p> &amp; <b>and</b> [link](to) **bold** `code`\n" * 6,
    }


def _repetitions() -> dict[str, str]:
    found = {}
    for size in range(1, 13):
        gram = " ".join(WORDS[:size])
        found[f"{size}-gram twice"] = f"{gram} and then {gram} {prose(50, 9)}"
        found[f"{size}-gram overlapping"] = " ".join([gram] * 6)
        found[f"{size} words"] = gram
    found["one word 100 times"] = "water " * 100
    found["two words in turn"] = "water gate " * 50
    found["n-grams tie"] = "aa bb cc dd ee ff gg hh aa bb x gg hh y ccc ddd z ccc ddd"
    found["n-grams tie, later longer"] = "a b q w e r a b t y longer words u i longer words o p"
    found["same letters, other cuts"] = (
        "ab c d e f g a bc d e f g abc d e f g ab cd e f g " + prose(20)
    )
    found["copies of the start"] = " ".join([*prose(40).split(), *prose(20).split()])
    found["characters repeat"] = "abcdefghij" * 30
    found["nine characters"] = "abcdefghi"
    found["ten characters"] = "abcdefghij"
    return found


def _thresholds() -> dict[str, str]:
    """Texts on and beside the published thresholds."""
    found = {f"{n} words in prose": prose(n) for n in (49, 50, 51, 99, 100, 101)}
    for n in (5, 6, 7, 10, 11, 12):
        found[f"{n} hashes in 100 words"] = prose(100) + "#" * n
        found[f"{n} ellipses in 100 words"] = prose(100).replace(" ", "... ", n)
        found[f"{n} … in 100 words"] = prose(100).replace(" ", "… ", n)
    for n in (2, 3, 4, 8, 9, 10):
        rows = [prose(8, 6 * row).removesuffix(".") for row in range(10)]
        bullets = [f" - {row}" if at < n else row for at, row in enumerate(rows)]
        found[f"{n} of 10 bullets"] = "\n".join(bullets)
        found[f"{n} of 10 bullets, no space"] = "\n".join(bullets).replace(" - ", "•")
        found[f"{n} of 10 stars"] = "\n".join(bullets).replace(" - ", "* ")
        ends = [f"{row}… " if at < n else f"{row}." for at, row in enumerate(rows)]
        found[f"{n} of 10 end in …"] = "\n".join(ends)
        found[f"{n} of 10 end in ..."] = "\n".join(ends).replace("… ", "...")
        found[f"{n} of 10 lines twice"] = "\n".join(rows[: 10 - n] + rows[:1] * n)
        found[f"{n} of 10 paragraphs twice"] = "\n\n".join(rows[: 10 - n] + rows[:1] * n)
    for n in (18, 19, 20, 21, 22):
        found[f"{n} numbers in 100 words"] = " ".join(
            [*prose(100 - n).split(), *map(str, range(n))]
        )
    found["words of three"] = "the dam has the low bed and the old key for all " * 5
    found["words of two"] = "to be or so it is of an ox by us " * 6
    found["words of ten"] = "the and " + "waterworks " * 60
    found["words of eleven"] = "the and " + "waterworkss " * 60
    found["one stop word"] = "the " + "gate river valley water " * 15
    found["stop words in capitals"] = "The AND Of " + "gate river valley water " * 15
    found["a stop word twice"] = "the the " + "gate river valley water " * 15
    return found


def _c4() -> dict[str, str]:
    body = [SENTENCE.replace("water", word) for word in WORDS[:6]]
    text = "\n".join(body)
    return {
        "c4 four sentences": "\n".join(body[:4]),
        "c4 five sentences": "\n".join(body[:5]),
        "c4 five in one line": " ".join(body[:5]),
        "c4 lorem": f"{text}\nLorem IPSUM dolor sit amet.",
        "c4 lorem without a full stop": f"{text}\nLorem ipsum dolor sit amet",
        "c4 lorem in two words": f"{text}\nlorem\nipsum dolor sit amet.",
        "c4 brace": f"{text}\nCall f() {{ return 1; }} to end it.",
        "c4 brace without a full stop": f"{text}\nif (a) {{ b }}",
        "c4 javascript": f"{text}\nPlease enable JavaScript to go on.",
        "c4 javascripts": f"{text}\nAll our javascripts, please, must run.",
        "c4 policies": f"{text}\nRead our Privacy Policy, please.\nThis site uses cookies now.",
        "c4 only policies": "\n".join(["We ask for the use of cookies here."] * 8),
        "c4 citations": f"{text}\nThe dam [1] was [citation needed] built [edit] in 1931[23][].",
        "c4 citation at the end": f"{text}\nThe dam was built in the valley.[12]",
        "c4 citation leaves two words": f"{text}\nA [12] b.",
        "c4 long word": f"{text}\nThis {'x' * 1001} is too long.\nThis {'x' * 1000} is not.",
        "c4 ends": '\n'.join(f"The river goes on to the sea{end}" for end in (
            ".", "?", "!", '"', "'", "...", "…", "。", "！", ")", ".)", "”", ". ", "")),
        "c4 abbreviations": "Mr. Smith went to the U.S. with Dr. No. He saw e.g. a dam! Yes.",
        "c4 naughty": f"{text}\nThe damn fool said sex sells.",
    }  # fmt: skip


def _huge() -> dict[str, str]:
    return {
        "huge word of 10 MB": "x" * 10_000_000,
        "huge line of 1 MB": " ".join(prose(180_000).split()),
        "huge 30,000 short lines": "a b\n" * 30_000,
        "100,001 words": "river the and dam " * 25_000 + "end",
    }


def _surrogates() -> dict[str, str]:
    """Lone surrogates, which a Python string can hold and no UTF-8 file."""
    return {
        "surrogate alone": "\ud800",
        "surrogate in prose": prose(60).replace("river", "ri\udcffver"),
    }


def _name(text: str) -> str:
    return text.encode("unicode_escape").decode()
