"""A desk with as many tickets as wanted, made inside the database: every third open, most closed, some late."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Index, text
from sqlalchemy.orm import Session

from formapp.accounts import accounts, projects
from formapp.database import schema
from formapp.database.engine import Base
from formapp.models import Ticket
from formapp.policies import store_policy
from formapp.services import Services, make_services
from formapp.settings import Settings

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
POLICY = Path(__file__).resolve().parents[2] / "support-policy.yml"
PROJECTS = 20
STAFF = 10
# i runs from 1; h is a number without pattern, from 0 to 999,999.
NUMBERS = {
    "sqlite": "WITH RECURSIVE counted(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < :count)",
    "postgresql": "WITH counted(i) AS (SELECT generate_series(1, CAST(:count AS bigint)))",
}
# Minutes after the present, in the database's own way of storing an instant.
INSTANT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', '2026-11-24 14:00:00', ({minutes}) || ' minutes')",
    "postgresql": "timestamptz '2026-11-24 14:00:00+00' + ({minutes}) * interval '1 minute'",
}
TICKETS = """
{numbers},
mixed AS (SELECT i, (i * 7919 + i / 7) % 1000000 AS h FROM counted),
drawn AS (
    SELECT i, h, CASE WHEN h % 10 < 3 THEN 'open' WHEN h % 10 < 4 THEN 'waiting' ELSE 'closed' END AS state,
        CASE WHEN h % 97 < 5 THEN 'critical' WHEN h % 97 < 25 THEN 'high' WHEN h % 97 < 75 THEN 'normal' ELSE 'low' END
            AS priority
    FROM mixed
)
INSERT INTO tickets (project_id, account_id, subject, url, description, priority, recommended, answers, rule,
    policy_version, page, state, opened_at, response_due_at, resolution_due_at, submission, digest, answered_at,
    closed_at, merged_into_id, assignee_id, queue_at, notice_at)
SELECT h % {projects} + 1, 1, 'Order ' || i || ' fails', '', 'It says 502 where a receipt should be. ' || h, priority,
    '', '{{}}', '', :version, '', state, {opened}, CASE WHEN priority = 'low' THEN NULL ELSE {due} END, NULL,
    'form-' || i, 'digest-' || i, NULL, CASE WHEN state = 'closed' THEN {closed} END, NULL,
    CASE WHEN h % 3 = 0 THEN h % {staff} + 2 END,
    CASE WHEN state = 'closed' THEN {closed} WHEN state = 'waiting' OR priority = 'low' THEN {far} ELSE {due} END, NULL
FROM drawn
"""
# One of ten tickets has a common tag, one of two hundred a rare one.
TAGS = """
INSERT INTO ticket_tags (ticket_id, tag)
SELECT id, 'common' FROM tickets WHERE id % 10 = 0 UNION ALL SELECT id, 'rare' FROM tickets WHERE id % 200 = 0
"""
MESSAGES = """
INSERT INTO messages (ticket_id, account_id, by_staff, kind, body, html, at, submission)
SELECT id, 1, {no}, 'reply', 'Thank you', '<p>Thank you</p>', opened_at, 'reply-' || id FROM tickets WHERE id % 4 = 0
"""


def build_desk(folder: Path, url: str, count: int) -> Services:
    """A migrated database with ``count`` tickets, its statistics gathered as a running one's would be."""
    services = make_services(Settings(database_url=url, secret_key="x" * 40, policy=POLICY, var=folder))
    schema.upgrade(services.database)
    accounts.add_account(services, "ada@shop.example", "Ada Martin", NOW)
    for number in range(STAFF):
        accounts.add_account(services, f"staff{number}@platform.example", f"Staff {number}", NOW, is_staff=True)
    for number in range(PROJECTS):
        projects.add_project(services, f"project-{number}", f"Project {number}", "Standard", NOW)
    indexes = [index for index in Base.metadata.tables[Ticket.__tablename__].indexes if not index.unique]
    with services.write.begin() as database:
        store_policy(database.connection(), services.policy, NOW)
        _fill(database, indexes, services.policy.version, count)
    with services.database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE" if connection.dialect.name == "sqlite" else "VACUUM ANALYZE")
    return services


def _fill(database: Session, indexes: list[Index], version: str, count: int) -> None:
    make = database.get_bind().dialect.name
    instant = INSTANT[make].format
    for index in indexes:
        index.drop(database.connection())
    statement = TICKETS.format(
        numbers=NUMBERS[make],
        projects=PROJECTS,
        staff=STAFF,
        opened=instant(minutes="-(h % 500000) - 60"),
        due=instant(minutes="h % 40000 - 2000"),
        closed=instant(minutes="-(h % 500000)"),
        far="'9999-12-31 00:00:00.000000'" if make == "sqlite" else "timestamptz '9999-12-31 00:00:00+00'",
    )
    # Due dates before the opening are of no matter here, but the schema rightly refuses them.
    statement = statement.replace("THEN NULL ELSE", "OR h % 40000 < 2000 THEN NULL ELSE", 1)
    database.execute(text(statement.replace("\\:", ":")), {"count": count, "version": version})
    database.execute(text(TAGS))
    database.execute(text(MESSAGES.format(no="0" if make == "sqlite" else "false")))
    for index in indexes:
        index.create(database.connection())
