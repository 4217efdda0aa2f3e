"""One question after closing: was this solved? Yes, or no with a sentence, by the page or the links of a mail."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from formapp.accounts import projects
from formapp.errors import UseCaseError
from formapp.models import Event, Message, OutboxMessage, SolvedAnswer, Ticket
from formapp.notifications import fanout
from formapp.notifications.email.compose import compose
from formapp.tickets import replies, solved, triage
from tests.builders import NOW, build_account, build_staff, file_ticket, stored, written
from tests.web.conftest import Desk
from tests.web.page import Browser

TICKET = "/support/tickets/SUP-1001"
ASKED = f"{TICKET}/solved"


@pytest.fixture
def closed(desk: Desk) -> Desk:
    """A desk with a ticket that staff have answered and closed."""
    sam = build_staff(desk.services)
    file_ticket(desk.services, desk.customer)
    replies.reply_as_staff(desk.services, sam.id, 1, written("It works again"), "closed", NOW)
    return desk


def answers(desk: Desk) -> list[tuple[bool, str]]:
    return [(one.solved, one.because) for one in stored(desk.services, SolvedAnswer)]


def test_yes_is_one_press_on_the_ticket_s_page(closed: Desk, ada: Browser) -> None:
    page = ada.open(TICKET)
    said = ada.send(page.form(ASKED))
    assert urlsplit(said.url).path == TICKET
    assert "Thank you. Support sees your answer." in said.text
    assert "Ada Martin said that this was solved." in said.text
    assert "You answered: yes." in said.text
    assert answers(closed) == [(True, "")]
    assert [ticket.state for ticket in stored(closed.services, Ticket)] == ["closed"]


def test_no_reopens_with_the_sentence_as_a_message(closed: Desk, ada: Browser) -> None:
    (link,) = [one["href"] for one in ada.open(TICKET).all("a") if one.text == "No, because …"]
    form = ada.open(link).form(ASKED)
    form.fields["body"] = "It fails in Safari"
    said = ada.send(form, button=("reopen", "yes"))
    assert "Your message is sent." in said.text
    assert [message.body for message in stored(closed.services, Message)] == ["It works again", "It fails in Safari"]
    assert [ticket.state for ticket in stored(closed.services, Ticket)] == ["open"]
    assert answers(closed) == [(False, "It fails in Safari")]
    # The same form once more, as by a double click, adds nothing.
    ada.send(form, button=("reopen", "yes"))
    assert len(stored(closed.services, Message)) == 2
    kinds = [event.kind for event in stored(closed.services, Event)]
    assert kinds == ["opened", "replied", "closed", "solved-answered", "reopened", "replied"]


def test_no_may_leave_it_closed_and_staff_read_why(closed: Desk, ada: Browser) -> None:
    form = ada.open(f"{ASKED}?answer=no").form(ASKED)
    form.fields["body"] = "It took too long"
    said = ada.send(form)
    assert "The ticket stays closed." in said.text
    assert "You answered: no, because “It took too long”." in said.text
    assert [ticket.state for ticket in stored(closed.services, Ticket)] == ["closed"]
    assert len(stored(closed.services, Message)) == 1
    at_the_desk = closed.browser_of("sam@platform.example").open("/support/desk/SUP-1001")
    assert "Ada Martin said that this was not solved: It took too long" in at_the_desk.text


def test_an_answer_can_be_changed_and_counts_once_for_each_person(closed: Desk, ada: Browser) -> None:
    bea = build_account(closed.services, "bea@shop.example", name="Bea Lund")
    projects.add_member(closed.services, bea.email, "shop", NOW)
    ada.send(ada.open(ASKED).form(ASKED))
    form = ada.open(f"{ASKED}?answer=no").form(ASKED)
    form.fields["body"] = "On second thoughts, no"
    ada.send(form)
    assert answers(closed) == [(False, "On second thoughts, no")]
    page = ada.open(ASKED)
    assert "You answered: no, because “On second thoughts, no”. A new answer takes its place." in page.text
    ada.send(page.form(ASKED))
    assert answers(closed) == [(True, "")]
    ada.send(ada.open(ASKED).form(ASKED))
    assert [event.kind for event in stored(closed.services, Event)].count("solved-answered") == 3, "no news, no line"
    solved.say_solved(closed.services, bea.id, 1, NOW)
    assert answers(closed) == [(True, ""), (True, "")]


def test_no_without_a_reason_comes_back(closed: Desk, ada: Browser) -> None:
    form = ada.open(f"{ASKED}?answer=no").form(ASKED)
    again = ada.send(form, button=("reopen", "yes"))
    assert again.status == 422
    assert "Enter your message" in again.text
    assert answers(closed) == []
    form.fields["body"] = "x" * 20_001
    again = ada.send(form)
    assert again.status == 422
    assert again.form(ASKED).fields["body"] == "x" * 20_001


def test_what_a_signed_out_person_typed_is_there_after_signing_in(closed: Desk, ada: Browser) -> None:
    form = ada.open(f"{ASKED}?answer=no").form(ASKED)
    form.fields["body"] = "Still broken"
    other = ada.open("/support/account")
    ada.send(other.form("/support/sign-out"))
    page = ada.send(form)
    assert urlsplit(page.url).path == "/support/sign-in"
    asked = page.form("/support/sign-in")
    asked.fields["email"] = "ada@shop.example"
    ada.send(asked)
    (mail,) = [one for one in stored(closed.services, OutboxMessage) if one.kind == "link"][-1:]
    link = ada.open(urlsplit(mail.payload["link"]).path)
    back = ada.send(link.form(link.url))
    assert urlsplit(back.url).path == ASKED
    assert back.form(ASKED).fields["body"] == "Still broken"
    assert answers(closed) == []


@pytest.mark.parametrize("with_reply", [True, False])
def test_the_mail_asks_by_two_links_and_looking_changes_nothing(desk: Desk, ada: Browser, with_reply: bool) -> None:
    sam = build_staff(desk.services)
    file_ticket(desk.services, desk.customer)
    if with_reply:
        replies.reply_as_staff(desk.services, sam.id, 1, written("It works again"), "closed", NOW)
    else:
        triage.close(desk.services, sam.id, 1, NOW)
    for row in stored(desk.services, OutboxMessage):
        if row.channel == fanout.CHANNEL:
            fanout.fan_out(desk.services, row, NOW)
    (mail,) = [
        one for one in stored(desk.services, OutboxMessage) if one.kind in ("replied", "closed") and one.recipient
    ]
    text = compose(desk.services, mail, desk.services.policy).text
    links = [word for word in text.split() if "/solved?answer=" in word]
    assert [urlsplit(link).query for link in links] == ["answer=yes", "answer=no"]
    for link in links:
        page = ada.open(link.removeprefix(ada.origin))
        assert page.status == 200
        assert page.heading == "Was this solved?"
    assert answers(desk) == []


def test_only_a_closed_ticket_is_asked_about(desk: Desk, ada: Browser) -> None:
    sam = build_staff(desk.services)
    file_ticket(desk.services, desk.customer)
    file_ticket(desk.services, desk.customer, subject="Another", submission="form-2")
    assert "Was this solved?" not in ada.open(TICKET).text
    assert urlsplit(ada.open(ASKED).url).path == TICKET
    with pytest.raises(solved.NotClosed):
        solved.say_solved(desk.services, desk.customer.id, 1, NOW)
    triage.merge(desk.services, sam.id, 1, "SUP-1002", NOW)
    assert "Was this solved?" not in ada.open(TICKET).text
    with pytest.raises(UseCaseError):
        solved.say_not_solved(desk.services, desk.customer.id, 1, written("No"), NOW, reopen=True)
