"""Files in a bucket of S3, or of a server that speaks its protocol; for desks that run on several machines."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import S3Store

from formapp.storage.store import CHUNK, CONTENT, IDENTITY, METADATA, PendingFile, SpooledFile, checked_suffix, is_key
from formapp.tokens import new_token

_PART = 5 * 1024 * 1024
"""S3 takes no smaller parts of an object; two are in memory at a time."""


class S3FileStore:
    """Files as objects, each in a folder of its key. The metadata come last, so what has none was never stored.

    Where the bucket is and who may use it comes from the usual AWS environment variables. Each failure
    of the bucket is an OSError.
    """

    def __init__(self, store: S3Store) -> None:
        self._store = store

    @classmethod
    def at(cls, address: str) -> S3FileStore:
        """The files of ``s3://bucket/prefix``."""
        parts = urlsplit(address)
        # Options of the client, once given, hide what the environment says of plain http.
        server = os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT", "")
        return cls(
            S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                client_options={
                    "allow_http": server.startswith("http://"),
                    "connect_timeout": "5 seconds",
                    "timeout": "60 seconds",
                },
                # A person waits at the other end: better an answer that it failed than none for minutes.
                retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
            )
        )

    def create(self) -> PendingFile:
        """Begin a file. It waits on this machine, in a file without a name, until it is whole."""
        return _S3PendingFile(self._store)

    def metadata(self, key: str) -> dict[str, Any] | None:
        """What was stored with a file; None for one that isn't there."""
        content = self._content(key, METADATA)
        try:
            found = json.loads(content) if content is not None else None
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def read(self, key: str) -> Iterator[bytes]:
        """A file's bytes in chunks. Raises FileNotFoundError at once where there is none, or OSError."""
        if not is_key(key):
            raise FileNotFoundError(f"there is no file of the key {key!r}")
        with _as_os_errors():
            stream = obstore.get(self._store, f"{key}/{CONTENT}").stream(min_chunk_size=CHUNK)
        return _chunks(stream)

    def remove(self, key: str) -> None:
        """Remove a file and all that lies beside it, the metadata first: without them it isn't stored."""
        if not is_key(key):
            return
        with _as_os_errors():
            obstore.delete(self._store, f"{key}/{METADATA}")
            for page in obstore.list(self._store, prefix=key):
                obstore.delete(self._store, [found["path"] for found in page])

    def put_derived(self, key: str, suffix: str, content: bytes) -> None:
        """Keep something small that was made of a file, in place of what was there under this suffix."""
        if not is_key(key):
            raise FileNotFoundError(f"there is no file of the key {key!r}")
        with _as_os_errors():
            obstore.put(self._store, f"{key}/{checked_suffix(suffix)}", content)

    def read_derived(self, key: str, suffix: str) -> bytes | None:
        """What was put beside a file; None where nothing was."""
        return self._content(key, checked_suffix(suffix))

    def listing(self) -> Iterator[tuple[str, datetime]]:
        """Each key with when it was last written (aware UTC), those of half-written files too."""
        newest: dict[str, datetime] = {}
        with _as_os_errors():
            for page in obstore.list(self._store):
                for found in page:
                    key, written = found["path"].partition("/")[0], found["last_modified"]
                    if is_key(key):
                        newest[key] = max(newest.get(key, written), written)
        yield from sorted(newest.items())

    def check(self) -> None:
        """Raises OSError where the bucket can't be written."""
        name = f"check-{new_token()}"
        with _as_os_errors():
            obstore.put(self._store, name, b"written to see whether it can be")
            obstore.delete(self._store, name)

    def identity(self) -> str:
        """The store's own id, empty where it has none yet. Raises OSError."""
        try:
            with _as_os_errors():
                return bytes(obstore.get(self._store, IDENTITY).bytes()).decode()
        except FileNotFoundError:
            return ""

    def identify(self, identity: str) -> str:
        """Give the store an id unless it has one; the id that it has then. Raises OSError."""
        with suppress(FileExistsError), _as_os_errors():
            obstore.put(self._store, IDENTITY, identity.encode(), mode="create")
        return self.identity()

    def _content(self, key: str, name: str) -> bytes | None:
        if not is_key(key):
            return None
        try:
            with _as_os_errors():
                return bytes(obstore.get(self._store, f"{key}/{name}").bytes())
        except FileNotFoundError:
            return None


class _S3PendingFile(SpooledFile):
    """A file that waits on this machine until it is whole; a process that dies leaves nothing of it."""

    def __init__(self, store: S3Store) -> None:
        self._store = store
        super().__init__(cast(BinaryIO, tempfile.TemporaryFile()))  # noqa: SIM115 - closed by keep or discard

    def commit(self, metadata: Mapping[str, Any]) -> str:
        """Make the file and its metadata durable and return its key. Raises OSError; then nothing is stored."""
        file = self._open()
        key = new_token()
        content = json.dumps(dict(metadata), ensure_ascii=False).encode()
        try:
            file.seek(0)
            with _as_os_errors():
                obstore.put(self._store, f"{key}/{CONTENT}", file, chunk_size=_PART, max_concurrency=2)
                obstore.put(self._store, f"{key}/{METADATA}", content)
        finally:
            self.discard()
        return key

    def discard(self) -> None:
        """Forget what was written; after ``commit`` it does nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """Failures of the bucket as the errors that a disk has."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        said = str(error)
        # Without its bucket no file can be told to be missing.
        if "NoSuchBucket" in said:
            raise OSError("the bucket for files isn't there") from error
        raise FileNotFoundError(said.partition("\n")[0]) from error
    except AlreadyExistsError as error:
        raise FileExistsError("there is one already") from error
    except BaseError as error:
        raise OSError(f"the bucket for files can't be used: {str(error).partition(chr(10))[0]}") from error


def _chunks(stream: Iterator[Any]) -> Iterator[bytes]:
    with _as_os_errors():
        for buffer in stream:
            whole = memoryview(buffer)
            for start in range(0, len(whole), CHUNK):
                yield bytes(whole[start : start + CHUNK])
