"""The operator's settings, from environment variables that begin with ``FORMAPP_``; all are read as text."""

from __future__ import annotations

import os
import re
import secrets
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import URL

from formapp.keep_periods import KEEP_PERIODS, BadKeepPeriod, KeepFor, keep_for
from formapp.mail_address import ascii_address, ascii_host

PREFIX = "FORMAPP_"
SHORTEST_SECRET = 32
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?")
_SCANNER = re.compile(r"command:\s*\S.*|clamd:/.+")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as whoever sets it reads of it; ``name`` is without the prefix.

    ``default`` is the value where none is set; ``unset`` says in words what holds where there is no
    such value. ``example`` is a value to copy. Meaning and words are sentences.
    """

    name: str
    meaning: str
    default: str = ""
    unset: str = ""
    example: str = ""


# Plain rows: the settings are read by them, and the handbook's page is written from them (make reference).
SETTINGS = (
    Setting(
        "BASE_URL",
        "The public address of guide and desk: scheme and host. Mails use it.",
        default="http://127.0.0.1:8000",
        example="https://docs.example.com",
    ),
    Setting(
        "SITE_DIR",
        "The folder of the built guide. The desk's pages look like it.",
        unset="The desk shows its own plain pages.",
        example="site",
    ),
    Setting("POLICY", "The policy file.", default="support-policy.yml"),
    Setting(
        "VAR",
        "The folder for the database, the secret and attached files. It must not be served.",
        default="var",
        example="/var/lib/desk",
    ),
    Setting(
        "DATABASE_URL",
        "The database. PostgreSQL needs the extra `postgresql`.",
        unset="SQLite in `FORMAPP_VAR`.",
        example="postgresql+psycopg://desk:password@db.example.com/desk",
    ),
    Setting(
        "FILES",
        "The S3 bucket for attached files. It needs the extra `s3` and the usual `AWS_...` variables.",
        unset="The folder `files` in `FORMAPP_VAR`.",
        example="s3://desk-files/attachments",
    ),
    Setting(
        "FILES_SHARED",
        "`1` says that `files` in `FORMAPP_VAR` is the same folder on all machines that use the database, or that "
        "there is one machine. A desk on PostgreSQL without a bucket starts only with it.",
        unset="Files are taken to be this machine's alone.",
        example="1",
    ),
    Setting(
        "SCAN",
        "The virus scanner for attached files: `clamd:` and a socket, or `command:` and a command, as in "
        "`command:clamscan --no-summary -`. Its exit code 0 means clean, 1 infected; `{path}` stands for the file.",
        unset="Files are not scanned.",
        example="clamd:/run/clamav/clamd.ctl",
    ),
    Setting(
        "SECRET_KEY",
        f"The secret that signs forms: at least {SHORTEST_SECRET} characters, the same on all machines.",
        unset="The desk makes one and keeps it in `FORMAPP_VAR`.",
    ),
    Setting(
        "SMTP_URL",
        "The mail server: `smtp://`, `smtp+tls://` or `smtps://`.",
        unset="No mail is sent. Mails wait until a server is set, for a week at the most.",
        example="smtp+tls://user:password@mail.example.com:587",
    ),
    Setting(
        "DEV_INBOX",
        "`1` shows all mails at `/support/inbox` while no mail server is set. Everybody who reaches the desk can read "
        "them, sign-in links too, so it is only for a desk on the loopback, for trying out. `make serve` sets it.",
        unset="Nobody can read the mails there.",
        example="1",
    ),
    Setting(
        "MAIL_FROM",
        "The sender of mails.",
        default="Support <support@platform.example>",
        example="Example Support <support@example.com>",
    ),
    Setting(
        "ORIGINS",
        "Further sites whose pages may send the form.",
        unset="None.",
        example="https://guide.example.com https://intranet.example.com",
    ),
    Setting(
        "PROXIES",
        "How many web servers of yours stand before the desk. Rate limits then count the visitor's own address.",
        default="0",
        example="1",
    ),
    Setting(
        "WEBHOOK_PRIVATE",
        "Networks that webhooks may go to although they aren't public.",
        unset="None.",
        example="10.1.2.0/24 fd00:1::/64",
    ),
    Setting(
        "METRICS_TOKEN",
        "The token that a reader of `/support/metrics` must send.",
        unset="Nobody can read the metrics.",
    ),
    *(Setting(f"KEEP_{period.name}", period.meaning, default=period.default) for period in KEEP_PERIODS),
)
NAMES = tuple(setting.name for setting in SETTINGS)


class BadSetting(ValueError):
    """A setting that can't be used; the message says which and what to write."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation runs.

    ``base_url`` is the public address without a slash at the end (used in mails), ``origins`` the
    exact further origins whose pages may post the form, ``smtp_url`` empty where no mail is sent,
    ``webhook_private`` the networks that webhooks may go to although they aren't public,
    ``metrics_token`` what a reader of the metrics must show; empty where nobody may read them,
    ``files`` the bucket that attachments lie in; empty: the folder "files" in ``var``,
    ``files_shared`` whether that folder is the same on all machines,
    ``scan`` what looks through attachments before anybody gets them; empty: nothing does,
    ``dev_inbox`` whether mails may be read in the development inbox while no mail is sent,
    ``proxies`` how many web servers of ours stand before the desk, one behind the other,
    ``keep`` for how long what is over is kept.
    """

    database_url: str
    secret_key: str
    policy: Path
    var: Path
    site_dir: Path | None = None
    base_url: str = "http://127.0.0.1:8000"
    origins: frozenset[str] = frozenset()
    smtp_url: str = ""
    mail_from: str = "Support <support@platform.example>"
    webhook_private: tuple[IPv4Network | IPv6Network, ...] = ()
    metrics_token: str = ""
    files: str = ""
    files_shared: bool = False
    scan: str = ""
    proxies: int = 0
    dev_inbox: bool = False
    keep: KeepFor = field(default_factory=KeepFor)

    @property
    def https(self) -> bool:
        """Whether people reach the desk by https."""
        return self.base_url.startswith("https://")

    @property
    def shows_mails(self) -> bool:
        """Whether everybody may read the mails, sign-in links too: on a desk for trying out, never on a public one."""
        return self.dev_inbox and not self.smtp_url


def settings_from(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this environment. Raises BadSetting."""
    values = {row.name: environment.get(PREFIX + row.name, "").strip() or row.default for row in SETTINGS}
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name[len(PREFIX) :] not in NAMES)
    if unknown:
        raise BadSetting(f"There is no setting {unknown[0]}; known are {', '.join(PREFIX + name for name in NAMES)}.")
    site_dir = _folder(values["SITE_DIR"]) if values["SITE_DIR"] else None
    var = _apart(Path(values["VAR"]).absolute(), site_dir)
    base_url = _origin(values["BASE_URL"], "BASE_URL")
    return Settings(
        database_url=_database(values["DATABASE_URL"] or sqlite_url(var / "desk.sqlite3")),
        secret_key=_secret(values["SECRET_KEY"]) if values["SECRET_KEY"] else _kept_secret(var),
        policy=_file(values["POLICY"], "POLICY"),
        var=var,
        site_dir=site_dir,
        base_url=base_url,
        origins=frozenset(_origin(part, "ORIGINS") for part in values["ORIGINS"].replace(",", " ").split()),
        smtp_url=_smtp(values["SMTP_URL"]),
        mail_from=_sender(values["MAIL_FROM"]),
        webhook_private=_networks(values["WEBHOOK_PRIVATE"]),
        metrics_token=values["METRICS_TOKEN"],
        files=_bucket(values["FILES"]),
        files_shared=_is_set(values["FILES_SHARED"], "FILES_SHARED"),
        scan=_scanner(values["SCAN"]),
        proxies=_count(values["PROXIES"]),
        dev_inbox=_dev_inbox(values["DEV_INBOX"], base_url),
        keep=_keep(values),
    )


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file, whatever characters its folder has in its name."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def _apart(var: Path, site_dir: Path | None) -> Path:
    """The folder of what the desk keeps, unless everybody could fetch it from the guide's."""
    if site_dir is not None and var.resolve().is_relative_to(site_dir.resolve()):
        raise BadSetting(f"{PREFIX}VAR: {var} is inside the guide's folder, which is served. Choose another folder.")
    return var


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        # The value may hold a password, so it isn't repeated.
        raise BadSetting(f"{PREFIX}DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://.")
    return value


def _secret(value: str) -> str:
    if len(value) < SHORTEST_SECRET:
        raise BadSetting(f"{PREFIX}SECRET_KEY must have at least {SHORTEST_SECRET} characters, made by chance.")
    return value


def _kept_secret(var: Path) -> str:
    """A secret made once and kept beside the data, readable by its owner alone: one machine needs no more."""
    path = var / "secret-key"
    try:
        if not path.exists():
            _make_secret(path)
        kept = path.read_text("utf-8").strip()
    except OSError as error:
        raise not_writable(var, error) from None
    if len(kept) < SHORTEST_SECRET:
        raise BadSetting(f"{path} holds no secret; remove it, or set {PREFIX}SECRET_KEY.")
    return kept


def _make_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
    # Of processes that start together one wins, and none reads a file that is only half written.
    with suppress(FileExistsError):
        os.link(whole, path)
    whole.unlink()


def not_writable(var: Path, error: OSError) -> BadSetting:
    """What to say of a folder that the desk can't keep its things in."""
    return BadSetting(
        f"{PREFIX}VAR: the desk can't keep anything in {var}: {error.strerror or type(error).__name__}. "
        "Let the desk's user write there, or name another folder."
    )


def _file(value: str, name: str) -> Path:
    path = Path(value).absolute()
    if not path.is_file():
        raise BadSetting(f"{PREFIX}{name}: there is no file {path}.")
    return path


def _folder(value: str) -> Path:
    path = Path(value).absolute()
    if not path.is_dir():
        raise BadSetting(f"{PREFIX}SITE_DIR: there is no folder {path}; build the guide first.")
    return path


def _origin(value: str, name: str) -> str:
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


def _smtp(value: str) -> str:
    if not value:
        return value
    parts = _split(value)
    # The value may hold a password, so it isn't repeated.
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


def _count(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) == 1):
        raise BadSetting(f'{PREFIX}PROXIES: "{value}" must be how many web servers stand before the desk, as in "1".')
    return int(value)


def _keep(values: Mapping[str, str]) -> KeepFor:
    try:
        return keep_for({period.name: values[f"KEEP_{period.name}"] for period in KEEP_PERIODS})
    except BadKeepPeriod as trouble:
        raise BadSetting(f"{PREFIX}{trouble}") from None


def _is_set(value: str, name: str) -> bool:
    if value not in {"", "0", "1"}:
        raise BadSetting(f'{PREFIX}{name}: "{value}" must be "1" or nothing.')
    return value == "1"


def _dev_inbox(value: str, base_url: str) -> bool:
    """Whether the development inbox was asked for. Raises BadSetting where more than this machine could read it."""
    asked_for = _is_set(value, "DEV_INBOX")
    if asked_for and not _is_loopback(urlsplit(base_url).hostname or ""):
        raise BadSetting(
            f"{PREFIX}DEV_INBOX: everybody who reaches {base_url} could read all mails, sign-in links too. On a public "
            f"desk unset it. On your own machine set {PREFIX}BASE_URL to its address, as in http://127.0.0.1:8000."
        )
    return asked_for


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _sender(value: str) -> str:
    address = parseaddr(value)[1]
    mailbox, at, host = address.rpartition("@")
    try:
        known_as = ascii_address(address)
    except UnicodeError:
        known_as = ""
    if not (mailbox and at and host and known_as) or "@" in mailbox or not mailbox.isascii() or not value.isprintable():
        raise BadSetting(f'{PREFIX}MAIL_FROM: "{value}" must be an address, as in "Support <support@help.example>".')
    return value if known_as == address else value.replace(address, known_as)


def _bucket(value: str) -> str:
    if value and not _BUCKET.fullmatch(value):
        raise BadSetting(
            f'{PREFIX}FILES: "{value}" must be a bucket, as in "s3://desk-files/attachments"; leave it empty for '
            f"the folder files in {PREFIX}VAR."
        )
    return value


def _scanner(value: str) -> str:
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


def _networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part) for part in value.replace(",", " ").split())
    except ValueError:
        raise BadSetting(
            f'{PREFIX}WEBHOOK_PRIVATE: "{value}" must be networks, as in "10.1.2.0/24 fd00:1::/64".'
        ) from None
