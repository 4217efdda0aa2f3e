"""A file that arrives: judged while it streams into the file store, staged or refused at its end."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import IO, Any

from formapp.attachments import file_types, photo_details
from formapp.errors import FileRefused
from formapp.services import Services
from formapp.storage.store import CHUNK, PendingFile
from formapp.text import size_words
from formapp.translation import gettext as _


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file that waits to be attached. ``warning`` is a sentence where its kind often holds secrets, else empty."""

    token: str
    name: str
    size: int
    kind: str
    digest: str
    warning: str


def staged_file(token: str, metadata: dict[str, Any]) -> StagedFile:
    """A staged file by the metadata that lie beside it."""
    name, kind = metadata["name"], metadata["kind"]
    return StagedFile(token, name, metadata["size"], kind, metadata["digest"], file_types.warning_about(name, kind))


class Upload:
    """One file on its way in; ``most`` is how many bytes it may have.

    With ``clean`` photos lose where they were taken and by which camera, before anything of them is stored.

    Once it is clear that the file is refused, nothing of it stays stored and the rest is swallowed.
    It ends by ``finish`` or by ``abandon``; the latter may come twice.
    """

    def __init__(self, services: Services, name: str, most: int, *, clean: bool = False) -> None:
        self.name = file_types.clean_name(name)
        self.size = 0
        self._services = services
        self._most = most
        kinds = services.policy.form.attachments.kinds
        self._kinds = kinds
        self._kind = file_types.kind_of(self.name, kinds)
        self._refusal = file_types.refusal_by_name(self.name, kinds)
        self._head = b""
        self._holds_nul = False
        self._digest = sha256()
        self._pending: PendingFile | None = None
        self._original: IO[bytes] | None = None
        if clean and not self._refusal:
            if self._kind in photo_details.OTHER_PHOTOS:
                self._refusal = self._not_cleaned()
            elif self._kind in photo_details.KINDS:
                self._original = tempfile.TemporaryFile()  # noqa: SIM115 - closed by finish or abandon

    def write(self, chunk: bytes) -> None:
        """Take bytes. Raises OSError where the store can't; then end by ``abandon``."""
        self.size += len(chunk)
        self._head += chunk[: file_types.HEAD - len(self._head)]
        self._holds_nul = self._holds_nul or b"\0" in chunk
        if not self._refusal:
            self._refusal = self._refused_so_far()
        if self._refusal:
            self.abandon()
            return
        if self._original is not None:
            self._original.write(chunk)
        else:
            self._store(chunk)

    def _store(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        if self._pending is None:
            self._pending = self._services.files.create()
        self._pending.write(chunk)

    def finish(self, now: datetime) -> StagedFile:
        """Keep the file, durably. Raises FileRefused with what to do instead, OSError where the store fails."""
        refusal = self._refusal or self._refused_at_the_end() or self._clean()
        if refusal or self._pending is None:
            self.abandon()
            raise FileRefused(refusal)
        metadata = {
            "name": self.name,
            "kind": self._kind,
            "media_type": file_types.media_type(self._kind),
            "size": self.size,
            "digest": self._digest.hexdigest(),
            "received_at": now.astimezone(UTC).isoformat(),
        }
        return staged_file(self._pending.commit(metadata), metadata)

    def abandon(self) -> None:
        """Forget the file; one that was staged stays."""
        if self._original is not None:
            self._original.close()
            self._original = None
        if self._pending is not None:
            self._pending.discard()
            self._pending = None

    def _clean(self) -> str:
        """Store a photo without its details; why that can't be done, "" where it was or needn't be."""
        original, self._original = self._original, None
        if original is None:
            return ""
        with original:
            original.seek(0)
            try:
                cleaned = photo_details.take_out_details(original)
            except photo_details.NotCleaned:
                return self._not_cleaned()
            if cleaned:
                self.size = len(cleaned)
                if self.size > self._most:
                    return self._not_cleaned()
                self._store(cleaned)
                return ""
            original.seek(0)
            while chunk := original.read(CHUNK):
                self._store(chunk)
        return ""

    def _not_cleaned(self) -> str:
        return _(
            "The place and the camera's details can't be taken out of “%(name)s”. Send it as a JPEG or PNG, or "
            "untick the box and attach it again as it is",
            name=self.name,
        )

    def _refused_so_far(self) -> str:
        if self.size > self._most:
            return _(
                "“%(name)s” is larger than %(most)s. Send the part that matters, or compress it",
                name=self.name,
                most=size_words(self._most),
            )
        # Two bytes tell whether text may hold NUL; a first chunk may have only one.
        if self._holds_nul and len(self._head) >= file_types.ENOUGH:
            return self._refused_by_content()
        return ""

    def _refused_at_the_end(self) -> str:
        if self.size == 0:
            return _("“%(name)s” is empty. Choose a file with something in it", name=self.name)
        return self._refused_by_content()

    def _refused_by_content(self) -> str:
        return file_types.refusal_by_content(self.name, self._kind, self._head, self._holds_nul, self._kinds)
