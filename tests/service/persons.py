"""A desk on which somebody has left something everywhere, and how to look for it afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from formapp import audit, worker
from formapp.accounts import magic_links, sessions
from formapp.database.engine import Base
from formapp.models import (
    CopyInvitation,
    Membership,
    OutboxMessage,
    WebhookAttempt,
)
from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.services import Services
from formapp.tickets import copy_invitations, drafts, moving, read_marks, replies, solved, tags, triage, watching
from tests.attachments.odd_files import picture
from tests.builders import (
    NOW,
    Clock,
    CopyDesk,
    build_account,
    build_project,
    build_staff,
    file_ticket,
    keep_file,
    written,
)

EMAIL, NAME = "zoe.canary@shop.example", "Zoë Canarywood"
OPERATOR = audit.Origin(None, "command line, root")
TYPED = ("canarysubject", "canarydescription", "canaryurl", "canarypage", "canaryreply", "canarydraft", "canaryform")
ADDED = ("canarytag", "canarysolved", "canaryreason")
FILED = ("canaryfilename", "canaryfilecontent", "canarydropped", "canarydraftfile")
LATER = NOW + timedelta(days=3)


def canaries() -> Iterator[bytes]:
    """All the words that nothing may hold afterwards, as databases, JSON and files write them."""
    for word in (EMAIL, "zoe.canary", "Canarywood", *TYPED, *FILED, *ADDED):
        yield word.encode()
    yield NAME.encode()
    yield json.dumps(NAME)[1:-1].encode()


@pytest.fixture
def told(copy_desk: CopyDesk) -> Services:
    return copy_desk(tell)[0]


def tell(services: Services) -> None:
    """Zoë leaves something in every table that takes something of a person."""
    clock = Clock()
    zoe = build_account(services, EMAIL, name=NAME)
    build_project(services, "shop", EMAIL)
    ben, sam = build_account(services, "ben@shop.example", name="Ben Okafor"), build_staff(services)
    with services.write.begin() as database:
        database.add(Membership(account_id=ben.id, project_id=1, created_at=NOW))
    add_endpoint(services, "https://hooks.example/support", NOW, resolve=lambda *_: ["93.184.216.34"])
    words = {
        "subject": "canarysubject is down",
        "description": "canarydescription\nThe second line is canarydescription too",
        "url": "https://canaryurl.example/",
        "page": "/canarypage/",
        "submission": "canaryform",
        "answers": {"canarydropped": "canarydropped"},
    }
    shot = keep_file(services, "canaryfilename.png", picture("PNG")())
    note = keep_file(services, "canaryfilename.log", b"canaryfilecontent\n")
    file_ticket(services, zoe, files=(shot, note), **words)
    file_ticket(services, ben, submission="bens", subject="Bens ticket", description=f"Ask {NAME} or {EMAIL} about it")
    file_ticket(services, zoe, **{**words, "submission": "canaryform3", "subject": "canarysubject again"})
    replies.reply_as_staff(
        services, sam.id, 1, written(f"Hello {NAME},\n\n> canarydescription", "message 1"), "waiting", NOW
    )
    replies.reply_as_customer(services, zoe.id, 1, written("canaryreply to you", "message 2"), NOW)
    replies.reply_as_customer(services, zoe.id, 2, written("canaryreply to Ben, and more", "message 3"), NOW)
    replies.reply_as_customer(
        services, ben.id, 2, written("> canaryreply to Ben, and more\n\nThank you", "message 4"), NOW
    )
    replies.add_note(
        services, sam.id, 2, written(f"zoe.CANARY@shop.example knows; so does {NAME.upper()}", "message 5"), NOW
    )
    triage.assign(services, sam.id, 1, sam.email, NOW, seen=999)
    triage.close(services, sam.id, 3, NOW)
    tags.add_tag(services, sam.id, 1, "canarytag", NOW)
    solved.say_not_solved(services, zoe.id, 3, written("canarysolved is wrong", "message 6"), NOW, reopen=False)
    build_project(services, "blog", EMAIL)
    moving.move(services, sam.id, 1, "blog", NOW, seen=999, reason="canaryreason")
    watching.add_watcher(services, ben.id, 2, zoe.id, NOW)
    copy_invitations.ask(services, zoe.id, 2, "lee@agency.example", NOW)
    with services.write.begin() as database:
        asked = database.get_one(CopyInvitation, (2, "lee@agency.example"))
        # As if she had been asked herself before she was of the project.
        values = {"token_hash": "0" * 64, "invited_by_id": ben.id, "created_at": NOW, "expires_at": asked.expires_at}
        database.add(CopyInvitation(ticket_id=2, email=EMAIL, **values))
    read_marks.mark_read(services, zoe.id, 2, 3)
    magic_links.request_link(services, EMAIL, NOW, next_path="/support/tickets?canarypage")
    token = drafts.save_draft(
        services,
        zoe.id,
        {"subject": "canarydraft", "files": keep_file(services, "canarydraftfile.log", b"canarydraftfile\n")},
        NOW,
    )
    magic_links.request_link(services, EMAIL, NOW, draft_token=token)
    drafts.save_draft(services, None, {"email": "Zoe.Canary@shop.example", "subject": "canarydraft"}, NOW)
    sessions.open_session(services, zoe.id, NOW)
    audit.record_alone(services, "signed-in", audit.Origin(zoe.id, "203.0.113.7"), NOW)
    for lane in worker.lanes(services, clock):
        if lane.name in {"announcements", "clock", "rendering", "files"}:
            while lane.work():
                pass
    with services.write.begin() as database:
        database.execute(update(OutboxMessage).values(last_error=f"550 {EMAIL} is unknown"))
        webhook = database.scalars(select(OutboxMessage.id).where(OutboxMessage.channel == "webhook")).first()
        database.add(
            WebhookAttempt(
                endpoint_id=1, outbox_id=webhook, message_id="m", event="e", attempted_at=NOW, duration_ms=1,
                error=f"said {EMAIL}",
            )
        )  # fmt: skip
        database.add(
            WebhookAttempt(
                endpoint_id=1, outbox_id=None, message_id="p", event="ping", attempted_at=NOW, duration_ms=1,
                error=f"said {EMAIL}",
            )
        )  # fmt: skip


def everything(services: Services) -> bytes:
    """All that lies in the desk's folder, file by file, and all that the database says."""
    services.database.engine.dispose()
    files = b"\0".join(
        path.name.encode() + path.read_bytes() for path in services.settings.var.rglob("*") if path.is_file()
    )
    with services.read() as database:
        rows = [
            repr(tuple(row)) for table in Base.metadata.sorted_tables for row in database.execute(select(table)).all()
        ]
    return files + "\n".join(rows).encode()


def found_in(content: bytes) -> list[bytes]:
    lowered = content.lower()
    return [word for word in canaries() if word.lower() in lowered]
