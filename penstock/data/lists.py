"""Lists that the user writes into a spec, or keeps in text files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from penstock.data.files import expand, is_there
from penstock.data.streams import unpacked
from penstock.errors import RecordError, UsageError

# What list files in a folder are called; the last two are UT1's.
ENDINGS = (".txt", ".txt.gz", ".txt.zst", "domains", "urls")


def entries(source: str | Sequence[str]) -> Iterator[str]:
    """The entries given, or the lines of the files that an address (a string) names.

    Lines are stripped; empty ones, and those that begin with `#`, say nothing.
    """
    if not isinstance(source, str):
        yield from source
        return
    for file in expand(source, ENDINGS):
        try:
            with unpacked(file) as stream:
                for raw in stream:
                    line = raw.decode("utf-8-sig").strip()
                    if line and not line.startswith("#"):
                        yield line
        except (UnicodeDecodeError, RecordError) as error:
            raise UsageError(
                f"{file.address} is no list: {error}", hint="one entry a line, UTF-8"
            ) from error


def check_there(**sources: str | Sequence[str] | None) -> None:
    """Raise ValueError, naming the parameter, when one is the address of a file that is not."""
    for name, source in sources.items():
        if isinstance(source, str) and not is_there(source):
            raise ValueError(f"`{name}`: there is no file {source}")
