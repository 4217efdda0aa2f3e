"""Colleagues in copy: added by name within the project, they get the mails, can answer, and can leave."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from formapp.accounts import accounts, projects
from formapp.models import Account, Event, OutboxMessage, Watcher
from formapp.notifications import fanout
from formapp.tickets import replies, triage, watching
from tests.builders import NOW, build_account, build_customer, build_staff, file_ticket, stored, written
from tests.web.conftest import Desk
from tests.web.page import Browser, Page

TICKET = "/support/tickets/SUP-1001"
AT_THE_DESK = "/support/desk/SUP-1001"


@pytest.fixture
def bea(desk: Desk) -> Account:
    """A colleague in the customer's project, who has not written on the ticket that is there."""
    bea = build_account(desk.services, "bea@shop.example", name="Bea Lund")
    projects.add_member(desk.services, bea.email, "shop", NOW)
    file_ticket(desk.services, desk.customer)
    return bea


def put_in_copy(browser: Browser, bea: Account, page: str = TICKET) -> Page:
    form = browser.open(page).form(f"{page}/copy")
    form.fields["colleague"] = str(bea.id)
    return browser.send(form)


def told(desk: Desk, email: str) -> list[str]:
    """The kinds of the mails to an address, with those of the events so far."""
    for row in stored(desk.services, OutboxMessage):
        if row.channel == fanout.CHANNEL:
            fanout.fan_out(desk.services, row, NOW)
    return [
        row.kind for row in stored(desk.services, OutboxMessage) if row.channel == "mail" and row.recipient == email
    ]


def test_who_is_put_in_copy_is_told_and_gets_the_mails(desk: Desk, ada: Browser, bea: Account) -> None:
    sam = build_staff(desk.services)
    page = put_in_copy(ada, bea)
    assert urlsplit(page.url).path == TICKET
    assert "Your colleague is in copy, and is told by mail." in page.text
    assert "Ada Martin put Bea Lund in copy." in page.text
    replies.reply_as_staff(desk.services, sam.id, 1, written("Which browser?"), "waiting", NOW)
    assert told(desk, "bea@shop.example") == ["in-copy", "replied"]
    # Once more, as by another open page, changes nothing.
    watching.add_watcher(desk.services, desk.customer.id, 1, bea.id, NOW)
    assert [event.kind for event in stored(desk.services, Event)].count("watcher-added") == 1
    assert told(desk, "bea@shop.example") == ["in-copy", "replied"]
    assert "1 new message" in desk.browser_of("bea@shop.example").open("/support/tickets").text


def test_who_was_put_in_copy_can_leave(desk: Desk, ada: Browser, bea: Account) -> None:
    sam = build_staff(desk.services)
    put_in_copy(ada, bea)
    colleague = desk.browser_of("bea@shop.example")
    page = colleague.open(TICKET)
    assert [button.text for button in page.one("ul", class_="support-copy").find_all("button")] == ["Leave"]
    page = colleague.send(page.form(f"{TICKET}/copy/remove"))
    assert "You are no longer in copy." in page.text
    assert "Bea Lund left, and is no longer in copy." in page.text
    replies.reply_as_staff(desk.services, sam.id, 1, written("Which browser?"), "waiting", NOW)
    assert told(desk, "bea@shop.example") == ["in-copy"]
    assert "No longer in copy: Bea Lund" in page.text


def test_staff_add_and_take_out_too(desk: Desk, bea: Account) -> None:
    build_staff(desk.services)
    sam = desk.browser_of("sam@platform.example")
    page = put_in_copy(sam, bea, AT_THE_DESK)
    assert urlsplit(page.url).path == AT_THE_DESK
    assert "put Bea Lund in copy" in page.text
    page = sam.send(page.form(f"{AT_THE_DESK}/copy/remove"))
    assert "took Bea Lund out of copy" in page.text
    assert [one.left_at for one in stored(desk.services, Watcher)] == [NOW]


def test_only_people_of_the_project_can_be_added(desk: Desk, ada: Browser, bea: Account) -> None:
    eve = build_customer(desk.services, "eve@elsewhere.example", "elsewhere")
    options = [option.text for option in ada.open(TICKET).all("option")]
    assert options == ["Choose a colleague", "Bea Lund"]
    page = put_in_copy(ada, eve)
    assert "Nobody was put in copy: choose a colleague from the list." in page.text
    for number in ("", "0", "١", "9" * 30):
        form = ada.open(TICKET).form(f"{TICKET}/copy")
        form.fields["colleague"] = number
        assert "Nobody was put in copy" in ada.send(form).text
    accounts.disable_account(desk.services, bea.email, NOW)
    with pytest.raises(watching.NoColleague):
        watching.add_watcher(desk.services, desk.customer.id, 1, bea.id, NOW)
    assert stored(desk.services, Watcher) == []


def test_who_is_taken_out_of_the_project_is_out_of_copy_for_good(desk: Desk, bea: Account) -> None:
    sam = build_staff(desk.services)
    watching.add_watcher(desk.services, desk.customer.id, 1, bea.id, NOW)
    projects.remove_member(desk.services, bea.email, "shop", NOW)
    replies.reply_as_staff(desk.services, sam.id, 1, written("Which browser?"), "waiting", NOW)
    projects.add_member(desk.services, bea.email, "shop", NOW)
    replies.reply_as_staff(desk.services, sam.id, 1, written("And when?"), "waiting", NOW)
    assert told(desk, "bea@shop.example") == ["in-copy"]
    assert desk.browser_of("bea@shop.example").open(TICKET).status == 200


def test_who_watches_a_duplicate_gets_the_mails_of_what_it_was_merged_into(desk: Desk, bea: Account) -> None:
    sam = build_staff(desk.services)
    file_ticket(desk.services, desk.customer, subject="Another", submission="form-2")
    watching.add_watcher(desk.services, desk.customer.id, 1, bea.id, NOW)
    triage.merge(desk.services, sam.id, 1, "SUP-1002", NOW)
    replies.reply_as_staff(desk.services, sam.id, 2, written("Solved"), "open", NOW)
    assert told(desk, "bea@shop.example") == ["in-copy", "closed", "replied"]
