"""From a link "Need help?" to what staff see: every way that a ticket can take keeps where it was written from."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from formapp.app import create_app
from formapp.incoming_mail import processing
from formapp.models import Ticket
from tests.builders import Clock, build_customer, build_services, build_staff, stored
from tests.web.conftest import Desk, filled, follow_newest_link
from tests.web.page import Browser, Page
from tests.web.test_guests import MAIL, confirmation, sent_by_guest

PAGE, TITLE, SECTION, VERSION = "/ticket-priority/#high", "Ticket priority", "High", "2.1"
FROM = {"page": PAGE, "title": TITLE, "section": SECTION, "version": VERSION}
QUERY = urlencode({f"help-{name}": said for name, said in FROM.items()})
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
SHOWN = urlencode({"/refunds/": "Refunds", "/gone/": "Gone"})


def facts(page: Page) -> dict[str, str]:
    """What stands beside each name among a page's facts."""
    told = zip(page.all("dt"), page.all("dd"), strict=True)
    return {term.text.strip(): " ".join(said.text.split()) for term, said in told}


def test_the_desks_own_form_takes_it_from_the_address_and_staff_see_it(ada: Browser, sam: Browser) -> None:
    form = ada.open(f"/support/tickets/new?{QUERY}").form("/support/tickets")
    form.fields |= filled(subject="Which one?") | {"pages_shown": SHOWN}
    ada.send(form)
    shown = facts(sam.open("/support/desk/SUP-1002"))
    assert shown["Written from"] == "Ticket priority, section High, version 2.1"
    assert shown["Pages shown before"] == "Refunds Gone"
    # A ticket of no page has no such lines.
    assert not {"Written from", "Pages shown before"} & set(facts(sam.open("/support/desk/SUP-1001")))


def test_it_stays_through_a_refused_form(desk: Desk, ada: Browser) -> None:
    form = ada.open(f"/support/tickets/new?{QUERY}").form("/support/tickets")
    form.fields |= filled(subject="") | {"pages_shown": SHOWN}
    again = ada.send(form).form("/support/tickets")
    again.fields["subject"] = "Which one?"
    ada.send(again)
    (ticket,) = desk.tickets()
    assert ticket.written_from == FROM
    assert ticket.pages_shown == {"/refunds/": "Refunds", "/gone/": "Gone"}


def test_it_stays_through_signing_in(desk: Desk, visitor: Browser) -> None:
    fields = {**filled(), "email": "ada@shop.example", "written_from": urlencode(FROM), "pages_shown": SHOWN}
    visitor.post("/support/tickets", fields, SAME_ORIGIN)
    visitor.send(follow_newest_link(visitor).form("/support/tickets"))
    (ticket,) = desk.tickets()
    assert (ticket.written_from, len(ticket.pages_shown)) == (FROM, 2)


def test_it_stays_with_a_ticket_of_somebody_unknown(desk: Desk, visitor: Browser, sam: Browser) -> None:
    sent_by_guest(visitor, written_from=urlencode(FROM), pages_shown=SHOWN)
    page = confirmation(visitor)
    visitor.send(page.form(page.url))
    processing.process_next(desk.services, desk.clock)
    form = sam.open(f"{MAIL}/1").form(f"{MAIL}/1/accept")
    form.fields["project"] = "shop"
    sam.send(form)
    ticket = stored(desk.services, Ticket)[-1]
    assert (ticket.written_from, len(ticket.pages_shown)) == (FROM, 2)


@pytest.mark.parametrize("signed_in", [True, False])
def test_without_script_it_comes_from_the_address_of_the_forms_page(
    desk: Desk, ada: Browser, visitor: Browser, signed_in: bool
) -> None:
    """The guide's form is a file, so its hidden field is empty then; the browser names the page with its query."""
    browser = ada if signed_in else visitor
    fields = {**filled(subject="" if signed_in else "Which one?"), "email": "ada@shop.example", "written_from": ""}
    came_from = {"Referer": f"{browser.origin}/file-a-ticket/?{QUERY}", **SAME_ORIGIN}
    answer = browser.post("/support/tickets", fields, came_from)
    if signed_in:
        # Refused for its empty subject; the page with the form again has another address.
        form = answer.form("/support/tickets")
        form.fields["subject"] = "Which one?"
        browser.send(form)
    else:
        browser.send(follow_newest_link(browser).form("/support/tickets"))
    assert desk.tickets()[0].written_from == FROM


def test_a_form_without_the_option_takes_nothing_from_there(desk: Desk, ada: Browser) -> None:
    form = ada.open("/support/tickets/new").form("/support/tickets")
    assert "written_from" not in form.fields
    ada.post("/support/tickets", {**form.fields, **filled()}, {"Referer": f"{ada.origin}/x/?{QUERY}", **SAME_ORIGIN})
    assert desk.tickets()[0].written_from == {}


def test_an_address_that_leads_elsewhere_becomes_no_link(ada: Browser, sam: Browser) -> None:
    query = urlencode({"help-page": "//evil.example/", "help-title": '<a href="//evil.example">'})
    form = ada.open(f"/support/tickets/new?{query}").form("/support/tickets")
    form.fields |= filled(subject="Which one?") | {"pages_shown": urlencode({"https://evil.example/": "Click"})}
    ada.send(form)
    page = sam.open("/support/desk/SUP-1002")
    assert "evil.example" not in page.text
    assert not [link for link in page.all("a", href=True) if "evil" in str(link["href"])]


def test_a_missing_address_is_told_and_no_link(ada: Browser, sam: Browser) -> None:
    form = ada.open("/support/tickets/new?help-missing=/old/page/").form("/support/tickets")
    form.fields |= filled(subject="Which one?")
    ada.send(form)
    page = sam.open("/support/desk/SUP-1002")
    assert facts(page)["Written from"] == "An address without a page: /old/page/"
    assert not page.all("a", href="/old/page/")


def test_where_the_desk_has_the_guide_its_pages_alone_are_links_and_were_shown(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for name in ("ticket-priority", "refunds"):
        (site / name).mkdir(parents=True)
        (site / name / "index.html").write_text("<h1>A page</h1>")
    services = build_services(tmp_path, site_dir=site)
    customer, clock = build_customer(services), Clock()
    build_staff(services)
    desk = Desk(create_app(services=services, clock=clock), services, clock, customer)
    ada, sam = desk.browser_of("ada@shop.example"), desk.browser_of("sam@platform.example")
    for query in (QUERY, urlencode({"help-page": "/never/was/", "help-title": "Sign out"})):
        form = ada.open(f"/support/tickets/new?{query}").form("/support/tickets")
        form.fields |= filled(subject=f"About {len(desk.tickets())}") | {"pages_shown": SHOWN}
        ada.send(form)
    page = sam.open("/support/desk/SUP-1001")
    assert page.one("a", href=PAGE).text == TITLE
    assert page.one("a", href="/refunds/").text == "Refunds"
    assert facts(page)["Pages shown before"] == "Refunds"
    other = sam.open("/support/desk/SUP-1002")
    assert facts(other)["Written from"] == "Sign out"
    assert not other.all("a", href="/never/was/")
