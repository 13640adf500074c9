"""Where an address leads: a local path, a store Arrow knows, or any other that fsspec knows."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast
from urllib.parse import unquote

import pyarrow.fs as pafs

from penstock.errors import AuthError, MissingError, PenstockError, UsageError

ARROW = ("s3", "gs", "gcs", "hdfs", "viewfs")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)(://|::)", re.IGNORECASE)
_OPTIONS = re.compile(r"\?[\w.-]+=[^?*]*$")
_REFUSED = ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "EXPIRED_TOKEN")
_UNREACHED = ("NETWORK_CONNECTION", "Could not resolve", "Connection refused", "Name or service")
READ_AHEAD = 1 << 20


@dataclass(frozen=True)
class Place:
    """A file system, a path in it, and what stands around such a path in an address."""

    system: pafs.FileSystem
    path: str
    before: str = ""
    behind: str = ""

    def address(self, path: str) -> str:
        """The address of another path in the same store."""
        return f"{self.before}{path}{self.behind}"

    @property
    def local(self) -> bool:
        """Whether the path is one of this machine."""
        return isinstance(self.system, pafs.LocalFileSystem)

    @property
    def foreign(self) -> Any:
        """The fsspec file system, where it is one."""
        return self.system.handler.fs if isinstance(self.system, pafs.PyFileSystem) else None


def is_remote(address: str) -> bool:
    """Whether an address names a store rather than a path.

    >>> is_remote("s3://bucket/key"), is_remote("zip::pages.zip"), is_remote("data/pages.zip")
    (True, True, False)
    """
    return bool(_SCHEME.match(address)) and not os.path.exists(address)


def locate(address: str) -> Place:
    """Where an address leads.

    `file://` and paths are local; `s3://`, `gs://` and `hdfs://` are Arrow's; all others
    (`https://`, `hf://`, `az://`, `memory://`, `zip://inner::outer.zip` …) are fsspec's.
    """
    if not is_remote(address):
        return Place(pafs.LocalFileSystem(), address)
    scheme = cast(re.Match[str], _SCHEME.match(address))[1].lower()
    with told(address):
        if scheme == "file" and "::" not in address:
            path = unquote(address[len("file://") :]).removeprefix("localhost")
            return Place(pafs.LocalFileSystem(), path)
        return _arrow(scheme, address) if scheme in ARROW else _fsspec(address)


def _arrow(scheme: str, address: str) -> Place:
    # Only the store is given to Arrow: a key may hold spaces, `%` or Han characters as they are.
    options = _OPTIONS.search(address)
    behind = options[0] if options else ""
    path = address[len(scheme) + 3 : len(address) - len(behind)]
    host, slash, rest = path.partition("/")
    system = _store(f"{scheme}://{host}{behind}")
    if scheme in ("hdfs", "viewfs"):
        return Place(system, slash + rest, f"{scheme}://{host}", behind)
    return Place(system, path.rstrip("/"), f"{scheme}://", behind)


@functools.lru_cache(maxsize=16)
def _store(uri: str) -> pafs.FileSystem:
    """A client of a store, kept: finding a bucket's region takes a request."""
    return pafs.FileSystem.from_uri(uri)[0]


def _fsspec(address: str) -> Place:
    import fsspec

    system, path = fsspec.core.url_to_fs(address)
    first, chained, rest = address.partition("::")
    wrapped = pafs.PyFileSystem(pafs.FSSpecHandler(system))
    if chained and ("://" in first or not path):
        return Place(wrapped, path, f"{first.partition('://')[0]}://", f"::{rest}")
    whole = address if address.endswith(path) else address.rstrip("/")
    before = whole[: len(whole) - len(path)] if whole.endswith(path) else ""
    return Place(wrapped, path, before)


def open_remote(place: Place, address: str) -> BinaryIO:
    """Open a file of a store for reading and seeking."""
    with told(address):
        if place.foreign is None:
            stream = place.system.open_input_file(place.path)
        else:
            stream = place.foreign.open(place.path, "rb")
            if not stream.seekable():
                stream.close()
                raise PenstockError(
                    f"the server sends {address} only as a whole: it does not say how large it is",
                    hint="download it first, and give the path of the file",
                )
    return io.BufferedReader(_Told(stream, address, place.system), READ_AHEAD)


class _Told(io.RawIOBase):
    """A stream whose errors name its address."""

    def __init__(self, stream: Any, address: str, system: pafs.FileSystem) -> None:
        self._stream = stream
        self._address = address
        self._system = system  # a zip file is closed with the last who knows it

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with told(self._address):
            data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        with told(self._address):
            self._stream.seek(offset, whence)
        return self.tell()

    def tell(self) -> int:
        return int(self._stream.tell())

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


@contextlib.contextmanager
def told(address: str) -> Iterator[None]:
    """Say in the user's words what a store, or the disk, answered about an address."""
    try:
        yield
    except (PenstockError, AssertionError, AttributeError, LookupError, TypeError):
        raise
    except ImportError as error:
        raise MissingError(
            f"{address} cannot be read: {error}", hint='pip install "penstock[remote]"'
        ) from error
    except Exception as error:
        raise _in_words(error, address) from error


def _in_words(error: Exception, address: str) -> Exception:
    cause = error.__cause__ or error
    status = getattr(cause, "status", None) or getattr(cause, "code", None)
    text = f"{error} {cause}"
    if "Protocol not known" in text:
        hint = "known: s3, gs, hdfs, file, http, https, hf, az, ftp, sftp, memory, zip and more"
        return UsageError(f"{address}: no such kind of store", hint=hint)
    refused = any(code in text for code in _REFUSED) or status in (401, 403)
    if refused or (isinstance(error, PermissionError) and is_remote(address)):
        hint = "are the keys set, as the store's own tools want them, and may they read this?"
        return AuthError(f"no permission to read {address}", hint=hint)
    if isinstance(error, PermissionError):
        return PenstockError(f"no permission to read {address}", hint="see `ls -l`")
    if isinstance(status, int) and status >= 400:
        kind = MissingError if status in (404, 410) else PenstockError
        return kind(f"{address}: the server answered {status} {getattr(cause, 'message', '')}")
    if isinstance(error, IsADirectoryError):
        return UsageError(f"{address} is a folder, not a file")
    return _unreached(error, address, text)


def _unreached(error: Exception, address: str, text: str) -> Exception:
    if any(sign in text for sign in _UNREACHED) or "Connect" in type(error.__cause__).__name__:
        return PenstockError(
            f"{address} cannot be reached: {_first_line(error.__cause__ or error)}"
        )
    if "range requests" in text or "more bytes" in text:
        return PenstockError(
            f"the server sends {address} only as a whole: it has no range requests",
            hint="download it first, and give the path of the file",
        )
    if isinstance(error, FileNotFoundError):
        return MissingError(
            f"{address} is not there (any more)",
            hint="it was removed or renamed after the input was listed; run the command again",
        )
    return PenstockError(f"{address} cannot be read: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
