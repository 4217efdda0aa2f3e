"""A person's data: none of it is left after it was erased, and what stays is what should."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, String, Text, func, select, update

from formapp import worker
from formapp.accounts import accounts, magic_links, projects
from formapp.database.engine import Base
from formapp.errors import NotFound
from formapp.models import (
    Account,
    Attachment,
    BulkAction,
    Draft,
    Event,
    Message,
    OutboxMessage,
    SavedView,
    SignedInSession,
    SignInLink,
    Ticket,
    Watcher,
)
from formapp.notifications import fanout, outbox
from formapp.operations import doctor
from formapp.operations.person import erase, erasures, export
from formapp.operations.person.columns import COLUMNS, Fate
from formapp.operations.person.redaction import ERASED, Redaction
from formapp.operations.person.rows import person_of, rows_about
from formapp.services import Services
from formapp.tickets import bulk, replies, saved_views, triage
from tests.builders import (
    NOW,
    Clock,
    build_account,
    build_customer,
    build_services,
    build_staff,
    file_ticket,
    keep_file,
    stored,
    written,
)
from tests.service.persons import EMAIL, LATER, NAME, OPERATOR, canaries, everything, found_in, told
from tests.service.test_cli import Operator, operator

__all__ = ["operator", "told"]


def test_every_column_of_every_table_is_on_the_list() -> None:
    """A new column must say what becomes of it when a person is erased."""
    models = {table.name: [column.name for column in table.columns] for table in Base.metadata.sorted_tables}
    assert {name: sorted(columns) for name, columns in COLUMNS.items()} == {
        name: sorted(columns) for name, columns in models.items()
    }
    kept = [column for columns in COLUMNS.values() for column in columns.values() if column.fate is Fate.KEPT]
    assert all(column.why for column in kept)


def test_no_text_is_kept_but_what_is_known_to_hold_none() -> None:
    """A column of words that stays must be one of few: all others are erased, or about nobody."""
    words = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String | Text | JSON) and COLUMNS[table.name][column.name].fate is Fate.KEPT
    }
    assert words == {
        "accounts.customer_mails",
        "audit_log.details",
        "audit_log.kind",
        "audit_log.origin",
        "clock_notices.kind",
        "clock_notices.target",
        "copy_refusals.address_hash",
        "events.kind",
        "messages.kind",
        "named_pages.page",
        "rate_counters.key",
        "tickets.answers",
        "tickets.form",
        "tickets.policy_version",
        "tickets.priority",
        "tickets.recommended",
        "tickets.registrations",
        "tickets.rule",
        "tickets.state",
    }


# By these a person's rows are found, or they can't hold just any word.
NOT_ANY_WORD = {
    "accounts.email",
    "attachments.digest",
    "attachments.key",
    "attachments.preview",
    "attachments.scan",
    "copy_invitations.email",
    "drafts.token_hash",
    "outbox.recipient",
    "outbox.state",
    "signin_links.draft_token",
}


def columns_of_words() -> Iterator[tuple[type[Base], str, str]]:
    """Each column of words that is to be erased: its model, its name and a word of its own, a short one."""
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        for number, (name, column) in enumerate(COLUMNS[table.name].items()):
            words = isinstance(table.c[name].type, String | Text | JSON)
            if words and column.fate is Fate.ERASED and f"{table.name}.{name}" not in NOT_ANY_WORD:
                yield mapper.class_, name, f"zq{table.name[:6]}{number}x".replace("_", "")


def test_a_word_in_any_column_that_is_to_be_erased_is_gone(told: Services) -> None:
    """Also in a column that comes later, and whatever the use cases write into it today."""
    put = []
    for model, name, word in columns_of_words():
        with told.write.begin() as database:
            about = rows_about(database, person_of(database, EMAIL)).get(model)
            if about is None:
                # Nobody's rows, where others may have written a name: those are taken out, and tested above.
                continue
            wanted = select(model).where(about)
            if model in (Message, Attachment, Ticket):
                wanted = wanted.where(model.account_id == 1)
            for number, row in enumerate(database.scalars(wanted)):
                text: Any = f"{word}{number}"
                is_json = isinstance(model.metadata.tables[model.__tablename__].c[name].type, JSON)
                setattr(row, name, {"email": EMAIL, "said": text} if is_json else text)
                put.append(text.encode())
    assert len(put) > 60
    before = everything(told).lower()
    assert [word for word in put if word not in before] == []
    erase.erase_person(told, EMAIL, OPERATOR, LATER)
    after = everything(told).lower()
    assert [word for word in put if word in after] == []


def test_after_erasing_no_word_of_the_person_is_left_anywhere(told: Services) -> None:
    # PostgreSQL hands JSON back as it is meant; only its files hold JSON's way of writing a name.
    assert set(found_in(everything(told))) | {json.dumps(NAME)[1:-1].encode()} == set(canaries())
    done = erase.erase_person(told, EMAIL, OPERATOR, LATER)
    assert done.overwritten is (told.database.engine.dialect.name == "sqlite")
    assert found_in(everything(told)) == []
    assert doctor.examine_data(told, LATER).findings == ()
    # What is made again from what is left holds none of it either.
    for lane in worker.lanes(told, Clock(LATER)):
        if lane.name in {"announcements", "clock", "rendering", "files"}:
            while lane.work():
                pass
    assert found_in(everything(told)) == []


def test_what_staff_keep_for_their_work_goes_with_them(services: Services) -> None:
    sam, mia = build_staff(services), build_staff(services, "mia@platform.example", name="Mia Berg")
    file_ticket(services, build_customer(services))
    for person in (sam, mia):
        saved_views.add_view(services, person.id, f"{person.name}'s", "status:open", NOW, shared=True)
        bulk.change_all(services, person.id, [1], "tag", "payment", NOW)
    erase.erase_person(services, sam.email, OPERATOR, LATER)
    assert [view.name for view in stored(services, SavedView)] == ["Mia Berg's"]
    assert [action.account_id for action in stored(services, BulkAction)] == [mia.id]


def test_what_was_answered_in_a_form_is_handed_over_and_then_erased_and_what_was_known_of_a_date_stays(
    services: Services,
) -> None:
    """Others quote it, search finds it; the evidence of a colleague's ticket says a date and no word of hers."""
    zoe, ben = build_account(services, EMAIL, name=NAME), build_customer(services, "ben@shop.example")
    projects.add_member(services, EMAIL, "shop", NOW)
    values = {"launch_date": "2026-11-26", "launch_environment": "other", "launch_other": "canaryenvironment seven"}
    file_ticket(services, zoe, form="launch-date", values=values)
    replies.reply_as_customer(services, ben.id, 1, written("> canaryenvironment seven\n\nWhere?", "m1"), NOW)
    counted = {"need": "broken", "environment": "nonproduction", "claim": "launch", "team-workaround": "none"}
    file_ticket(services, ben, LATER, answers=counted, submission="bens")
    whole = io.BytesIO()
    export.export_person(services, EMAIL, whole, OPERATOR, LATER)
    with zipfile.ZipFile(whole) as archive:
        (ticket,) = json.loads(archive.read("person.json"))["tickets"]
    assert [one["value"] for one in ticket["form_answers"]] == list(values.values())
    erase.erase_person(services, EMAIL, OPERATOR, LATER)
    mine, bens = stored(services, Ticket)
    assert (mine.form, mine.form_answers) == ("launch-date", [])
    assert bens.registrations == [
        {"ticket": 1, "date": "2026-11-26", "registered_at": NOW.isoformat(), "counts": True},
    ]
    assert b"canaryenvironment" not in everything(services).lower()
    # It is no longer known to whoever asks anew.
    file_ticket(services, ben, LATER + timedelta(days=1), answers=counted, subject="Later", submission="later")
    assert stored(services, Ticket)[-1].registrations == []


def test_a_table_of_which_nothing_stays_has_no_row_of_the_person_left(told: Services) -> None:
    with told.read() as database:
        person = person_of(database, EMAIL)
        about = rows_about(database, person)
    whole = {
        model: condition
        for model, condition in about.items()
        # That the ticket is closed by it is announced anew, without a word of the person.
        if model is not OutboxMessage
        and all(column.fate is Fate.ERASED for column in COLUMNS[model.__tablename__].values())
    }

    def left() -> dict[str, int]:
        with told.read() as database:
            return {
                model.__tablename__: database.scalar(select(func.count()).select_from(model).where(condition)) or 0
                for model, condition in whole.items()
            }

    before = left()
    assert {"ticket_reads", "solved_answers", "ticket_tags"} <= {name for name, rows in before.items() if rows}
    assert [one.account_id for one in stored(told, Watcher)] == [person.number]
    erase.erase_person(told, EMAIL, OPERATOR, LATER)
    assert left() == dict.fromkeys(before, 0)
    assert stored(told, Watcher) == []


def test_counts_times_priorities_and_promises_stay(told: Services) -> None:
    kept = {
        table.name: [name for name, column in COLUMNS[table.name].items() if column.fate is not Fate.ERASED]
        for table in Base.metadata.sorted_tables
    }

    def rows() -> dict[str, list[tuple[Any, ...]]]:
        with told.read() as database:
            return {
                table.name: [
                    tuple(row)
                    for row in database.execute(
                        select(*(table.c[name] for name in kept[table.name])).order_by(*table.primary_key.columns)
                    )
                ]
                for table in Base.metadata.sorted_tables
                if kept[table.name]
            }

    # Closed beforehand, so that erasing changes no state.
    sam = next(one for one in stored(told, Account) if one.is_staff)
    for number in (1,):
        triage.close(told, sam.id, number, NOW)
    before = rows()
    erase.erase_person(told, EMAIL, OPERATOR, LATER)
    after = rows()
    assert after["audit_log"][:-1] == before["audit_log"]
    for table in ("tickets", "events", "messages", "clock_notices", "policies", "projects", "closures"):
        assert after[table] == before[table], table
    zoe = stored(told, Account)[0]
    assert (zoe.name, zoe.email, zoe.erased_at) == ("Erased person", "erased-1@erased.invalid", LATER)
    assert zoe.disabled_at == LATER


def test_the_ticket_says_so_and_is_closed(told: Services) -> None:
    done = erase.erase_person(told, EMAIL, OPERATOR, LATER)
    first, bens, third = stored(told, Ticket)
    sentence = "Erased on 27 November 2026 at the person's request."
    assert (first.subject, first.description, first.state, first.closed_at) == ("Erased", sentence, "closed", LATER)
    assert (third.subject, third.closed_at) == ("Erased", NOW)
    assert (done.tickets, done.closed, bens.state) == ((1, 3), 1, "open")
    assert bens.description == f"Ask {ERASED} or {ERASED} about it"
    bodies = [(one.account_id, one.body) for one in stored(told, Message)]
    assert bodies == [
        (3, f"Hello {ERASED},\n\n> {ERASED}"),
        (1, sentence),
        (1, sentence),
        (2, f"> {ERASED}\n\nThank you"),
        (3, f"{ERASED} knows; so does {ERASED}"),
    ]
    assert done.others == (1, 2)
    assert {
        model: len(stored(told, model)) for model in (SignedInSession, SignInLink, Draft, Attachment)
    } == dict.fromkeys((SignedInSession, SignInLink, Draft, Attachment), 0)
    assert list(told.files.listing()) == []
    assert [event.details for event in stored(told, Event) if event.kind == "closed"][-1] == {
        "state": ["open", "closed"],
        "erased": True,
    }
    # Other systems learn that it is closed, and nothing of whose it was.
    assert [row.kind for row in stored(told, OutboxMessage) if row.ticket_id == 1] == ["closed"]


def test_the_others_texts_go_too_where_that_is_wanted(told: Services) -> None:
    done = erase.erase_person(told, EMAIL, OPERATOR, LATER, conversations=True)
    assert done.others == (2,)
    assert [one.body.startswith("Erased on") for one in stored(told, Message)] == [True, True, True, False, False]


def test_what_was_written_for_the_desk_stays_without_its_writer(services: Services) -> None:
    ada, sam = build_customer(services), build_staff(services)
    file_ticket(services, ada, files=())
    log = keep_file(services)
    replies.reply_as_staff(
        services, sam.id, 1, replies.MessageInput("Restart it.\n\nSam Rivera", "f", files=(log,)), "open", NOW
    )
    erase.erase_person(services, sam.email, OPERATOR, LATER)
    assert stored(services, Message)[0].body == f"Restart it.\n\n{ERASED}"
    assert [key for key, _ in services.files.listing()] == [log]
    assert stored(services, Ticket)[0].subject == "Checkout fails"


def test_erasing_is_done_once_and_the_address_can_be_used_anew(told: Services) -> None:
    erase.erase_person(told, EMAIL, OPERATOR, LATER)
    before = everything(told)
    with pytest.raises(NotFound, match="Nothing is stored"):
        erase.erase_person(told, EMAIL, OPERATOR, LATER)
    anew = build_account(told, EMAIL, name="Zoë again")
    assert anew.id != 1
    assert before.count(b"Erased person") >= 1
    assert erase.erase_again(told, OPERATOR, LATER) == 0 or anew.created_at < LATER


def test_an_address_without_an_account_is_erased_as_well(services: Services) -> None:
    magic_links.request_link(services, EMAIL, NOW)
    assert EMAIL in stored(services, OutboxMessage)[0].recipient
    erase.erase_person(services, EMAIL, OPERATOR, LATER)
    assert stored(services, OutboxMessage) == []


def test_who_was_stopped_in_between_does_it_again(told: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(erasures, "note", fails)
        with pytest.raises(OSError, match="no room"):
            erase.erase_person(told, EMAIL, OPERATOR, LATER)
    assert stored(told, Account)[0].email == EMAIL
    erase.erase_person(told, EMAIL, OPERATOR, LATER)
    assert found_in(everything(told)) == []


def test_a_restored_backup_is_erased_again_but_not_who_came_back(told: Services) -> None:
    erase.erase_person(told, EMAIL, OPERATOR, LATER)
    line = (told.settings.var / erasures.FILE).read_text()
    assert "canary" not in line
    # Without the secret nobody can try addresses until one fits.
    other = replace(told, settings=replace(told.settings, secret_key="another secret that is long enough, too"))
    assert erasures.address_hash(told, EMAIL) in line
    assert erasures.address_hash(other, EMAIL) not in line
    with told.write.begin() as database:
        database.execute(update(Account).where(Account.id == 1).values(email=EMAIL, name=NAME, erased_at=None))
    assert erase.erase_again(told, OPERATOR, LATER + timedelta(days=1)) == 1
    assert stored(told, Account)[0].email == "erased-1@erased.invalid"
    accounts.add_account(told, EMAIL, NAME, LATER + timedelta(days=2))
    assert erase.erase_again(told, OPERATOR, LATER + timedelta(days=3)) == 0


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Ann met ANN at the Annex", f"{ERASED} met {ERASED} at the Annex"),
        ("> The server has been down\nSo I see", f"> {ERASED}\nSo I see"),
        ("Thank you", "Thank you"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_others_texts_lose_what_is_hers_and_nothing_else(text: str, left: str) -> None:
    redaction = Redaction.of(["Ann"], ["The server has been down\nThank you"])
    assert redaction.of_text(text) == left
    assert redaction.of_json({"a": [text, 1], "b": None}) == {"a": [left, 1], "b": None}


def test_people_send_tickets_while_somebody_is_erased(told: Services) -> None:
    ben = next(account for account in stored(told, Account) if account.name == "Ben Okafor")
    with ThreadPoolExecutor(1) as pool:
        erasing = pool.submit(erase.erase_person, told, EMAIL, OPERATOR, LATER)
        sent = 0
        while not erasing.done() or sent < 3:
            file_ticket(told, ben, LATER, submission=f"meanwhile-{sent}", subject=f"Meanwhile {sent}")
            sent += 1
        assert erasing.result().tickets == (1, 3)
    assert sum(ticket.subject.startswith("Meanwhile") for ticket in stored(told, Ticket)) == sent
    assert doctor.examine_data(told, LATER).findings == ()


def test_a_reader_who_holds_the_file_is_told_of_and_a_second_try_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The desk waits ten seconds for its turn; a test needn't.
    monkeypatch.setattr("formapp.database.engine.LOCK_SECONDS", 0.2)
    services = build_services(tmp_path)
    build_customer(services, EMAIL)
    with services.read() as reading:
        reading.execute(select(Account)).all()
        assert not erase.erase_person(services, EMAIL, OPERATOR, LATER).overwritten
    assert Operator(tmp_path).is_refused("person", "erase", EMAIL, "--yes").startswith("Nothing is stored about")
    assert EMAIL.encode() not in (tmp_path / "desk.sqlite3").read_bytes()
    services.database.engine.dispose()


def test_an_announcement_that_a_worker_holds_tells_nothing_of_an_erased_person(services: Services) -> None:
    """The worker has read the row before, and writes the mails after it is gone."""
    zoe = build_customer(services, EMAIL)
    build_staff(services)
    file_ticket(services, zoe, subject="canarysubject", description="canarydescription")
    held = outbox.lease_next(services, NOW, OutboxMessage.channel == "announcement")
    assert held is not None
    erase.erase_person(services, EMAIL, OPERATOR, LATER)
    assert fanout.fan_out(services, held, LATER) == outbox.SENT
    left = stored(services, OutboxMessage)
    assert [row.kind for row in left] == ["missed", "closed"]
    assert "canary" not in repr([row.payload for row in left])
