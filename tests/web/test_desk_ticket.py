"""One ticket at the desk: its page, and what staff do with it there, with and without somebody faster."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from formapp.actors import OPERATOR
from formapp.app import create_app
from formapp.hours import closures
from formapp.models import Account
from formapp.tickets import replies, sla, triage
from formapp.tickets.replies import reply_as_customer, reply_as_staff
from tests.builders import NOW, REASON, Clock, build_customer, build_services, build_staff, file_ticket, written
from tests.web.conftest import Desk, follow_newest_link, locked
from tests.web.deskforms import TICKET, assigning, form_of, history, messages, the_ticket
from tests.web.page import Browser

STRANGE = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
NO_WORD: dict[str, str] = {}
CHANGED = "Not saved yet: this ticket has changed"


# The page


def test_the_page_shows_the_ticket_its_clock_and_its_evidence(sam: Browser) -> None:
    page = sam.open(TICKET)
    assert page.heading == "SUP-1001 Checkout fails"
    assert "Critical Open 1 h left for the answer Unassigned" in page.text
    assert "The answers meet this criterion: The site is down." in page.text
    assert "Is there a way around it for now? No" in page.text
    assert "Solution Tuesday 24 November, 19:00 Paris time 4 hours, 24/7" in page.text
    assert "Tue 24 Nov, 15:00 – 16:00 Counted, day and night 1 h Total 1 h" in page.text
    assert "Project Riverside Shop Plan Standard" in page.text
    assert page.one("a", href="mailto:ada@shop.example?subject=SUP-1001").text == "ada@shop.example"
    assert history(page) == ["Tue 24 Nov, 15:00 Paris time Ada Martin sent the ticket Priority: Critical"]


def test_time_left_is_in_words_and_counts_open_hours(desk: Desk, sam: Browser) -> None:
    file_ticket(desk.services, desk.customer, priority="high", submission="form-2", subject="Slow")
    desk.clock.now += timedelta(minutes=20)
    assert "7 h 40 min left for the answer, in open hours" in sam.open("/support/desk/SUP-1002").text
    desk.clock.now += timedelta(minutes=41)
    assert "Answer missed by 1 min" in sam.open(TICKET).text


def test_closures_clock_steps_and_pauses_show_in_why_this_date(desk: Desk, sam: Browser, ada: Browser) -> None:
    # The Friday before the clocks go back in Paris, on the 25th of October.
    friday, day = NOW.replace(month=10, day=23), timedelta(days=1)
    closures.add_closure(
        desk.services, OPERATOR, friday + 2 * day, friday + 3 * day - timedelta(hours=4), "Office move", friday
    )
    file_ticket(desk.services, desk.customer, friday, priority="high", submission="form-2", subject="Slow")
    for page in (sam.open("/support/desk/SUP-1002"), ada.open("/support/tickets/SUP-1002")):
        for said in ("Office move –", "Sun 25 Oct, 02:00 Clocks go back by 1 hour –", "Total 8 h"):
            assert said in page.text
    sam.send(form_of(sam.open(TICKET), "reply", body="Which one?", then="waiting"))
    reply_as_customer(desk.services, desk.customer.id, 1, written("This one"), NOW + timedelta(minutes=30))
    assert "Tue 24 Nov, 15:00 – 15:30 Waiting for the customer – " in sam.open(TICKET).text


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("/file-a-ticket/", "/file-a-ticket/"),
        ("javascript:alert(1)", ""),
        ("//elsewhere.example/", ""),
        ("/\\elsewhere.example", ""),
        ("", ""),
    ],
)
def test_only_a_path_of_the_guide_becomes_a_link(tmp_path: Path, told: str, shown: str) -> None:
    services, now = build_services(tmp_path, site_dir=tmp_path), Clock()
    desk = Desk(create_app(services=services, clock=now), services, now, build_customer(services))
    build_staff(services)
    file_ticket(services, desk.customer, page=told)
    page = desk.browser_of("sam@platform.example").open(TICKET)
    assert [link["href"] for link in page.all("a") if link["href"] == told] == ([shown] if shown else [])
    assert (told or "The help desk’s own form") in page.text


@pytest.mark.parametrize("reference", ["SUP-1", "SUP--1001", "SUP-" + "9" * 40, "SUP-١٠٠١", "sup-1001", "1001", "%00"])
def test_an_odd_reference_is_a_page_that_is_not_there(sam: Browser, reference: str) -> None:
    assert sam.open(f"/support/desk/{reference}").status == 404
    for act in ("reply", "note", "assign", "answers", "close", "reopen", "merge"):
        answer = sam.answer("POST", f"/support/desk/{reference}/{act}", b"", {"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 404


def test_customers_find_nothing_here(ada: Browser, sam: Browser) -> None:
    assert ada.open(TICKET).status == 404
    form = form_of(sam.open(TICKET), "reply", body="As if I were staff", made_for=ada.mark())
    assert ada.send(form).status == 404


# Writing


@pytest.mark.parametrize(("then", "state"), [("open", "open"), ("waiting", "waiting"), ("closed", "closed")])
def test_a_reply_stops_the_response_clock_and_says_how_it_goes_on(
    desk: Desk, sam: Browser, then: str, state: str
) -> None:
    page = sam.send(form_of(sam.open(TICKET), "reply", body="We look into it", then=then))
    assert sam.steps[-2:] == [(303, f"{TICKET}/reply"), (200, f"{TICKET}?said=reply#newest")]
    assert "Your reply is sent." in page.text
    assert "We look into it" in page.one("li", id="newest").text
    assert "Answered Tue 24 Nov, 15:00 Paris time" in page.text
    assert the_ticket(desk).state == state
    assert ("The clock is paused: waiting for the customer" in page.text) == (then == "waiting")


@pytest.mark.parametrize("then", ["", "deleted", "OPEN", "open\0"])
def test_a_forged_then_does_nothing_and_keeps_the_text(desk: Desk, sam: Browser, then: str) -> None:
    again = sam.send(form_of(sam.open(TICKET), "reply", body="We look into it", then=then))
    assert again.status == 422
    assert again.one("a", href="#then-open").text == "Choose what happens to the ticket"
    assert form_of(again, "reply").fields["body"] == "We look into it"
    assert messages(desk) == []


def test_a_note_stays_at_the_desk_and_leaves_the_clock_alone(desk: Desk, sam: Browser, ada: Browser) -> None:
    page = sam.send(form_of(sam.open(TICKET), "note", body="Ask the **network** people"))
    assert "Internal note" in page.one("li", id="newest").text
    assert messages(desk) == [("note", "Ask the **network** people")]
    assert the_ticket(desk).answered_at is None
    assert "network" not in ada.open("/support/tickets/SUP-1001").text


@pytest.mark.parametrize("act", ["reply", "note"])
def test_an_empty_text_is_said_at_its_own_field(sam: Browser, act: str) -> None:
    again = sam.send(form_of(sam.open(TICKET), act, body=" "))
    assert again.title.startswith("Error: SUP-1001")
    assert again.one("a", href="#message-body").text == "Enter your message"
    assert again.one("textarea", name="body").get("aria-invalid") == "true"
    assert "checked" in again.one("input", id=f"kind-{act}").attributes


def test_what_is_marked_as_a_note_is_never_sent_to_the_customer(desk: Desk, sam: Browser) -> None:
    for then in ("open", "waiting", "closed"):
        # By a browser that shows all buttons, or by one of these that was pressed too soon.
        form = form_of(sam.open(TICKET), "reply", body="He is rude", kind="note", then=then)
        again = sam.send(form)
        assert again.status == 422
        assert again.one("a", href="#kind-note").text.startswith("You chose Internal note, so nothing was sent")
        assert "checked" in again.one("input", id="kind-note").attributes
        assert messages(desk) == []
    sam.send(form_of(again, "note"))
    assert messages(desk) == [("note", "He is rude")]


def test_enter_in_a_tab_presses_a_button_that_sends_nothing(desk: Desk, sam: Browser) -> None:
    """Without script browsers press the first button that isn't disabled."""
    form = form_of(sam.open(TICKET), "reply")
    first = next(button for button in form.page.all("button") if button.inside(form.element))
    assert {"disabled", "name", "formaction"}.isdisjoint(first.attributes)
    form.fields.pop("then", None)
    form.fields["body"] = "Half a sente"
    again = sam.send(form)
    assert again.status == 422
    assert again.one("a", href="#then-open").text == "Choose what happens to the ticket"
    assert form_of(again, "reply").fields["body"] == "Half a sente"
    assert messages(desk) == []


def test_the_composer_has_one_text_and_one_field_for_files(sam: Browser) -> None:
    page = sam.open(TICKET)
    composer = page.one("section", class_="support-composer")
    inside = [element for element in page.elements if element.inside(composer)]
    assert [one["name"] for one in inside if one.tag == "textarea" and one.get("name")] == ["body"]
    assert [one["name"] for one in inside if one.get("type") == "file"] == ["files"]
    # Each button says by its own address what becomes of the text.
    pressed = [(one.text, one["formaction"], one.get("value")) for one in inside if one.get("formaction")]
    assert pressed == [
        ("Send reply", f"{TICKET}/reply", "open"),
        ("Reply and wait for the customer", f"{TICKET}/reply", "waiting"),
        ("Reply and close", f"{TICKET}/reply", "closed"),
        ("Add internal note", f"{TICKET}/note", None),
    ]


def test_a_merged_ticket_takes_notes_alone(desk: Desk, sam: Browser) -> None:
    file_ticket(desk.services, desk.customer, submission="form-2", subject="The same")
    page = sam.send(form_of(sam.open(TICKET), "merge", into="SUP-1002"))
    assert page.all("input", id="kind-reply") == []
    form = page.form(f"{TICKET}/note")
    form.fields["body"] = "Told by telephone"
    sam.send(form)
    assert messages(desk) == [("note", "Told by telephone")]


def test_a_form_that_is_sent_twice_adds_one(desk: Desk, sam: Browser) -> None:
    for act in ("reply", "note"):
        form = form_of(sam.open(TICKET), act, body=f"One {act}")
        sam.send(form)
        sam.send(form)
    assert messages(desk) == [("reply", "One reply"), ("note", "One note")]


def test_a_closed_ticket_is_reopened_by_the_reply_or_alone(desk: Desk, sam: Browser) -> None:
    page = sam.send(form_of(sam.open(TICKET), "close"))
    assert "The ticket is closed." in page.text
    form = form_of(page, "reply", body="One thing more", then="open")
    del form.fields["reopen"]
    again = sam.send(form)
    assert "SUP-1001 is closed. Reopen it to add something" in again.text
    page = sam.send(form_of(again, "reply"), button=("reopen", "open"))
    assert messages(desk) == [("reply", "One thing more")]
    assert the_ticket(desk).state == "open"
    page = sam.send(form_of(sam.send(form_of(page, "close")), "reopen"))
    assert "The ticket is open again." in page.text
    assert [line.split("Paris time ")[1] for line in history(page)[1:]] == [
        "Sam Rivera closed it Status: open → closed",
        "Sam Rivera reopened it Status: closed → open",
        "Sam Rivera gave the first answer",
        "Sam Rivera closed it Status: open → closed",
        "Sam Rivera reopened it Status: closed → open",
    ]


# Two people at one ticket


def test_the_second_of_two_is_told_and_neither_text_is_lost(desk: Desk, sam: Browser, kim: Account) -> None:
    form = form_of(sam.open(TICKET), "reply", body="So do I", then="waiting")
    reply_as_staff(desk.services, kim.id, 1, written("I have it"), "open", NOW)
    again = sam.send(form)
    assert again.status == 422
    assert f"{CHANGED} While you were writing, Kim Adeyemi replied. Check the ticket, then send again" in again.text
    assert "I have it" in again.text
    for place in ("newest", "history-heading", "message-body"):
        assert again.one("a", href=f"#{place}").text
        assert place in {element.get("id") for element in again.elements}
    mine = form_of(again, "reply", then="waiting")
    assert mine.fields["body"] == "So do I"
    # The button that was pressed stands in the menu that is open.
    assert "open" in again.one("details", class_="support-split__more").attributes
    sam.send(mine)
    assert messages(desk) == [("reply", "I have it"), ("reply", "So do I")]
    assert the_ticket(desk).state == "waiting"


def test_a_customer_who_was_faster_is_told_of_too(desk: Desk, sam: Browser) -> None:
    form = form_of(sam.open(TICKET), "reply", body="Which one?", then="waiting")
    reply_as_customer(desk.services, desk.customer.id, 1, written("It is the blue one"), NOW)
    again = sam.send(form)
    assert "While you were writing, Ada Martin replied" in again.text
    assert "It is the blue one" in again.text


def test_closed_by_somebody_faster_the_reply_reopens_with_one_more_press(
    desk: Desk, sam: Browser, kim: Account
) -> None:
    form = form_of(sam.open(TICKET), "reply", body="One thing more")
    triage.close(desk.services, kim.id, 1, NOW)
    again = sam.send(form)
    assert "Kim Adeyemi closed it" in again.text
    sam.send(form_of(again, "reply"), button=("reopen", "open"))
    assert messages(desk) == [("reply", "One thing more")]


@pytest.mark.parametrize(
    ("act", "typed"),
    [
        ("assign", {"assignee": "sam@platform.example"}),
        ("answers", {"answer-workaround": "holds", "answer-severity": "minor", "reason": REASON}),
        ("close", {}),
        ("merge", {"into": "SUP-1002"}),
    ],
)
def test_every_act_waits_for_one_more_press_where_somebody_was_faster(
    desk: Desk, sam: Browser, kim: Account, act: str, typed: dict[str, str]
) -> None:
    file_ticket(desk.services, desk.customer, submission="form-2", subject="The same")
    page = sam.open(TICKET)
    form = assigning(page) if act == "assign" else form_of(page, act)
    form.fields |= typed
    replies.add_note(desk.services, kim.id, 1, written("I am at it"), NOW)
    before = _facts(desk)
    again = sam.send(form)
    assert "Kim Adeyemi added a note" in again.text
    assert _facts(desk) == before
    mine = assigning(again) if act == "assign" else form_of(again, act)
    assert {name: mine.fields[name] for name in typed} == typed
    assert sam.send(mine).status == 200
    assert _facts(desk) != before


def _facts(desk: Desk) -> tuple[object, ...]:
    ticket = the_ticket(desk)
    return ticket.assignee_id, ticket.priority, ticket.state, ticket.merged_into_id


@pytest.mark.parametrize("seen", ["", "0", "-1", "x", "9" * 30, "١"])
def test_an_odd_number_of_what_was_seen_is_as_if_nothing_was_seen(desk: Desk, sam: Browser, seen: str) -> None:
    again = sam.send(form_of(sam.open(TICKET), "reply", body="Hello", seen=seen))
    assert (again.status, CHANGED in again.text) == (422, True)
    assert messages(desk) == []
    sam.send(form_of(again, "reply"))
    assert messages(desk) == [("reply", "Hello")]


# Whence, and when nothing answers


@pytest.mark.parametrize("act", ["reply", "note"])
def test_from_a_strange_page_the_ticket_comes_back_with_the_text(desk: Desk, sam: Browser, act: str) -> None:
    fields = {**form_of(sam.open(TICKET), act, body="From elsewhere").fields}
    fields.pop("csrf_token")
    asked = sam.post(f"{TICKET}/{act}", fields, STRANGE)
    button, would = ("Send reply", "send it") if act == "reply" else ("Add internal note", "add it")
    assert f"Not sent yet: press {button} once more to {would} to SUP-1001" in asked.text
    assert form_of(asked, act).fields["body"] == "From elsewhere"
    assert messages(desk) == []
    sam.send(form_of(asked, act), headers=NO_WORD)
    assert messages(desk) == [(act, "From elsewhere")]


@pytest.mark.parametrize(
    ("act", "would"),
    [
        ("close", "close SUP-1001"),
        ("assign", "assign SUP-1001"),
        ("reopen", "reopen SUP-1001"),
    ],
)
def test_an_act_without_text_from_a_strange_page_is_refused(desk: Desk, sam: Browser, act: str, would: str) -> None:
    before = _facts(desk)
    refused = sam.post(f"{TICKET}/{act}", {"seen": "1", "assignee": "sam@platform.example"}, STRANGE)
    assert (refused.status, refused.heading) == (403, "Nothing was done")
    assert f"asked us to {would}. We did nothing" in refused.text
    assert refused.all("form") == []
    assert refused.one("a", href=TICKET).text == "SUP-1001"
    assert _facts(desk) == before


def test_a_merge_from_a_strange_page_asks_once_more_and_names_both_tickets(desk: Desk, sam: Browser) -> None:
    before = _facts(desk)
    asked = sam.post(f"{TICKET}/merge", {"seen": "1", "into": "SUP-1002"}, STRANGE)
    assert asked.heading == "Press Merge once more"
    assert "Press Merge once more to merge SUP-1001 into SUP-1002." in asked.text
    assert asked.form().fields["into"] == "SUP-1002"
    assert _facts(desk) == before


def test_corrected_answers_from_a_strange_page_are_asked_for_once_more(desk: Desk, sam: Browser) -> None:
    before = _facts(desk)
    asked = sam.post(f"{TICKET}/answers", {"seen": "1", "answer-need": "question", "reason": "Mine"}, STRANGE)
    assert asked.heading == "Press Save answers once more"
    assert asked.form().fields["reason"] == "Mine"
    assert _facts(desk) == before


@pytest.mark.parametrize("act", ["reply", "note"])
def test_signed_out_meanwhile_the_text_waits_in_its_own_box(desk: Desk, sam: Browser, act: str) -> None:
    form = form_of(sam.open(TICKET), act, body="Kept")
    sam.client.delete_cookie("support-login", domain="127.0.0.1")
    page = sam.send(form)
    form = page.form("/support/sign-in")
    form.fields["email"] = "sam@platform.example"
    sam.send(form)
    back = follow_newest_link(sam)
    assert back.heading == "SUP-1001 Checkout fails"
    # A note comes back as a note.
    assert "checked" in back.one("input", id=f"kind-{act}").attributes
    assert form_of(back, act).fields["body"] == "Kept"
    sam.send(form_of(back, act))
    assert messages(desk) == [(act, "Kept")]


def test_signed_out_meanwhile_a_note_at_the_reply_s_address_comes_back_as_a_note(desk: Desk, sam: Browser) -> None:
    """As Enter in a tab sends it, or a button that takes a file off the form."""
    form = form_of(sam.open(TICKET), "reply", body="He is rude", kind="note")
    sam.client.delete_cookie("support-login", domain="127.0.0.1")
    page = sam.send(form)
    form = page.form("/support/sign-in")
    form.fields["email"] = "sam@platform.example"
    sam.send(form)
    back = follow_newest_link(sam)
    assert "checked" in back.one("input", id="kind-note").attributes
    assert form_of(back, "note").fields["body"] == "He is rude"
    assert messages(desk) == []


@pytest.mark.parametrize("act", ["reply", "note"])
def test_while_the_database_is_locked_the_text_stays(desk: Desk, sam: Browser, act: str) -> None:
    form = form_of(sam.open(TICKET), act, body="Kept", **({"then": "closed"} if act == "reply" else {}))
    with locked(desk):
        page = sam.send(form)
    assert (page.status, form_of(page, act).fields["body"]) == (503, "Kept")
    sam.send(form_of(page, act))
    assert messages(desk) == [(act, "Kept")]
    assert the_ticket(desk).state == ("closed" if act == "reply" else "open")


def test_what_the_clock_noticed_stands_in_the_history(desk: Desk, sam: Browser) -> None:
    desk.clock.now += timedelta(hours=2)
    sla.record_due_notices(desk.services, desk.clock)
    page = sam.open(TICKET)
    assert (
        "Tue 24 Nov, 17:00 Paris time The clock noticed that the answer was missed Due: Tue 24 Nov, 16:00 Paris time"
        in history(page)
    )
    # The clock's own notices are nobody who was faster.
    sam.send(form_of(page, "reply", body="Sorry", seen="1"))
    assert messages(desk) == [("reply", "Sorry")]
