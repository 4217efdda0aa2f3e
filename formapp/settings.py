"""The operator's settings, from environment variables that begin with ``FORMAPP_``; all are read as text."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from sqlalchemy import URL

from formapp import setting_values
from formapp.retention_periods import KEEP_PERIODS, KeepFor, keep_for
from formapp.secret_key import stored_secret_key
from formapp.setting_names import PREFIX
from formapp.setting_values import SHORTEST_SECRET, BadSetting


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
        "INCOMING_ADDRESS",
        "The address whose mail the desk reads, by `FORMAPP_IMAP_URL`, `FORMAPP_LMTP` or `formapp mail receive`. Mails "
        "can then be answered. Its mail server must take `support+anything@` for `support@`.",
        unset="The desk reads no mail, and says so where somebody might write one.",
        example="support@example.com",
    ),
    Setting(
        "IMAP_URL",
        "The mailbox that the worker fetches from: `imaps://`, or `imap://` on the same machine. What was taken goes "
        "to the folder `Done`, what couldn't be to `Failed`; `?done=` and `&failed=` name others.",
        unset="The worker fetches no mail.",
        example="imaps://support:password@mail.example.com/INBOX",
    ),
    Setting(
        "LMTP",
        "Host and port on which `formapp serve` takes mail from a mail server of the same machine, by LMTP.",
        unset="Nobody can hand mail over so.",
        example="127.0.0.1:8024",
    ),
    Setting(
        "AUTHSERV",
        "The name by which your own mail server signs its `Authentication-Results`. A sender whom it has proved counts "
        "as confirmed.",
        unset="Only an address that we gave to the sender confirms one.",
        example="mail.example.com",
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


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation runs.

    ``base_url`` is the public address without a slash at the end (used in mails), ``origins`` the
    exact further origins whose pages may post the form, ``smtp_url`` empty where no mail is sent,
    ``incoming_address`` the address whose mail is read, empty where none is, ``imap_url`` the mailbox to fetch from,
    ``lmtp`` where mail is taken by LMTP, ``mail_authserv`` whose Authentication-Results count,
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
    incoming_address: str = ""
    imap_url: str = ""
    lmtp: tuple[str, int] | None = None
    mail_authserv: str = ""
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
    site_dir = setting_values.existing_folder(values["SITE_DIR"]) if values["SITE_DIR"] else None
    var = setting_values.apart_from(Path(values["VAR"]).absolute(), site_dir)
    base_url = setting_values.origin(values["BASE_URL"], "BASE_URL")
    return Settings(
        database_url=setting_values.database_url(values["DATABASE_URL"] or sqlite_url(var / "desk.sqlite3")),
        secret_key=setting_values.secret(values["SECRET_KEY"]) if values["SECRET_KEY"] else stored_secret_key(var),
        policy=setting_values.existing_file(values["POLICY"], "POLICY"),
        var=var,
        site_dir=site_dir,
        base_url=base_url,
        origins=frozenset(
            setting_values.origin(part, "ORIGINS") for part in values["ORIGINS"].replace(",", " ").split()
        ),
        smtp_url=setting_values.smtp_url(values["SMTP_URL"]),
        mail_from=setting_values.sender(values["MAIL_FROM"]),
        incoming_address=setting_values.incoming_address(values["INCOMING_ADDRESS"]),
        imap_url=setting_values.imap_url(values["IMAP_URL"]),
        lmtp=setting_values.loopback_address(values["LMTP"], "LMTP"),
        mail_authserv=values["AUTHSERV"],
        webhook_private=setting_values.networks(values["WEBHOOK_PRIVATE"]),
        metrics_token=values["METRICS_TOKEN"],
        files=setting_values.bucket(values["FILES"]),
        files_shared=setting_values.is_set(values["FILES_SHARED"], "FILES_SHARED"),
        scan=setting_values.scanner(values["SCAN"]),
        proxies=setting_values.proxies(values["PROXIES"]),
        dev_inbox=setting_values.dev_inbox(values["DEV_INBOX"], base_url),
        keep=keep_for(values),
    )


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file, whatever characters its folder has in its name."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)
