"""No promise changes in silence: why, from what to what, and a way to object."""

from __future__ import annotations

from datetime import timedelta

from formapp import worker
from formapp.models import Event, OutboxMessage, Ticket
from formapp.notifications.email.compose import compose
from formapp.policies import policy_of
from formapp.tickets import triage
from tests.builders import REASON, stored
from tests.web.conftest import DOWN, Desk
from tests.web.page import Browser

TICKET, DESK_TICKET = "/support/tickets/SUP-1001", "/support/desk/SUP-1001"
HOLDS = {**DOWN, "workaround": "holds", "severity": "minor"}


def correct(sam: Browser, reason: str = REASON) -> str:
    form = sam.open(DESK_TICKET).form(f"{DESK_TICKET}/answers")
    form.fields |= {"answer-workaround": "holds", "reason": reason}
    page = sam.send(form)
    if "answer-severity" in page.html and "One more question" in page.text:
        form = page.form(f"{DESK_TICKET}/answers")
        form.fields["answer-severity"] = "minor"
        page = sam.send(form)
    return page.text


def test_the_customer_reads_what_changed_and_why(desk: Desk, ada: Browser, sam: Browser) -> None:
    """In a mail, in the conversation, and with their own answers as they gave them."""
    desk.clock.now += timedelta(minutes=10)
    assert "The answers are saved." in correct(sam)
    page = ada.open(TICKET)
    assert "Sam Rivera changed the priority from Critical to" in page.text
    assert REASON in page.text
    assert "instead of" in page.text
    assert "Is there a way around it for now? No Support corrected this:" in page.text
    worker.run_once(desk.services, desk.clock)
    (mail,) = [
        one for one in stored(desk.services, OutboxMessage) if one.kind == "priority-changed" and one.channel == "mail"
    ]
    assert mail.recipient == desk.customer.email
    text = compose(desk.services, mail, policy_of(desk.services, mail.payload["policy_version"])).text
    assert "changed the priority of SUP-1001 from Critical to" in text
    assert REASON in text
    assert "Before: Tuesday 24 November" in text


def test_without_a_reason_nothing_changes(desk: Desk, sam: Browser) -> None:
    assert "Enter why the answers change. The customer reads it" in correct(sam, " ")
    assert [event.kind for event in stored(desk.services, Event)] == ["opened"]
    again = sam.open(DESK_TICKET).form(f"{DESK_TICKET}/answers")
    again.fields |= {"answer-workaround": "holds", "reason": "x" * 501}
    page = sam.send(again)
    assert page.status == 422
    assert page.form(f"{DESK_TICKET}/answers").fields["reason"] == "x" * 501


def test_an_objection_is_a_reply_that_staff_see_first(desk: Desk, ada: Browser, sam: Browser) -> None:
    """One press opens the reply; it is flagged at the ticket and in the queue until staff answer."""
    correct(sam)
    page = ada.open(TICKET)
    address = next(link["href"] for link in page.all("a") if link.text == "This is not right")
    form = ada.open(address.partition("#")[0]).form(f"{TICKET}/reply")
    assert form.fields["objects"] == "yes"
    again = ada.send(form)
    assert again.status == 422
    form = again.form(f"{TICKET}/reply")
    form.fields["body"] = "The workaround holds no longer."
    assert ada.send(form).status == 200
    assert "The customer objects" in sam.open("/support/desk/").text
    page = sam.open(DESK_TICKET)
    assert "The customer objects to a change" in page.text
    answer = page.form(f"{DESK_TICKET}/reply")
    answer.fields["body"] = "We look again."
    assert "The customer objects" not in sam.send(answer).text
    assert stored(desk.services, Ticket)[0].objected_at is None


def test_a_new_correction_settles_an_objection(desk: Desk, ada: Browser, sam: Browser) -> None:
    correct(sam)
    form = ada.open(f"{TICKET}?objection=yes").form(f"{TICKET}/reply")
    form.fields["body"] = "No."
    ada.send(form)
    staff = stored(desk.services, Event)[1].account_id
    assert staff is not None
    triage.correct_answers(desk.services, staff, 1, DOWN, desk.clock.now, seen=99, reason="You are right")
    ticket = stored(desk.services, Ticket)[0]
    assert (ticket.objected_at, ticket.priority) == (None, "critical")
    answers = [one.text for one in ada.open(TICKET).all("dd")]
    assert not any("Support corrected" in answer for answer in answers)


def test_a_plain_reply_is_no_objection(ada: Browser, sam: Browser) -> None:
    form = ada.open(TICKET).form(f"{TICKET}/reply")
    assert "objects" not in form.fields
    form.fields["body"] = "Hello"
    ada.send(form)
    assert "The customer objects" not in sam.open("/support/desk/").text
