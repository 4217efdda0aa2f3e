"""Where the bytes of attachments lie: a store of files under random keys, each with its metadata beside it.

A staged file needs no database. Its key has 256 random bits and is given only to who sent the file,
so whoever knows it may attach it. Nothing shows under a key before all of it is durable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO, Protocol

CHUNK = 64 * 1024
"""How much is read at a time, in bytes."""
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_SUFFIX = re.compile(r"[a-z][a-z0-9]{0,15}")
IDENTITY = "store-id"
"""The name under which a store keeps its id; it is no key."""
CONTENT, METADATA, UNFINISHED = "content", "json", "part"
"""Names that the stores use themselves; nothing else may be put beside a file under them."""


class PendingFile(Protocol):
    """A file on its way into the store. It ends by ``commit`` or ``discard``; the latter may come twice."""

    def write(self, chunk: bytes) -> None:
        """Add bytes. Raises OSError where the store can't take them."""

    def commit(self, metadata: Mapping[str, Any]) -> str:
        """Make the file and its metadata durable and return its key. Raises OSError; then nothing is stored."""

    def discard(self) -> None:
        """Forget what was written; after ``commit`` it does nothing."""


class FileStore(Protocol):
    """A store of files. A key that no store could have made is unknown, never an error."""

    def create(self) -> PendingFile:
        """Begin a file. Raises OSError where the store can't take one."""

    def metadata(self, key: str) -> dict[str, Any] | None:
        """What was stored with a file; None for one that isn't there."""

    def read(self, key: str) -> Iterator[bytes]:
        """A file's bytes in chunks. Raises FileNotFoundError at once where there is none, or OSError."""

    def remove(self, key: str) -> None:
        """Remove a file and all that lies beside it; one that isn't there is no error."""

    def put_derived(self, key: str, suffix: str, content: bytes) -> None:
        """Keep something small that was made of a file, in place of what was there under this suffix."""

    def read_derived(self, key: str, suffix: str) -> bytes | None:
        """What was put beside a file; None where nothing was."""

    def listing(self) -> Iterator[tuple[str, datetime]]:
        """Each key with when it was last written (aware UTC), those of half-written files too."""

    def check(self) -> None:
        """Raises OSError where the store can't be written."""

    def identity(self) -> str:
        """The store's own id, empty where it has none yet. Raises OSError."""

    def identify(self, identity: str) -> str:
        """Give the store an id unless it has one; the id that it has then. Raises OSError."""


def is_key(text: str) -> bool:
    """Whether a store could have made this key: asked of each one from outside, before any use."""
    return _KEY.fullmatch(text) is not None


def checked_suffix(suffix: str) -> str:
    """A suffix for what lies beside a file. Raises ValueError for one that could be taken for something else."""
    if not _SUFFIX.fullmatch(suffix) or suffix in {CONTENT, METADATA, UNFINISHED}:
        raise ValueError(f'"{suffix}" is no suffix for what lies beside a file')
    return suffix


class SpooledFile:
    """The part of a pending file that lies on this machine: an open file until it is stored or discarded."""

    def __init__(self, file: BinaryIO) -> None:
        self._file: BinaryIO | None = file

    def write(self, chunk: bytes) -> None:
        """Add bytes. Raises OSError where this machine can't take them."""
        self._open().write(chunk)

    def _open(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("this file has been stored or discarded")
        return self._file
