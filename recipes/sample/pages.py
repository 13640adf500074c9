"""The content of the sample: hosts, pages and copies, read from the files in ``site/``."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

SITE = Path(__file__).parent / "site"


@dataclass(frozen=True)
class Host:
    """A web host of the sample and how its pages look."""

    template: str
    lang: str
    name: str
    ip: str
    server: str
    menu: str
    scheme: str = "https"
    pages: str = ""


@dataclass(frozen=True)
class Question:
    """A question about one fact of a page, with its short answer."""

    text: str
    answer: str
    heldout: bool


@dataclass(frozen=True)
class Page:
    """One page: where it lives, what it says, and which fault it carries."""

    url: str
    title: str
    body: str
    lang: str
    section: str = "Stories"
    fault: str = ""
    questions: tuple[Question, ...] = ()
    same_bytes_as: str = ""

    @property
    def host(self) -> str:
        """The host name in the address of the page."""
        return urlsplit(self.url).netloc


def load_hosts() -> dict[str, Host]:
    """Read every host by name; pages of an unlisted host use ``default``."""
    table = json.loads((SITE / "hosts.json").read_text(encoding="utf-8"))
    return {name: Host(**fields) for name, fields in table.items()}


def load_pages(hosts: dict[str, Host]) -> list[Page]:
    """Read the original pages of every host, in file order."""
    pages = []
    for name, host in hosts.items():
        if host.pages:
            pages += read_pages(host.pages, prefix=f"{host.scheme}://{name}", lang=host.lang)
    return pages


def read_pages(filename: str, prefix: str = "", lang: str = "en") -> list[Page]:
    """Read the pages of one content file."""
    return [
        Page(
            url=prefix + url,
            title=fields["title"],
            body=body,
            lang=fields.get("lang", lang),
            section=fields.get("section", "Stories"),
            fault=fields.get("fault", ""),
            questions=tuple(_questions(lines)),
        )
        for url, fields, lines, body in _entries(filename)
    ]


def load_copies(originals: list[Page]) -> list[Page]:
    """Make the duplicates and near duplicates that ``copies.txt`` asks for."""
    by_url = {page.url: page for page in originals}
    copies = []
    for url, fields, _, body in _entries("copies.txt"):
        original = by_url[fields["of"]]
        copies.append(
            replace(
                original,
                url=url,
                body=_edit(original.body, body),
                section="Stories",
                fault=f"copy-{fields['kind']}",
                questions=(),
                same_bytes_as=original.url if fields["kind"] == "bytes" else "",
            )
        )
    return copies


def _entries(filename: str) -> Iterator[tuple[str, dict[str, str], list[str], str]]:
    # An entry is "=== address", a few "key: value" lines, then the body up to the next entry.
    text = (SITE / filename).read_text(encoding="utf-8")
    for entry in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        url, *lines = entry.strip().splitlines()
        head = 0
        while head < len(lines) and re.match(r"[A-Za-z]+: ", lines[head]):
            head += 1
        fields = dict(line.split(": ", 1) for line in lines[:head])
        yield url, fields, lines[:head], "\n".join(lines[head:]).strip()


def _questions(lines: list[str]) -> Iterator[Question]:
    for line in lines:
        mark, rest = line.split(": ", 1)
        if mark in ("Q", "H"):
            text, answer = rest.split(" => ")
            yield Question(text, answer, heldout=mark == "H")


def _edit(body: str, script: str) -> str:
    # The script is pairs of "- old" and "+ new" lines; an old text that is gone is an error.
    lines = script.splitlines()
    for old, new in zip(lines[::2], lines[1::2], strict=True):
        if body.count(old[2:]) != 1:
            raise ValueError(f"copies.txt: text to replace does not occur once: {old[2:]}")
        body = body.replace(old[2:], new[2:])
    return body
