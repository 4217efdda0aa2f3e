"""Mails: written from an outbox row's facts, checked, and handed to the mail server.

User text is encoded here and never by the library: ``EmailMessage`` of Python 3.11 turns a printable
encoded word in a subject into a header of its own. What was built is parsed back and compared with
what was meant before anything is sent.
"""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import format_datetime, formataddr, parseaddr
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import unquote, urlsplit

from jinja2 import DictLoader, Environment, StrictUndefined, select_autoescape
from markupsafe import Markup

from formapp.models import OutboxMessage
from formapp.notifications.outbox import CAPTURED, SENT, Outcome
from formapp.services import Services
from formapp.when import long_words
from supportpolicy import Policy

TIMEOUT_SECONDS = 30
_SUBJECT_BYTES = 42
# 53x is about our own password or encryption, which an operator can mend.
_PERMANENT = frozenset(range(500, 600)) - frozenset(range(530, 540))


class CannotBuild(ValueError):
    """A mail that can't be built as it was meant; trying again would not help."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, ready to send or to show. ``content`` is the whole message as bytes."""

    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    content: bytes


@cache
def _templates() -> Environment:
    folder = resources.files("formapp.notifications.email").joinpath("templates")
    texts = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith((".txt", ".html"))}
    environment = Environment(
        loader=DictLoader(texts),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["paragraphs"] = _paragraphs
    return environment


def compose(services: Services, message: OutboxMessage, policy_of: Policy) -> Mail:
    """The mail of an outbox row; ``policy_of`` is the policy its facts speak of. Raises CannotBuild."""
    facts = _facts(services, message, policy_of)
    recipient = _ascii_address(message.recipient)
    subject_line, _, text = _templates().get_template(f"{message.kind}.txt").render(facts).partition("\n")
    subject = " ".join(subject_line.split())
    html = _templates().get_template(f"{message.kind}.html").render(facts)
    headers = {
        "From": _address(services.settings.mail_from),
        "To": recipient,
        "Subject": encode_words(subject),
        "Date": format_datetime(message.created_at),
        "Message-ID": message.message_id,
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
    }
    if message.payload.get("thread"):
        headers["In-Reply-To"] = headers["References"] = message.payload["thread"]
    text = text.strip() + "\n"
    content = _assemble(headers, text, html)
    _check(content, headers, subject, (text, html))
    sender = parseaddr(services.settings.mail_from)[1]
    return Mail(sender, recipient, subject, text, html, content)


def _facts(services: Services, message: OutboxMessage, policy_of: Policy) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "contact": policy_of.contact_email,
        "base": f"{services.settings.base_url}/support",
        **message.payload,
    }
    if "priority" in facts:
        priority = policy_of.priority(facts["priority"])
        facts["priority_label"] = priority.label
        facts["response"] = priority.response.words
        facts["resolution"] = priority.resolution.words
    for name, words in (("response_due", "due_words"), ("resolution_due", "resolution_words"), ("due", "notice_words")):
        due = facts.get(name)
        facts[words] = (
            long_words(datetime.fromisoformat(due), policy_of.calendar.zone, message.created_at) if due else ""
        )
    # A template asks for what only some of its mails have.
    facts.setdefault("merged_into", "")
    return facts


def encode_words(text: str) -> str:
    """Text as a header value of ASCII: as it is where it is plain, else RFC 2047 words of our own making."""
    if text.isascii() and text.isprintable() and "=?" not in text and len(text) <= 900:
        return text
    words, chunk = [], b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > _SUBJECT_BYTES:
            words.append(chunk)
            chunk = b""
        chunk += encoded
    words.append(chunk)
    return " ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def _address(value: str) -> str:
    name, address = parseaddr(value)
    return formataddr((encode_words(name), address)) if name and not name.isascii() else value


def _ascii_address(address: str) -> str:
    """The address as mail servers know it: the host of "ada@bücher.example" in its ASCII form."""
    mailbox, at, host = address.rpartition("@")
    return address if host.isascii() else f"{mailbox}{at}{host.encode('idna').decode()}"


def _assemble(headers: Mapping[str, str], text: str, html: str) -> bytes:
    boundary = "=_support_" + base64.b16encode(headers["Message-ID"].encode())[:24].decode()
    lines = [f"{name}: {_folded(value)}" for name, value in headers.items()]
    lines += [f'Content-Type: multipart/alternative; boundary="{boundary}"', ""]
    for kind, body in (("plain", text), ("html", html)):
        lines += [f"--{boundary}", f"Content-Type: text/{kind}; charset=utf-8", "Content-Transfer-Encoding: base64", ""]
        encoded = base64.b64encode(body.replace("\n", "\r\n").encode()).decode()
        lines += [encoded[start : start + 76] for start in range(0, len(encoded), 76)]
    lines += [f"--{boundary}--", ""]
    return "\r\n".join(lines).encode("ascii", "strict")


def _folded(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise CannotBuild("a header holds something other than printable ASCII")
    return value.replace("?= =?", "?=\r\n =?")


def _check(content: bytes, headers: Mapping[str, str], subject: str, parts: tuple[str, str]) -> None:
    """Parse the message as a mail server's reader would and compare. Raises CannotBuild."""
    parsed = message_from_bytes(content, policy=policy.compat32)
    found = [(name, "".join(value.splitlines())) for name, value in parsed.items() if name != "Content-Type"]
    if found != list(headers.items()):
        raise CannotBuild("the built mail has other headers than were meant")
    if str(make_header(decode_header(parsed["Subject"]))) != subject:
        raise CannotBuild("the built mail has another subject than was meant")
    recipient = headers["To"]
    if parseaddr(parsed["To"])[1] != recipient or recipient.count("@") != 1 or "," in recipient:
        raise CannotBuild("the built mail goes to another address than was meant")
    bodies = [part.get_payload(decode=True) for part in parsed.walk() if not part.is_multipart()]
    if bodies != [part.replace("\n", "\r\n").encode() for part in parts]:
        raise CannotBuild("the built mail has other parts than were meant")


def _paragraphs(text: str) -> Markup:
    blocks = [block for block in text.split("\n\n") if block.strip()]
    return Markup().join(
        Markup("<p>{}</p>").format(Markup("<br>").join(line for line in block.split("\n"))) for block in blocks
    )


def deliver(services: Services, message: OutboxMessage, policy_of: Policy) -> Outcome:
    """Send one outbox row by SMTP; without a server it is kept to be read in the development inbox."""
    try:
        mail = compose(services, message, policy_of)
    except (CannotBuild, UnicodeError, KeyError) as error:
        return Outcome(sent=False, error=f"The mail can't be built: {error}", permanent=True)
    if not services.settings.smtp_url:
        return CAPTURED
    return _hand_over(services.settings.smtp_url, mail)


def _hand_over(url: str, mail: Mail) -> Outcome:
    """Hand a mail to the server. Permanent is only what the server says of this mail or its recipient."""
    try:
        server = _connect(url)
        try:
            server.sendmail(mail.sender, [mail.recipient], mail.content)
        finally:
            _take_leave(server)
    except smtplib.SMTPRecipientsRefused as refused:
        code, words = refused.recipients[mail.recipient]
        return Outcome(sent=False, error=f"{code} {_words(words)}", permanent=code in _PERMANENT)
    except smtplib.SMTPResponseException as refused:
        permanent = isinstance(refused, smtplib.SMTPDataError) and refused.smtp_code in _PERMANENT
        return Outcome(sent=False, error=f"{refused.smtp_code} {_words(refused.smtp_error)}", permanent=permanent)
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(sent=False, error=f"{type(error).__name__}: {error}")
    return SENT


def greet(url: str, seconds: float) -> None:
    """Connect to the mail server, sign in, say NOOP and leave. Raises OSError or SMTPException."""
    server = _connect(url, seconds)
    try:
        code, words = server.noop()
        if code != 250:
            raise smtplib.SMTPResponseException(code, words)
    finally:
        _take_leave(server)


def _take_leave(server: smtplib.SMTP) -> None:
    """Say goodbye; whatever the server answers, the mail's fate is known by now."""
    with suppress(OSError, smtplib.SMTPException):
        server.quit()
    server.close()


def _connect(url: str, seconds: float | None = None) -> smtplib.SMTP:
    """Connect as the URL says: smtps (TLS from the start), smtp+tls (STARTTLS required), smtp (plain)."""
    parts, timeout = urlsplit(url), seconds or TIMEOUT_SECONDS
    host = parts.hostname or "127.0.0.1"
    if parts.scheme == "smtps":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=timeout, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or (587 if parts.scheme == "smtp+tls" else 25), timeout=timeout)
    try:
        if parts.scheme == "smtp+tls":
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _words(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
