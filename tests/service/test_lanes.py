"""Each lane of the worker meets what can go wrong in it: the other items go on, and so do the other lanes."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import OperationalError

from formapp import worker
from formapp.accounts import magic_links, projects, sessions
from formapp.errors import UseCaseError
from formapp.incoming_mail.receive import receive
from formapp.models import (
    Account,
    Attachment,
    ClockNotice,
    FailedWork,
    IncomingMail,
    OutboxMessage,
    SignedInSession,
    StoredPolicy,
    Ticket,
)
from formapp.notifications import outbox, webhooks
from formapp.notifications.email import smtp
from formapp.notifications.outbox import NewMessage
from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.services import Services
from formapp.tickets import drafts, replies
from formapp.tokens import hash_token
from formapp.widgets.assets import CLOSURES_FILE, SCOREBOARD_FILE
from tests.attachments.odd_files import picture
from tests.builders import NOW, Clock, build_account, build_customer, build_services, file_ticket, keep_file, written
from tests.incoming_mail.mails import build_mail
from tests.service.mailserver import DROP, HANG, MailServer
from tests.service.working import comes_true, working
from tests.webhooks.build import tell
from tests.webhooks.receiver import Receiver

LATE = NOW + timedelta(hours=3)
# A text over which the parser takes the two seconds that it may.
KINDS: Mapping[str, Callable[[], Exception]] = {
    "OSError": lambda: OSError("Ada's secret"),
    "a database error": lambda: OperationalError("SELECT 'Ada''s secret'", {}, Exception("Ada's secret")),
    "UseCaseError": lambda: UseCaseError("Ada's secret"),
    "ValueError": lambda: ValueError("Ada's secret"),
    "MemoryError": lambda: MemoryError("Ada's secret"),
    "TimeoutError": lambda: TimeoutError("Ada's secret"),
    "a child killed": lambda: ChildProcessError("Ada's secret"),
}


@dataclass
class Scene:
    """A desk with a customer, a mail server and a receiver of webhooks, and a file of each lane that goes well."""

    services: Services
    mail: MailServer
    receiver: Receiver
    ada: Account

    def good(self, address: str) -> bool:
        return any(to == address for to, _ in self.mail.arrived)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(worker, "FIRST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 2)
    site = tmp_path / "site"
    site.mkdir()
    mail, receiver = MailServer(), Receiver()
    mail.start()
    services = build_services(
        tmp_path / "var",
        smtp_url=f"smtp://127.0.0.1:{mail.port}",
        webhook_private=(ip_network("127.0.0.1/32"),),
        site_dir=site,
    )
    yield Scene(services, mail, receiver, build_customer(services))
    services.database.engine.dispose()
    receiver.close()
    mail.stop()


# What goes well in each lane: prepared before the worker runs, and how it is seen that it was done.
def sign_in_good(scene: Scene) -> Callable[[], bool]:
    build_account(scene.services, "good-link@shop.example")
    magic_links.request_link(scene.services, "good-link@shop.example", NOW)
    return lambda: scene.good("good-link@shop.example")


def mail_good(scene: Scene) -> Callable[[], bool]:
    mailed(scene, "good@shop.example")
    return lambda: scene.good("good@shop.example")


def announcement_good(scene: Scene) -> Callable[[], bool]:
    build_account(scene.services, "staff@platform.example", is_staff=True)
    number = file_ticket(scene.services, scene.ada, submission="announced", subject="Announced").ticket.id
    return lambda: any(
        row.ticket_id == number and row.recipient == "staff@platform.example" for row in rows(scene.services)
    )


def webhook_good(scene: Scene) -> Callable[[], bool]:
    number = file_ticket(scene.services, scene.ada, submission="hooked", subject="Hooked").ticket.id
    add_endpoint(scene.services, scene.receiver.url(), NOW)
    tell(scene.services, number)
    return lambda: bool(scene.receiver.received)


def clock_good(scene: Scene) -> Callable[[], bool]:
    filed = file_ticket(scene.services, scene.ada, submission="late", subject="Late", priority="critical")
    return lambda: (
        ("missed", filed.ticket.id)
        in {(notice.kind, notice.ticket_id) for notice in all_of(scene.services, ClockNotice)}
    )


def closures_good(scene: Scene) -> Callable[[], bool]:
    assert scene.services.settings.site_dir is not None
    return (scene.services.settings.site_dir / CLOSURES_FILE).is_file


def scoreboard_good(scene: Scene) -> Callable[[], bool]:
    assert scene.services.settings.site_dir is not None
    return (scene.services.settings.site_dir / SCOREBOARD_FILE).is_file


def rendering_good(scene: Scene) -> Callable[[], bool]:
    number = file_ticket(scene.services, scene.ada, submission="rendered", subject="Rendered").ticket.id
    replies.reply_as_customer(scene.services, scene.ada.id, number, written("It is down"), NOW)
    return lambda: any(
        "It is down" in (one.html or "") for one in replies.messages_of(scene.services, number, with_notes=False)
    )


def file_good(scene: Scene) -> Callable[[], bool]:
    number = attach(scene, "good.png")
    return lambda: by_number(scene.services, Attachment, number).preview == "made"


def cleaning_good(scene: Scene) -> Callable[[], bool]:
    old = keep_file(scene.services, "old.log", now=NOW - scene.services.settings.keep.staged_files - timedelta(hours=9))
    return lambda: scene.services.files.metadata(old) is None


def retention_good(scene: Scene) -> Callable[[], bool]:
    old = sessions.open_session(scene.services, scene.ada.id, NOW - timedelta(days=100))
    return lambda: hash_token(old) not in {one.token_hash for one in all_of(scene.services, SignedInSession)}


# What goes wrong in each lane by rows, files and servers as they can be: prepared, and how it ends, if that is noted.
def drops(scene: Scene) -> None:
    """An OSError: the server ends the connection; a timeout: it hangs longer than anybody waits."""
    for name, said in (("dropped", DROP), ("hangs", HANG)):
        for kind in ("link", "other"):
            scene.mail.said[f"DATA {kind}-{name}@shop.example"] = [said]
        build_account(scene.services, f"link-{name}@shop.example")
        magic_links.request_link(scene.services, f"link-{name}@shop.example", NOW)
        mailed(scene, f"other-{name}@shop.example")


def link_without_link(scene: Scene) -> None:
    """A KeyError: the row says nothing of the link."""
    enqueue(scene.services, "mail", magic_links.LINK_MAIL, "nolink@shop.example", {})


def broken_mails(scene: Scene) -> None:
    """A row that can't be read, a policy that isn't there, a date that is none, facts that are missing."""
    for name, facts in (
        ("unread", {}),
        ("policy", {"policy_version": "never stored"}),
        ("date", {"response_due": "soon", "reference": "SUP-1", "subject": "x", "project": "x", "priority": "high"}),
        ("empty", {}),
    ):
        enqueue(scene.services, "mail", "received", f"{name}@shop.example", facts)
    change(scene.services, "UPDATE outbox SET payload = '{' WHERE recipient = 'unread@shop.example'")


def broken_events(scene: Scene) -> None:
    """An event without its ticket, one without facts, one that the database refuses to spread."""
    enqueue(scene.services, "announcement", "opened", "", {"by": None, "by_staff": False, "event": 1})
    number = file_ticket(scene.services, scene.ada, submission="unspread", subject="Unspread").ticket.id
    change(
        scene.services,
        "CREATE TRIGGER unspread BEFORE INSERT ON outbox"
        f" WHEN NEW.ticket_id = {number} BEGIN SELECT RAISE(ABORT, 'Ada''s secret'); END",
    )
    enqueue(scene.services, "announcement", "opened", "", {}, "without facts")


def broken_webhooks(scene: Scene) -> None:
    """An endpoint that isn't there, one that nobody answers at, one that refuses."""
    enqueue(scene.services, webhooks.CHANNEL, "ticket.created", "999", {})
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    number, _ = add_endpoint(scene.services, f"http://127.0.0.1:{port}/", NOW)
    enqueue(scene.services, webhooks.CHANNEL, "ticket.created", str(number), {}, "nobody")


def broken_tickets(scene: Scene) -> None:
    """A policy that can't be rebuilt, and a ticket of which the database takes no notice."""
    numbers = [
        file_ticket(scene.services, scene.ada, submission=name, subject=name, priority="critical").ticket.id
        for name in ("broken policy", "refused notice")
    ]
    with scene.services.write.begin() as database:
        database.add(StoredPolicy(version="broken", canonical="{}", first_used_at=NOW))
        database.get_one(Ticket, numbers[0]).policy_version = "broken"
    refuse(scene.services, "INSERT ON clock_notices", f"NEW.ticket_id = {numbers[1]}")


def folder_in_the_way(scene: Scene, name: str = CLOSURES_FILE) -> None:
    """An OSError: where the file shall be is a folder; it goes away later."""
    assert scene.services.settings.site_dir is not None
    folder = scene.services.settings.site_dir / name
    folder.mkdir(parents=True)
    Thread(target=lambda: (Event().wait(0.5), folder.rmdir())).start()


def folder_in_the_scoreboards_way(scene: Scene) -> None:
    """The same."""
    folder_in_the_way(scene, SCOREBOARD_FILE)


def broken_messages(scene: Scene) -> None:
    """A message whose HTML the database refuses, and one whose process somebody kills."""
    number = file_ticket(scene.services, scene.ada, submission="unrendered", subject="Unrendered").ticket.id
    for body in ("Refused", "Its process is killed"):
        replies.reply_as_customer(scene.services, scene.ada.id, number, written(body), NOW)
    refuse(scene.services, "UPDATE OF html ON messages", "NEW.body = 'Refused'")


def broken_pictures(scene: Scene) -> None:
    """A picture whose file is gone, one that unfolds beyond the memory, one that is none."""
    gone = attach(scene, "gone.png")
    scene.services.files.remove(by_number(scene.services, Attachment, gone).key)
    attach(scene, "damaged.png", picture("PNG")()[:60])


def unremovable(scene: Scene) -> None:
    """An OSError: what shall go is a folder with something in it."""
    store = scene.services.settings.var / "files"
    key = keep_file(
        scene.services, "stuck.log", now=NOW - scene.services.settings.keep.staged_files - timedelta(hours=9)
    )
    path = store / key[:2] / key
    path.unlink()
    path.mkdir()
    (path / "something").write_text("in the way")


def kept_by_the_database(scene: Scene) -> None:
    """A database error: rows that are over and can't be removed."""
    drafts.save_draft(scene.services, None, {"subject": "Help"}, NOW - timedelta(days=100))
    with scene.services.write.begin() as database:
        refuses = "CREATE TRIGGER kept BEFORE DELETE ON drafts BEGIN SELECT RAISE(ABORT, 'kept'); END"
        database.connection().exec_driver_sql(refuses)


def incoming_good(scene: Scene) -> Callable[[], bool]:
    file_ticket(scene.services, scene.ada, submission="mailed", subject="Mailed")
    receive(scene.services, build_mail(subject="Re: SUP-1001", message_id="<good@shop.example>"), "pipe", NOW)
    return lambda: any(mail.state == "added" for mail in all_of(scene.services, IncomingMail))


def broken_incoming(scene: Scene) -> None:
    """A mail whose content is gone."""
    number = receive(scene.services, build_mail("Ada's secret", message_id="<bad@shop.example>"), "pipe", NOW)
    with scene.services.write.begin() as database:
        database.get_one(IncomingMail, number).raw = None


def unsent_good(scene: Scene) -> Callable[[], bool]:
    number = asked_long_ago(scene, "<unsent@shop.example>")
    return lambda: any(mail.id == number and mail.state == "added" for mail in all_of(scene.services, IncomingMail))


def unsent_broken(scene: Scene) -> None:
    """A database error: a mail that can't be changed."""
    asked_long_ago(scene, "<stuck@shop.example>")
    with scene.services.write.begin() as database:
        refuses = (
            "CREATE TRIGGER stuck BEFORE UPDATE OF state ON incoming_mails WHEN OLD.subject = 'stuck'"
            " BEGIN SELECT RAISE(ABORT, 'stuck'); END"
        )
        database.execute(update(IncomingMail).values(subject="stuck"))
        database.connection().exec_driver_sql(refuses)


def asked_long_ago(scene: Scene, message_id: str) -> int:
    number = receive(scene.services, build_mail(message_id=message_id), "pipe", NOW)
    with scene.services.write.begin() as database:
        mail = database.get_one(IncomingMail, number)
        mail.state, mail.processed_at = "asked", NOW - timedelta(days=2)
    return number


Prepare = Callable[[Scene], object]
LANES: Mapping[str, tuple[Callable[[Scene], Callable[[], bool]], tuple[Prepare, ...]]] = {
    "sign-in mail": (sign_in_good, (link_without_link, drops)),
    "mail": (mail_good, (broken_mails, drops)),
    "announcements": (announcement_good, (broken_events,)),
    **{f"webhooks {number}": (webhook_good, (broken_webhooks,)) for number in range(1, 5)},
    "incoming mail": (incoming_good, (broken_incoming,)),
    "unsent mail": (unsent_good, (unsent_broken,)),
    "clock": (clock_good, (broken_tickets,)),
    "closures": (closures_good, (folder_in_the_way,)),
    "scoreboard": (scoreboard_good, (folder_in_the_scoreboards_way,)),
    "rendering": (rendering_good, (broken_messages,)),
    "files": (file_good, (broken_pictures,)),
    "cleaning": (cleaning_good, (unremovable,)),
    "retention": (retention_good, (kept_by_the_database,)),
}
# The lanes of webhooks share their rows.
TOLD_APART = {name: rows for name, rows in LANES.items() if not name.startswith("webhooks ") or name == "webhooks 1"}


def test_every_lane_has_its_line(scene: Scene) -> None:
    assert {lane.name for lane in worker.lanes(scene.services, Clock())} == set(LANES)


@pytest.mark.parametrize("lane", TOLD_APART)
def test_what_fails_in_a_lane_holds_up_nothing_else(
    scene: Scene, lane: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for prepare in LANES[lane][1]:
        prepare(scene)
    done = {name: good(scene) for name, (good, _) in TOLD_APART.items()}
    killing = no_killing()
    if lane == "rendering":
        # A message is rendered before mails tell of it, too, which would be one of the processes that are counted.
        with scene.services.write.begin() as database:
            database.execute(delete(OutboxMessage).where(OutboxMessage.kind == "replied"))
        killing = killing_the_second(b"formapp.tickets.message_html")
    with killing, working(scene.services, LATE):
        comes_true(lambda: all(one() for one in done.values()))
        assert [name for name, one in done.items() if not one()] == []
        if lane in {"clock", "rendering"}:
            assert comes_true(lambda: len(all_of(scene.services, FailedWork)) == 2)
    said = capsys.readouterr().out
    assert "Ada's secret" not in said
    assert [row for row in rows(scene.services) if "Ada's secret" in row.last_error] == []
    noted = {row.kind: row for row in all_of(scene.services, FailedWork)}
    assert set(noted) == {"clock": {"notices"}, "rendering": {"rendering"}}.get(lane, set())
    assert all(row.given_up_at is None and row.attempts == 1 for row in noted.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_round_that_fails_is_tried_again_in_every_lane(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """What no row can provoke in a lane: its whole round fails twice."""
    done = {name: good(scene) for name, (good, _) in TOLD_APART.items()}
    real = worker.lanes

    def failing(*given: Any) -> Iterator[worker.Lane]:
        for lane in real(*given):
            yield replace(lane, work=partial(fails_twice, lane.work, KINDS[kind], []))

    monkeypatch.setattr(worker, "lanes", failing)
    with working(scene.services, LATE):
        comes_true(lambda: all(one() for one in done.values()))
        assert [name for name, one in done.items() if not one()] == []
    said = capsys.readouterr().out
    assert said.count("lane failed") == 2 * len(LANES)
    assert "Ada's secret" not in said


def fails_twice(work: Callable[[], int], error: Callable[[], Exception], before: list[int]) -> int:
    before.append(1)
    if len(before) <= 2:
        raise error()
    return work()


def mailed(scene: Scene, email: str) -> None:
    """A person whose ticket is confirmed by a mail."""
    person = build_account(scene.services, email)
    projects.add_member(scene.services, email, "shop", NOW)
    file_ticket(scene.services, person, submission="mailed", subject=f"Of {email}")


def enqueue(services: Services, channel: str, kind: str, to: str, facts: dict[str, Any], name: str = "") -> None:
    with services.write.begin() as database:
        outbox.enqueue(database, [NewMessage(channel, kind, to, facts, f"<{name or to or kind}@desk>")], NOW)


def attach(scene: Scene, name: str, content: bytes | None = None) -> int:
    token = keep_file(scene.services, name, content or picture("PNG")(), NOW)
    file_ticket(scene.services, scene.ada, submission=name, subject=name, files=(token,))
    return max(row.id for row in all_of(scene.services, Attachment))


def change(services: Services, statement: str) -> None:
    with services.write.begin() as database:
        database.execute(text(statement))


def refuse(services: Services, what: str, when: str) -> None:
    """The database itself refuses this from now on."""
    change(
        services, f"CREATE TRIGGER refused BEFORE {what} WHEN {when} BEGIN SELECT RAISE(ABORT, 'Ada''s secret'); END"
    )


def all_of(services: Services, model: Any) -> list[Any]:
    with services.read() as database:
        return list(database.scalars(select(model)))


def by_number(services: Services, model: Any, number: int) -> Any:
    with services.read() as database:
        return database.get_one(model, number)


def rows(services: Services) -> list[Any]:
    """The outbox without what rows hold that can't be read."""
    with services.read() as database:
        return list(
            database.execute(select(OutboxMessage.ticket_id, OutboxMessage.recipient, OutboxMessage.last_error)).all()
        )


@contextmanager
def no_killing() -> Iterator[None]:
    yield


@contextmanager
def killing_the_second(module: bytes) -> Iterator[None]:
    """Kills the second of this process' children of a module."""
    over, seen = Event(), set[str]()

    def look() -> None:
        while len(seen) < 2 and not over.wait(0.005):
            for thread in Path("/proc/self/task").iterdir():
                with suppress(OSError):
                    for number in (thread / "children").read_text().split():
                        if module in Path(f"/proc/{number}/cmdline").read_bytes() and number not in seen:
                            seen.add(number)
                            if len(seen) == 2:
                                os.kill(int(number), signal.SIGKILL)

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
