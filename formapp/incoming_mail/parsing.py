"""A received message taken apart: who sent it to whom, what it answers, its texts and files. Decides nothing.

By the standard library's older policy: the newer one of Python 3.11 raises on headers that people's mail
programs do write. Whatever a message holds, its parts are taken as well as they can be.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parseaddr

MOST_PARTS = 500
LONGEST_SUBJECT = 200
LONGEST_HEADER = 20_000
LONGEST_TEXT = 500_000
"""So many characters of text are read of a mail; what is beyond stays in the stored message."""
SIGNATURE_PICTURE = 10_000
"""A picture within the text that has fewer bytes belongs to a signature."""
_IDS = re.compile(r"<[^<>\s]{1,300}>")
_TEXT_KINDS = {"text/plain", "text/html"}
# What a mail program sends beside the text, which nobody here can use.
_INVITATION, _OUTLOOK = "text/calendar", "application/ms-tnef"
_BULK = {"bulk", "junk", "list", "auto_reply"}


class Unreadable(Exception):
    """The message can't be taken apart: it is nested too deep, or has too many parts."""


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file that came with a mail."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report that a mail of ours did not arrive (RFC 3464): at which addresses, and our mail's Message-ID."""

    recipients: tuple[str, ...]
    message_id: str


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """What a message says. ``sender`` is an address, or empty where it names none or several."""

    sender: str
    sender_name: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    answers: tuple[str, ...]
    """The Message-IDs that it answers, the nearest first."""
    automatic: bool
    """Whether a program wrote it."""
    answerable: bool
    """Whether it may get an automatic answer: nothing says that a program or a list stands behind it."""
    authentication: tuple[str, ...]
    """Its Authentication-Results headers (RFC 8601), the topmost first."""
    bounce: Bounce | None
    plain: str
    html: str
    files: tuple[MailFile, ...] = ()
    left_out: tuple[str, ...] = ()
    """Names of parts that nobody can use here."""


@dataclass(slots=True)
class _Parts:
    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[MailFile] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def parse(raw: bytes) -> ParsedMail:
    """Take a message apart. Raises Unreadable."""
    try:
        return _taken_apart(message_from_bytes(raw, policy=policy.compat32))
    except RecursionError:
        # Parts, and comments in addresses, may stand in each other without end.
        raise Unreadable("it is nested too deep") from None


def _taken_apart(message: Message) -> ParsedMail:
    parts = _parts(message)
    name, sender = _sender(message)
    automatic = _is_automatic(message)
    return ParsedMail(
        sender=sender,
        sender_name=name,
        recipients=_recipients(message),
        subject=header(message, "Subject")[:LONGEST_SUBJECT],
        message_id=next(iter(_IDS.findall(header(message, "Message-ID"))), ""),
        answers=_answers(message),
        automatic=automatic,
        answerable=not automatic and not message.get("List-Id") and not message.get("X-Auto-Response-Suppress"),
        authentication=tuple(_unfolded(value) for value in message.get_all("Authentication-Results", [])),
        bounce=_bounce(message),
        plain="\n".join(parts.plain)[:LONGEST_TEXT],
        html="\n".join(parts.html)[:LONGEST_TEXT],
        files=tuple(parts.files),
        left_out=tuple(parts.left_out),
    )


def header(message: Message, name: str) -> str:
    """A header in one line, decoded as well as it can be; "" where there is none."""
    return _decoded(_unfolded(message.get(name, "")))


def _unfolded(header_value: object) -> str:
    # Of an address list that is longer nobody reads the rest, and its parser would take ever longer.
    value = str(header_value)[:LONGEST_HEADER]
    # Bytes beyond ASCII come as surrogates: mostly they are UTF-8 that nobody has encoded.
    text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(text.split())


def _decoded(value: str) -> str:
    try:
        decoded = str(make_header(decode_header(value)))
    except (LookupError, UnicodeError, ValueError, HeaderParseError):
        decoded = value
    # Line ends may have been encoded, too.
    return " ".join(decoded.replace("\0", "").encode("utf-8", "replace").decode().split())


def _sender(message: Message) -> tuple[str, str]:
    named = [pair for pair in getaddresses([_unfolded(value) for value in message.get_all("From", [])]) if pair[1]]
    if len(named) != 1:
        return "", ""
    name, address = named[0]
    return _decoded(name), address if "@" in address else ""


def _recipients(message: Message) -> tuple[str, ...]:
    names = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
    values = [_unfolded(value) for name in names for value in message.get_all(name, [])]
    return tuple(dict.fromkeys(address for _, address in getaddresses(values) if "@" in address))


def _answers(message: Message) -> tuple[str, ...]:
    direct = _IDS.findall(_unfolded(message.get("In-Reply-To", "")))
    earlier = _IDS.findall(_unfolded(message.get("References", "")))
    return tuple(dict.fromkeys([*direct, *reversed(earlier)]))[:50]


def _is_automatic(message: Message) -> bool:
    """By what programs say of themselves: RFC 3834, and what was usual before it."""
    submitted = header(message, "Auto-Submitted").partition(";")[0].casefold()
    if submitted and submitted != "no":
        return True
    if header(message, "Precedence").casefold() in _BULK - {"list"}:
        return True
    returned = message.get("Return-Path")
    return returned is not None and parseaddr(_unfolded(returned))[1] == ""


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something, in order; a message within the message is one."""
    waiting, seen = [message], 0
    while waiting:
        part = waiting.pop(0)
        seen += 1
        if seen > MOST_PARTS:
            raise Unreadable(f"it has more than {MOST_PARTS} parts")
        inside = part.get_payload()
        if isinstance(inside, list) and part.get_content_maintype() == "multipart":
            waiting[:0] = [one for one in inside if isinstance(one, Message)]
        else:
            yield part


def _parts(message: Message) -> _Parts:
    found = _Parts()
    for number, part in enumerate(_leaves(message), 1):
        kind, name = part.get_content_type(), _file_name(part)
        if kind.startswith("multipart/"):
            # Without its boundary a message is what it looks like: text.
            kind = "text/plain"
        if kind in _TEXT_KINDS and part.get_content_disposition() != "attachment" and not name:
            (found.plain if kind == "text/plain" else found.html).append(_text(part))
        elif kind == _INVITATION:
            found.left_out.append(name or "invite.ics")
        elif kind == _OUTLOOK or name.casefold() == "winmail.dat":
            found.left_out.append(name or "winmail.dat")
        elif kind not in {"message/delivery-status", "text/rfc822-headers"}:
            content = _content(part)
            if not (part.get("Content-ID") and kind.startswith("image/") and len(content) < SIGNATURE_PICTURE):
                found.files.append(MailFile(name or _invented_name(part, number), content))
    return found


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (LookupError, UnicodeError, ValueError):
        name = ""
    return _decoded(name)


def _invented_name(part: Message, number: int) -> str:
    kind = part.get_content_type()
    ending = ".eml" if kind == "message/rfc822" else mimetypes.guess_extension(kind) or ""
    return f"attachment-{number}{ending}"


def _content(part: Message) -> bytes:
    inside = part.get_payload()
    if isinstance(inside, list):
        return b"".join(one.as_bytes() for one in inside if isinstance(one, Message))
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else str(inside or "").encode("utf-8", "replace")


def _text(part: Message) -> str:
    content = _content(part)[: LONGEST_TEXT * 4]
    charset = part.get_content_charset() or "utf-8"
    for encoding in (charset, "utf-8"):
        try:
            return content.decode(encoding).replace("\0", "")
        except (LookupError, UnicodeError):
            continue
    # Each byte is something there, and most mails in no known charset are of Western Europe.
    return content.decode("cp1252", "replace").replace("\0", "")


def _bounce(message: Message) -> Bounce | None:
    if message.get_content_type() != "multipart/report" or message.get_param("report-type") != "delivery-status":
        return None
    failed: list[str] = []
    ours = ""
    for part in list(message.walk())[:MOST_PARTS]:
        recipient = header(part, "Final-Recipient").partition(";")[2].strip()
        if recipient and header(part, "Action").casefold() == "failed":
            failed.append(recipient)
        if part.get_content_type() in {"message/rfc822", "text/rfc822-headers"}:
            original = message_from_bytes(_content(part), policy=policy.compat32)
            ours = next(iter(_IDS.findall(header(original, "Message-ID"))), "")
    return Bounce(tuple(failed), ours) if failed else None
