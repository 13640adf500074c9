"""Build the sample crawl and its questions; the same bytes on every run."""

import argparse
import hashlib
import json
from pathlib import Path
from urllib.parse import urlsplit

import warc
from compress import gzip_member, with_lost_sector
from faults import Response, answer, plain_answer
from pages import SITE, Host, Page, load_copies, load_hosts, load_pages, read_pages
from questions import question_files

ARCHIVE = "rivers.warc.gz"


def build(folder: Path) -> None:
    """Write the archive and both question files into a folder."""
    hosts = load_hosts()
    originals = load_pages(hosts)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARCHIVE).write_bytes(archive(originals, hosts))
    for name, text in question_files(originals).items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def archive(originals: list[Page], hosts: dict[str, Host]) -> bytes:
    """Return the whole archive: a broken record half way, a cut record at the end."""
    others = [*read_pages("foreign.txt"), *read_pages("spam.txt")]
    answers = _page_answers([*originals, *load_copies(originals), *others], hosts)
    answers |= _extra_answers(hosts)
    # A crawl visits hosts in turn; sorting by hash mixes them, and never differently.
    order = sorted(answers, key=lambda url: hashlib.sha1(url.encode()).hexdigest())
    members = [gzip_member(warc.warcinfo(ARCHIVE))]
    for number, url in enumerate(order, start=1):
        reply, lang = answers[url]
        members += [gzip_member(r) for r in _exchange(url, _host(url, hosts), number, reply, lang)]
    corrupted, truncated = _lost_members(hosts, len(order))
    members.insert(len(members) // 2, with_lost_sector(corrupted))
    return b"".join(members) + truncated[: len(truncated) // 2]


def _page_answers(pages: list[Page], hosts: dict[str, Host]) -> dict[str, tuple[Response, str]]:
    answers: dict[str, tuple[Response, str]] = {}
    for page in pages:
        if page.same_bytes_as:
            answers[page.url] = answers[page.same_bytes_as]
        else:
            host = _host(page.url, hosts)
            answers[page.url] = answer(page, host, _related(page, pages)), page.lang
    return answers


def _extra_answers(hosts: dict[str, Host]) -> dict[str, tuple[Response, str]]:
    answers: dict[str, tuple[Response, str]] = {}
    for extra in json.loads((SITE / "extras.json").read_text(encoding="utf-8")):
        body = bytes.fromhex(extra["hex"]) if "hex" in extra else extra["body"].encode()
        host = _host(extra["url"], hosts)
        location = extra.get("location", "")
        reply = plain_answer(host, extra["status"], extra["type"], body, location)
        answers[extra["url"]] = reply, ""
    return answers


def _exchange(url: str, host: Host, number: int, reply: Response, lang: str) -> list[bytes]:
    records = [warc.request(url, host, number), warc.response(url, host, number, reply)]
    if lang and number % 2:
        records.append(warc.metadata(url, number, lang, len(reply.payload)))
    return records


def _lost_members(hosts: dict[str, Host], number: int) -> list[bytes]:
    pages = read_pages("lost.txt")
    members = []
    for page in pages:
        host = _host(page.url, hosts)
        number += 1
        record = warc.response(page.url, host, number, answer(page, host, pages))
        members.append(gzip_member(record))
    return members


def _host(url: str, hosts: dict[str, Host]) -> Host:
    return hosts.get(urlsplit(url).netloc, hosts["default"])


def _related(page: Page, pages: list[Page], count: int = 4) -> list[Page]:
    # The pages that follow this one on its host, starting again at the first.
    same = [other for other in pages if other.host == page.host]
    start = same.index(page) + 1
    return [other for other in (same + same)[start : start + count] if other != page]


def main() -> None:
    """Run the builder from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="target folder")
    build(parser.parse_args().out)


if __name__ == "__main__":
    main()
