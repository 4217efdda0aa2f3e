"""A file that arrives: judged while it streams into the file store, kept or refused at its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from formapp.attachments import file_types as filekinds
from formapp.errors import FileRefused
from formapp.services import Services
from formapp.sizes import size_words
from formapp.storage.local import Writing


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that waits to be attached. ``warning`` is a sentence where its kind often holds secrets, else empty."""

    token: str
    name: str
    size: int
    kind: str
    digest: str
    warning: str


def kept_file(token: str, facts: dict[str, Any]) -> KeptFile:
    """A kept file by the facts that lie beside it."""
    name, kind = facts["name"], facts["kind"]
    return KeptFile(token, name, facts["size"], kind, facts["digest"], filekinds.warning_about(name, kind))


class Upload:
    """One file on its way in; ``most`` is how many bytes it may have.

    Once it is clear that the file is refused, nothing of it stays stored and the rest is swallowed.
    It ends by ``finish`` or by ``abandon``; the latter may come twice.
    """

    def __init__(self, services: Services, name: str, most: int) -> None:
        self.name = filekinds.clean_name(name)
        self.size = 0
        self._services = services
        self._most = most
        kinds = services.policy.form.attachments.kinds
        self._kinds = kinds
        self._kind = filekinds.kind_of(self.name, kinds)
        self._refusal = filekinds.refusal_by_name(self.name, kinds)
        self._head = b""
        self._holds_nul = False
        self._digest = sha256()
        self._writing: Writing | None = None

    def write(self, chunk: bytes) -> None:
        """Take bytes. Raises OSError where the store can't; then end by ``abandon``."""
        self.size += len(chunk)
        self._head += chunk[: filekinds.HEAD - len(self._head)]
        self._holds_nul = self._holds_nul or b"\0" in chunk
        if not self._refusal:
            self._refusal = self._refused_so_far()
        if self._refusal:
            self.abandon()
            return
        self._digest.update(chunk)
        if self._writing is None:
            self._writing = self._services.files.begin()
        self._writing.write(chunk)

    def finish(self, now: datetime) -> KeptFile:
        """Keep the file, durably. Raises FileRefused with what to do instead, OSError where the store fails."""
        refusal = self._refusal or self._refused_at_the_end()
        if refusal or self._writing is None:
            self.abandon()
            raise FileRefused(refusal)
        facts = {
            "name": self.name,
            "kind": self._kind,
            "media_type": filekinds.media_type(self._kind),
            "size": self.size,
            "digest": self._digest.hexdigest(),
            "received_at": now.astimezone(UTC).isoformat(),
        }
        return kept_file(self._writing.keep(facts), facts)

    def abandon(self) -> None:
        """Forget the file; one that was kept stays."""
        if self._writing is not None:
            self._writing.discard()
            self._writing = None

    def _refused_so_far(self) -> str:
        if self.size > self._most:
            return f"“{self.name}” is larger than {size_words(self._most)}. Send the part that matters, or compress it"
        # Two bytes tell whether text may hold NUL; a first chunk may have only one.
        if self._holds_nul and len(self._head) >= filekinds.ENOUGH:
            return self._refused_by_content()
        return ""

    def _refused_at_the_end(self) -> str:
        if self.size == 0:
            return f"“{self.name}” is empty. Choose a file with something in it"
        return self._refused_by_content()

    def _refused_by_content(self) -> str:
        return filekinds.refusal_by_content(self.name, self._kind, self._head, self._holds_nul, self._kinds)
