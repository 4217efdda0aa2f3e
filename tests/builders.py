"""One builder for each thing that tests need; a test names only what it is about."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select

from formapp.accounts import accounts, projects
from formapp.attachments.upload import Upload
from formapp.database import schema
from formapp.database.engine import Base, Database, open_database
from formapp.models import Account, OutboxMessage
from formapp.notifications import outbox
from formapp.services import Services
from formapp.settings import Settings
from formapp.storage import open_file_store
from formapp.tickets import create
from formapp.tickets.create import Filed
from formapp.tickets.replies import MessageInput
from formapp.tickets.ticket_input import TicketInput
from supportpolicy import Policy, Recommendation, load, loads

REPOSITORY = Path(__file__).resolve().parent.parent
POLICY = REPOSITORY / "support-policy.yml"
# A Tuesday, 15:00 in Paris, while support is open.
NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
# Why staff correct an answer.
REASON = "There is a workaround that holds."
Row = TypeVar("Row", bound=Base)
# Gives a desk on which a function has been called, with what that returned; the fixture of this name makes it.
CopyDesk = Callable[[Callable[[Services], Any]], tuple[Services, Any]]
# Answers to the chooser with what they lead to; enumerated once, by the fixture of this name.
Combinations = tuple[tuple[dict[str, str], Recommendation], ...]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def build_settings(folder: Path, database_url: str = "", **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "database_url": database_url or f"sqlite:///{folder / 'desk.sqlite3'}",
        "secret_key": "a secret for tests that is long enough",
        "policy": POLICY,
        "var": folder,
        "files_shared": True,
        # Tests read mails there; on a public address it isn't to be had.
        "dev_inbox": not changes.get("base_url", "").startswith("https://"),
    }
    return Settings(**{**values, **changes})


@cache
def build_policy(path: Path = POLICY) -> Policy:
    """The policy of a file that doesn't change; proving it takes longer than most stories, so each is loaded once."""
    return load(path)


def edited_policy(*edits: tuple[str, str]) -> Policy:
    """The project's own policy with some of its text, each once, in other words."""
    text = POLICY.read_text("utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return loads(text)


@cache
def migrated_sqlite() -> bytes:
    """An SQLite file without rows at the newest revision, to be written where a desk needs one."""
    with TemporaryDirectory(prefix="support-migrated-") as folder:
        path = Path(folder) / "desk.sqlite3"
        database = open_database(f"sqlite:///{path}")
        schema.upgrade(database)
        # The last connection's end brings the log's pages into the file.
        database.engine.dispose()
        return path.read_bytes()


def build_services(folder: Path, database_url: str = "", **changes: Any) -> Services:
    """A desk with a new SQLite file without rows, or on a migrated database of this URL."""
    settings = build_settings(folder, database_url, **changes)
    if settings.database_url.startswith("sqlite:///"):
        settings.var.mkdir(parents=True, exist_ok=True)
        with Path(settings.database_url.removeprefix("sqlite:///")).open("xb") as file:
            file.write(migrated_sqlite())
    return open_services(settings)


def open_services(settings: Settings) -> Services:
    """A desk on the database that is there."""
    files = open_file_store(settings.files, settings.var)
    return Services(settings, open_database(settings.database_url), build_policy(settings.policy), files)


def build_account(
    services: Services, email: str = "ada@shop.example", *, name: str = "Ada Martin", is_staff: bool = False
) -> Account:
    return accounts.add_account(services, email, name, NOW, is_staff=is_staff)


def build_project(
    services: Services, key: str = "shop", *members: str, name: str = "Riverside Shop", plan: str = "Standard"
) -> str:
    """An active project with these members (addresses of accounts); returns its key."""
    projects.add_project(services, key, name, plan, NOW)
    for email in members:
        projects.add_member(services, email, key, NOW)
    return key


def build_customer(services: Services, email: str = "ada@shop.example", project: str = "shop") -> Account:
    """A person who is in one project."""
    account = build_account(services, email)
    build_project(services, project, email)
    return account


def build_staff(services: Services, email: str = "sam@platform.example", *, name: str = "Sam Rivera") -> Account:
    """A person who works at the desk."""
    return build_account(services, email, name=name, is_staff=True)


def build_manager(services: Services, email: str = "mia@platform.example", *, name: str = "Mia Brandt") -> Account:
    """A person who works at the desk and manages people and projects."""
    account = build_account(services, email, name=name, is_staff=True)
    accounts.set_manages_people(services, email, True, NOW)
    return account


def written(body: str, submission: str = "", seen: int | None = None) -> MessageInput:
    """A reply or note as its form sends it; the form's id follows from the text."""
    return MessageInput(body, submission or f"form of {body[:60]}", seen)


def ticket_input(**changes: Any) -> TicketInput:
    values: dict[str, Any] = {
        "project": "shop",
        "subject": "Checkout fails",
        "url": "https://shop.example/checkout",
        "description": "1. Put a book into the cart.\n2. Press Pay.\n\nExpected: a receipt. Seen: Error 502.",
        "priority": "high",
        "submission": "form-1",
    }
    return TicketInput(**{**values, **changes})


def file_ticket(services: Services, account: Account, now: datetime = NOW, **changes: Any) -> Filed:
    return create.create_ticket(services, account.id, ticket_input(**changes), now)


def keep_file(
    services: Services, name: str = "error.log", content: bytes = b"Error 502 at 14:00\n", now: datetime = NOW
) -> str:
    """Upload a file that then waits to be attached; its token."""
    upload = Upload(services, name, services.policy.form.attachments.size)
    upload.write(content)
    return upload.finish(now).token


def stored(services: Services, model: type[Row]) -> list[Row]:
    """All rows of a model, in the order of their keys."""
    with services.read() as database:
        return list(database.scalars(select(model).order_by(*model.__mapper__.primary_key)))


def build_message(kind: str = "received", recipient: str = "ada@shop.example", **facts: Any) -> OutboxMessage:
    """A mail's outbox row as it would come from the database, with all the facts that any mail tells."""
    every_fact: dict[str, Any] = {
        "reference": "SUP-1042",
        "subject": "Checkout fails",
        "description": "1. Put a book into the cart.\n2. Press Pay.\n\nExpected: a receipt. Seen: Error 502.",
        "project": "Riverside Shop",
        "priority": "high",
        "response_due": (NOW + timedelta(days=1)).isoformat(),
        "state": "open",
        "by_name": "Sam Rivera",
    }
    return OutboxMessage(
        id=7,
        channel="mail",
        kind=kind,
        recipient=recipient,
        payload={**every_fact, **facts},
        message_id="<SUP-1042.1.received@127.0.0.1>",
        created_at=NOW,
        state="due",
        attempts=0,
    )


def write_mail(
    services: Services, recipient: str = "ada@shop.example", ticket_id: int | None = None, now: datetime = NOW
) -> int:
    """Put a mail into the outbox by itself; the number of its row."""
    message_id = f"<{secrets.token_hex(8)}@127.0.0.1>"
    facts = {"contact": "support@platform.example"}
    with services.write.begin() as database:
        outbox.enqueue_mail(database, "unknown-address", recipient, facts, message_id, now, ticket_id)
        number = database.scalar(select(OutboxMessage.id).where(OutboxMessage.message_id == message_id))
    assert number is not None
    return number


def schema_differences(database: Database) -> list[object]:
    """How a database differs from the models; empty where the migrations are complete."""
    with database.engine.connect() as connection:
        # What search looks into is of each database's own make: tables of FTS5, indexes over expressions.
        own = {"include_object": lambda _item, name, *_: not (name or "").startswith("search_index")}
        context = MigrationContext.configure(connection, opts={"compare_type": True, **own})
        return list(compare_metadata(context, Base.metadata))
