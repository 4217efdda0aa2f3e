"""What staff do with mail that the desk couldn't place, and what a ticket's page says of one that it could."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from formapp.accounts.accounts import disable_account, find_account_by_email
from formapp.incoming_mail import processing
from formapp.incoming_mail.receive import receive
from formapp.models import Draft, IncomingMail, Message
from tests.builders import NOW, build_account, build_project, stored
from tests.incoming_mail.mails import build_mail, reading_mail
from tests.incoming_mail.test_odd_mails import bounce
from tests.web.conftest import Desk
from tests.web.page import Browser, Page

MAIL = "/support/desk/mail"


def address_of(page: Page, words: str) -> str:
    """Where the link with these words leads."""
    return next(link["href"] for link in page.all("a") if link.text.strip() == words)


@contextmanager
def reading(desk: Desk) -> Iterator[None]:
    """While the desk reads mail."""
    with pytest.MonkeyPatch.context() as patch:
        web = desk.app.extensions["formapp"]
        patch.setitem(desk.app.extensions, "formapp", replace(web, services=reading_mail(desk.services)))
        yield


def take(desk: Desk, content: bytes) -> int:
    number = receive(desk.services, content, "pipe", NOW)
    processing.process(desk.services, number, NOW)
    return number


def test_a_mail_of_somebody_unknown_is_accepted_with_one_press(desk: Desk, sam: Browser) -> None:
    """The sender gets an account in the ticket's project, and the mail joins the ticket."""
    take(desk, build_mail(sender="Joe Baker <joe@shop.example>", subject="Re: SUP-1001"))
    assert "1 mail waits for a decision" in sam.open("/support/desk/").text
    page = sam.open(address_of(sam.open(MAIL), "Re: SUP-1001"))
    assert "Held: nobody here has the sender's address" in page.text
    assert "joins that project and sees all its tickets" in page.text
    done = sam.send(page.form(f"{MAIL}/1/accept"))
    assert "The mail is added to SUP-1001." in done.text
    assert "joe@shop.example" not in done.text
    joe = find_account_by_email(desk.services, "joe@shop.example")
    assert joe is not None
    assert joe.name == "Joe Baker"
    (message,) = stored(desk.services, Message)
    assert (message.account_id, message.body) == (joe.id, "It happens again.")
    again = sam.send(page.form(f"{MAIL}/1/accept"))
    assert (again.status, "Somebody has decided about this mail already" in again.text) == (422, True)


def test_without_a_ticket_a_project_must_be_chosen(desk: Desk, sam: Browser) -> None:
    build_project(desk.services, "museum", name="City Museum")
    take(desk, build_mail(sender="lee@museum.example", subject="Prices"))
    form = sam.open(f"{MAIL}/1").form(f"{MAIL}/1/accept")
    refused = sam.send(form)
    assert (refused.status, "Choose the sender's project" in refused.text) == (422, True)
    form.fields["project"] = "museum"
    done = sam.send(form)
    assert "The sender gets a link to the filled form" in done.text
    assert [draft.fields["subject"] for draft in stored(desk.services, Draft)] == ["Prices"]


def test_spam_is_set_aside_and_stays_among_all_mail(desk: Desk, sam: Browser) -> None:
    take(desk, build_mail(sender="eve@elsewhere.example", subject="Cheap"))
    done = sam.send(sam.open(f"{MAIL}/1").form(f"{MAIL}/1/spam"))
    assert "marked as spam" in done.text
    assert "Cheap" not in done.text
    assert "Cheap" in sam.open(f"{MAIL}?show=all").text
    assert [mail.decided_by_id for mail in stored(desk.services, IncomingMail)] == [2]


def test_what_is_no_spam_is_held_again_with_its_reason(desk: Desk, sam: Browser) -> None:
    take(desk, build_mail(sender="eve@elsewhere.example", subject="Not cheap"))
    before = sam.open(f"{MAIL}/1").text
    sam.send(sam.open(f"{MAIL}/1").form(f"{MAIL}/1/spam"))
    spam = sam.open(f"{MAIL}/1")
    assert "Spam, decided by Sam Rivera" in spam.text
    form = spam.form(f"{MAIL}/1/not-spam")
    assert "no longer marked as spam" in sam.send(form).text
    assert sam.open(f"{MAIL}/1").text == before
    again = sam.send(form)
    assert (again.status, "isn't marked as spam" in again.text) == (422, True)


def test_a_ticket_says_what_came_by_mail_and_what_is_not_confirmed(desk: Desk, sam: Browser) -> None:
    """Staff see both and the whole mail; the customer sees that it came by mail."""
    take(desk, build_mail("New text\n\n> old text", subject="Re: SUP-1001"))
    staff = sam.open("/support/desk/SUP-1001")
    assert "by mail" in staff.text
    assert "Sender not confirmed" in staff.text
    assert "old text" not in staff.text
    assert "old text" in sam.open(address_of(staff, "Show the whole mail")).text
    customer = desk.browser_of(desk.customer.email).open("/support/tickets/SUP-1001")
    assert "by mail" in customer.text
    assert "not confirmed" not in customer.text
    assert MAIL not in customer.html


def test_whom_mail_does_not_reach_is_told_at_the_ticket(desk: Desk, sam: Browser) -> None:
    assert "We can't reach this address by mail" not in sam.open("/support/desk/SUP-1001").text
    take(desk, bounce())
    assert "We can't reach this address by mail" in sam.open("/support/desk/SUP-1001").text
    take(desk, build_mail(subject="Re: SUP-1001"))
    assert "We can't reach this address by mail" in sam.open("/support/desk/SUP-1001").text


def test_a_mail_is_saved_as_it_came_and_never_shown_as_a_page(desk: Desk, sam: Browser) -> None:
    content = build_mail("x", html="<script>alert(1)</script>", sender="eve@elsewhere.example")
    take(desk, content)
    answer = sam.answer("GET", f"{MAIL}/1/whole")
    assert answer.data == content
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_desk_that_reads_no_mail_says_so_nowhere_else(desk: Desk, sam: Browser) -> None:
    assert "The desk reads no mail." in sam.open(MAIL).text
    customer = desk.browser_of(desk.customer.email)
    for path in ("/support/tickets/SUP-1001", "/support/tickets/SUP-1001/sent"):
        page = customer.open(path)
        assert page.status == 200
        assert "answer any of our mails" not in page.text
    with reading(desk):
        for path in ("/support/tickets/SUP-1001", "/support/tickets/SUP-1001/sent"):
            assert "answer any of our mails about SUP-1001" in customer.open(path).text


def test_an_account_that_is_disabled_is_not_let_in_by_its_mail(desk: Desk, sam: Browser) -> None:
    build_account(desk.services, "gone@shop.example")
    disable_account(desk.services, "gone@shop.example", NOW)
    take(desk, build_mail(sender="gone@shop.example", subject="SUP-1001"))
    refused = sam.send(sam.open(f"{MAIL}/1").form(f"{MAIL}/1/accept"))
    assert (refused.status, "is disabled" in refused.text or "project" in refused.text) == (422, True)
