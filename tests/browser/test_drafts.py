"""The form keeps itself in the browser: it comes back, of each tab its own, and goes once the desk has it."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from formapp.demo import company as demo
from site_plugins.chromium import find_chromium, flags
from tests.browser.conftest import Desk, OpenPage, Watch, let_pages_be_exchanged
from tests.browser.forms import (
    DESCRIPTION,
    SUBJECT,
    all_stored,
    attach,
    expect_sent,
    files_of,
    fill,
    send,
    stored,
)

pytestmark = pytest.mark.browser

NEW = "/support/tickets/new"
LOG = b"14:05 Error 502\n"
BACK = "What you typed before is back."
RECORDS = "() => Object.entries(localStorage).filter(([key]) => key.startsWith('support-draft:'))"


def records(page: Page) -> list[dict[str, object]]:
    """What the browser keeps of forms."""
    return [json.loads(value) for _, value in page.evaluate(RECORDS)]


def expect_back(page: Page, subject: str = SUBJECT, description: str = DESCRIPTION) -> None:
    expect(page.get_by_text(BACK)).to_be_visible()
    expect(page.get_by_label("Subject")).to_have_value(subject)
    expect(page.get_by_label("Description")).to_have_value(description)


def expect_empty(page: Page) -> None:
    expect(page.get_by_text("Saved in this browser as you type.")).to_be_visible()
    expect(page.get_by_label("Subject")).to_have_value("")
    expect(page.get_by_label("Description")).to_have_value("")


@pytest.fixture
def form(open_page: OpenPage, desk: Desk) -> Page:
    """The filled form of somebody who is signed in."""
    page = open_page()
    desk.sign_in(page)
    page.goto(NEW)
    fill(page)
    return page


def test_all_of_it_comes_back_after_a_reload_and_is_sent_as_one_ticket(form: Page, desk: Desk) -> None:
    form.get_by_label("URL").fill("https://shop.example/search")
    attach(form, ("server.log", LOG))
    expect(form.get_by_text("“server.log” is attached.")).to_be_visible()
    submission = form.locator("[name=submission]").input_value()
    for _ in range(3):
        form.reload()
        expect_back(form)
    expect(form.get_by_label("Project")).to_have_value("shop")
    expect(form.get_by_label("URL")).to_have_value("https://shop.example/search")
    expect(form.get_by_role("radio", name="High")).to_be_checked()
    assert form.locator("[name=submission]").input_value() == submission
    expect(form.locator("support-files bdi")).to_have_text(["server.log"])
    send(form)
    expect_sent(form)
    ticket = stored(desk)
    assert (ticket.subject, ticket.description, ticket.submission) == (SUBJECT, DESCRIPTION, submission)
    assert files_of(desk, ticket) == [("server.log", LOG)]


def test_a_file_that_was_removed_does_not_come_back(form: Page) -> None:
    attach(form, ("server.log", LOG), ("wrong.log", LOG))
    expect(form.get_by_text("“wrong.log” is attached.")).to_be_visible()
    form.get_by_role("button", name="Remove wrong.log").click()
    form.reload()
    expect_back(form)
    expect(form.locator("support-files bdi")).to_have_text(["server.log"])


def test_files_that_the_desk_has_listed_after_an_error_come_back_too(form: Page, desk: Desk) -> None:
    attach(form, ("server.log", LOG), (".env", b"DEBUG=1\n"))
    expect(form.get_by_text("“.env” is attached.")).to_be_visible()
    form.get_by_label("Subject").fill("")
    send(form)
    expect(form.get_by_text("There is a problem")).to_be_visible()
    form.get_by_label("Subject").fill(SUBJECT)
    form.goto(NEW)
    expect_back(form)
    expect(form.locator("support-files bdi")).to_have_text(["server.log", ".env"])
    expect(form.locator("support-files li").nth(1)).to_contain_text("may hold passwords or keys")
    send(form)
    expect_sent(form)
    assert files_of(desk, stored(desk)) == [("server.log", LOG), (".env", b"DEBUG=1\n")]


def test_it_goes_when_the_desk_has_it_and_not_before(form: Page) -> None:
    form.get_by_label("Subject").fill("")
    send(form)
    expect(form.get_by_text("There is a problem")).to_be_visible()
    assert len(records(form)) == 1
    form.get_by_label("Subject").fill(SUBJECT)
    assert [draft["fields"]["subject"] for draft in records(form)] == [SUBJECT]  # type: ignore[index]
    send(form)
    expect_sent(form)
    assert records(form) == []
    form.goto(NEW)
    expect_empty(form)


def test_after_the_ticket_back_and_forth_brings_no_draft_back(form: Page) -> None:
    send(form)
    expect_sent(form)
    form.go_back()
    expect(form.get_by_label("Subject")).to_have_value(SUBJECT)
    form.go_forward()
    expect_sent(form)
    form.goto(NEW)
    expect_empty(form)


def test_discarding_it_gives_an_empty_form(form: Page) -> None:
    form.reload()
    expect_back(form)
    old = form.locator("[name=submission]").input_value()
    form.get_by_role("button", name="Discard").press("Enter")
    expect_empty(form)
    assert form.locator("[name=submission]").input_value() != old
    expect(form.get_by_role("button", name="Discard")).to_be_hidden()
    assert records(form) == []


def test_two_tabs_keep_a_form_each(form: Page) -> None:
    other = form.context.new_page()
    other.goto(NEW)
    expect_empty(other)
    fill(other, "The other tab", "Its own text")
    form.get_by_label("Subject").fill("The first tab")
    assert len(records(form)) == 2
    for page in (other, form):
        page.reload()
    expect_back(form, "The first tab")
    expect_back(other, "The other tab", "Its own text")


def test_a_tab_that_comes_back_whole_keeps_its_own(form: Page) -> None:
    """Some browsers put a left page aside and take it out again on Back; the page then lets go and takes hold."""
    for event in ("pagehide", "pageshow"):
        form.evaluate("(type) => dispatchEvent(new PageTransitionEvent(type, { persisted: true }))", event)
    other = form.context.new_page()
    other.goto(NEW)
    expect_empty(other)


def test_what_a_closed_tab_left_is_taken_over_once(form: Page) -> None:
    context = form.context
    form.close()
    heir, third = context.new_page(), context.new_page()
    heir.goto(NEW)
    expect_back(heir)
    third.goto(NEW)
    expect_empty(third)
    assert len(records(third)) == 1


def is_on_disk(profile: Path, text: str) -> bool:
    """Whether a browser's storage holds this text, in either of the ways in which Chromium writes texts."""
    logs = [path.read_bytes() for path in profile.glob("**/Local Storage/leveldb/*.log")]
    return any(text.encode(name) in log for name in ("latin-1", "utf-16-le") for log in logs)


def test_it_comes_back_when_the_browser_was_killed(tmp_path: Path, chromium: Browser, desk: Desk) -> None:
    def browser() -> BrowserContext:
        return chromium.browser_type.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=find_chromium(), args=flags(), base_url=desk.address
        )

    first = browser()
    page = first.new_page()
    page.goto("/file-a-ticket/")
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_label("Description").fill(DESCRIPTION)
    # The browser writes its storage to disk within seconds, when it likes.
    deadline = time.monotonic() + 60
    while not is_on_disk(tmp_path / "profile", SUBJECT):
        assert time.monotonic() < deadline, "the browser wrote nothing"
        page.wait_for_timeout(50)
    with suppress(Error):
        first.new_cdp_session(page).send("Browser.crash")
    with suppress(Error):
        first.close()
    again = browser()
    page = again.new_page()
    page.goto("/file-a-ticket/")
    expect_back(page)
    again.close()


def test_it_comes_back_after_signing_in(open_page: OpenPage, desk: Desk) -> None:
    page = open_page()
    page.goto(NEW)
    page.get_by_label("Project").fill("Riverside Shop")
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_label("Description").fill(DESCRIPTION)
    attach(page, ("server.log", LOG))
    expect(page.get_by_text("“server.log” is attached.")).to_be_visible()
    desk.sign_in(page)
    page.goto(NEW)
    expect_back(page)
    # Typed as a name, chosen by it.
    expect(page.get_by_label("Project")).to_have_value("shop")
    page.get_by_role("radio", name="Low").check()
    send(page)
    expect_sent(page)
    assert files_of(desk, stored(desk)) == [("server.log", LOG)]


def send_signed_out(page: Page) -> None:
    """Fill the guide's form as somebody who isn't signed in, and send it."""
    page.goto("/file-a-ticket/")
    page.get_by_label("Project").fill("Riverside Shop")
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_label("Description").fill(DESCRIPTION)
    page.get_by_role("radio", name="High").check()
    page.get_by_label("Email address").fill(demo.CUSTOMER)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")


def test_the_link_s_form_wins_over_what_the_browser_kept(open_page: OpenPage, desk: Desk) -> None:
    """Sent signed out, signed in by the link of the mail, sent: one ticket, and nothing is left in the browser."""
    page = open_page()
    send_signed_out(page)
    assert len(records(page)) == 1
    desk.sign_in_by_mail(page)
    expect(page.get_by_label("Description")).to_have_value(DESCRIPTION)
    expect(page.get_by_text(BACK)).to_have_count(0)
    page.get_by_label("Description").fill("Shorter")
    send(page)
    expect_sent(page)
    assert records(page) == []
    assert stored(desk).description == "Shorter"


def test_what_the_sign_in_has_sent_is_not_kept_in_the_browser(open_page: OpenPage, desk: Desk) -> None:
    page = open_page()
    send_signed_out(page)
    desk.open_newest_link(page)
    page.get_by_role("button", name="Sign in and send the ticket").click()
    expect_sent(page)
    assert records(page) == []
    assert stored(desk).description == DESCRIPTION


def test_nothing_but_the_form_s_own_is_kept(form: Page) -> None:
    form.get_by_label("Description").press("End")
    (draft,) = records(form)
    assert set(draft) == {"at", "account", "text", "fields", "files"}
    assert set(draft["fields"]) == {  # type: ignore[call-overload]
        *("project", "subject", "url", "description", "priority", "email", "answers", "submission")
    }
    token = form.locator("[name=csrf_token]").get_attribute("value")
    assert token
    assert token not in json.dumps(draft)


def test_a_form_that_was_emptied_leaves_nothing(form: Page) -> None:
    form.get_by_label("Subject").fill("")
    form.get_by_label("Description").fill("  ")
    assert records(form) == []


@pytest.mark.parametrize("spoilt", ["{", "5", "null", '{"at": 1e99, "fields": 7}', '{"at": 0}', ""])
def test_a_spoilt_record_is_survived_and_goes(form: Page, spoilt: str) -> None:
    ((key, _),) = form.evaluate(RECORDS)
    form.goto("/support/sign-in")
    form.evaluate("([key, value]) => { localStorage[key] = value; }", [key, spoilt])
    form.goto(NEW)
    expect_empty(form)
    form.get_by_label("Subject").fill("Typed anew")
    form.reload()
    expect_back(form, "Typed anew", "")


def test_after_thirty_days_it_is_gone(form: Page) -> None:
    form.goto("/support/sign-in")
    form.evaluate(
        """(records) => {
          for (const [key, value] of records) {
            localStorage[key] = JSON.stringify({ ...JSON.parse(value), at: Date.now() - 31 * 24 * 3600e3 });
          }
        }""",
        form.evaluate(RECORDS),
    )
    form.goto(NEW)
    expect_empty(form)
    assert records(form) == []


def test_a_full_storage_is_said_and_the_form_still_sends(form: Page, desk: Desk) -> None:
    form.evaluate(
        """() => {
          for (let size = 2 ** 22; size >= 1; size /= 2) {
            try { for (;;) localStorage[`filler ${size} ${Math.random()}`] = "x".repeat(size); } catch {}
          }
        }"""
    )
    form.get_by_label("Description").fill(DESCRIPTION * 20)
    expect(form.get_by_text("This browser can't save what you type.")).to_be_visible()
    send(form)
    expect_sent(form)
    assert stored(desk).description == DESCRIPTION * 20


@pytest.mark.parametrize("gone", ["localStorage", "sessionStorage", "navigator.locks"])
def test_where_the_browser_forbids_it_the_form_works_as_ever(
    open_page: OpenPage, desk: Desk, watch: Watch, gone: str
) -> None:
    # The theme's own script asks for its storage and complains.
    watch.expected = ("uncaught: No",)
    page = open_page()
    desk.sign_in(page)
    place, name = ("Navigator.prototype", "locks") if "." in gone else ("window", gone)
    forbid = "throw new DOMException('No', 'SecurityError')" if place == "window" else "return undefined"
    page.add_init_script(f"Object.defineProperty({place}, '{name}', {{ get() {{ {forbid}; }} }})")
    page.goto(NEW)
    fill(page)
    attach(page, ("server.log", LOG))
    send(page)
    expect_sent(page)
    assert files_of(desk, stored(desk)) == [("server.log", LOG)]


def test_a_draft_belongs_to_its_page_and_its_project(form: Page) -> None:
    context = form.context
    form.close()
    page = context.new_page()
    page.goto("/file-a-ticket/")
    expect_empty(page)
    page.goto(f"{NEW}?project=intranet")
    expect_empty(page)
    page.goto(NEW)
    expect_back(page)


def test_what_the_address_chooses_wins_over_the_draft(form: Page) -> None:
    context = form.context
    form.goto("/file-a-ticket/")
    form.get_by_label("Subject").fill(SUBJECT)
    form.get_by_role("radio", name="High").check()
    form.close()
    page = context.new_page()
    page.goto("/file-a-ticket/?priority=low")
    expect_back(page, SUBJECT, "")
    expect(page.get_by_role("radio", name="Low")).to_be_checked()


def test_going_from_page_to_page_within_the_guide_keeps_it(open_page: OpenPage, desk: Desk) -> None:
    """The theme exchanges the page under the script: the form comes and goes."""
    page = open_page()
    let_pages_be_exchanged(page, desk)
    with page.expect_response("**/sitemap.xml"):
        page.goto("/file-a-ticket/")
    page.evaluate("() => { window.first = true; }")
    page.get_by_label("Subject").fill(SUBJECT)
    for _ in range(2):
        page.get_by_role("link", name="Ticket priority").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Ticket priority")
        page.get_by_role("link", name="Open a ticket").first.click()
        expect_back(page, SUBJECT, "")
    assert page.evaluate("() => window.first"), "the whole page was loaded anew"
    assert len(records(page)) == 1


def test_two_tickets_one_after_the_other_are_two(form: Page, desk: Desk) -> None:
    send(form)
    expect_sent(form)
    form.goto(NEW)
    fill(form, "Another one", "Quite another")
    send(form)
    expect_sent(form)
    assert {ticket.subject for ticket in all_stored(desk)} == {SUBJECT, "Another one"}
