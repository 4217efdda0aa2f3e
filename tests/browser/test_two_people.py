"""One browser, two people: neither sees what the other typed, and nothing is sent under the wrong name."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from formapp.accounts.accounts import find_account_by_email
from formapp.demo import company as demo
from tests.browser.conftest import Desk, OpenPage
from tests.browser.forms import DESCRIPTION, SUBJECT, expect_sent, fill, send, stored
from tests.browser.test_drafts import NEW, RECORDS, expect_back, expect_empty, records

pytestmark = pytest.mark.browser

BEN = "ben@shop.example"
GUIDE = "/file-a-ticket/"


def sign_out(page: Page) -> None:
    page.goto("/support/account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def typed_by(page: Page) -> list[object]:
    return sorted(dict(draft["fields"])["subject"] for draft in records(page))  # type: ignore[call-overload]


@pytest.mark.parametrize("place", [NEW, GUIDE])
def test_drafts_of_two_people_in_one_browser(open_page: OpenPage, desk: Desk, place: str) -> None:
    """Ada's is hers alone, also when Ben signs in over her session; it comes back to her, and goes at her sign-out."""
    page = open_page()
    desk.sign_in_on_page(page)
    page.goto(place)
    expect(page.get_by_text(f"Sending as Ada Martin ({demo.CUSTOMER})")).to_be_visible()
    page.get_by_label("Subject").fill("Of Ada")
    desk.sign_in_on_page(page, BEN)
    page.goto(place)
    expect(page.get_by_text(f"Sending as Ben Okafor ({BEN})")).to_be_visible()
    expect_empty(page)
    page.get_by_label("Subject").fill("Of Ben")
    page.reload()
    expect_back(page, "Of Ben", "")
    assert typed_by(page) == ["Of Ada", "Of Ben"]

    desk.sign_in_on_page(page)
    page.goto(place)
    expect_back(page, "Of Ada", "")
    sign_out(page)
    assert typed_by(page) == ["Of Ben"]
    page.goto(place)
    expect_empty(page)


def test_a_reply_of_one_is_not_shown_to_the_other(open_page: OpenPage, desk: Desk) -> None:
    page = open_page()
    desk.sign_in_on_page(page)
    page.goto(NEW)
    fill(page)
    send(page)
    expect_sent(page)
    page.goto("/support/tickets/SUP-1001")
    page.get_by_label("Your message").fill("Ada's words")
    desk.sign_in_on_page(page, BEN)
    page.goto("/support/tickets/SUP-1001")
    expect(page.get_by_label("Your message")).to_have_value("")
    expect(page.get_by_text("Saved in this browser as you type.")).to_be_visible()
    sign_out(page)
    desk.sign_in_on_page(page)
    page.goto("/support/tickets/SUP-1001")
    expect(page.get_by_label("Your message")).to_have_value("Ada's words")


def test_what_nobody_in_particular_typed_outlives_a_sign_out(open_page: OpenPage, desk: Desk) -> None:
    """A form filled by somebody who isn't signed in belongs to the address in it, if there is one."""
    page = open_page()
    kept = {"Nobody's": "", "Ada's": " Ada@Shop.example ", "Cleo's": "cleo@museum.example"}
    page.goto(GUIDE)
    page.evaluate(
        """(kept) => {
          const key = `support-draft:${location.origin}/support/tickets ${location.pathname}  `;
          Object.entries(kept).forEach(([subject, email], place) => {
            const fields = { submission: subject, subject, email };
            localStorage[key + place] = JSON.stringify({ at: Date.now(), text: subject + "\\n\\n", files: [], fields });
          });
          localStorage["support-draft:broken"] = "{";
        }""",
        kept,
    )
    desk.sign_in_on_page(page)
    sign_out(page)
    left = [json.loads(value)["fields"]["subject"] for _, value in page.evaluate(RECORDS) if value != "{"]
    assert sorted(left) == ["Cleo's", "Nobody's"]
    # Cleo's names her, so it is shown to nobody else who signs in.
    desk.sign_in_on_page(page)
    page.goto(GUIDE)
    expect(page.get_by_label("Subject")).to_have_value("Nobody's")
    other = page.context.new_page()
    other.goto(GUIDE)
    expect_empty(other)


def test_opened_as_one_and_sent_as_another_needs_one_more_press(open_page: OpenPage, desk: Desk, script: bool) -> None:
    page = open_page(java_script_enabled=script)
    desk.sign_in_on_page(page)
    page.goto(NEW)
    fill(page)
    tab = page.context.new_page()
    desk.sign_in_on_page(tab, BEN)
    send(page)
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text(f"Press Send ticket once more to send it as Ben Okafor ({BEN})")
    expect(notice).to_contain_text(f"This page was made for Ada Martin ({demo.CUSTOMER}). You are now signed in as Ben")
    expect(page.get_by_label("Subject")).to_have_value(SUBJECT)
    expect(page.get_by_label("Description")).to_have_value(DESCRIPTION)
    send(page)
    expect_sent(page)
    ben = find_account_by_email(desk.services, BEN)
    assert ben is not None
    assert stored(desk).account_id == ben.id
    if script:
        assert records(page) == []


def test_a_session_is_ended_by_the_keyboard_with_and_without_script(page: Page, desk: Desk) -> None:
    other = page.context.browser
    assert other is not None
    phone = other.new_context(base_url=desk.address)
    desk.sign_in_on_page(phone.new_page())
    desk.sign_in_on_page(page)
    page.goto("/support/account")
    page.get_by_role("link", name="where you are signed in").press("Enter")
    expect(page.get_by_role("heading", level=2)).to_have_count(2)
    expect(page.get_by_role("heading", level=2).first).to_contain_text("This browser")
    page.get_by_role("button", name=re.compile("Sign out.*: Chrome on Linux, last used")).press("Enter")
    expect(page.get_by_role("status").filter(has_text="That browser is signed out.")).to_be_visible()
    expect(page.get_by_role("heading", level=2)).to_have_count(1)
    phone.pages[0].goto("/support/account")
    expect(phone.pages[0].get_by_role("heading", level=1)).to_have_text("Sign in")
    phone.close()
