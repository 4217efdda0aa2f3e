"""Checks of what the desk stands on: its folders, its secret, the mail server, the guide's folder."""

from __future__ import annotations

import glob
import os
import shlex
import smtplib
import stat
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from formapp.hours import closures
from formapp.incoming_mail import imap
from formapp.notifications.email import smtp
from formapp.operations import policy_in_use
from formapp.operations.doctor.database import is_sqlite, one_line, place_of
from formapp.operations.doctor.findings import Finding, Level
from formapp.services import Services
from formapp.setting_names import PREFIX
from formapp.setting_values import SHORTEST_SECRET
from formapp.widgets import CLOSURES_FILE
from formapp.widgets.built_site import version_folders
from supportpolicy import PolicyError, holidays_warning, load

SMTP_SECONDS = 5.0
BACKED_UP = "desk.sqlite3"
"""What the database is called in a backup's folder."""


def folders_writable(services: Services, _now: datetime) -> Iterator[Finding]:
    """The desk's folder, and that of the database file, take new files."""
    folders = {services.settings.var}
    if is_sqlite(services):
        # SQLite keeps its journal beside the database.
        folders.add(Path(place_of(services)).parent)
    for folder in sorted(folders):
        if trouble := _why_not_writable(folder):
            do = "Let the desk's user write there, or free some space."
            yield Finding("folders", str(folder), f"Nothing can be written here: {trouble}.", do)


def _why_not_writable(folder: Path) -> str:
    """Write a file, make it durable, take it away; what fails at that, "" where nothing does."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
            file.write(b"can this be written?")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return one_line(error.strerror or error)
    return ""


def secret_set(services: Services, _now: datetime) -> Iterator[Finding]:
    """Forms are signed by a secret that is long enough and that nobody else can read."""
    own, secret = f"{PREFIX}SECRET_KEY", services.settings.secret_key
    if len(secret) < SHORTEST_SECRET:
        what = f"The secret has {len(secret)} characters, so it can be guessed."
        yield Finding("secret", own, what, f"Set {own} to {SHORTEST_SECRET} characters or more, made by chance.")
    kept = services.settings.var / "secret-key"
    if kept.exists() and _open_to_others(kept):
        yield Finding("secret", str(kept), "Others on this machine can read the secret.", f"Run: chmod 600 {kept}")


def kept_private(services: Services, _now: datetime) -> Iterator[Finding]:
    """Nobody else on this machine can read the database, the attached files, or a backup beside them."""
    folder = services.settings.var
    found = [folder / "files", *folder.glob(f"*/{BACKED_UP}")]
    if is_sqlite(services):
        path = Path(place_of(services))
        # SQLite's journals, and what a restore has set aside.
        found += [path, *path.parent.glob(f"{glob.escape(path.name)}[-.]*"), *path.parent.glob(f"*/{BACKED_UP}")]
    for one in sorted(set(found)):
        if one.exists() and _others_enter(one.parent) and _open_to_others(one):
            what = "Others on this machine can read it: tickets, addresses and what signs people in."
            yield Finding("private", str(one), what, f"Run: chmod go= {shlex.quote(str(one))}")


def _open_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))


def _others_enter(folder: Path) -> bool:
    return bool(folder.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH))


def mail_server_answers(services: Services, _now: datetime) -> Iterator[Finding]:
    """The mail server takes a connection, our password and a NOOP; nothing is sent."""
    url, setting = services.settings.smtp_url, f"{PREFIX}SMTP_URL"
    if not url:
        shown = services.settings.shows_mails
        told = "mails are only shown at /support/inbox" if shown else "no mail goes out, and nobody gets a sign-in link"
        do = f"Set {setting}, as in smtp+tls://user:password@mail.example:587."
        level: Level = "warning" if shown else "problem"
        yield Finding("mail server", setting, f"No mail server is set, so {told}.", do, level)
        return
    try:
        smtp.greet(services.settings, SMTP_SECONDS)
    except (OSError, smtplib.SMTPException) as error:
        said = error.smtp_error if isinstance(error, smtplib.SMTPResponseException) else error
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        what = f"The mail server can't be used: {one_line(words)}."
        yield Finding("mail server", setting, what, "Start it, or correct the address, user and password.")


def mailbox_answers(services: Services, _now: datetime) -> Iterator[Finding]:
    """The mailbox takes our password and shows its folder; nothing is fetched."""
    setting, address = f"{PREFIX}IMAP_URL", f"{PREFIX}INCOMING_ADDRESS"
    if not services.settings.imap_url:
        return
    if not services.settings.incoming_address:
        what = "Mail is fetched, but no mail of ours says where answers go."
        yield Finding("mailbox", address, what, f"Set {address} to the address of that mailbox.", "warning")
    try:
        imap.greet(services)
    except OSError as error:
        what = f"The mailbox can't be used: {one_line(str(error))}."
        yield Finding("mailbox", setting, what, "Start its server, or correct address, user, password and folder.")


def policy_taken_up(services: Services, _now: datetime) -> Iterator[Finding]:
    """The policy file is what the running desk serves by, and can be."""
    copy = policy_in_use.copy_of(services.settings)
    if not copy.is_file() or copy.samefile(services.settings.policy):
        return
    try:
        running = load(copy)
    except PolicyError as error:
        yield Finding("policy", str(copy), f"It can't be read: {error}", "Start the desk anew: formapp serve.")
        return
    if running.version != services.policy.version:
        what = "The file was edited since the desk took it up; what runs is the version before."
        yield Finding("policy", str(services.settings.policy), what, "Take it up: formapp reload.", "warning")


def holidays_known(services: Services, now: datetime) -> Iterator[Finding]:
    """The policy's list of holidays doesn't end within the next weeks."""
    if warning := holidays_warning(services.policy.calendar, now):
        what, do = warning.split(". ", 1)
        do = f"{do} Then run: formapp reload."
        yield Finding("holidays", str(services.settings.policy), f"{what}.", do, "warning")


def closures_leave_time(services: Services, now: datetime) -> Iterator[Finding]:
    """The closures that are announced leave time in which each promise can be kept."""
    with services.read() as database:
        announced = closures.closures_known_at(database.connection(), now, now)
    if announced and not closures.leave_open_time(services.policy, announced, now):
        what = "The closures that are announced leave no open time within ten years, so no ticket can be sent."
        yield Finding("closures", "closures", what, "See formapp closure list, and cancel one: formapp closure cancel.")


def closures_told(services: Services, _now: datetime) -> Iterator[Finding]:
    """The guide's folder takes the file that tells its pages of closures."""
    site_dir = services.settings.site_dir
    if site_dir is None:
        return
    for folder in version_folders(site_dir) or (site_dir,):
        if trouble := _why_not_writable(folder):
            what = f"The guide can't be told of closures: {trouble}."
            do = "Let the desk's user write there, or leave it: the guide then shows none."
            yield Finding("closures file", str(folder / CLOSURES_FILE), what, do, "warning")
