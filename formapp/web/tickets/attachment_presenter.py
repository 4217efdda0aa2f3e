"""The files of a ticket in words, as both the customer's page and the desk's show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from formapp.models import Attachment
from formapp.text import size_words

# Why a file can't be opened yet, or at all.
CLOSED = {
    "pending": "It is being checked for malware, and can be opened after that.",
    "failed": "It couldn’t be checked for malware yet, and can be opened after that.",
    "infected": "It was found to hold malware and can’t be opened.",
}


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """One file. ``address`` is empty where it can't be opened, and ``closed`` says why; ``preview`` may be empty."""

    name: str
    size: str
    address: str
    preview: str
    closed: str


def present_attachments(
    files: Iterable[Attachment], reference: str, *, at_the_desk: bool
) -> Mapping[int | None, tuple[AttachmentView, ...]]:
    """The files by the number of the message that they came with; None has those that came with the ticket."""
    found: dict[int | None, tuple[AttachmentView, ...]] = {}
    for file in files:
        found[file.message_id] = (*found.get(file.message_id, ()), _attached(file, reference, at_the_desk))
    return found


def _attached(file: Attachment, reference: str, at_the_desk: bool) -> AttachmentView:
    may_be_opened = file.may_be_opened
    download, preview = ("desk_download", "desk_preview") if at_the_desk else ("download", "preview")
    place: dict[str, Any] = {"reference": reference, "number": file.id}
    return AttachmentView(
        name=file.name,
        size=size_words(file.size),
        address=url_for(f"files.{download}", **place) if may_be_opened else "",
        preview=url_for(f"files.{preview}", **place) if may_be_opened and file.preview == "made" else "",
        closed=CLOSED.get(file.scan, ""),
    )
