"""The audit log: what is recorded, what never is, and the page on which staff read it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from formapp import audit
from formapp.accounts import accounts, projects
from formapp.models import Account, AuditEntry
from formapp.notifications import outbox
from formapp.services import Services
from tests.builders import NOW, build_account, build_manager, build_project, stored, write_mail
from tests.web.conftest import Desk, locked
from tests.web.page import Browser, Page


def log_of(desk: Desk | Services) -> list[tuple[str, str, dict[str, Any]]]:
    """What was recorded: kind, who, details."""
    services = desk.services if isinstance(desk, Desk) else desk
    with services.read() as database:
        names = {account.id: account.name for account in database.scalars(select(Account))}
    return [
        (entry.kind, names.get(entry.account_id or 0, ""), entry.details)
        for entry in stored(services, AuditEntry)
        if not entry.kind.startswith(("account-added", "project-added", "member-added", "sign-in-link-printed"))
    ]


def test_sign_ins_sign_outs_and_what_was_refused_are_recorded(desk: Desk, visitor: Browser) -> None:
    ada = desk.browser_of("ada@shop.example")
    ada.send(ada.open("/support/account").form("/support/sign-out"))
    form = visitor.open("/support/sign-in").form("/support/sign-in")
    form.fields["email"] = "typed-by-a-stranger@elsewhere.example"
    visitor.send(form)
    # A link that is none: the same twice within a minute is one line.
    for token in ("nonsense", "nonsense too"):
        assert visitor.answer("POST", f"/support/sign-in/{token}", b"", {"Origin": visitor.origin}).status_code == 410
    assert log_of(desk) == [
        ("signed-in", "Ada Martin", {}),
        ("signed-out", "Ada Martin", {"everywhere": False}),
        ("sign-in-refused", "", {"reason": "unknown-address"}),
        ("sign-in-refused", "", {"reason": "link"}),
    ]
    assert {entry.origin for entry in stored(desk.services, AuditEntry) if entry.kind.startswith("sign")} >= {
        "127.0.0.1"
    }


def test_no_more_links_are_asked_for_without_a_line(desk: Desk, visitor: Browser) -> None:
    for _ in range(7):
        form = visitor.open("/support/sign-in").form("/support/sign-in")
        form.fields["email"] = "ada@shop.example"
        visitor.send(form)
    assert log_of(desk) == [("sign-in-refused", "", {"reason": "too-often"})]


def test_a_refused_page_is_recorded_by_its_route(desk: Desk, ada: Browser) -> None:
    assert ada.open("/support/desk/").status == 404
    assert log_of(desk)[-1] == ("permission-refused", "Ada Martin", {"method": "GET", "route": "queue.tickets"})
    desk.clock.now = NOW.replace(hour=15)
    assert ada.open("/support/tickets/SUP-9999").status == 404
    assert log_of(desk)[-1] == ("permission-refused", "Ada Martin", {"method": "GET", "route": "tickets.show"})
    assert len(log_of(desk)) == 3


def test_a_record_that_can_not_be_written_fails_no_page_that_only_reads(desk: Desk, ada: Browser) -> None:
    with locked(desk):
        assert ada.open("/support/desk/").status == 404
        assert ada.open("/support/tickets").status == 200
    assert [kind for kind, *_ in log_of(desk)] == ["signed-in"]


def test_what_must_be_recorded_is_not_done_without_it(
    desk: Desk, sam: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = write_mail(desk.services)
    with desk.services.write.begin() as database:
        database.get_one(outbox.OutboxMessage, number).state = "dead"
    accounts_before = len(stored(desk.services, Account))

    def fails(*_: object, **__: object) -> None:
        raise OSError("the log is full")

    with monkeypatch.context() as patch:
        patch.setattr(audit, "record", fails)
        assert sam.answer("GET", "/support/desk/tickets.csv").status_code == 500
        page = sam.open("/support/desk/outgoing")
        assert sam.send(page.form(f"/support/desk/outgoing/{number}/replay")).status == 500
        for act in (
            lambda: accounts.add_account(desk.services, "new@shop.example", "New", NOW),
            lambda: accounts.disable_account(desk.services, "ada@shop.example", NOW),
            lambda: projects.remove_member(desk.services, "ada@shop.example", "shop", NOW),
        ):
            with pytest.raises(OSError, match="the log is full"):
                act()
    assert outbox.message_numbered(desk.services, number).state == "dead"
    assert len(stored(desk.services, Account)) == accounts_before
    assert stored(desk.services, Account)[0].disabled_at is None
    assert projects.active_projects_of(desk.services, desk.customer.id) != ()


def test_exports_and_messages_sent_again_are_recorded(desk: Desk, sam: Browser) -> None:
    number = write_mail(desk.services, ticket_id=1)
    with desk.services.write.begin() as database:
        database.get_one(outbox.OutboxMessage, number).state = "dead"
    assert sam.answer("GET", "/support/desk/tickets.csv?search=checkout").status_code == 200
    sam.send(sam.open("/support/desk/outgoing").form(f"/support/desk/outgoing/{number}/replay"))
    again = {"number": number, "channel": "mail", "kind": "unknown-address", "ticket": "SUP-1001"}
    assert log_of(desk)[1:] == [
        ("tickets-exported", "Sam Rivera", {"all": False}),
        ("message-sent-again", "Sam Rivera", again),
    ]


def test_changes_of_people_are_recorded_on_both_databases(services: Services) -> None:
    build_account(services, is_staff=True)
    build_project(services, "shop", "ada@shop.example")
    for _ in range(2):
        projects.add_member(services, "ada@shop.example", "shop", NOW)
        projects.remove_member(services, "ada@shop.example", "shop", NOW)
        projects.remove_member(services, "ada@shop.example", "shop", NOW)
    mia = build_manager(services)
    accounts.disable_account(services, "ada@shop.example", NOW, actor=mia.id, place="203.0.113.7")
    entries = [entry for entry in stored(services, AuditEntry) if entry.subject_id == 1]
    kinds = ["account-added", *["member-added", "member-removed"] * 2, "member-added", "member-removed"]
    assert [entry.kind for entry in entries] == [*kinds[:5], "account-disabled"]
    assert {entry.subject_id for entry in entries} == {1}
    assert (entries[0].details, entries[1].details) == ({"staff": True}, {"project": "shop"})
    assert entries[0].origin.startswith("command line, ")
    assert (entries[-1].account_id, entries[-1].origin) == (mia.id, "203.0.113.7")


def test_nothing_typed_no_token_and_no_link_is_ever_in_it(desk: Desk, visitor: Browser, ada: Browser) -> None:
    link = audit_words = "canary-token-of-a-link"
    visitor.answer("POST", f"/support/sign-in/{link}", b"email=canary-typed", {"Origin": visitor.origin})
    form = visitor.open("/support/sign-in").form("/support/sign-in")
    form.fields["email"] = "canary-typed@elsewhere.example"
    visitor.send(form)
    for path in ("/support/desk/canary-typed", "/support/desk/?search=canary-typed", "/support/tickets/SUP-canary"):
        ada.open(path)
    whole = json.dumps([[entry.kind, entry.origin, entry.details] for entry in stored(desk.services, AuditEntry)])
    assert "permission-refused" in whole
    assert "canary" not in whole
    assert audit_words not in whole


def lines_of(page: Page) -> list[str]:
    """The lines of the log as the page shows them."""
    history = page.one("ol", **{"class": "support-history"})
    items = [item for item in page.all("li") if item.inside(history)]
    return [" ".join(item.text.split()) for item in items]


def test_staff_read_it_filter_it_and_turn_its_pages(desk: Desk, sam: Browser) -> None:
    with desk.services.write.begin() as database:
        for number in range(60):
            audit.record(database, "tickets-exported", audit.Origin(None, f"command line, user-{number}"), NOW)
    page = sam.open("/support/desk/audit")
    lines = lines_of(page)
    assert len(lines) == 50
    assert lines[0].endswith("An operator exported tickets From command line, user-59")
    more = sam.open(next(link["href"] for link in page.all("a", rel="next")))
    assert lines_of(more)[0].endswith("user-9")
    only = sam.open("/support/desk/audit?kind=signed-in")
    assert [line.partition(" Paris time ")[2] for line in lines_of(only)] == [
        "Sam Rivera signed in sam@platform.example From 127.0.0.1"
    ]
    hers = sam.open("/support/desk/audit?person=Ada@shop.example")
    assert [line.partition(" Paris time ")[2].partition(" From")[0] for line in lines_of(hers)] == [
        "An operator added to a project Ada Martin, ada@shop.example Project: shop",
        "An operator added an account Ada Martin, ada@shop.example Staff: no",
    ]
    unknown = sam.open("/support/desk/audit?person=nobody@shop.example")
    assert unknown.status == 422
    assert "No account has this address" in unknown.html
    for odd in ("kind=nonsense", "before=0", "before=x"):
        assert sam.open(f"/support/desk/audit?{odd}").status == 404
    assert sam.open("/support/desk/audit?person=%00").status == 422
    assert sam.open(f"/support/desk/audit?person={'a' * 5000}").status == 422
