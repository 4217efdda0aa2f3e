"""A real mail server in front of the desk: Exim pipes each mail into it, as the handbook tells operators to."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import pytest

from formapp.incoming_mail import processing
from formapp.incoming_mail.receive import LARGEST
from formapp.models import Account, Attachment, IncomingMail, Message, Ticket
from formapp.notifications.email.reply_address import reply_address
from formapp.services import Services, utc_now
from tests.builders import POLICY, REPOSITORY, build_customer, build_services, file_ticket, stored
from tests.deploy.conftest import DEPLOY, changed
from tests.documents import blocks
from tests.incoming_mail.exim import Exim
from tests.incoming_mail.mails import ADDRESS, PNG, build_mail, reading_mail
from tests.nobody import NOBODY, python_for_nobody
from tests.serving.conftest import wait_until

HANDBOOK = (REPOSITORY / "docs/handbook/for-operators.md").read_text("utf-8")


@dataclass
class Scene:
    """A desk without a running process, and Exim that pipes into it what comes by SMTP."""

    services: Services
    exim: Exim
    program: Path
    ada: Account
    ticket: Ticket

    @property
    def own_address(self) -> str:
        """The address at which Ada alone answers about her ticket."""
        return reply_address(ADDRESS, self.services.settings.secret_key, self.ticket.id, self.ada.email)

    def taken(self) -> list[IncomingMail]:
        """The mails that the desk has, each processed as far as it goes."""
        while processing.process_next(self.services, utc_now):
            pass
        return stored(self.services, IncomingMail)

    @contextmanager
    def away(self) -> Iterator[None]:
        """While the database can't be opened."""
        folder = self.services.settings.var
        self.services.database.engine.dispose()
        folder.rename(folder.with_name("away"))
        folder.touch()
        try:
            yield
        finally:
            folder.unlink()
            folder.with_name("away").rename(folder)


def sections() -> tuple[str, str]:
    """Exim's router and transport as the handbook has them, with our domain."""
    router, transport = (text for _, text in blocks(HANDBOOK) if text.startswith("support_desk:\n"))
    return changed(router, ("example.com", "help.example")), transport


@cache
def command_of_the_desk() -> str:
    """What starts ``formapp`` for the user whom Exim delivers for."""
    found_in = {
        "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{Path(click.__file__).parents[1]}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    python = python_for_nobody(Path("/"), found_in) if os.geteuid() == 0 else sys.executable
    return " ".join([*(f"{name}={value}" for name, value in found_in.items()), python, "-m formapp"])


@pytest.fixture
def scene() -> Iterator[Scene]:
    with TemporaryDirectory(prefix="support-pipe-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        services = reading_mail(build_services(folder / "var"))
        ada = build_customer(services)
        ticket = file_ticket(services, ada).ticket
        services.database.engine.dispose()
        user = NOBODY if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        for path in (services.settings.var, *services.settings.var.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)
        policy = shutil.copy(POLICY, folder / "support-policy.yml")
        program = folder / "receive-mail"
        program.write_text(
            changed(
                (DEPLOY / "receive-mail").read_text("utf-8"),
                ("/var/lib/support-desk", str(services.settings.var)),
                ("/etc/support-desk/support-policy.yml", str(policy)),
                ("/opt/support-desk/bin/formapp", command_of_the_desk()),
            )
        )
        program.chmod(0o755)
        router, transport = sections()
        place = (("/etc/support-desk/receive-mail", str(program)), ("user = support-desk", f"user = {user.pw_name}"))
        (folder / "exim").mkdir()
        exim = Exim(folder / "exim", router, changed(transport, *place))
        try:
            yield Scene(services, exim, program, ada, ticket)
        finally:
            exim.stop()
            services.database.engine.dispose()


def test_a_mail_comes_by_smtp_and_joins_its_ticket_with_its_files(scene: Scene) -> None:
    files = (("screen.png", "image/png", PNG),)
    scene.exim.send(build_mail("Größer.\n.\n..\nFrom here on.", to=scene.own_address, files=files), scene.own_address)
    scene.exim.emptied()
    (mail,) = scene.taken()
    assert (mail.door, mail.state, mail.reason, mail.confirmed) == ("pipe", "added", "", True)
    (message,) = stored(scene.services, Message)
    assert (message.ticket_id, message.account_id) == (scene.ticket.id, scene.ada.id)
    assert message.body == "Größer.\n.\n..\nFrom here on."
    assert [file.name for file in stored(scene.services, Attachment)] == ["screen.png"]


def test_while_the_desk_is_away_the_mail_server_keeps_a_mail_and_then_it_is_taken_once(scene: Scene) -> None:
    """Whom it is for says the envelope alone, as of a blind copy."""
    content = build_mail(to="undisclosed-recipients:;")
    hidden = scene.program.rename(scene.program.with_name("moved"))
    scene.exim.send(content, scene.own_address)
    wait_until(lambda: scene.exim.times(" defer "), "it is kept while the program isn't there")
    with scene.away():
        hidden.rename(scene.program)
        wait_until(lambda: "can't be stored now" in scene.exim.logged(), "it is kept while the database isn't there")
    scene.exim.emptied()
    # Its sender's server didn't hear that it was taken, and sends it again.
    scene.exim.send(content, scene.own_address)
    scene.exim.emptied()
    assert [(mail.state, mail.confirmed) for mail in scene.taken()] == [("added", True)]
    assert len(stored(scene.services, Message)) == 1
    assert not scene.exim.outside.exists()


def test_what_is_held_or_set_aside_is_taken_and_nothing_of_it_goes_back(scene: Scene) -> None:
    """A report without a word of what it is has no sender on its envelope, which the mail server tells."""
    scene.exim.send(build_mail(sender="Lee <lee@elsewhere.example>"), ADDRESS, sender="lee@elsewhere.example")
    scene.exim.emptied()
    away = build_mail("I am away.", sender="ada@shop.example", to=scene.own_address, message_id="<away@shop.example>")
    scene.exim.send(away, scene.own_address, sender="")
    scene.exim.emptied()
    assert [(mail.state, mail.reason) for mail in scene.taken()] == [
        ("held", "unknown-sender"),
        ("ignored", "automatic"),
    ]
    assert stored(scene.services, Message) == []
    assert not scene.exim.outside.exists()


def test_what_is_too_large_is_told_to_its_sender_once_and_no_loop_comes_of_it(scene: Scene) -> None:
    """It seems to come from the desk itself, which then is told: a mail that nobody answers."""
    large = build_mail() + (b"x" * 74 + b"\r\n") * (LARGEST // 76 + 8_000)
    scene.exim.send(large, ADDRESS, sender=ADDRESS)
    scene.exim.emptied()
    (told,) = scene.taken()
    assert (told.state, "The message is larger than 35 MB" in told.raw.decode()) == ("bounce", True)
    assert not scene.exim.outside.exists()


def test_eight_mails_at_once_are_each_taken_once(scene: Scene) -> None:
    contents = [build_mail(f"Word {number}", message_id=f"<{number}@shop.example>") for number in range(8)]
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(lambda content: scene.exim.send(content, scene.own_address), contents))
    scene.exim.emptied()
    words = [mail.raw.rpartition(b"\n\n")[2].strip() for mail in stored(scene.services, IncomingMail)]
    assert sorted(words) == [b"Word %d" % number for number in range(8)]
    assert not scene.exim.outside.exists()


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("exit 0", 0),
        ("exit 65", 65),
        ("exit 75", 75),
        # A release that is just being installed, a program that isn't there, one that was killed.
        ("exit 1", 75),
        ("exec /nowhere/formapp", 75),
        ("kill -KILL $$", 75),
        # All is ended, as a service that stops.
        ("kill -TERM $PPID; exit 0", 75),
    ],
)
def test_a_mail_server_gives_back_only_what_the_desk_never_takes(tmp_path: Path, ending: str, told: int) -> None:
    program, desk = tmp_path / "receive-mail", tmp_path / "formapp"
    desk.write_text(f"#!/bin/sh\n{ending}\n")
    desk.chmod(0o755)
    program.write_text(
        changed((DEPLOY / "receive-mail").read_text("utf-8"), ("/opt/support-desk/bin/formapp", str(desk)))
    )
    assert subprocess.run(["sh", program], check=False, stderr=subprocess.DEVNULL).returncode == told
