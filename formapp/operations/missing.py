"""What a desk that starts still lacks, each as a sentence with what to do: for whoever starts it for the first time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from formapp.models import Account, Project
from formapp.services import Services
from formapp.setting_names import PREFIX

# Addresses that nobody has (RFC 2606): those of the sample policy, and of examples.
_NOBODY = re.compile(r"(.*\.)?example(\.(com|net|org))?")


def missing(services: Services, host: str, port: int, *, with_worker: bool) -> Iterator[str]:
    """What is missing on a desk that listens on this host and port. Asks nobody but the database."""
    settings = services.settings
    if settings.shows_mails:
        yield f"Mails go nowhere; read them at {settings.base_url}/support/inbox."
    elif not settings.smtp_url:
        link = "formapp signin-link ADDRESS"
        yield f"No mail server is set, so sign-in links go nowhere: set {PREFIX}SMTP_URL. Until then, print one: {link}"
    if not with_worker:
        yield "No worker runs here, so nothing is sent and no clock warns unless one runs elsewhere: formapp worker"
    if settings.site_dir is None:
        yield f"No guide is set, so the desk shows plain pages: set {PREFIX}SITE_DIR to the folder of the built guide."
    yield from _address(services, host, port)
    if _NOBODY.fullmatch(services.policy.contact_email.rpartition("@")[2]):
        address, file = services.policy.contact_email, settings.policy.name
        yield f'The policy names an address that nobody has, {address}: edit "contact" in {file}.'
    with suppress(SQLAlchemyError):
        yield from _people(services)


def _address(services: Services, host: str, port: int) -> Iterator[str]:
    base = urlsplit(services.settings.base_url)
    led, setting = f"People are led to {base.geturl()}", f"{PREFIX}BASE_URL"
    if _is_loopback(base.hostname or ""):
        if base.scheme == "http" and (base.port or 80) != port:
            yield f"{led}, but this listens on port {port}: set {setting}=http://127.0.0.1:{port}"
        elif not _is_loopback(host):
            yield f"{led}, which only this machine reaches: set {setting} to the public address."
    elif not services.settings.proxies and base.scheme == "https":
        # The desk itself speaks no https.
        yield f"A web server must stand before this desk, and limits count all visitors as one: set {PREFIX}PROXIES=1"


def _people(services: Services) -> Iterator[str]:
    with services.read() as database:
        staff = database.scalar(select(func.count()).select_from(Account).where(Account.is_staff))
        projects = database.scalar(select(func.count()).select_from(Project))
    if not staff:
        yield 'Nobody works at the desk: formapp account add sam@shop.example --name "Sam Rivera" --staff'
    if not projects:
        yield 'There is no project to open a ticket for: formapp project add shop --name "Riverside Shop"'


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"
