"""Was this page helpful? From the guide's page to the desk, and from a no to a ticket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from markupsafe import Markup

from formapp.app import create_app
from formapp.models import PageFeedback, Ticket
from formapp.web.rate_limits import FEEDBACK_FROM_ONE_MACHINE
from formapp.widgets.built_site import PAGES_FILE, GuidePage, pages_text
from formapp.widgets.feedback import render_feedback
from tests.builders import Clock, build_customer, build_policy, build_services, build_staff, stored
from tests.web.conftest import FORM, Desk
from tests.web.page import Browser, Form, Page

SEND = "/support/feedback"
OWN = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
REASON = "Where do I pay?\nI looked everywhere."


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with a guide of one page, on which the question stands."""
    site = tmp_path / "site"
    (site / "help").mkdir(parents=True)
    block = Markup("<h1>Getting help</h1>{}").format(render_feedback(build_policy(), action=SEND, page="/help/"))
    (site / "help" / "index.html").write_text(f'<!doctype html><html lang="en"><title>Help</title>{block}</html>')
    (site / PAGES_FILE).write_text(pages_text([GuidePage("/help/", "Getting help", "docs/help.md", 6)]))
    services, clock = build_services(tmp_path, site_dir=site), Clock()
    ada = build_customer(services)
    build_staff(services)
    yield Desk(create_app(services=services, clock=clock), services, clock, ada)
    services.database.engine.dispose()


def block(browser: Browser) -> Form:
    answer = browser.answer("GET", "/help/")
    page = Page(answer, "/help/")
    return page.form(SEND)


def answers(desk: Desk) -> list[tuple[str, bool, str]]:
    return [(row.page, row.helpful, row.because) for row in stored(desk.services, PageFeedback)]


def test_yes_is_one_press_and_leads_back(desk: Desk) -> None:
    browser = desk.visitor()
    page = browser.send(block(browser), button=("helpful", "yes"))
    assert (page.status, page.heading) == (200, "Thank you")
    assert page.one("a", href="/help/").text == "Back to “Getting help”"
    assert "Open a ticket about this" not in page.text
    assert answers(desk) == [("/help/", True, "")]


def test_no_becomes_a_ticket_with_one_press(desk: Desk) -> None:
    browser = desk.browser_of("ada@shop.example")
    form = block(browser)
    form.fields["because"] = REASON
    page = browser.send(form, button=("helpful", "no"))
    assert "Where do I pay?" in page.text
    link = next(link["href"] for link in page.all("a") if link.text == "Open a ticket about this")
    # No word that was typed stands in an address.
    assert "pay" not in link
    ticket = browser.open(link).form("/support/tickets")
    assert (ticket.fields["page"], ticket.fields["description"]) == ("/help/", REASON)
    ticket.fields |= {name: FORM[name] for name in ("project", "subject", "priority")}
    assert browser.send(ticket).heading == "Your ticket is sent"
    filed = stored(desk.services, Ticket)[0]
    assert (filed.page, filed.description) == ("/help/", REASON)
    assert answers(desk) == [("/help/", False, REASON)]


def test_the_answer_is_shown_for_an_hour_to_who_has_its_address(desk: Desk) -> None:
    browser = desk.visitor()
    form = block(browser)
    form.fields["because"] = REASON
    page = browser.send(form, button=("helpful", "no"))
    assert "Where do I pay?" in desk.visitor().open(page.url).text
    for other in ("/support/feedback/1", page.url.replace("feedback/", "feedback/x")):
        assert "Where do I pay?" not in desk.visitor().open(other).text


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"because": "x" * 1_001}, 422, "The reason must be 1,000 characters or less. It is 1 too long"),
        ({"because": "a\0b"}, 422, "The text holds a NUL character"),
        ({"page": "/nowhere/", "because": REASON}, 422, "There is no page “/nowhere/” in the guide"),
        ({"page": ""}, 422, "There is no page “” in the guide"),
    ],
)
def test_what_can_not_be_stored_comes_back_filled(desk: Desk, changes: dict[str, str], status: int, said: str) -> None:
    browser = desk.visitor()
    form = block(browser)
    form.fields |= changes
    page = browser.send(form, button=("helpful", "no"))
    assert page.status == status
    assert said in page.text
    again = page.form(SEND)
    assert again.fields["page"] == form.fields["page"]
    assert again.fields["because"] == changes.get("because", "").replace("\0", "\N{REPLACEMENT CHARACTER}")
    assert answers(desk) == []
    again.fields |= {"page": "/help/", "because": "Short"}
    assert browser.send(again, button=("helpful", "no")).heading == "Thank you"


def test_a_form_without_an_answer_asks_for_one(desk: Desk) -> None:
    browser = desk.visitor()
    assert "Press Yes, or Send answer" in browser.send(block(browser)).text


def test_who_answers_too_often_waits_and_loses_no_word(desk: Desk) -> None:
    browser = desk.visitor()
    for _ in range(FEEDBACK_FROM_ONE_MACHINE.amount):
        assert browser.send(block(browser), button=("helpful", "yes")).status == 200
    form = block(browser)
    form.fields["because"] = REASON
    page = browser.send(form, button=("helpful", "no"))
    assert page.status == 429
    assert page.form(SEND).fields["because"] == REASON


def test_from_an_unknown_page_it_is_asked_once_more(desk: Desk) -> None:
    browser = desk.visitor()
    sent = {"page": "/help/", "helpful": "no", "because": REASON}
    page = browser.post(SEND, sent, {"Origin": "https://elsewhere.example"})
    assert (page.status, page.heading) == (422, "Press Send answer once more")
    assert answers(desk) == []
    assert browser.send(page.form(SEND), headers={"Origin": "null"}).heading == "Thank you"
    assert answers(desk) == [("/help/", False, REASON)]


def test_who_is_signed_in_is_not_asked_whose_form_it_is_and_leaves_no_trace(desk: Desk) -> None:
    browser = desk.browser_of("ada@shop.example")
    assert browser.send(block(browser), button=("helpful", "yes")).heading == "Thank you"
    assert answers(desk) == [("/help/", True, "")]


def test_the_thanks_are_in_the_language_of_the_page(desk: Desk) -> None:
    browser = desk.visitor()
    form = block(browser)
    form.fields["language"] = "de"
    page = browser.send(form, button=("helpful", "yes"))
    assert page.url.endswith("?language=de")


def test_the_list_of_pages_is_the_desks_alone(desk: Desk) -> None:
    assert desk.visitor().answer("GET", f"/{PAGES_FILE}").status_code == 404
