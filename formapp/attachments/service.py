"""Attachments: files that arrive, wait for their ticket, and are attached to it, once.

A file that arrives is judged while it streams into the file store and is staged there under a key that
only its sender gets: the token. The row that attaches it is written in the transaction of its ticket
or message. A staged file that nothing was attached to in time is swept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import accumulate, islice
from typing import Any

from sqlalchemy import Select, delete, insert, select, text
from sqlalchemy.orm import Session

from formapp.attachments.file_types import PICTURES
from formapp.attachments.upload import StagedFile, staged_file
from formapp.best_effort import best_effort
from formapp.database.engine import BRIEFLY
from formapp.errors import FilesGone, FilesTooLarge, NotFound, TooManyFiles
from formapp.logs import failure_place, log
from formapp.models import AnonymousFile, Attachment, Draft, Message
from formapp.services import Services
from formapp.text import size_words
from formapp.translation import gettext as _
from formapp.translation import ngettext

MOST_ANONYMOUS = 2_000
MOST_ANONYMOUS_BYTES = 2_000_000_000
"""How many files of people signed out wait at the most, and how much they are together."""
PREVIEW = "webp"
"""What lies beside a picture: its preview."""
_SENT = "sent"
_BATCH = 500


def staged_files(services: Services, tokens: Iterable[str]) -> tuple[StagedFile, ...]:
    """The files of these tokens that still wait, each once, in order; asks no database.

    Tokens that are unknown, swept, sent already or odd are left out. Raises OSError where the store
    can't be read.
    """
    found = _of_tokens(services, tokens)
    return tuple(one for one in found if services.files.read_derived(one.token, _SENT) is None)


def staged_contents(services: Services, tokens: Iterable[str]) -> list[tuple[str, str]]:
    """Name and digest of each file of these tokens, sent already or not: to tell a resend from another text."""
    return sorted((one.name, one.digest) for one in _of_tokens(services, tokens))


def attached_contents(database: Session, message_id: int) -> list[tuple[str, str]]:
    """Name and digest of each file that came with a message."""
    columns = select(Attachment.name, Attachment.digest).where(Attachment.message_id == message_id)
    return sorted((name, digest) for name, digest in database.execute(columns))


def discard_staged(services: Services, token: str) -> None:
    """Forget a staged file; one that is attached stays, although the sender's browser still knows its token."""
    if services.files.metadata(token) is not None:
        _remove_unless_attached(services, token)


def attach(
    services: Services,
    database: Session,
    tokens: Sequence[str],
    *,
    ticket_id: int,
    message_id: int | None,
    account_id: int,
    now: datetime,
) -> tuple[Attachment, ...]:
    """Attach staged files to a ticket or its message, within the caller's transaction.

    Raises TooManyFiles, FilesTooLarge by the policy, FilesGone where one was swept or has been attached
    before, OSError where the store can't be read. Call ``mark_sent`` after the commit.
    """
    wanted = tuple(dict.fromkeys(tokens))
    if not wanted:
        return ()
    limits = services.policy.form.attachments
    if len(wanted) > limits.count:
        raise TooManyFiles(
            _("Attach %(most)s files at most; these are %(count)s. Remove some", most=limits.count, count=len(wanted))
        )
    _hold(database, wanted)
    _none_attached(database, wanted)
    metadata = _metadata_of_all(services, wanted)
    whole = sum(found["size"] for found in metadata.values())
    if whole > limits.total:
        raise FilesTooLarge(
            _(
                "The files are %(size)s together. At most %(most)s can be sent: remove some",
                size=size_words(whole),
                most=size_words(limits.total),
            )
        )
    rows = [
        _row(services, token, found, ticket_id=ticket_id, message_id=message_id, account_id=account_id, now=now)
        for token, found in metadata.items()
    ]
    database.add_all(rows)
    database.execute(delete(AnonymousFile).where(AnonymousFile.key.in_(wanted)))
    database.flush()
    return tuple(rows)


def mark_attached(services: Services, tokens: Iterable[str]) -> None:
    """Note beside attached files that they are, so that no form offers them again.

    Nothing depends on it but what a form shows, so a store that fails here changes nothing.
    """
    for token in dict.fromkeys(tokens):
        with best_effort("the mark of an attached file"):
            services.files.put_derived(token, _SENT, b"")


def make_room(services: Services, staged: Iterable[StagedFile], now: datetime) -> None:
    """Count files that came from somebody signed out; where all such files are too many, the oldest go.

    Nobody is refused for what others sent. Raises SQLAlchemyError or OSError where that can't be done now.
    """
    values = [{"key": one.token, "size": one.size, "staged_at": now} for one in staged]
    if not values:
        return
    with services.write.begin(patience=BRIEFLY) as database:
        database.execute(insert(AnonymousFile), values)
    for key in _beyond_the_limit(services):
        _remove_unless_attached(services, key)


def _beyond_the_limit(services: Services) -> list[str]:
    """The files of people signed out that are too many, from the newest back."""
    with services.read() as database:
        newest = database.execute(
            select(AnonymousFile.key, AnonymousFile.size).order_by(AnonymousFile.staged_at.desc(), AnonymousFile.key)
        ).all()
    sums = accumulate(row.size for row in newest)
    return [
        row.key
        for number, (row, whole) in enumerate(zip(newest, sums, strict=True))
        if number >= MOST_ANONYMOUS or whole > MOST_ANONYMOUS_BYTES
    ]


def attachments_of(services: Services, ticket_id: int, *, with_notes: bool) -> tuple[Attachment, ...]:
    """A ticket's files in order; those of notes only for staff."""
    with services.read() as database:
        return tuple(database.scalars(_visible(ticket_id, with_notes=with_notes).order_by(Attachment.id)))


def attachment_of(services: Services, ticket_id: int, number: int, *, with_notes: bool) -> Attachment:
    """One file of a ticket. Raises NotFound, also where it came with a note and those aren't wanted."""
    with services.read() as database:
        found = database.scalar(_visible(ticket_id, with_notes=with_notes).where(Attachment.id == number))
    if found is None:
        raise NotFound
    return found


def content(services: Services, attachment: Attachment) -> Iterator[bytes]:
    """A file's bytes as they were sent, in chunks.

    Raises NotFound where it may not be opened (the scan), OSError at once where the store can't give it.
    """
    if not attachment.may_be_opened:
        raise NotFound
    return services.files.read(attachment.key)


def preview(services: Services, attachment: Attachment) -> bytes | None:
    """A picture's cleaned preview, WebP; None where there is none or the picture may not be opened."""
    if attachment.preview != "made" or not attachment.may_be_opened:
        return None
    return services.files.read_derived(attachment.key, PREVIEW)


def remove_expired(services: Services, now: datetime) -> int:
    """Remove the files that nothing was attached to in time; how many were removed. Those of a saved form stay."""
    listing, carried = services.files.listing(), _carried_by_forms(services)
    removed = 0
    while batch := dict(islice(listing, _BATCH)):
        with services.read() as database:
            attached = set(database.scalars(select(Attachment.key).where(Attachment.key.in_(batch))))
        for key, written in batch.items():
            if (
                key not in attached
                and key not in carried
                and _received(services, key, written) < now - services.settings.keep.staged_files
            ):
                removed += _removed(services, key)
    return removed


def _carried_by_forms(services: Services) -> set[str]:
    """The files that forms carry which wait for their sender: one that a mail has filled waits long."""
    with services.read() as database:
        return {token for fields in database.scalars(select(Draft.fields)) for token in fields.get("files", "").split()}


def _removed(services: Services, key: str) -> bool:
    """Whether a file could be removed and was; one that can't be holds up no other, and is tried at the next round."""
    try:
        return _remove_unless_attached(services, key)
    except OSError as error:
        log.warning("staged file not removed", reason=failure_place(error))
        return False


def _of_tokens(services: Services, tokens: Iterable[str]) -> list[StagedFile]:
    found = ((token, services.files.metadata(token)) for token in dict.fromkeys(tokens))
    return [staged_file(token, metadata) for token, metadata in found if metadata is not None]


def _received(services: Services, key: str, written: datetime) -> datetime:
    """When a file was staged; of one that was never whole, when it was last written."""
    metadata = services.files.metadata(key) or {}
    try:
        return datetime.fromisoformat(metadata["received_at"])
    except (KeyError, TypeError, ValueError):
        return written


def _remove_unless_attached(services: Services, key: str) -> bool:
    """Remove a file unless a row has it, while nobody can attach it; whether it was removed."""
    with services.write.begin() as database:
        _hold(database, (key,))
        if database.scalar(select(Attachment.id).where(Attachment.key == key)) is not None:
            return False
        services.files.remove(key)
        database.execute(delete(AnonymousFile).where(AnonymousFile.key == key))
        return True


def _hold(database: Session, keys: Sequence[str]) -> None:
    """Until the transaction ends nobody else attaches or removes these files; SQLite has one writer anyway."""
    if database.get_bind().dialect.name == "postgresql":
        for number in sorted(int.from_bytes(sha256(key.encode()).digest()[:8], signed=True) for key in keys):
            database.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": number})


def _none_attached(database: Session, keys: Sequence[str]) -> None:
    columns = select(Attachment.name, Attachment.key).where(Attachment.key.in_(keys))
    found = database.execute(columns.order_by(Attachment.id)).all()
    if found:
        names = ", ".join(_("“%(name)s”", name=row.name) for row in found)
        raise FilesGone(
            ngettext(
                "%(names)s was sent before. To send it once more, choose it again",
                "%(names)s were sent before. To send them once more, choose them again",
                len(found),
                names=names,
            ),
            [row.key for row in found],
        )


def _metadata_of_all(services: Services, tokens: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What was stored with each of these files. Raises FilesGone where one isn't there."""
    found = {token: services.files.metadata(token) for token in tokens}
    if gone := [token for token, metadata in found.items() if metadata is None]:
        raise FilesGone(
            ngettext(
                "A file is no longer here, as files don't wait for ever. Choose it again",
                "%(count)s files are no longer here, as files don't wait for ever. Choose them again",
                len(gone),
            ),
            gone,
        )
    return {token: metadata for token, metadata in found.items() if metadata is not None}


def _row(
    services: Services,
    token: str,
    metadata: dict[str, Any],
    *,
    ticket_id: int,
    message_id: int | None,
    account_id: int,
    now: datetime,
) -> Attachment:
    scanned, pictured = bool(services.settings.scan), metadata["kind"] in PICTURES
    return Attachment(
        ticket_id=ticket_id,
        message_id=message_id,
        account_id=account_id,
        key=token,
        name=metadata["name"],
        kind=metadata["kind"],
        media_type=metadata["media_type"],
        size=metadata["size"],
        digest=metadata["digest"],
        at=now,
        scan="pending" if scanned else "none",
        preview="pending" if pictured else "none",
        work_at=now if scanned or pictured else None,
    )


def _visible(ticket_id: int, *, with_notes: bool) -> Select[Attachment]:
    wanted = select(Attachment).where(Attachment.ticket_id == ticket_id)
    if with_notes:
        return wanted
    notes = select(Message.id).where(Message.ticket_id == ticket_id, Message.kind == "note")
    return wanted.where(Attachment.message_id.is_(None) | Attachment.message_id.not_in(notes))
