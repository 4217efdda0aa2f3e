"""Which page should have answered: named where a ticket is closed, listed for whoever writes the guide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from formapp.app import create_app
from formapp.models import NamedPage
from formapp.tickets import page_feedback
from formapp.widgets.built_site import PAGES_FILE, GuidePage, pages_text
from tests.builders import NOW, Clock, build_customer, build_services, build_staff, file_ticket, stored
from tests.web.conftest import Desk
from tests.web.deskforms import TICKET, form_of, history, messages, the_ticket
from tests.web.page import Browser

GUIDE = "/support/desk/guide"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    site = tmp_path / "site"
    site.mkdir()
    pages = [GuidePage("/help/", "Getting help", "docs/help.md", 6), GuidePage("/bills/", "Bills", "docs/bills.md", 1)]
    (site / PAGES_FILE).write_text(pages_text(pages))
    services, clock = build_services(tmp_path, site_dir=site), Clock()
    ada = build_customer(services)
    build_staff(services)
    file_ticket(services, ada, page="/help/")
    yield Desk(create_app(services=services, clock=clock), services, clock, ada)
    services.database.engine.dispose()


@pytest.fixture
def sam(desk: Desk) -> Browser:
    return desk.browser_of("sam@platform.example")


def named(desk: Desk) -> list[str]:
    return [row.page for row in stored(desk.services, NamedPage)]


def test_closing_without_a_reply_names_the_page(desk: Desk, sam: Browser) -> None:
    page = sam.open(TICKET)
    offered = [(one["value"], one["label"]) for one in page.all("option") if one.get("label")]
    assert offered == [("/bills/", "Bills"), ("/help/", "Getting help")]
    page = sam.send(form_of(page, "close", guide_page="Bills"))
    assert (the_ticket(desk).state, named(desk)) == ("closed", ["/bills/"])
    assert "named /bills/ as the page that should have answered it" in history(page)[-1]


def test_the_composer_names_it_with_the_reply_that_closes(desk: Desk, sam: Browser) -> None:
    form = form_of(sam.open(TICKET), "reply", body="Look there", guide_page="/bills/")
    form.fields["then"] = "closed"
    sam.send(form)
    assert (messages(desk), the_ticket(desk).state, named(desk)) == ([("reply", "Look there")], "closed", ["/bills/"])


def test_a_page_that_is_not_there_keeps_the_reply_and_both_texts(desk: Desk, sam: Browser) -> None:
    form = form_of(sam.open(TICKET), "reply", body="Look there", guide_page="/nowhere/")
    form.fields["then"] = "closed"
    page = sam.send(form)
    assert page.status == 422
    assert page.one("a", href="#composer-guide-page").text.startswith("There is no page “/nowhere/” in the guide")
    again = form_of(page, "reply")
    assert (again.fields["body"], again.fields["guide_page"]) == ("Look there", "/nowhere/")
    assert (messages(desk), the_ticket(desk).state, named(desk)) == ([], "open", [])


def test_on_a_closed_ticket_it_is_named_later_and_taken_back(desk: Desk, sam: Browser) -> None:
    page = sam.send(form_of(sam.open(TICKET), "close"))
    page = sam.send(form_of(page, "guide-page", guide_page="/help/"))
    assert "The page is saved. Customers never see it." in page.text
    assert form_of(page, "guide-page").fields["guide_page"] == "/help/"
    refused = sam.send(form_of(page, "guide-page", guide_page="/nowhere/"))
    assert (refused.status, form_of(refused, "guide-page").fields["guide_page"]) == (422, "/nowhere/")
    page = sam.send(form_of(page, "guide-page", guide_page=""))
    assert named(desk) == []
    assert "took back which page should have answered it" in history(page)[-1]


def test_the_customer_never_sees_it(desk: Desk, sam: Browser) -> None:
    sam.send(form_of(sam.open(TICKET), "close", guide_page="/bills/"))
    page = desk.browser_of("ada@shop.example").open("/support/tickets/SUP-1001")
    assert "bills" not in page.html
    assert "should have answered" not in page.html


def test_the_page_lists_what_the_guide_should_have_answered(desk: Desk, sam: Browser) -> None:
    sam.send(form_of(sam.open(TICKET), "close", guide_page="/bills/"))
    page_feedback.give_feedback(desk.services, "/bills/", "Where is <b>my</b> bill?", NOW, helpful=False)
    page_feedback.give_feedback(desk.services, "/help/", "", NOW, helpful=True)
    page = sam.open(GUIDE)
    assert page.heading == "What the guide should have answered"
    rows = [" ".join(row.text.split()) for row in page.all("tr")]
    assert rows[1:] == [
        "Bills /bills/ 1 reason Where is <b>my</b> bill? 1 0 1 0 1 docs/bills.md:1",
        "Getting help /help/ 1 1 0 1 0 docs/help.md:6",
    ]
    assert page.one("a", href="/bills/").text == "Bills"
    later = sam.open(f"{GUIDE}?since=2026-12")
    assert "Since then no ticket was sent from a page of the guide" in later.text
    wrong = sam.open(f"{GUIDE}?since=tomorrow")
    assert (wrong.status, "Choose a month from the list" in wrong.text) == (422, True)


def test_reports_lead_there(sam: Browser) -> None:
    page = sam.open("/support/desk/reports")
    assert [link.text for link in page.all("a", href=GUIDE)] == ["Guide", "What the guide should have answered"]
