"""``formapp doctor``: a sound desk is called sound, and each thing that can be wrong is found, named and told."""

from __future__ import annotations

import json
import shlex
import socket
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, make_url, text

from formapp import worker
from formapp.database import schema
from formapp.database.engine import open_database, sqlite_driver
from formapp.notifications import outbox
from formapp.notifications.outbox import Outcome
from formapp.operations import doctor
from formapp.operations.doctor import Finding
from formapp.services import Services, utc_now
from formapp.tickets import replies, sla, triage
from supportpolicy import load
from tests.builders import NOW, REASON, Clock, CopyDesk, build_customer, build_staff, file_ticket, write_mail, written
from tests.service.test_cli import Operator, operator
from tests.service.test_smtp import running


def found(services: Services, **changes: Any) -> list[Finding]:
    """What the doctor finds, but for the warning that no mail server is set."""
    changed = replace(services, settings=replace(services.settings, **changes)) if changes else services
    report = doctor.examine(changed, NOW)
    return [one for one in report.findings if one.where != "FORMAPP_SMTP_URL" or "smtp_url" in changes]


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    finding = findings[0]
    assert finding.what.endswith((".", ")"))
    assert finding.do
    return finding


def change(services: Services, *statements: str) -> None:
    """Do to the database what no use case does."""
    sqlite = services.database.engine.dialect.name == "sqlite"
    with services.database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        if sqlite:
            raw.execute("PRAGMA foreign_keys=OFF")
        else:
            connection.execute(text("SET session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))
        connection.commit()
        if sqlite:
            raw.execute("PRAGMA foreign_keys=ON")
        else:
            connection.execute(text("SET session_replication_role = DEFAULT"))
            connection.commit()


__all__ = ["operator"]


@pytest.fixture
def used(copy_desk: CopyDesk) -> Services:
    return copy_desk(use)[0]


def use(services: Services) -> None:
    """Everything that leaves rows happens on a desk."""
    ada, sam = build_customer(services), build_staff(services)
    for number in range(4):
        file_ticket(services, ada, subject=f"Number {number}", submission=f"form-{number}")
    worker.run_once(services, Clock())
    replies.reply_as_staff(services, sam.id, 1, written("What do you see?"), "waiting", NOW)
    replies.reply_as_customer(services, ada.id, 1, written("Error 502"), NOW)
    replies.add_note(services, sam.id, 1, written("The proxy again"), NOW)
    triage.correct_answers(services, sam.id, 2, {"need": "question"}, NOW, seen=1, reason=REASON)
    triage.merge(services, sam.id, 2, "SUP-1001", NOW)
    triage.close(services, sam.id, 3, NOW)
    triage.reopen(services, ada.id, 3, NOW)
    sla.record_due_notices(services, Clock(NOW + timedelta(days=9)))
    worker.run_once(services, Clock())


def test_a_desk_in_use_is_sound(used: Services) -> None:
    report = doctor.examine(used, NOW)
    assert (report.sound, [one.where for one in report.findings]) == (True, ["FORMAPP_SMTP_URL"])
    assert len(report.checks) == len(set(report.checks)) >= 16


HALVES = (
    ("DELETE FROM events WHERE ticket_id = 4", ("tickets", "SUP-1004", "first event")),
    (
        "DELETE FROM outbox WHERE ticket_id = 4 AND channel = 'mail' AND kind = 'received'",
        ("tickets", "SUP-1004", "confirmation"),
    ),
    ("DELETE FROM outbox WHERE ticket_id = 4 AND channel = 'announcement'", ("tickets", "SUP-1004", "announcement")),
    ("UPDATE events SET sequence = 50 WHERE ticket_id = 1 AND sequence = 2", ("events", "SUP-1001", "without a gap")),
    ("DELETE FROM messages WHERE kind = 'reply' AND by_staff", ("messages", "SUP-1001", "(reply)")),
    ("UPDATE events SET kind = 'other' WHERE kind = 'noted'", ("messages", "SUP-1001", "(note)")),
    (
        "UPDATE tickets SET project_id = 99 WHERE id = 3",
        ("foreign keys", "tickets 3", "by project_id to a row of projects"),
    ),
    ("UPDATE policies SET canonical = '{}'", ("policies", "", "can't be rebuilt. Reading it fails: ")),
    (
        "UPDATE outbox SET lease = 'x', leased_until = NULL, state = 'due' WHERE id = 1",
        ("leases", "outbox 1, mail received about SUP-1001", "without an end"),
    ),
    (
        "UPDATE outbox SET lease = 'x', leased_until = '2026-11-24 12:00:00+00:00', state = 'due' WHERE id = 1",
        ("leases", "outbox 1", "until 2026-11-24 12:00 UTC"),
    ),
    (
        "UPDATE outbox SET lease = 'x', leased_until = '2027-11-24 12:00:00+00:00', state = 'due' WHERE id = 1",
        ("leases", "outbox 1", "until 2027-11-24 12:00 UTC"),
    ),
)


@pytest.mark.parametrize(("statement", "expected"), HALVES)
def test_what_is_broken_is_found_and_nothing_else(
    used: Services, statement: str, expected: tuple[str, str, str]
) -> None:
    if used.database.engine.dialect.name == "sqlite":
        statement = statement.replace("+00:00", ".000000")
    change(used, statement)
    finding = only(found(used))
    check, where, what = expected
    assert (finding.check, finding.level) == (check, "problem")
    assert finding.where.startswith(where)
    assert what in finding.what


def test_many_of_one_kind_are_not_told_one_by_one(sqlite_services: Services) -> None:
    ada = build_customer(sqlite_services)
    for number in range(25):
        file_ticket(sqlite_services, ada, subject=f"Number {number}", submission=f"form-{number}")
    change(sqlite_services, "DELETE FROM events")
    *told, last = found(sqlite_services)
    assert [finding.where for finding in told] == [f"SUP-{number}" for number in range(1001, 1021)]
    assert last.what == "There are more like these; only the first 20 are told."


def test_a_policy_that_belongs_to_another_version_is_found(used: Services) -> None:
    change(
        used,
        "INSERT INTO policies (version, canonical, first_used_at) "
        "SELECT 'other', canonical, first_used_at FROM policies",
    )
    finding = only(found(used))
    assert (finding.check, finding.where) == ("policies", "other")
    assert "belongs to another version" in finding.what


def test_a_ticket_of_an_older_policy_is_sound(used: Services, policy_text: str, tmp_path: Path) -> None:
    newer = tmp_path / "newer.yml"
    newer.write_text(policy_text.replace("08:00", "07:00").replace("09:00", "07:30"), "utf-8")
    later = replace(used, policy=load(newer))
    assert later.policy.version != used.policy.version
    assert found(later) == []


def test_what_was_given_up_and_what_nobody_sends_are_warnings(used: Services) -> None:
    write_mail(used, now=NOW - timedelta(hours=2))
    leased = outbox.lease_next(used, NOW)
    assert leased is not None
    outbox.finish(used, leased, Outcome(sent=False, error="550 No such user", permanent=True), NOW)
    write_mail(used, now=NOW - timedelta(hours=3))
    waiting, dead = sorted(found(used), key=lambda finding: finding.check, reverse=True)
    assert (waiting.level, dead.level) == ("warning", "warning")
    assert waiting.what == "1 message is due since 2026-11-24 11:00 UTC, and nobody sends."
    assert dead.what == "The message to ada@shop.example was given up: 550 No such user."
    assert dead.do == f"Mend the reason, then send it once more: formapp outbox replay {leased.id}."
    assert doctor.examine(used, NOW).sound


def test_a_damaged_file_is_found(sqlite_services: Services, tmp_path: Path) -> None:
    build_customer(sqlite_services)
    change(
        sqlite_services,
        "DROP INDEX ix_memberships_project_id",
        "CREATE INDEX ix_memberships_project_id ON memberships (account_id)",
    )
    change(
        sqlite_services,
        "PRAGMA writable_schema=ON",
        "UPDATE sqlite_master SET sql = 'CREATE INDEX ix_memberships_project_id ON memberships (created_at)' "
        "WHERE name = 'ix_memberships_project_id'",
    )
    sqlite_services.database.engine.dispose()
    finding = found(sqlite_services)[0]
    assert (finding.check, finding.where) == ("integrity", str(tmp_path / "desk.sqlite3"))
    assert finding.what.startswith("The database is damaged: ")
    assert "formapp restore" in finding.do


def test_a_file_that_is_no_database_is_found(tmp_path: Path, sqlite_services: Services) -> None:
    sqlite_services.database.engine.dispose()
    (tmp_path / "desk.sqlite3").write_bytes(b"no database at all" * 500)
    finding = only(found(sqlite_services))
    assert (finding.check, finding.what) == ("database", "The database doesn't answer: file is not a database.")
    assert "formapp restore" in finding.do


def test_an_empty_or_older_or_newer_schema_is_found(sqlite_services: Services) -> None:
    schema.downgrade(sqlite_services.database, "0001")
    older = only(found(sqlite_services))
    assert (older.check, older.what) == ("schema", f"The schema is at revision 0001, not {schema.newest_revision()}.")
    schema.downgrade(sqlite_services.database, "base")
    assert only(found(sqlite_services)).do == "Make its tables: formapp db upgrade."
    change(sqlite_services, "INSERT INTO alembic_version VALUES ('9999')")
    assert "newer than this release" in only(found(sqlite_services)).what


def test_looking_for_a_database_makes_none(tmp_path: Path, sqlite_services: Services) -> None:
    path = tmp_path / "elsewhere" / "desk.sqlite3"
    away = replace(sqlite_services, settings=replace(sqlite_services.settings, database_url=f"sqlite:///{path}"))
    assert [finding.check for finding in found(away)] == ["folders", "database"]
    assert not path.parent.exists()


def test_a_database_that_is_away_is_found_without_its_password(sqlite_services: Services) -> None:
    url = "postgresql+psycopg://desk:hunter2@127.0.0.1:1/desk"
    away = replace(sqlite_services, database=open_database(url))
    finding = only(found(away, database_url=url))
    assert (finding.check, finding.where) == ("database", "postgresql+psycopg://desk:***@127.0.0.1:1/desk")
    assert "refused" in finding.what
    assert "hunter2" not in str(finding)


def test_a_lock_that_stays_is_found(sqlite_services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("formapp.database.engine.LOCK_SECONDS", 0.2)
    sqlite_services.database.engine.dispose()
    with closing(sqlite_driver().connect(tmp_path / "desk.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        finding = only(found(sqlite_services))
    assert (finding.check, finding.what) == ("database writable", "The database is locked by another process.")


@pytest.mark.parametrize(
    ("pragma", "told"),
    [
        ("journal_mode=MEMORY", 'The journal mode is "memory", which loses records when the power fails.'),
        ("synchronous=NORMAL", "PRAGMA synchronous is 1, not FULL"),
        ("foreign_keys=OFF", "Foreign keys aren't enforced."),
    ],
)
def test_a_database_that_forgets_is_found(sqlite_services: Services, pragma: str, told: str) -> None:
    @event.listens_for(sqlite_services.database.engine, "connect")
    def spoil(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA {pragma}")

    sqlite_services.database.engine.dispose()
    finding = only(found(sqlite_services))
    assert (finding.check, finding.level) == ("journal", "problem")
    assert finding.what.startswith(told)


def test_an_sqlite_whose_wal_is_not_sound_is_told(sqlite_services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("formapp.database.engine.SOUND_WAL", (99, 0, 0))
    assert only(found(sqlite_services)).level == "problem"
    sqlite_services.database.engine.dispose()
    rollback = replace(sqlite_services, database=open_database(sqlite_services.settings.database_url))
    slower = only(found(rollback))
    rollback.database.engine.dispose()
    assert (slower.check, slower.level) == ("journal", "warning")
    assert "the slower rollback journal is used" in slower.what


def test_a_postgresql_that_forgets_is_found(postgresql_services: Services) -> None:
    url = make_url(postgresql_services.settings.database_url)
    options = "-c synchronous_commit=off -c default_transaction_read_only=on"
    spoiled = url.update_query_dict({"options": options}).render_as_string(hide_password=False)
    database = open_database(spoiled)
    forgetful, read_only = found(replace(postgresql_services, database=database))
    database.engine.dispose()
    assert forgetful.what == "synchronous_commit is off. Acknowledged tickets are lost when the power fails."
    assert read_only.what == "The database takes no writes."


def test_a_folder_that_is_away_is_found(sqlite_services: Services, tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(b"")
    for folder in (tmp_path / "nowhere", tmp_path / "a file"):
        finding = only(found(sqlite_services, var=folder))
        assert (finding.check, finding.where, finding.level) == ("folders", str(folder), "problem")
    guide = only(found(sqlite_services, site_dir=tmp_path / "nowhere"))
    assert (guide.check, guide.level) == ("closures file", "warning")
    assert guide.where == str(tmp_path / "nowhere" / "support-closures.json")
    assert found(sqlite_services, site_dir=tmp_path) == []


def test_a_secret_that_others_can_read_or_guess_is_found(sqlite_services: Services, tmp_path: Path) -> None:
    kept = tmp_path / "secret-key"
    kept.write_text("x" * 43)
    kept.chmod(0o640)
    assert only(found(sqlite_services)).do == f"Run: chmod 600 {kept}"
    kept.chmod(0o600)
    assert found(sqlite_services) == []
    assert "can be guessed" in only(found(sqlite_services, secret_key="short")).what


def test_what_others_on_the_machine_can_read_is_found(sqlite_services: Services, tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite3"
    aside = tmp_path / "desk.sqlite3.before-20261124T140000-ab12"
    backup = tmp_path / "on monday"
    (tmp_path / "files").mkdir(exist_ok=True)
    backup.mkdir()
    kept = [path, aside, tmp_path / "files", backup / "desk.sqlite3"]
    for one in kept:
        if not one.exists():
            one.write_bytes(b"")
        one.chmod(0o700 if one.is_dir() else 0o600)
    tmp_path.chmod(0o755)
    backup.chmod(0o755)
    assert found(sqlite_services) == []
    for one, mode in zip(kept, (0o644, 0o604, 0o750, 0o640), strict=True):
        private = one.stat().st_mode
        one.chmod(mode)
        open_one = only(found(sqlite_services))
        assert (open_one.check, open_one.where, open_one.level) == ("private", str(one), "problem")
        assert open_one.do.startswith("Run: chmod go= ")
        subprocess.run(shlex.split(open_one.do.removeprefix("Run: ")), check=True)
        assert one.stat().st_mode == private
    path.chmod(0o644)
    tmp_path.chmod(0o700)
    # In a folder that nobody else enters it can't be read, whatever its own mode says.
    assert found(sqlite_services) == []


def test_a_mail_server_is_greeted_and_sent_nothing(sqlite_services: Services) -> None:
    with running() as server:
        url = f"smtp://127.0.0.1:{server.port}"
        assert found(sqlite_services, smtp_url=url) == []
        assert (server.taken, server.arrived) == ([], [])
        server.said["NOOP"] = ["421 Closing"]
    gone = only(found(sqlite_services, smtp_url=url))
    assert (gone.check, gone.level) == ("mail server", "problem")
    assert "refused" in gone.what


@pytest.mark.parametrize(("address", "level"), [("http://127.0.0.1:8000", "warning"), ("https://x.example", "problem")])
def test_without_a_mail_server_a_public_desk_is_not_sound(sqlite_services: Services, address: str, level: str) -> None:
    missing = only(found(sqlite_services, smtp_url="", base_url=address, dev_inbox=level == "warning"))
    assert (missing.check, missing.level) == ("mail server", level)


def test_without_a_mail_server_or_an_inbox_a_desk_is_not_sound_anywhere(sqlite_services: Services) -> None:
    missing = only(found(sqlite_services, smtp_url="", dev_inbox=False))
    assert (missing.check, missing.level) == ("mail server", "problem")
    assert "no mail goes out" in missing.what


def test_a_mail_server_that_says_nothing_is_left_in_time(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("formapp.operations.doctor.surroundings.SMTP_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://desk:hunter2@127.0.0.1:{silent.getsockname()[1]}"
        finding = only(found(sqlite_services, smtp_url=url))
    assert "timed out" in finding.what
    assert "hunter2" not in str(finding)


def test_a_check_that_breaks_off_is_a_finding_of_its_own(sqlite_services: Services) -> None:
    change(sqlite_services, "DROP TABLE messages")
    checks = [finding.check for finding in found(sqlite_services)]
    assert "messages" in checks
    assert "tickets" not in checks


def test_the_command_speaks_to_people_and_to_programs(services: Services, operator: Operator) -> None:
    file_ticket(services, build_customer(services), now=utc_now())
    said = operator.is_told("doctor")
    assert said.splitlines()[-1].startswith("The desk is sound: ")
    told = json.loads(operator.is_told("doctor", "--json"))
    # The command looks at today's date, by which the holidays of the policy may end soon.
    ending = [one for one in told["findings"] if one["check"] == "holidays"]
    assert said.endswith(f"checks, no problems, {'2 warnings' if ending else '1 warning'}.")
    others = [one["level"] for one in told["findings"] if one not in ending]
    assert (told["sound"], others) == (True, ["warning"])
    assert "events" in told["checks"]

    change(services, "DELETE FROM events")
    result = operator.types("doctor")
    assert result.exit_code == 1
    assert "Problem (tickets) SUP-1001\n  The ticket has no first event" in result.output
    assert "The desk is not sound: " in result.output
    result = operator.types("doctor", "--json")
    assert result.exit_code == 1
    broken = json.loads(result.output)
    assert (broken["sound"], broken["findings"][-1]["where"]) == (False, "SUP-1001")
    assert set(broken["findings"][-1]) == {"check", "level", "where", "what", "do"}


def test_a_wrong_setting_is_a_finding_too(tmp_path: Path) -> None:
    result = Operator(tmp_path, "mysql://x").types("doctor", "--json")
    assert result.exit_code == 1
    (finding,) = json.loads(result.output)["findings"]
    assert finding["check"] == "settings"
    assert "FORMAPP_DATABASE_URL must begin with" in finding["what"]


def test_holidays_that_end_soon_are_a_warning(sqlite_services: Services) -> None:
    last = max(sqlite_services.policy.calendar.holidays)
    noon = datetime(last.year, last.month, last.day, 12, tzinfo=UTC)
    for days, levels in ((61, []), (30, ["warning"])):
        report = doctor.examine(sqlite_services, noon - timedelta(days=days))
        assert [one.level for one in report.findings if one.check == "holidays"] == levels
