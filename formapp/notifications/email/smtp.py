"""Mails on their way: handed to the mail server by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from formapp.models import OutboxMessage
from formapp.notifications import outbox
from formapp.notifications.email.compose import compose
from formapp.notifications.email.message import CannotBuild, Mail, build
from formapp.notifications.outbox import CAPTURED, SENT, Outcome
from formapp.services import Services
from formapp.settings import Settings
from supportpolicy import Policy

TIMEOUT_SECONDS = 30
# 53x is about our own password or encryption, which an operator can mend.
_PERMANENT = frozenset(range(500, 600)) - frozenset(range(530, 540))


def deliver(services: Services, message: OutboxMessage, policy_of: Policy) -> Outcome:
    """Send one outbox row by SMTP; without a server it is kept for the development inbox, or waits."""
    try:
        mail = compose(services, message, policy_of)
        content = build(mail)
    except CannotBuild as error:
        return Outcome(sent=False, error=f"The mail can't be built: {error}", permanent=True)
    if services.settings.shows_mails:
        return CAPTURED
    if not services.settings.smtp_url:
        return Outcome(sent=False, error="No mail server is set (FORMAPP_SMTP_URL)")
    return _hand_over(services.settings, mail, content)


def _hand_over(settings: Settings, mail: Mail, content: bytes) -> Outcome:
    """Hand a mail to the server. Permanent is only what the server says of this mail or its recipient."""
    try:
        server = _connect(settings, TIMEOUT_SECONDS)
        try:
            server.sendmail(mail.sender, [mail.recipient], content)
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


def greet(settings: Settings, seconds: float) -> None:
    """Connect to the mail server, sign in, say NOOP and leave. Raises OSError or SMTPException."""
    server = _connect(settings, seconds)
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


def name_in_greeting(base_url: str) -> str:
    """What the desk calls itself in EHLO: its public host, or as RFC 5321 writes it (4.1.3) its address.

    Relays turn away who says the name of a machine that they don't know, or [127.0.0.1].
    """
    host = outbox.mail_host(base_url)
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def _connect(settings: Settings, timeout: float) -> smtplib.SMTP:
    """Connect as the URL says: smtps (TLS from the start), smtp+tls (STARTTLS required), smtp (plain)."""
    parts, own_name = urlsplit(settings.smtp_url), name_in_greeting(settings.base_url)
    host = parts.hostname or "127.0.0.1"
    if parts.scheme == "smtps":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, own_name, timeout=timeout, context=context)
    else:
        port = parts.port or (587 if parts.scheme == "smtp+tls" else 25)
        server = smtplib.SMTP(host, port, own_name, timeout=timeout)
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
