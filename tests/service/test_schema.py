"""The schema: migrations lead to what the models say, back again, and keep what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, MetaData, Table, func, inspect, select
from sqlalchemy.exc import IntegrityError

from formapp.database import schema
from formapp.database.engine import Base, Database, UtcDateTime, open_database
from formapp.models import NO_DEADLINE, Account, Attachment, Draft, Membership, OutboxMessage, Project, Ticket
from formapp.services import Services
from formapp.tokens import hash_token
from tests.builders import NOW, build_customer, file_ticket, keep_file, schema_differences

HOUR = timedelta(hours=1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A new database without any table."""
    opened = open_database(database_url)
    yield opened
    opened.engine.dispose()


def tables_in(database: Database) -> set[str]:
    found = set(inspect(database.engine).get_table_names()) - {"alembic_version"}
    # SQLite's own index is made of tables; without it there is none of them.
    index = {name for name in found if name.startswith("search_index")}
    return found - (index if "search_index" in index else set())


def table_now(database: Database, name: str) -> Table:
    """A table as it stands in this database, whatever revision that is at."""
    table = Table(name, MetaData(), autoload_with=database.engine)
    for column in table.columns:
        if column.type.python_type is datetime:
            column.type = UtcDateTime()
    return table


def insert_into(database: Database, name: str, *rows: dict[str, Any]) -> None:
    table = table_now(database, name)
    with database.write.begin() as session:
        session.connection().execute(table.insert(), rows)


def rows_of(database: Database, name: str) -> list[dict[str, Any]]:
    table = table_now(database, name)
    with database.engine.connect() as connection:
        found = connection.execute(select(table).order_by(*table.primary_key.columns))
        return [dict(row) for row in found.mappings()]


def test_migrations_lead_to_the_models_and_back_to_nothing(database: Database) -> None:
    for _ in range(2):
        schema.upgrade(database)
        assert schema.current_revision(database) == schema.newest_revision()
        assert schema_differences(database) == []
        assert tables_in(database) == set(Base.metadata.tables)
        schema.downgrade(database, "base")
        assert tables_in(database) == set()
        assert schema.current_revision(database) is None


# Those that were taken everywhere long ago don't change any more.
NEWEST, ALL = 4, 999


@pytest.mark.parametrize("many", [NEWEST, pytest.param(ALL, marks=pytest.mark.nightly)])
def test_each_revision_can_be_taken_back_by_itself(database: Database, many: int) -> None:
    schema.upgrade(database)
    newest = int(schema.newest_revision())
    for revision in range(newest - 1, max(0, newest - 1 - many), -1):
        schema.downgrade(database, f"{revision:04}")
        assert schema.current_revision(database) == f"{revision:04}"
        schema.upgrade(database)
        assert schema_differences(database) == []


def test_an_upgrade_of_what_is_new_already_changes_nothing(services: Services) -> None:
    ada = build_customer(services)
    file_ticket(services, ada)
    before = rows_of(services.database, "tickets")
    schema.upgrade(services.database)
    assert rows_of(services.database, "tickets") == before


def test_checks_are_the_models_too(services: Services) -> None:
    """Alembic compares no CHECKs, so a migration could forget one unseen."""
    found = inspect(services.database.engine)
    for name, table in Base.metadata.tables.items():
        meant = {str(one.name) for one in table.constraints if isinstance(one, CheckConstraint)}
        assert {one["name"] for one in found.get_check_constraints(name)} == meant, name


def test_every_column_says_what_it_holds() -> None:
    silent = [
        f"{table}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if not column.comment
    ]
    assert silent == []


def test_every_constraint_has_a_name_in_the_database(services: Services) -> None:
    found = inspect(services.database.engine)
    for table, model in Base.metadata.tables.items():
        names = [found.get_pk_constraint(table)["name"]]
        if found.dialect.name == "sqlite" and model.dialect_options["sqlite"]["autoincrement"]:
            # SQLAlchemy writes the key of such a table beside its column, without a name.
            names = [f"pk_{table}"]
        names += [one["name"] for one in found.get_unique_constraints(table)]
        names += [one["name"] for one in found.get_foreign_keys(table)]
        names += [one["name"] for one in found.get_check_constraints(table)]
        assert all(names), f"{table}: {names}"
        assert names[0] == f"pk_{table}"


def first_ticket(number: int, response: datetime | None, resolution: datetime | None, state: str) -> dict[str, Any]:
    """A ticket's row as the first revision has it."""
    return {
        "id": number,
        "project_id": 1,
        "account_id": 1,
        "subject": f"Subject {number} 🙂",
        "url": "",
        "description": "one\n\ntwo",
        "priority": "high",
        "recommended": "",
        "answers": {"need": "broken"},
        "rule": "",
        "policy_version": "v1",
        "page": "",
        "state": state,
        "opened_at": NOW + number * timedelta(minutes=1),
        "response_due_at": response,
        "resolution_due_at": resolution,
        "submission": f"form-{number}",
        "digest": "d" * 64,
    }


FIRST_TICKETS = (
    first_ticket(1, NOW + HOUR, NOW + 4 * HOUR, "open"),
    first_ticket(2, None, NOW + 4 * HOUR, "waiting"),
    first_ticket(3, None, None, "open"),
    first_ticket(4, NOW + HOUR, None, "closed"),
)


def fill_first_schema(database: Database) -> None:
    """A desk at the first revision, with a ticket of each sort and what hangs on them."""
    schema.upgrade(database, "0001")
    account = {"id": 1, "email": "ada@shop.example", "name": "Ada", "is_staff": False, "disabled_at": None}
    project = {"id": 1, "key": "shop", "name": "Riverside Shop", "plan": "Standard", "is_active": True}
    insert_into(database, "accounts", {**account, "created_at": NOW})
    insert_into(database, "projects", {**project, "created_at": NOW})
    insert_into(database, "memberships", {"account_id": 1, "project_id": 1, "created_at": NOW})
    insert_into(database, "policies", {"version": "v1", "canonical": "{}", "first_used_at": NOW})
    insert_into(database, "tickets", *FIRST_TICKETS)
    event = {"ticket_id": 1, "kind": "opened", "account_id": 1, "at": NOW, "details": {"priority": "high"}}
    insert_into(database, "events", {**event, "id": 1, "sequence": 1}, {**event, "id": 2, "sequence": 2})
    mail = {
        "id": 1,
        "channel": "mail",
        "kind": "received",
        "ticket_id": 1,
        "recipient": "ada@shop.example",
        "payload": {"subject": "Subject 1"},
        "message_id": "<1@x>",
        "state": "due",
        "attempts": 3,
        "created_at": NOW,
        "next_attempt_at": NOW + HOUR,
        "lease": None,
        "leased_until": None,
        "finished_at": None,
        "last_error": "450 busy",
    }
    insert_into(database, "outbox", mail)


def test_an_upgrade_keeps_every_row_of_the_first_schema(database: Database) -> None:
    fill_first_schema(database)
    before = {name: rows_of(database, name) for name in tables_in(database)}

    schema.upgrade(database)
    for name, rows in before.items():
        after = rows_of(database, name)
        assert len(after) == len(rows), name
        assert [{**new, **old} for old, new in zip(rows, after, strict=True)] == after, name
    assert schema_differences(database) == []

    schema.downgrade(database, "0001")
    assert {name: rows_of(database, name) for name in tables_in(database)} == before


def test_an_upgrade_fills_what_the_first_schema_did_not_know(database: Database) -> None:
    fill_first_schema(database)
    schema.upgrade(database)
    with database.read() as session:
        tickets = list(session.scalars(select(Ticket).order_by(Ticket.id)))
    assert [one.queue_at for one in tickets] == [NOW + HOUR, NOW + 4 * HOUR, NO_DEADLINE, NOW + HOUR]
    assert [one.closed_at is None for one in tickets] == [True, True, True, False]
    # The clock looks at each open one soon.
    assert [one.notice_at is None for one in tickets] == [False, False, False, True]
    assert all(one.notice_at is None or one.notice_at <= NOW + HOUR for one in tickets)


BROKEN: tuple[tuple[type[Base], dict[str, Any], str], ...] = (
    (Ticket, {"state": "lost"}, "ck_tickets_state_known"),
    (Ticket, {"subject": ""}, "ck_tickets_subject_not_empty"),
    (Ticket, {"description": ""}, "ck_tickets_description_not_empty"),
    (Ticket, {"response_due_at": NOW - HOUR}, "ck_tickets_response_after_opening"),
    (Ticket, {"state": "closed"}, "ck_tickets_closed_at_when_closed"),
    (Ticket, {"closed_at": NOW}, "ck_tickets_closed_at_when_closed"),
    (Ticket, {"merged_into_id": 1}, "ck_tickets_merged_is_closed"),
    (OutboxMessage, {"state": "lost"}, "ck_outbox_state_known"),
    (Account, {"email": "Ada@shop.example"}, "ck_accounts_email_lower"),
    (Attachment, {"name": ""}, "ck_attachments_name_not_empty"),
    (Attachment, {"size": 0}, "ck_attachments_size_counted"),
    (Attachment, {"digest": "abc"}, "ck_attachments_digest_whole"),
    (Attachment, {"scan": "lost"}, "ck_attachments_scan_known"),
    (Attachment, {"preview": "lost"}, "ck_attachments_preview_known"),
    (Attachment, {"attempts": -1}, "ck_attachments_attempts_counted"),
)


def test_the_database_itself_refuses_what_must_never_be(services: Services) -> None:
    file_ticket(services, build_customer(services), files=(keep_file(services),))
    for model, values, constraint in BROKEN:
        with pytest.raises(IntegrityError) as refused, services.write.begin() as session:
            session.execute(Base.metadata.tables[model.__tablename__].update().values(values))
        assert constraint in str(refused.value.orig)


def test_no_row_may_refer_to_nothing(services: Services) -> None:
    ada = build_customer(services)
    file_ticket(services, ada)
    for model, values in ((Ticket, {"account_id": 99}), (Ticket, {"assignee_id": 99}), (Membership, {"project_id": 9})):
        with pytest.raises(IntegrityError), services.write.begin() as session:
            session.execute(Base.metadata.tables[model.__tablename__].update().values(values))
    with pytest.raises(IntegrityError), services.write.begin() as session:
        session.execute(Base.metadata.tables["projects"].delete())
    with services.read() as session:
        assert session.scalar(select(func.count()).select_from(Project)) == 1


def test_an_instant_without_a_zone_is_refused_and_any_zone_comes_back_as_utc(services: Services) -> None:
    ada = build_customer(services)
    with pytest.raises(ValueError, match="no time zone"):
        UtcDateTime().process_bind_param(NOW.replace(tzinfo=None), services.database.engine.dialect)
    with services.read() as session:
        kept = session.get_one(Account, ada.id).created_at
    assert (kept, kept.utcoffset()) == (NOW, timedelta(0))


def test_an_upgrade_gives_waiting_drafts_to_the_accounts_of_their_links(database: Database) -> None:
    """What waits behind a link at that moment stays one press away; what nobody's link leads to opens for nobody."""
    schema.upgrade(database, "0007")
    account = {"id": 7, "email": "ada@shop.example", "name": "Ada", "is_staff": False, "disabled_at": None}
    insert_into(database, "accounts", {**account, "created_at": NOW})
    times = {"created_at": NOW, "expires_at": NOW + HOUR}
    for token in ("ticket", "reply", "lost"):
        draft = {"token_hash": hash_token(token), "fields": {"body": token}, "digest": "d" * 64}
        insert_into(database, "drafts", {**draft, **times})
    for number, (token, path) in enumerate((("ticket", ""), ("", "/support/tickets/SUP-1001?draft=reply"), ("", ""))):
        link = {"token_hash": f"{number:064}", "account_id": 7, "draft_token": token, "next_path": path}
        insert_into(database, "signin_links", {**link, **times, "used_at": None})
    schema.upgrade(database)
    with database.read() as session:
        owners = {draft.fields["body"]: draft.account_id for draft in session.scalars(select(Draft))}
    assert owners == {"ticket": 7, "reply": 7, "lost": None}
