"""An open page asks whether there are new messages: each side is told of those that it may see, at next to no cost."""

from __future__ import annotations

import pytest

from formapp.tickets import replies
from tests.builders import NOW, build_staff, file_ticket, written
from tests.web.conftest import Desk
from tests.web.page import Browser

AT_THE_DESK = "/support/desk/SUP-1001"
TICKET = "/support/tickets/SUP-1001"


@pytest.fixture
def staff(desk: Desk) -> int:
    file_ticket(desk.services, desk.customer)
    return build_staff(desk.services).id


def test_each_side_is_told_of_what_it_may_see(desk: Desk, ada: Browser, staff: int) -> None:
    sam = desk.browser_of("sam@platform.example")
    told = f"{TICKET}/new-messages?after=0", f"{AT_THE_DESK}/new-messages?after=0"
    assert [ada.json(told[0]), sam.json(told[1])] == [{"said": ""}, {"said": ""}]
    replies.add_note(desk.services, staff, 1, written("He is rude"), NOW)
    assert [ada.json(told[0]), sam.json(told[1])] == [{"said": ""}, {"said": "One new message."}]
    replies.reply_as_staff(desk.services, staff, 1, written("We look at it"), "open", NOW)
    assert [ada.json(told[0]), sam.json(told[1])] == [{"said": "One new message."}, {"said": "2 new messages."}]


def test_a_page_names_the_newest_message_that_it_shows(desk: Desk, ada: Browser, staff: int) -> None:
    sam = desk.browser_of("sam@platform.example")
    replies.reply_as_staff(desk.services, staff, 1, written("We look at it"), "open", NOW)
    for browser, page in ((ada, TICKET), (sam, AT_THE_DESK)):
        news = browser.open(page).one("support-news")
        assert browser.json(f"{news['data-url']}?after={news['data-after']}") == {"said": ""}
        replies.reply_as_customer(desk.services, desk.customer.id, 1, written(f"{page} once more"), NOW)
        assert browser.json(f"{news['data-url']}?after={news['data-after']}") == {"said": "One new message."}


def test_nothing_new_is_answered_without_a_word(desk: Desk, ada: Browser, staff: int) -> None:
    address = f"{TICKET}/new-messages?after=0"
    first = ada.answer("GET", address)
    known = {"If-None-Match": first.headers["ETag"]}
    again = ada.answer("GET", address, headers=known)
    assert (again.status_code, again.get_data()) == (304, b"")
    replies.add_note(desk.services, staff, 1, written("He is rude"), NOW)
    # A note isn't even to be noticed.
    assert ada.answer("GET", address, headers=known).status_code == 304
    replies.reply_as_staff(desk.services, staff, 1, written("We look at it"), "open", NOW)
    assert ada.answer("GET", address, headers=known).status_code == 200


@pytest.mark.parametrize("after", ["", "-1", "x", "9" * 30, "9" * 10, "١", "%00"])
def test_an_odd_number_does_no_harm(ada: Browser, staff: int, after: str) -> None:  # noqa: ARG001
    assert ada.json(f"{TICKET}/new-messages?after={after}") == {"said": ""}
