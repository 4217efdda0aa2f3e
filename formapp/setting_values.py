"""From a setting's text to its value, or to a sentence that says what to write instead.

Each function raises BadSetting. What may hold a password isn't repeated in the sentence.
"""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from formapp.mail_address import ascii_address, ascii_host
from formapp.setting_names import PREFIX

SHORTEST_SECRET = 32
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?")
_SCANNER = re.compile(r"command:\s*\S.*|clamd:/.+")


class BadSetting(ValueError):
    """A setting that can't be used; the message says which and what to write."""


def apart_from(var: Path, site_dir: Path | None) -> Path:
    """The folder of what the desk keeps, unless everybody could fetch it from the guide's."""
    if site_dir is not None and var.resolve().is_relative_to(site_dir.resolve()):
        raise BadSetting(f"{PREFIX}VAR: {var} is inside the guide's folder, which is served. Choose another folder.")
    return var


def database_url(value: str) -> str:
    """The URL of a database that the desk works with."""
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise BadSetting(f"{PREFIX}DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://.")
    return value


def secret(value: str) -> str:
    """A secret that is long enough."""
    if len(value) < SHORTEST_SECRET:
        raise BadSetting(f"{PREFIX}SECRET_KEY must have at least {SHORTEST_SECRET} characters, made by chance.")
    return value


def not_writable(var: Path, error: OSError) -> BadSetting:
    """What to say of a folder that the desk can't keep its things in."""
    return BadSetting(
        f"{PREFIX}VAR: the desk can't keep anything in {var}: {error.strerror or type(error).__name__}. "
        "Let the desk's user write there, or name another folder."
    )


def existing_file(value: str, name: str) -> Path:
    """The path of a file that is there; ``name`` is its setting."""
    path = Path(value).absolute()
    if not path.is_file():
        raise BadSetting(f"{PREFIX}{name}: there is no file {path}.")
    return path


def existing_folder(value: str) -> Path:
    """The folder of the built guide."""
    path = Path(value).absolute()
    if not path.is_dir():
        raise BadSetting(f"{PREFIX}SITE_DIR: there is no folder {path}; build the guide first.")
    return path


def origin(value: str, name: str) -> str:
    """Scheme, host and port as a browser names them, without the scheme's own port; ``name`` is the setting."""
    parts = _split(value.rstrip("/"))
    if (
        parts is None
        or parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.path
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise BadSetting(f'{PREFIX}{name}: "{value}" must be scheme, host and port only, as in "https://help.example".')
    if not parts.netloc.isascii():
        # Browsers name an origin by it, and mail headers hold nothing else.
        raise BadSetting(f'{PREFIX}{name}: write the host of "{value}" in ASCII, as in "xn--bcher-kva.example".')
    # Browsers leave the scheme's own port out of an origin.
    usual = ":443" if parts.scheme == "https" else ":80"
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(usual)}"


def smtp_url(value: str) -> str:
    """A mail server's address, its host in ASCII; empty stays empty."""
    if not value:
        return value
    parts = _split(value)
    if parts is None or parts.scheme not in {"smtp", "smtps", "smtp+tls"} or not parts.hostname:
        raise BadSetting(
            f"{PREFIX}SMTP_URL must begin with smtp://, smtp+tls:// or smtps:// and name a host, "
            'as in "smtp+tls://user:password@mail.example:587".'
        )
    host = parts.hostname
    try:
        # The password goes there, so it must be the host that was meant.
        return value if host.isascii() else parts._replace(netloc=_with_host(parts, ascii_host(host))).geturl()
    except UnicodeError:
        raise BadSetting(f'{PREFIX}SMTP_URL: "{host}" is no host.') from None


def _with_host(parts: SplitResult, host: str) -> str:
    """User, host and port of an address, with another host."""
    user, at, _ = parts.netloc.rpartition("@")
    return f"{user}{at}{host}{'' if parts.port is None else f':{parts.port}'}"


def _split(value: str) -> SplitResult | None:
    """The parts of an address; None where it can't be one."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises for a port that can't be
    except ValueError:
        return None
    return parts


def proxies(value: str) -> int:
    """A number of web servers, one digit."""
    if not (value.isascii() and value.isdecimal() and len(value) == 1):
        raise BadSetting(f'{PREFIX}PROXIES: "{value}" must be how many web servers stand before the desk, as in "1".')
    return int(value)


def is_set(value: str, name: str) -> bool:
    """Whether a setting that is on or off is on; ``name`` is the setting."""
    if value not in {"", "0", "1"}:
        raise BadSetting(f'{PREFIX}{name}: "{value}" must be "1" or nothing.')
    return value == "1"


def dev_inbox(value: str, base_url: str) -> bool:
    """Whether the development inbox was asked for. Raises BadSetting where more than this machine could read it."""
    asked_for = is_set(value, "DEV_INBOX")
    if asked_for and not is_loopback(urlsplit(base_url).hostname or ""):
        raise BadSetting(
            f"{PREFIX}DEV_INBOX: everybody who reaches {base_url} could read all mails, sign-in links too. On a public "
            f"desk unset it. On your own machine set {PREFIX}BASE_URL to its address, as in http://127.0.0.1:8000."
        )
    return asked_for


def is_loopback(host: str) -> bool:
    """Whether a host, by its name or address, is this machine for itself alone."""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def sender(value: str) -> str:
    """Who mails come from, the host in ASCII."""
    address = parseaddr(value)[1]
    mailbox, at, host = address.rpartition("@")
    try:
        known_as = ascii_address(address)
    except UnicodeError:
        known_as = ""
    if not (mailbox and at and host and known_as) or "@" in mailbox or not mailbox.isascii() or not value.isprintable():
        raise BadSetting(f'{PREFIX}MAIL_FROM: "{value}" must be an address, as in "Support <support@help.example>".')
    return value if known_as == address else value.replace(address, known_as)


def incoming_address(value: str) -> str:
    """The address whose mail the desk reads, as mail servers know it; empty stays empty."""
    if not value:
        return value
    mailbox = value.rpartition("@")[0]
    try:
        known_as = ascii_address(value)
    except UnicodeError:
        known_as = ""
    # The reference and its signature go between: together at most 64 characters (RFC 5321, 4.5.3.1.1).
    if not known_as or "+" in mailbox or not re.fullmatch(r"[A-Za-z0-9._-]{1,30}", mailbox):
        raise BadSetting(
            f'{PREFIX}INCOMING_ADDRESS: "{value}" must be a plain address without "+", as in "support@help.example".'
        )
    return known_as


def imap_url(value: str) -> str:
    """A mailbox's address; empty stays empty."""
    if not value:
        return value
    parts = _split(value)
    if parts is None or parts.scheme not in {"imap", "imaps"} or not (parts.hostname and parts.username):
        raise BadSetting(
            f"{PREFIX}IMAP_URL must begin with imaps:// or imap:// and name user and host, "
            'as in "imaps://support:password@mail.example/INBOX".'
        )
    if parts.scheme == "imap" and not is_loopback(parts.hostname):
        raise BadSetting(f"{PREFIX}IMAP_URL: use imaps://, so that nobody on the way reads password and mail.")
    return value


def loopback_address(value: str, name: str) -> tuple[str, int] | None:
    """Host and port of the loopback; None for nothing."""
    if not value:
        return None
    parts = _split(f"//{value}")
    if parts is None or not parts.hostname or not parts.port or not is_loopback(parts.hostname):
        raise BadSetting(f'{PREFIX}{name}: "{value}" must be an address of the loopback, as in "127.0.0.1:8024".')
    return parts.hostname, parts.port


def bucket(value: str) -> str:
    """A bucket's address; empty stays empty."""
    if value and not _BUCKET.fullmatch(value):
        raise BadSetting(
            f'{PREFIX}FILES: "{value}" must be a bucket, as in "s3://desk-files/attachments"; leave it empty for '
            f"the folder files in {PREFIX}VAR."
        )
    return value


def scanner(value: str) -> str:
    """What scans files; empty stays empty."""
    if value and not (_SCANNER.fullmatch(value) and _is_whole(value)):
        raise BadSetting(
            f'{PREFIX}SCAN: "{value}" must be a command or a socket, as in "command:clamscan --no-summary -" or '
            '"clamd:/run/clamav/clamd.ctl".'
        )
    return value


def _is_whole(command: str) -> bool:
    """Whether a command's quotes are closed."""
    try:
        return bool(shlex.split(command))
    except ValueError:
        return False


def networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks, apart by spaces or commas."""
    try:
        return tuple(ip_network(part) for part in value.replace(",", " ").split())
    except ValueError:
        raise BadSetting(
            f'{PREFIX}WEBHOOK_PRIVATE: "{value}" must be networks, as in "10.1.2.0/24 fd00:1::/64".'
        ) from None
