"""Files in a folder of this machine."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from formapp.storage.store import (
    CHUNK,
    IDENTITY,
    METADATA,
    UNFINISHED,
    PendingFile,
    SpooledFile,
    checked_suffix,
    is_key,
)
from formapp.tokens import new_token

RESERVE = 256 * 1024 * 1024
"""How much of the disk files leave free, in bytes: the tickets often lie on the same one, and come first."""


class LocalFileStore:
    """Files in a folder of this machine, readable by their owner alone and never inside a served folder.

    They lie in subfolders by their keys' first two characters. A file's own bytes are durable before
    its metadata are, and what has no metadata was never stored.
    """

    def __init__(self, folder: Path, reserve: int = RESERVE) -> None:
        self.folder = folder
        self._reserve = reserve

    def create(self) -> PendingFile:
        """Begin a file. Raises OSError where the folder can't be written, or the disk is all but full."""
        key = new_token()
        path = self._path(key)
        self._make(path.parent)
        self._leave_room()
        return _LocalPendingFile(path, key)

    def metadata(self, key: str) -> dict[str, Any] | None:
        """What was stored with a file; None for one that isn't there."""
        if not is_key(key):
            return None
        try:
            found = json.loads(_beside(self._path(key), METADATA).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def read(self, key: str) -> Iterator[bytes]:
        """A file's bytes in chunks. Raises FileNotFoundError at once where there is none, or OSError."""
        if not is_key(key):
            raise FileNotFoundError(f"there is no file of the key {key!r}")
        return _chunks(self._path(key).open("rb"))

    def remove(self, key: str) -> None:
        """Remove a file and all that lies beside it, the metadata first: without them it isn't stored."""
        if not is_key(key):
            return
        path = self._path(key)
        _beside(path, METADATA).unlink(missing_ok=True)
        with suppress(FileNotFoundError), os.scandir(path.parent) as beside:
            for found in beside:
                if found.name == key or found.name.startswith(f"{key}."):
                    Path(found.path).unlink(missing_ok=True)

    def put_derived(self, key: str, suffix: str, content: bytes) -> None:
        """Keep something small that was made of a file, in place of what was there under this suffix."""
        if not is_key(key):
            raise FileNotFoundError(f"there is no file of the key {key!r}")
        path = _beside(self._path(key), checked_suffix(suffix))
        _write_whole(path, content)
        sync(path.parent)

    def read_derived(self, key: str, suffix: str) -> bytes | None:
        """What was put beside a file; None where nothing was."""
        if not is_key(key):
            return None
        try:
            return _beside(self._path(key), checked_suffix(suffix)).read_bytes()
        except FileNotFoundError:
            return None

    def listing(self) -> Iterator[tuple[str, datetime]]:
        """Each key with when it was last written (aware UTC), those of half-written files too."""
        if not self.folder.exists():
            return
        for shelf in sorted(self.folder.iterdir()):
            if not shelf.is_dir():
                continue
            newest: dict[str, float] = {}
            for found in os.scandir(shelf):
                key = found.name.partition(".")[0]
                if is_key(key):
                    # Another worker may remove it meanwhile.
                    with suppress(FileNotFoundError):
                        newest[key] = max(newest.get(key, 0.0), found.stat().st_mtime)
            for key, written in sorted(newest.items()):
                yield key, datetime.fromtimestamp(written, UTC)

    def check(self) -> None:
        """Raises OSError where a file can't be made durable in the folder, or the disk is all but full."""
        self._make(self.folder)
        self._leave_room()
        path = self.folder / f"check-{new_token()}"
        try:
            _write_whole(path, b"written to see whether it can be")
            sync(self.folder)
        finally:
            path.unlink(missing_ok=True)

    def identity(self) -> str:
        """The store's own id, empty where it has none yet. Raises OSError."""
        try:
            return (self.folder / IDENTITY).read_text("utf-8").strip()
        except FileNotFoundError:
            return ""

    def identify(self, identity: str) -> str:
        """Give the store an id unless it has one; the id that it has then. Raises OSError."""
        self._make(self.folder)
        path = self.folder / f"{IDENTITY}.{new_token()}"
        _write_whole(path, identity.encode())
        # Of machines that start together one wins.
        with suppress(FileExistsError):
            os.link(path, self.folder / IDENTITY)
        path.unlink()
        sync(self.folder)
        return self.identity()

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _leave_room(self) -> None:
        if shutil.disk_usage(self.folder).free < self._reserve:
            raise OSError(errno.ENOSPC, f"less than {self._reserve // 2**20} MB are free, which files leave to tickets")

    def _make(self, folder: Path) -> None:
        """Make a folder that lasts: its name is durable in the folder above it."""
        if folder.is_dir():
            return
        if folder != self.folder:
            self._make(self.folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync(folder.parent)


class _LocalPendingFile(SpooledFile):
    """A file that is written under another name until it is whole."""

    def __init__(self, path: Path, key: str) -> None:
        self._key = key
        self._path = path
        self._part = _beside(path, UNFINISHED)
        super().__init__(_new_file(self._part))

    def commit(self, metadata: Mapping[str, Any]) -> str:
        """Make the file and its metadata durable and return its key. Raises OSError; then nothing is stored."""
        file = self._open()
        try:
            file.flush()
            os.fsync(file.fileno())
            self._part.rename(self._path)
            _write_whole(_beside(self._path, METADATA), json.dumps(dict(metadata), ensure_ascii=False).encode())
            sync(self._path.parent)
        except BaseException:
            self._clear()
            raise
        file.close()
        self._file = None
        return self._key

    def discard(self) -> None:
        """Forget what was written; after ``commit`` it does nothing."""
        if self._file is not None:
            self._clear()

    def _clear(self) -> None:
        file, self._file = self._file, None
        # What its buffer still holds may not fit on the disk either; it is not wanted any more.
        with suppress(OSError):
            if file is not None:
                file.close()
        for path in (_beside(self._path, METADATA), self._path, self._part):
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}.{suffix}")


def _new_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _write_whole(path: Path, content: bytes) -> None:
    """Put a whole, durable file in place of the old one: nobody reads a half."""
    whole = _beside(path, f"{new_token()}.{UNFINISHED}")
    try:
        with _new_file(whole) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        whole.replace(path)
    except BaseException:
        whole.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Make a file's content durable, or the names in a folder."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
