"""The files of a mail, taken in through the very checks of the form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from formapp.attachments.upload import Upload
from formapp.errors import FileRefused
from formapp.incoming_mail.parsing import MailFile
from formapp.services import Services
from formapp.storage.store import CHUNK
from formapp.text import size_words
from formapp.translation import gettext as _


@dataclass(frozen=True, slots=True)
class MailFiles:
    """The tokens of the files that were staged, and of each other one a sentence that names it and says why."""

    tokens: tuple[str, ...]
    refused: tuple[str, ...]


def stage_files(services: Services, files: Sequence[MailFile], now: datetime) -> MailFiles:
    """Stage what the form would take; photos lose where they were taken. Raises OSError where the store fails."""
    limits = services.policy.form.attachments
    tokens: list[str] = []
    refused: list[str] = []
    whole = 0
    for file in files:
        if len(tokens) == limits.count:
            refused.append(
                _("“%(name)s” is one file too many: a message can have %(most)s", name=file.name, most=limits.count)
            )
            continue
        if whole + len(file.content) > limits.total:
            refused.append(
                _(
                    "“%(name)s” is too much: the files of a message can be %(most)s",
                    name=file.name,
                    most=size_words(limits.total),
                )
            )
            continue
        try:
            staged = _stage(services, file, limits.size, now)
        except FileRefused as refusal:
            refused.append(refusal.message)
            continue
        tokens.append(staged)
        whole += len(file.content)
    return MailFiles(tuple(tokens), tuple(refused))


def _stage(services: Services, file: MailFile, most: int, now: datetime) -> str:
    upload = Upload(services, file.name, most, clean=True)
    try:
        for start in range(0, len(file.content), CHUNK):
            upload.write(file.content[start : start + CHUNK])
        return upload.finish(now).token
    finally:
        upload.abandon()
