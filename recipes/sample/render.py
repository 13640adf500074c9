"""Pages as HTML documents, each in the template of its host."""

import html
import re
from collections.abc import Iterable
from string import Template
from urllib.parse import quote

from pages import SITE, Host, Page


def render(page: Page, host: Host, related: list[Page], charset: str = "utf-8") -> str:
    """Return the HTML document of a page."""
    template = (SITE / "templates" / f"{host.template}.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        lang=page.lang,
        charset=charset,
        url=page.url,
        title=html.escape(page.title),
        site=html.escape(host.name),
        section=page.section,
        slug=_slug(page.section),
        description=html.escape(_description(page.body)),
        menu=_links((f"/{_slug(name)}", name) for name in host.menu.split("|")),
        related=_links((other.url, other.title) for other in related),
        body=_blocks(page.body),
    )


def _slug(name: str) -> str:
    return quote(name.lower().replace(" ", "-"))


def _description(body: str) -> str:
    # The first sentence, as most sites do.
    return re.split(r"(?<=[.。])", body, maxsplit=1)[0][:160].strip()


def _links(targets: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f'<li><a href="{url}">{html.escape(name)}</a></li>' for url, name in targets)


def _blocks(body: str) -> str:
    blocks = []
    for block in body.split("\n\n"):
        if block.startswith("- "):
            items = "\n".join(f"<li>{_inline(line[2:])}</li>" for line in block.splitlines())
            blocks.append(f"<ul>\n{items}\n</ul>")
        else:
            blocks.append(f"<p>{_inline(block)}</p>")
    return "\n".join(blocks)


def _inline(text: str) -> str:
    escaped = html.escape(text, quote=False)
    return re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r'<a href="\2">\1</a>', escaped)
