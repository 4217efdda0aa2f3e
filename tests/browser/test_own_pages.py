"""A customer's own pages in a browser: the reader's own time first, nothing moves, and a phone shows the newest."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from formapp.accounts import projects
from formapp.accounts.accounts import find_account_by_email
from formapp.demo import company as demo
from formapp.tickets import replies, watching
from tests.browser.axe import axe_faults
from tests.browser.conftest import MOVED, Desk, OpenPage
from tests.builders import NOW, build_account, file_ticket, written

pytestmark = pytest.mark.browser

LIST = "/support/tickets"
TICKET = f"{LIST}/SUP-1001"
WIDE = "() => document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(autouse=True)
def _conversation(desk: Desk) -> None:
    """A ticket with a long conversation that waits for its sender, another one, and a colleague in copy."""
    ada, sam = (find_account_by_email(desk.services, email) for email in (demo.CUSTOMER, "sam@platform.example"))
    assert ada
    assert sam
    bea = build_account(desk.services, "bea@shop.example", name="Bea Lund")
    projects.add_member(desk.services, bea.email, "shop", NOW)
    file_ticket(desk.services, ada)
    file_ticket(desk.services, ada, subject="Search finds nothing", submission="form-2", priority="critical")
    watching.add_watcher(desk.services, ada.id, 1, bea.id, NOW)
    for number in range(6):
        text = written(f"Line {number}\n" * 8)
        replies.reply_as_staff(desk.services, sam.id, 1, text, "waiting", NOW)
    replies.render_new(desk.services, desk.clock)


@pytest.mark.parametrize(
    ("zone", "long", "short"),
    [
        ("Europe/Paris", "Tuesday 24 November, 15:00 Paris time", "Tue 24 Nov, 15:00 Paris time"),
        ("America/New_York", "Tuesday 24 November, 09:00, 15:00 in Paris", "Tue 24 Nov, 09:00"),
        ("Australia/Sydney", "Wednesday 25 November, 01:00, Tue 24 Nov, 15:00 in Paris", "Wed 25 Nov, 01:00"),
    ],
)
def test_the_reader_s_own_time_comes_first(open_page: OpenPage, desk: Desk, zone: str, long: str, short: str) -> None:
    page = open_page(timezone_id=zone)
    desk.sign_in(page)
    page.goto(TICKET)
    expect(page.locator("dd time").first).to_have_text(long)
    listed = page.locator("#newest time")
    # What is only for those who listen counts as text, too.
    visible = listed.evaluate("(time) => time.firstChild.textContent")
    assert visible == short
    if zone != "Europe/Paris":
        whole = f"{short}, {'' if zone.startswith('America') else 'Tue 24 Nov, '}15:00 in Paris"
        expect(listed).to_have_attribute("title", whole)
        expect(listed).to_have_text(whole)


@pytest.mark.parametrize("path", [LIST, TICKET])
@pytest.mark.parametrize(("width", "zone"), [(360, "Australia/Sydney"), (1280, "Australia/Sydney"), (360, "UTC")])
def test_nothing_moves_when_the_reader_s_time_comes(
    open_page: OpenPage, desk: Desk, path: str, width: int, zone: str
) -> None:
    page = open_page(timezone_id=zone, viewport={"width": width, "height": 3500})
    desk.sign_in(page)
    page.goto(path)
    expect(page.locator("time[data-own]").first).to_be_attached()
    assert [moved for moved in page.evaluate(MOVED) if "support-" in str(moved[1:])] == []
    assert page.evaluate(WIDE) <= 0


def test_a_phone_shows_the_newest_message_on_its_first_screen(open_page: OpenPage, desk: Desk) -> None:
    page = open_page(viewport={"width": 360, "height": 740})
    desk.sign_in(page)
    page.goto(LIST)
    expect(page.get_by_role("heading", name="Waiting for you")).to_be_in_viewport()
    expect(page.get_by_text("6 new messages")).to_be_in_viewport()
    page.goto(TICKET)
    beginning = page.locator(".support-newest")
    expect(beginning).to_be_in_viewport(ratio=1)
    expect(beginning).to_contain_text("Line 5")
    beginning.get_by_role("link").click()
    expect(page.locator("#newest")).to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(beginning).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_are_accessible(open_page: OpenPage, desk: Desk, width: int, scheme: str) -> None:
    page = open_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    desk.sign_in(page)
    page.goto(TICKET)
    page.get_by_role("button", name="Close ticket").click()
    expect(page.get_by_text("The ticket is closed.")).to_be_visible()
    for path in (TICKET, f"{TICKET}/solved", f"{TICKET}/solved?answer=no", LIST, "/support/projects"):
        page.goto(path)
        assert page.evaluate(WIDE) <= 0, path
        assert axe_faults(page, ".support-app") == []
