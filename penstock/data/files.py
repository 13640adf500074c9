"""Finding and opening the files an address names, on disk or in any store."""

import fnmatch
import glob
import hashlib
import os
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.fs as pafs

from penstock.data.stores import Place, is_remote, locate, open_remote, told
from penstock.errors import MissingError, PenstockError

_GLOB = "*?["


@dataclass(frozen=True)
class File:
    """One input file: its address as the user would write it, and its size in bytes."""

    address: str
    size: int

    @property
    def name(self) -> str:
        """The file's own name, without folders and what stands around it in an address.

        >>> File("zip://in/pages.jsonl::dump.zip", 0).name
        'pages.jsonl'
        """
        return posixpath.basename(self.address.partition("::")[0].partition("?")[0] or self.address)

    def open(self) -> BinaryIO:
        """Open for reading and seeking. An error names the file."""
        place = locate(self.address)
        if not place.local:
            return open_remote(place, self.address)
        with told(self.address):
            return open(place.path, "rb")

    def arrow(self) -> pa.NativeFile:
        """Open for Arrow's readers, which read a local file without Python in between."""
        place = locate(self.address)
        with told(self.address):
            if place.local:
                return pa.OSFile(place.path)
            return pa.PythonFile(self.open(), mode="r")


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


def file_at(address: str) -> File:
    """The file of an address, in which `*` and the like mean themselves."""
    place = locate(address)
    with told(address):
        kind, size = _kind_and_size(place)
    if kind != pafs.FileType.File:
        raise MissingError(f"there is no file {address}")
    return _file(address, size)


def look_up(address: str, folder: Path) -> str:
    """The address itself, or where it stands in `folder` when only that is there."""
    if is_there(address):
        return address
    beside = str(folder / address)
    return beside if is_there(beside) else address


def is_there(address: str) -> bool:
    """Whether a local address, which may be a glob, names anything; of a store it is assumed."""
    if is_remote(address):
        return True
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
    place = locate(address)
    with told(address):
        if _is_glob(place):
            return _matching(place)
        if place.foreign is not None and (place.path.endswith("/") or not place.path):
            return _inside(place, suffixes)  # a folder of a web server, or the root of a zip
        kind, size = _kind_and_size(place)
        if kind == pafs.FileType.File:
            return [_file(place.address(place.path), size)]
        if kind == pafs.FileType.Directory:
            return _inside(place, suffixes)
    return []


def _is_glob(place: Place) -> bool:
    if place.local and os.path.exists(place.path):
        return False
    # A `?` begins the query of a web address, and no store's keys hold one that is meant as a glob.
    return any(char in place.path for char in (_GLOB if place.local else "*["))


def _matching(place: Place) -> list[File]:
    at = min(place.path.index(char) for char in _GLOB if char in place.path)
    root = place.path[:at].rpartition("/")[0]
    if root and place.foreign is not None:
        root += "/"  # without it a web server has a file of this name
    listed = _listed(place, root or ("/" if place.path.startswith("/") else "." * place.local))
    pattern = place.path.removeprefix("./")
    found = [(path.removeprefix("./"), size) for path, size in listed]
    return [_file(place.address(path), size) for path, size in found if _matches(path, pattern)]


def _inside(place: Place, suffixes: tuple[str, ...]) -> list[File]:
    return [
        _file(place.address(path), size)
        for path, size in _listed(place, place.path)
        # What names the parts of a dataset is none of them.
        if path.endswith(suffixes) and not path.endswith("/dataset.json")
    ]


def _matches(path: str, pattern: str) -> bool:
    """Whether a glob means a path: `*` stays within a folder, `**/` is any number of folders.

    >>> _matches("a/b.gz", "**/*.gz"), _matches("b.gz", "**/*.gz"), _matches("a/b.gz", "*.gz")
    (True, True, False)
    """
    if "**" in pattern:
        return any(fnmatch.fnmatchcase(path, p) for p in (pattern, pattern.replace("**/", "")))
    # fnmatch lets `*` cross folders, so depth is compared.
    return fnmatch.fnmatchcase(path, pattern) and path.count("/") == pattern.count("/")


def _kind_and_size(place: Place) -> tuple[pafs.FileType, int | None]:
    """What stands at a place. Asked of fsspec itself, Arrow would forget why a server refuses."""
    if place.local and os.path.isfile(place.path):  # Arrow takes `a:b` for an address
        return pafs.FileType.File, os.path.getsize(place.path)
    if place.foreign is None:
        info = place.system.get_file_info(place.path)
        return info.type, info.size
    try:
        found = place.foreign.info(place.path)
    except FileNotFoundError as error:
        if error.__cause__ is not None:
            raise  # an answer of a web server
        return pafs.FileType.NotFound, None
    kind = pafs.FileType.Directory if found["type"] == "directory" else pafs.FileType.File
    return kind, found["size"]


def _listed(place: Place, root: str) -> list[tuple[str, int | None]]:
    """The files below a folder, with their sizes."""
    if place.foreign is not None:
        found = place.foreign.find(root, detail=True)
        return [
            (path, one["size"] if one.get("size") is not None else place.foreign.size(path))
            for path, one in found.items()
        ]
    selector = pafs.FileSelector(root, recursive=True, allow_not_found=True)
    infos = place.system.get_file_info(selector)
    return [(info.path, info.size) for info in infos if info.type == pafs.FileType.File]


def _file(address: str, size: int | None) -> File:
    if size is None:
        raise PenstockError(
            f"the server does not say how large {address} is (no Content-Length)",
            hint="download it first, and give the path of the file",
        )
    return File(address, size)


def _hint(address: str, suffixes: Sequence[str]) -> str:
    if is_remote(address):
        return _remote_hint(locate(address), suffixes)
    path = Path(address)
    if path.is_dir():
        return f"the folder is there, but no file in it ends in {' or '.join(suffixes)}"
    parent = path
    while str(parent) not in (".", "/") and not parent.exists():
        parent = parent.parent
    return f"{parent.resolve()} is there, what follows is not"


def _remote_hint(place: Place, suffixes: Sequence[str]) -> str:
    bucket = place.path.partition("/")[0]
    if place.foreign is None and bucket:
        with told(place.address(bucket)):
            if place.system.get_file_info(bucket).type == pafs.FileType.NotFound:
                return f"there is no bucket `{bucket}`, or none that these keys may see"
    return f"a file, a folder with files that end in {' or '.join(suffixes)}, or a glob"
