"""One form is one ticket, and nothing typed is lost: what people and browsers really do to a form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from playwright.sync_api import Page, expect

from formapp.accounts import sessions
from formapp.accounts.accounts import find_account_by_email
from formapp.demo import company as demo
from formapp.models import Ticket
from formapp.tickets.queries import tickets_of
from formapp.tickets.replies import messages_of
from tests.browser.conftest import PLAIN_HOST, Desk, OpenPage, Watch

pytestmark = pytest.mark.browser

SUBJECT = "Search finds nothing"
DESCRIPTION = (
    "It says “no results” for every word,\neven for those in the titles.\n\n  (two spaces, a <tag>, 日本語 and 🦊)"
)
ANSWERS = "need=broken&amp;environment=production&amp;impact=down&amp;workaround=none"


def fill(page: Page) -> None:
    page.get_by_label("Project").select_option("Riverside Shop")
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_label("Description").fill(DESCRIPTION)
    page.get_by_role("radio", name="High").check()


def fill_in_guide(page: Page, script: bool) -> None:
    """The form on the guide's page: without script it can't know who reads it, so it asks in text."""
    if script:
        fill(page)
        return
    page.get_by_label("Project").fill("riverside shop")
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_label("Description").fill(DESCRIPTION)
    page.get_by_role("radio", name="High").check()
    page.get_by_label("Email address").fill(demo.CUSTOMER)


def expect_all_kept(page: Page) -> None:
    expect(page.get_by_label("Subject")).to_have_value(SUBJECT)
    expect(page.get_by_label("Description")).to_have_value(DESCRIPTION)
    expect(page.get_by_role("radio", name="High")).to_be_checked()


def send(page: Page) -> None:
    page.get_by_role("button", name="Send ticket").last.click()


def expect_sent(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Your ticket is sent")


def stored(desk: Desk) -> list[Ticket]:
    customer = find_account_by_email(desk.services, demo.CUSTOMER)
    assert customer
    return list(tickets_of(desk.services, customer.id))


def test_an_impatient_person_makes_one_ticket(page: Page, desk: Desk) -> None:
    """Twice on the button, then a reload, then back and the button again."""
    desk.sign_in(page)
    page.goto("/support/tickets/new")
    fill(page)
    page.get_by_role("button", name="Send ticket").last.dblclick()
    expect_sent(page)
    page.reload()
    expect_sent(page)
    page.go_back()
    expect_all_kept(page)
    send(page)
    expect_sent(page)
    assert [ticket.description for ticket in stored(desk)] == [DESCRIPTION]


def test_what_was_changed_since_the_answer_was_lost_can_be_added_to_the_ticket(
    open_page: OpenPage, desk: Desk, watch: Watch
) -> None:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    desk.sign_in(page)
    page.goto("/support/tickets/new")
    fill(page)
    page.route("**/support/tickets", lambda route: (route.fetch(max_redirects=0), route.abort())[1])
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/support/tickets")):
        send(page)
    page.unroute("**/support/tickets")
    page.goto("/support/tickets/new")
    expect_all_kept(page)
    page.get_by_label("Description").fill("And since noon the filters too")
    send(page)
    expect(page.get_by_text("SUP-1001 was already sent with this form")).to_be_visible()
    expect(page.get_by_label("Description")).to_have_value("And since noon the filters too")
    page.get_by_role("button", name="Add this to SUP-1001").click()
    page.wait_for_url("**/SUP-1001#newest")
    (ticket,) = stored(desk)
    said = [message.body for message in messages_of(desk.services, ticket.id, with_notes=False)]
    assert (ticket.description, said) == (DESCRIPTION, ["And since noon the filters too"])
    # What arrived is no longer kept.
    page.goto("/support/tickets/new")
    expect(page.get_by_label("Description")).to_have_value("")


def test_from_the_guides_page_twice_without_script_is_one_ticket(open_page: OpenPage, desk: Desk) -> None:
    page = open_page(java_script_enabled=False)
    desk.sign_in(page)
    for _ in range(2):
        page.goto("/file-a-ticket/")
        fill_in_guide(page, script=False)
        send(page)
        expect_sent(page)
    assert len(stored(desk)) == 1


def test_a_form_left_open_for_hours_still_sends(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    page.goto("/support/tickets/new")
    fill(page)
    desk.clock.now += timedelta(hours=3)
    send(page)
    expect_sent(page)
    assert [ticket.opened_at for ticket in stored(desk)] == [desk.clock.now]


def test_signed_out_elsewhere_while_typing(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    page.goto("/support/tickets/new")
    fill(page)
    customer = find_account_by_email(desk.services, demo.CUSTOMER)
    assert customer
    sessions.end_all_sessions(desk.services, customer.id, desk.clock())
    send(page)

    expect_all_kept(page)
    page.get_by_label("Email address").fill(demo.CUSTOMER)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    assert stored(desk) == []
    desk.sign_in_by_mail(page)
    expect_all_kept(page)
    send(page)
    expect_sent(page)
    assert len(stored(desk)) == 1


@pytest.mark.parametrize("page_of", ["another site", "a sandboxed page"])
def test_a_page_from_elsewhere_asks_for_one_more_press(page: Page, desk: Desk, watch: Watch, page_of: str) -> None:
    """One more press is enough, though the browser sent no cookie with the first."""
    desk.sign_in(page)
    form = f"""<!doctype html><form method="post" action="{desk.address}/support/tickets" accept-charset="utf-8">
      <input name="project" value="shop"><input name="subject" value="{SUBJECT}"><input name="priority" value="high">
      <input name="answers" value="{ANSWERS}">
      <textarea name="description">{DESCRIPTION}</textarea><button>Go</button></form>"""
    if page_of == "another site":
        elsewhere = f"{desk.address.replace('127.0.0.1', 'localhost')}/elsewhere"
        headers = {}
        watch.expected = (elsewhere,)
    else:
        elsewhere = f"{desk.address}/elsewhere"
        headers = {"Content-Security-Policy": "sandbox allow-forms"}
    page.route(
        elsewhere, lambda route: route.fulfill(body=form, content_type="text/html; charset=utf-8", headers=headers)
    )
    page.goto(elsewhere)
    page.get_by_role("button", name="Go").click()

    expect(page.get_by_text("Press Send ticket once more")).to_be_visible()
    expect_all_kept(page)
    assert stored(desk) == []
    send(page)
    expect_sent(page)
    assert [(ticket.description, ticket.answers) for ticket in stored(desk)] == [
        (DESCRIPTION, {"need": "broken", "environment": "production", "impact": "down", "workaround": "none"})
    ]


def hide_referrer(page: Page) -> None:
    """Give the open page the policy that hides where it stands even from its own server."""
    page.evaluate("document.head.insertAdjacentHTML('beforeend', '<meta name=referrer content=no-referrer>')")


def test_a_guide_that_sends_no_referrer_is_still_our_own(page: Page, script: bool, desk: Desk) -> None:
    desk.sign_in(page)
    page.goto("/file-a-ticket/")
    hide_referrer(page)
    fill_in_guide(page, script)
    send(page)
    expect_sent(page)
    assert len(stored(desk)) == 1


def test_where_the_browser_says_nothing_an_hour_old_token_is_enough(
    page: Page, script: bool, desk: Desk, watch: Watch
) -> None:
    """Plain http under a name that the desk doesn't know: no Sec-Fetch-Site, first no origin, then an unknown one."""
    plain = Desk(desk.address.replace("127.0.0.1", PLAIN_HOST), desk.services, desk.clock)
    watch.expected = (
        f"a request to somebody else: {plain.address}/",
        "Cross-Origin-Opener-Policy header has been ignored",
    )
    plain.sign_in_on_page(page)
    page.goto(f"{plain.address}/file-a-ticket/")
    hide_referrer(page)
    fill_in_guide(page, script)
    send(page)
    expect(page.get_by_text("Press Send ticket once more")).to_be_visible()
    expect_all_kept(page)
    assert stored(desk) == []

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)):
        send(page)
        expect_sent(page)
    assert [ticket.description for ticket in stored(desk)] == [DESCRIPTION]
