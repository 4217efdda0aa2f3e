"""The customer's page of a ticket: what was promised and said, and the reply box at its end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formapp import worker
from formapp.accounts import accounts
from formapp.actors import OPERATOR
from formapp.hours import closures
from formapp.models import Account, Draft, Message
from formapp.tickets import replies
from formapp.tickets.replies import reply_as_staff
from formapp.tickets.triage import merge
from tests.builders import NOW, build_staff, file_ticket, stored, written
from tests.web.conftest import Desk, follow_newest_link, locked
from tests.web.page import Browser, Form, Page

TICKET = "/support/tickets/SUP-1001"
REPLY = f"{TICKET}/reply"
CLOSE = f"{TICKET}/close"
STRANGE = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
NO_WORD: dict[str, str] = {}


@pytest.fixture
def sam(desk: Desk) -> Account:
    return build_staff(desk.services)


@pytest.fixture(autouse=True)
def _ticket(desk: Desk) -> None:
    file_ticket(desk.services, desk.customer, priority="critical")


def reply_form(browser: Browser, text: str = "It fails in Firefox, too", reference: str = "SUP-1001") -> Form:
    form = browser.open(f"/support/tickets/{reference}").form(f"/support/tickets/{reference}/reply")
    form.fields["body"] = text
    return form


def bodies(desk: Desk) -> list[str]:
    return [message.body for message in stored(desk.services, Message)]


def state(desk: Desk) -> str:
    return desk.tickets()[-1].state


def kept(page: Page, action: str = REPLY) -> str:
    return page.form(action).fields["body"]


# Reading


def test_both_sides_read_one_conversation_in_order(desk: Desk, ada: Browser, sam: Account) -> None:
    assert "No replies yet" in ada.open(TICKET).text
    reply_as_staff(desk.services, sam.id, 1, written("Which **browser**?"), "waiting", NOW + timedelta(minutes=20))
    desk.clock.now += timedelta(minutes=30)
    ada.send(reply_form(ada, "Firefox\n<b>140</b>"))
    worker.run_once(desk.services, desk.clock)
    page = ada.open(TICKET)
    said = [" ".join(item.text.split()) for item in page.all("li") if "support-message" in item.classes]
    assert said == [
        "Sam Rivera Support Tue 24 Nov, 15:20 Paris time Which **browser**?",
        "Ada Martin Tue 24 Nov, 15:30 Paris time Firefox <b>140</b>",
    ]
    assert "&lt;b&gt;140&lt;/b&gt;" in page.html


def test_a_message_is_shown_as_typed_until_it_is_rendered(ada: Browser) -> None:
    page = ada.send(reply_form(ada, "It is **down**"))
    assert "It is **down**" in page.text


def test_where_a_ticket_stands_is_said_in_words(desk: Desk, ada: Browser, sam: Account) -> None:
    def stands() -> str:
        page = ada.open(TICKET)
        assert page.one("p", class_="support-state").text in ada.open("/support/tickets").text
        return page.one("p", class_="support-state").text

    assert stands() == "Waiting for us, answer due Tue 24 Nov, 16:00 Paris time"
    reply_as_staff(desk.services, sam.id, 1, written("We look"), "open", NOW + timedelta(minutes=20))
    assert stands() == "Waiting for us, solution due Tue 24 Nov, 19:00 Paris time"
    desk.clock.now = NOW + timedelta(hours=5)
    assert stands() == "Waiting for us, solution was due Tue 24 Nov, 19:00 Paris time"
    reply_as_staff(desk.services, sam.id, 1, written("Which one?"), "waiting", NOW + timedelta(minutes=30))
    assert stands() == "Waiting for you"
    reply_as_staff(desk.services, sam.id, 1, written("Done"), "closed", NOW + timedelta(minutes=40))
    assert stands() == "Closed"


def test_a_pause_shows_in_the_promise_and_in_why_this_date(desk: Desk, ada: Browser, sam: Account) -> None:
    reply_as_staff(desk.services, sam.id, 1, written("Which one?"), "waiting", NOW + timedelta(minutes=20))
    page = ada.open(TICKET)
    assert "Answered Tue 24 Nov, 15:20 Paris time" in page.text
    assert "The clock is paused: waiting for you" in page.text
    assert "How is the time for the solution counted?" in page.text
    assert "It goes on when you reply." in page.text
    desk.clock.now += timedelta(minutes=50)
    page = ada.send(reply_form(ada))
    assert "paused" not in page.text
    assert "Solution Tuesday 24 November, 19:30 Paris time 4 hours, 24/7" in page.text
    assert "Tue 24 Nov, 15:20 – 15:50 Waiting for your answer –" in page.text
    assert "Total 4 h" in page.text


def test_a_closure_and_a_clock_step_show_in_why_this_date(desk: Desk, ada: Browser) -> None:
    # The Friday before the clocks go back in Paris, on the 25th of October.
    friday = NOW.replace(month=10, day=23)
    day = timedelta(days=1)
    closures.add_closure(
        desk.services, OPERATOR, friday + 2 * day, friday + 3 * day - timedelta(hours=4), "Office move", friday
    )
    file_ticket(desk.services, desk.customer, friday, priority="high", submission="form-2", subject="Slow")
    page = ada.open("/support/tickets/SUP-1002")
    assert "Office move –" in page.text
    assert "Sun 25 Oct, 02:00 Clocks go back by 1 hour –" in page.text
    assert "Total 8 h" in page.text


def test_an_hour_that_comes_twice_is_counted_and_shown(desk: Desk, ada: Browser) -> None:
    # 02:30 in Paris, half an hour before the clocks go back: an hour later it is 02:30 again.
    at = NOW.replace(month=10, day=25, hour=0, minute=30)
    file_ticket(desk.services, desk.customer, at, priority="critical", submission="form-2", subject="Night")
    page = ada.open("/support/tickets/SUP-1002")
    assert "Sun 25 Oct, 02:30 – 02:30 Counted, day and night 1 h" in page.text


def test_the_confirmation_leads_to_the_reply_box(ada: Browser) -> None:
    page = ada.open(f"{TICKET}/sent")
    assert "Our replies appear there too" in page.text
    link = next(link["href"] for link in page.all("a") if "reply" in link["href"])
    path, _, heading = link.partition("#")
    assert ada.open(path).one("h2", id=heading).text == "Reply"


# Replying


def test_a_reply_is_added_and_the_reader_comes_back_to_it(desk: Desk, ada: Browser) -> None:
    page = ada.send(reply_form(ada))
    assert ada.steps[-2:] == [(303, REPLY), (200, f"{TICKET}?said=reply#newest")]
    assert "It fails in Firefox, too" in page.one("li", id="newest").text
    assert page.one("p", class_="support-notice", role="status").text == "Your message is sent."
    assert page.form(REPLY).fields["body"] == ""
    assert bodies(desk) == ["It fails in Firefox, too"]


def test_a_form_that_is_sent_twice_adds_one_reply(desk: Desk, ada: Browser) -> None:
    form = reply_form(ada)
    ada.send(form)
    assert ada.send(form).status == 200
    assert bodies(desk) == ["It fails in Firefox, too"]


def test_another_text_under_a_used_form_is_shown_again_and_sent_by_one_more_press(desk: Desk, ada: Browser) -> None:
    form = reply_form(ada)
    ada.send(form)
    form.fields["body"] = "And in Chrome"
    again = ada.send(form)
    assert (again.status, kept(again)) == (422, "And in Chrome")
    assert "A reply was already sent with this form" in again.text
    ada.send(again.form(REPLY))
    assert bodies(desk) == ["It fails in Firefox, too", "And in Chrome"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter your message"),
        (" \u200b \n", "Enter your message"),
        ("a\0b", "NUL"),
        ("x" * 20_001, "The message must be 20,000 characters or less"),
    ],
)
def test_what_cant_be_sent_is_said_at_the_field_and_stays(desk: Desk, ada: Browser, typed: str, sentence: str) -> None:
    again = ada.send(reply_form(ada, typed))
    assert again.status == 422
    assert again.title.startswith("Error: SUP-1001: Checkout fails")
    assert sentence in again.one("a", href="#body").text
    field = again.one("textarea", id="body")
    assert field["aria-invalid"] == "true"
    said = [again.one("p", id=part).text for part in field["aria-describedby"].split()]
    assert sentence in said[-1]
    assert kept(again) == typed.replace("\0", "\ufffd")
    assert bodies(desk) == []


def test_bytes_that_arent_text_are_named_and_the_rest_stays(desk: Desk, ada: Browser) -> None:
    again = ada.post(REPLY, f"body=caf%E9&made_for={ada.mark()}".encode(), {"Sec-Fetch-Site": "same-origin"})
    assert "The message contains bytes that aren't text" in again.text
    assert kept(again) == "caf\ufffd"
    assert bodies(desk) == []


@pytest.mark.parametrize("submission", ["", "x" * 200, "a\0b", "<script>"])
def test_an_odd_id_of_a_form_costs_nothing(desk: Desk, ada: Browser, submission: str) -> None:
    form = reply_form(ada)
    form.fields["submission"] = submission
    ada.send(form)
    assert bodies(desk) == ["It fails in Firefox, too"]


# Closing and reopening


def test_a_customer_closes_and_reopens_with_a_reply(desk: Desk, ada: Browser) -> None:
    closed = ada.send(ada.open(TICKET).form(CLOSE))
    assert "The ticket is closed." in closed.text
    assert state(desk) == "closed"
    assert [form for form in closed.all("form") if form["action"] == CLOSE] == []
    form = closed.form(REPLY)
    form.fields["body"] = "It is back"
    again = ada.send(form, button=("reopen", "yes"))
    assert "It is back" in again.text
    assert state(desk) == "open"


def test_a_reply_to_a_ticket_that_was_closed_meanwhile_is_kept(desk: Desk, ada: Browser, sam: Account) -> None:
    form = reply_form(ada)
    reply_as_staff(desk.services, sam.id, 1, written("Solved"), "closed", NOW)
    again = ada.send(form)
    assert (again.status, kept(again)) == (422, "It fails in Firefox, too")
    assert "SUP-1001 is closed. Reopen it to add something" in again.text
    assert "Solved" in again.text
    ada.send(again.form(REPLY), button=("reopen", "yes"))
    assert bodies(desk) == ["Solved", "It fails in Firefox, too"]
    assert state(desk) == "open"


def test_closing_twice_closes_once(desk: Desk, ada: Browser) -> None:
    form = ada.open(TICKET).form(CLOSE)
    ada.send(form)
    assert ada.send(form).status == 200
    assert state(desk) == "closed"


def test_a_merged_ticket_says_where_it_goes_on_and_takes_a_text_there(desk: Desk, ada: Browser, sam: Account) -> None:
    file_ticket(desk.services, desk.customer, submission="form-2", subject="Checkout fails again")
    form = reply_form(ada, reference="SUP-1002")
    merge(desk.services, sam.id, 2, "SUP-1001", NOW)
    page = ada.open("/support/tickets/SUP-1002")
    assert "Closed as a duplicate of SUP-1001" in page.text
    assert page.one("a", href=TICKET).text == "SUP-1001"
    assert page.all("textarea") == []
    again = ada.send(form)
    assert (again.status, kept(again)) == (422, "It fails in Firefox, too")
    assert "SUP-1002 was merged into SUP-1001. Reply there instead" in again.text
    there = ada.send(again.form(REPLY))
    assert there.url.startswith(TICKET)
    assert bodies(desk) == ["It fails in Firefox, too"]


# Whence, who, and when nothing answers


def test_from_a_strange_page_the_ticket_comes_back_with_the_text(desk: Desk, ada: Browser) -> None:
    asked = ada.post(REPLY, {"body": "From elsewhere", "submission": "s1"}, STRANGE)
    assert (asked.status, kept(asked)) == (422, "From elsewhere")
    assert "Not sent yet: press Send reply once more to send it to SUP-1001" in asked.text
    assert bodies(desk) == []
    ada.send(asked.form(REPLY), headers=NO_WORD)
    assert bodies(desk) == ["From elsewhere"]


def test_without_cookies_the_text_alone_comes_back(desk: Desk, ada: Browser, visitor: Browser) -> None:
    """Browsers keep cookies back where another site's page posts; the press on our own page brings them."""
    asked = visitor.post(REPLY, {"body": "Line\n\nline", "submission": "s1"}, STRANGE)
    heading = "Not sent yet: press Send reply once more to send it to SUP-1001"
    assert (asked.heading, kept(asked)) == (heading, "Line\n\nline")
    assert "Checkout fails" not in asked.text
    form = asked.form(REPLY)
    ada.post(REPLY, form.fields, {"Sec-Fetch-Site": "same-origin"})
    assert bodies(desk) == ["Line\n\nline"]


def test_a_foreign_ticket_shows_nothing_to_a_strange_page_either(desk: Desk, sam: Account) -> None:
    assert desk.browser_of(sam.email).post(REPLY, {"body": "x"}, STRANGE).url == "/support/desk/SUP-1001"
    assert bodies(desk) == []


def test_signed_out_meanwhile_the_text_is_kept_and_one_press_from_sent(desk: Desk, ada: Browser) -> None:
    form = reply_form(ada, "Kept & <safe>\n\nwith lines")
    ada.client.delete_cookie("support-login", domain="127.0.0.1")
    page = ada.send(form)
    assert page.heading == "Sign in"
    assert "Sign in to send your message. It is saved" in page.text
    form = page.form("/support/sign-in")
    form.fields["email"] = "ada@shop.example"
    ada.send(form)
    back = follow_newest_link(ada)
    assert (back.heading, kept(back)) == ("SUP-1001 Checkout fails", "Kept & <safe>\n\nwith lines")
    ada.send(back.form(REPLY))
    assert bodies(desk) == ["Kept & <safe>\n\nwith lines"]
    assert kept(ada.open(back.url)) == ""


def test_who_keeps_too_many_texts_gets_them_back_on_a_page(visitor: Browser, ada: Browser) -> None:
    fields = {"body": "Hello", "submission": "s1", "made_for": ada.mark()}
    pages = [visitor.post(REPLY, fields, {"Sec-Fetch-Site": "same-origin"}) for _ in range(31)]
    assert {page.heading for page in pages[:30]} == {"Sign in"}
    assert (pages[30].status, kept(pages[30])) == (429, "Hello")


def test_signed_out_more_text_than_is_kept_comes_back_on_a_page(desk: Desk, ada: Browser, visitor: Browser) -> None:
    long = "Hello " * 80_000
    page = visitor.post(
        REPLY, {"body": long, "submission": "s1", "made_for": ada.mark()}, {"Sec-Fetch-Site": "same-origin"}
    )
    assert (page.status, page.heading) == (422, "Not sent yet: you are signed out, and this is too much text to save")
    assert kept(page) == long
    assert stored(desk.services, Draft) == []


def test_while_the_database_is_locked_the_text_stays_and_one_more_press_sends_it(desk: Desk, ada: Browser) -> None:
    form = reply_form(ada)
    with locked(desk):
        page = ada.send(form)
    assert (page.status, page.headers["Retry-After"]) == (503, "60")
    assert kept(page) == "It fails in Firefox, too"
    assert bodies(desk) == []
    ada.send(page.form(REPLY))
    ada.send(page.form(REPLY))
    assert bodies(desk) == ["It fails in Firefox, too"]


def test_somebody_disabled_between_two_presses_changes_nothing(desk: Desk, ada: Browser) -> None:
    form = reply_form(ada)
    accounts.disable_account(desk.services, "ada@shop.example", NOW)
    assert ada.send(form).heading == "Sign in"
    assert bodies(desk) == []


def test_a_note_is_no_part_of_the_conversation(desk: Desk, ada: Browser, sam: Account) -> None:
    replies.add_note(desk.services, sam.id, 1, written("Between us"), NOW)
    assert "Between us" not in ada.open(TICKET).html
