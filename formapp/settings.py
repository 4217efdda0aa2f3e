"""The operator's settings, from environment variables that begin with ``FORMAPP_``; all are read as text."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

PREFIX = "FORMAPP_"
NAMES = (
    "BASE_URL",
    "DATABASE_URL",
    "MAIL_FROM",
    "ORIGINS",
    "POLICY",
    "SECRET_KEY",
    "SITE_DIR",
    "SMTP_URL",
    "VAR",
    "WEBHOOK_PRIVATE",
)


class BadSetting(ValueError):
    """A setting that can't be used; the message says which and what to write."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation runs.

    ``base_url`` is the public address without a slash at the end (used in mails), ``origins`` the
    exact further origins whose pages may post the form, ``smtp_url`` empty where mail is only shown,
    ``webhook_private`` the networks that webhooks may go to although they aren't public.
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

    @property
    def https(self) -> bool:
        """Whether people reach the desk by https."""
        return self.base_url.startswith("https://")


def settings_from(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this environment. Raises BadSetting."""
    values = {name: environment.get(PREFIX + name, "").strip() for name in NAMES}
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name[len(PREFIX) :] not in NAMES)
    if unknown:
        raise BadSetting(f"There is no setting {unknown[0]}; known are {', '.join(PREFIX + name for name in NAMES)}.")
    var = Path(values["VAR"] or "var").absolute()
    return Settings(
        database_url=values["DATABASE_URL"] or f"sqlite:///{var / 'desk.sqlite3'}",
        secret_key=values["SECRET_KEY"] or _kept_secret(var),
        policy=_file(values["POLICY"] or "support-policy.yml", "POLICY"),
        var=var,
        site_dir=_folder(values["SITE_DIR"]) if values["SITE_DIR"] else None,
        base_url=_origin(values["BASE_URL"] or "http://127.0.0.1:8000", "BASE_URL"),
        origins=frozenset(_origin(part, "ORIGINS") for part in values["ORIGINS"].replace(",", " ").split()),
        smtp_url=_smtp(values["SMTP_URL"]),
        mail_from=values["MAIL_FROM"] or "Support <support@platform.example>",
        webhook_private=_networks(values["WEBHOOK_PRIVATE"]),
    )


def _kept_secret(var: Path) -> str:
    """A secret made once and kept beside the data, readable by its owner alone: one machine needs no more."""
    path = var / "secret-key"
    var.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    kept = path.read_text("utf-8").strip()
    if len(kept) < 32:
        raise BadSetting(f"{path} holds no secret; remove it, or set {PREFIX}SECRET_KEY.")
    return kept


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
    parts = urlsplit(value.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query or "@" in parts.netloc:
        raise BadSetting(f'{PREFIX}{name}: "{value}" must be scheme, host and port only, as in "https://help.example".')
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _smtp(value: str) -> str:
    if value and urlsplit(value).scheme not in {"smtp", "smtps", "smtp+tls"}:
        raise BadSetting(f'{PREFIX}SMTP_URL: "{value}" must begin with smtp://, smtp+tls:// or smtps://.')
    return value


def _networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part) for part in value.replace(",", " ").split())
    except ValueError:
        raise BadSetting(
            f'{PREFIX}WEBHOOK_PRIVATE: "{value}" must be networks, as in "10.1.2.0/24 fd00:1::/64".'
        ) from None
