"""A mail as bytes: made by the standard library, then read back and compared before anything is sent.

By ``MIMEMultipart`` and ``Header``, and not by ``EmailMessage``: that of Python 3.11 makes a header of its
own out of an encoded word that somebody typed into a subject, as in ``=?UTF-8?Q?=0D=0A?=Bcc: x@example.com``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import Header, decode_header, make_header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr, parseaddr

# Header folds what people typed; an id or an address is never folded (RFC 5322, 2.1.1: 998 characters).
_AS_SENT = policy.compat32.clone(linesep="\r\n", max_line_length=998)
_LONGEST_PLAIN = 900
# RFC 2047, 2: an encoded word has at most 75 characters; by itself Header makes some of 76.
_LONGEST_WORD = 75
# The library would take one by chance, and a repeat would be other bytes. No line of base64 looks like it.
_BOUNDARY = "=_support"


class CannotBuild(ValueError):
    """A mail that can't be built as it was meant; trying again would not help."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What one mail says, from whom and to whom; addresses are plain ones.

    ``thread_id`` is what it answers, ``reply_to`` where answers to it go, ``unsubscribe_url`` where its reader turns
    such mails off; "" where there is none.
    """

    sender_name: str
    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    message_id: str
    written_at: datetime
    thread_id: str = ""
    reply_to: str = ""
    unsubscribe_url: str = ""


def build(mail: Mail) -> bytes:
    """The whole message, the same bytes each time. Raises CannotBuild."""
    try:
        content = _assemble(mail)
        _compare(content, mail)
    except (MessageError, UnicodeError) as error:
        raise CannotBuild(type(error).__name__) from error
    return content


def _assemble(mail: Mail) -> bytes:
    message = MIMEMultipart("alternative", boundary=_BOUNDARY)
    message["From"] = formataddr((_encoded(mail.sender_name, "From"), mail.sender))
    message["To"] = mail.recipient
    message["Subject"] = _encoded(mail.subject, "Subject")
    for name, value in _machine_headers(mail).items():
        message[name] = value
    for kind, body in _parts(mail):
        message.attach(MIMEText(body, kind, "utf-8"))
    return message.as_bytes(policy=_AS_SENT)


def _encoded(text: str, header: str) -> str:
    """What somebody typed, as a header's value: readable where that is plain ASCII, else encoded."""
    if _is_plain(text):
        return text
    return Header(text, "utf-8", maxlinelen=_LONGEST_WORD, header_name=header).encode(linesep="\r\n")


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "=?" not in text and len(text) <= _LONGEST_PLAIN


def _machine_headers(mail: Mail) -> dict[str, str]:
    headers = {
        "Date": format_datetime(mail.written_at),
        "Message-ID": mail.message_id,
        "Auto-Submitted": "auto-generated",
    }
    if mail.reply_to:
        headers["Reply-To"] = mail.reply_to
    if mail.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
    # RFC 8058, 3.1: one click is for https alone.
    if mail.unsubscribe_url.startswith("https://"):
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers | ({"In-Reply-To": mail.thread_id, "References": mail.thread_id} if mail.thread_id else {})


def _parts(mail: Mail) -> list[tuple[str, str]]:
    """The parts by kind, with the line ends of a mail (RFC 2045, 6.8)."""
    return [("plain", mail.text.replace("\n", "\r\n")), ("html", mail.html.replace("\n", "\r\n"))]


def _compare(content: bytes, mail: Mail) -> None:
    """Read the message as a mail server's reader would, and compare it with what was meant. Raises CannotBuild."""
    parsed = message_from_bytes(content, policy=policy.compat32)
    headers = [(name, value.replace("\r\n", "")) for name, value in parsed.items()]
    named, meant = dict(headers), _machine_headers(mail)
    if sorted(name for name, _ in headers) != sorted({*meant, "From", "To", "Subject", "MIME-Version", "Content-Type"}):
        raise CannotBuild("the built mail has other headers than were meant")
    if {name: named[name] for name in meant} != meant or not all(map(_is_plain, meant.values())):
        raise CannotBuild("the built mail has other dates or ids than were meant")
    name, sender = parseaddr(named["From"])
    if (_decoded(name), sender) != (mail.sender_name, mail.sender):
        raise CannotBuild("the built mail has another sender than was meant")
    if _decoded(named["Subject"]) != mail.subject:
        raise CannotBuild("the built mail has another subject than was meant")
    # A comma makes two addresses; to one without an "@" no server could send.
    if parseaddr(named["To"])[1] != mail.recipient or mail.recipient.count("@") != 1 or "," in mail.recipient:
        raise CannotBuild("the built mail goes to another address than was meant")
    parts = [(part.get_content_type(), part.get_payload(decode=True)) for part in parsed.walk()][1:]
    if parts != [(f"text/{kind}", body.encode()) for kind, body in _parts(mail)]:
        raise CannotBuild("the built mail has other parts than were meant")


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value)))
