"""Fetching mail from a mailbox by IMAP (RFC 3501). A message leaves it only after it is stored."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from formapp.errors import UseCaseError
from formapp.incoming_mail.receive import LARGEST, hold_too_large, receive
from formapp.logs import log
from formapp.services import Services

TIMEOUT_SECONDS = 30
MOST_AT_ONCE = 50
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class MailboxFails(OSError):
    """The mail server said no: to the user, to a folder, to a command."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where to fetch from, and the folders for what was taken and for what couldn't be."""

    host: str
    port: int
    encrypted: bool
    user: str
    password: str
    folder: str
    done: str
    failed: str


def mailbox_of(url: str) -> Mailbox:
    """The mailbox of a setting that has been checked."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    encrypted = parts.scheme == "imaps"
    return Mailbox(
        host=parts.hostname or "",
        port=parts.port or (993 if encrypted else 143),
        encrypted=encrypted,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        done=query.get("done", ["Done"])[0],
        failed=query.get("failed", ["Failed"])[0],
    )


def fetch(services: Services, clock: Callable[[], datetime]) -> int:
    """Take what lies in the mailbox of the settings, some at once; how many that were.

    One that was stored and not moved yet, as when the power failed between, is taken once all the same. Raises
    OSError where the server can't be reached or says no, and what the database raises: then the message stays.
    """
    mailbox = mailbox_of(services.settings.imap_url)
    with _opened(mailbox) as server:
        for folder in (mailbox.done, mailbox.failed):
            # It says no where the folder is there.
            server.create(_quoted(folder))
        _must(server.select(_quoted(mailbox.folder)))
        numbers = _must(server.uid("SEARCH", "UNDELETED"))[0].split()[:MOST_AT_ONCE]
        for number in (one.decode() for one in numbers):
            _move(server, number, mailbox.done if _take(services, server, number, clock()) else mailbox.failed)
    return len(numbers)


def greet(services: Services) -> None:
    """Sign in, open the folder, leave. Raises OSError."""
    mailbox = mailbox_of(services.settings.imap_url)
    with _opened(mailbox) as server:
        _must(server.select(_quoted(mailbox.folder), readonly=True))


def _take(services: Services, server: imaplib.IMAP4, number: str, now: datetime) -> bool:
    """Whether one message was stored."""
    size = int((_SIZE.search(b" ".join(_parts(_must(server.uid("FETCH", number, "(RFC822.SIZE)"))))) or [0, 0])[1])
    if size > LARGEST:
        hold_too_large(services, _content(_must(server.uid("FETCH", number, "(BODY.PEEK[HEADER])"))), size, "imap", now)
        return False
    try:
        receive(services, _content(_must(server.uid("FETCH", number, "(BODY.PEEK[])"))), "imap", now)
    except UseCaseError as refused:
        log.warning("mail not taken", door="imap", size=size, refusal=refused.message)
        return False
    return True


def _move(server: imaplib.IMAP4, number: str, folder: str) -> None:
    if "MOVE" in server.capabilities:
        _must(server.uid("MOVE", number, _quoted(folder)))
        return
    _must(server.uid("COPY", number, _quoted(folder)))
    _must(server.uid("STORE", number, "+FLAGS.SILENT", r"(\Deleted)"))
    if "UIDPLUS" in server.capabilities:
        _must(server.uid("EXPUNGE", number))
    else:
        _must(server.expunge())


@contextmanager
def _opened(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    try:
        if mailbox.encrypted:
            server: imaplib.IMAP4 = imaplib.IMAP4_SSL(mailbox.host, mailbox.port, timeout=TIMEOUT_SECONDS)
        else:
            server = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=TIMEOUT_SECONDS)
        try:
            server.login(mailbox.user, mailbox.password)
            yield server
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                server.logout()
    except imaplib.IMAP4.error as error:
        # Its words may quote the user or a folder, never a message.
        raise MailboxFails(str(error)) from error


def _must(answer: tuple[str, list[Any]]) -> list[Any]:
    word, lines = answer
    if word != "OK":
        raise MailboxFails(b" ".join(line for line in lines if isinstance(line, bytes)).decode("ascii", "replace"))
    return lines


def _parts(lines: list[Any]) -> list[bytes]:
    """The lines of a FETCH answer, flat: what stands before a literal and the literal itself come as a pair."""
    return [part for line in lines if line for part in (line if isinstance(line, tuple) else (line,))]


def _content(lines: list[Any]) -> bytes:
    literal = next((line for line in lines if isinstance(line, tuple)), None)
    if literal is None:
        raise MailboxFails("The server names a message and doesn't give it")
    return bytes(literal[1])


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
