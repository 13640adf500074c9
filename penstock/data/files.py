"""Finding and opening the files an address names, on disk or in any store Arrow knows."""

import fnmatch
import glob
import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow.fs as pafs

from penstock.errors import MissingError

_GLOB = "*?["


@dataclass(frozen=True)
class File:
    """One input file: its address as the user would write it, and its size in bytes."""

    address: str
    size: int

    def open(self) -> BinaryIO:
        """Open for reading and seeking."""
        system, path = locate(self.address)
        if isinstance(system, pafs.LocalFileSystem):
            return open(path, "rb")
        return io.BufferedReader(system.open_input_file(path))


def locate(address: str) -> tuple[pafs.FileSystem, str]:
    """The Arrow file system and the path inside it for an address.

    `s3://`, `gs://`, `hdfs://` and `file://` are understood; anything else is a local path.
    """
    if "://" in address:
        return pafs.FileSystem.from_uri(address)  # type: ignore[no-any-return]
    return pafs.LocalFileSystem(), address


def expand(addresses: str | Sequence[str], suffixes: Sequence[str]) -> list[File]:
    """All files that the addresses name, in address order and each once.

    An address is a file, a glob, or a folder (searched to its depths for files that end in one of
    `suffixes`). Raises MissingError when an address names nothing.
    """
    found: dict[str, File] = {}
    for address in [addresses] if isinstance(addresses, str) else addresses:
        matched = _expand_one(address, tuple(suffixes))
        if not matched:
            raise MissingError(
                f"no input: {address} matches no file", hint=_hint(address, suffixes)
            )
        found.update((file.address, file) for file in matched)
    return [found[address] for address in sorted(found)]


def look_up(address: str, folder: Path) -> str:
    """The address itself, or where it stands in `folder` when only that is there."""
    if "://" in address or is_there(address):
        return address
    beside = str(folder / address)
    return beside if is_there(beside) else address


def is_there(address: str) -> bool:
    """Whether a local address, which may be a glob, names anything."""
    return Path(address).exists() or any(glob.iglob(address, recursive=True))


def fingerprint(files: Iterable[File]) -> str:
    """A digest of what the files are: base names, sizes, and their first and last 64 kB.

    Reading all of a crawl to name a run would cost as much as the run; a file that was changed in
    its middle only, with the same size, is not noticed.
    """
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{os.path.basename(file.address)}\0{file.size}\0".encode())
        with file.open() as stream:
            digest.update(stream.read(1 << 16))
            if file.size > 1 << 17:
                stream.seek(file.size - (1 << 16))
            digest.update(stream.read(1 << 16))
    return digest.hexdigest()


def _expand_one(address: str, suffixes: tuple[str, ...]) -> list[File]:
    system, path = locate(address)
    scheme = address[: len(address) - len(path)] if address.endswith(path) else ""
    if any(char in path for char in _GLOB):
        root = path[: min(path.index(char) for char in _GLOB if char in path)].rpartition("/")[0]
        infos = _listed(system, root or ("/" if path.startswith("/") else "."))
        pattern = path.removeprefix("./")
        found = [(info.path.removeprefix("./"), info.size) for info in infos]
        return [File(scheme + one, size) for one, size in found if _matches(one, pattern)]
    info = system.get_file_info(path)
    if info.type == pafs.FileType.File:
        return [File(address, info.size)]
    if info.type == pafs.FileType.Directory:
        return [
            File(scheme + inner.path, inner.size)
            for inner in _listed(system, path)
            if inner.path.endswith(suffixes)
        ]
    return []


def _matches(path: str, pattern: str) -> bool:
    """Whether a glob means a path: `*` stays within a folder, `**/` is any number of folders.

    >>> _matches("a/b.gz", "**/*.gz"), _matches("b.gz", "**/*.gz"), _matches("a/b.gz", "*.gz")
    (True, True, False)
    """
    if "**" in pattern:
        return any(fnmatch.fnmatchcase(path, p) for p in (pattern, pattern.replace("**/", "")))
    # fnmatch lets `*` cross folders, so depth is compared.
    return fnmatch.fnmatchcase(path, pattern) and path.count("/") == pattern.count("/")


def _listed(system: pafs.FileSystem, root: str) -> list[pafs.FileInfo]:
    selector = pafs.FileSelector(root, recursive=True, allow_not_found=True)
    return [info for info in system.get_file_info(selector) if info.type == pafs.FileType.File]


def _hint(address: str, suffixes: Sequence[str]) -> str:
    path = Path(address)
    if path.is_dir():
        return f"the folder is there, but no file in it ends in {' or '.join(suffixes)}"
    parent = path
    while str(parent) not in (".", "/") and not parent.exists():
        parent = parent.parent
    return f"{parent.resolve()} is there, what follows is not"
