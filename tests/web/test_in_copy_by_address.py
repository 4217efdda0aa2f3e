"""People in copy by an address outside the project: asked once, confirmed by mail, and out again by one link."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from formapp import worker
from formapp.accounts import accounts, projects
from formapp.errors import LinkGone, NotPermitted
from formapp.incoming_mail.receive import receive
from formapp.models import (
    Account,
    CopyInvitation,
    CopyRefusal,
    Event,
    Message,
    OutboxMessage,
    RateCounter,
    Watcher,
)
from formapp.notifications import fanout
from formapp.notifications.email.compose import compose
from formapp.notifications.email.message import Mail, build
from formapp.operations import retention
from formapp.services import Services
from formapp.tickets import copy_invitations, replies, triage, watching
from tests.builders import NOW, build_account, build_customer, build_staff, file_ticket, stored, written
from tests.incoming_mail.mails import build_mail, outcomes, reading_mail, sent_to
from tests.incoming_mail.test_odd_mails import bounce
from tests.web.conftest import Desk
from tests.web.page import Browser, Page

TICKET = "/support/tickets/SUP-1001"
KIM = "kim@agency.example"
LATER = NOW + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def ticket(desk: Desk) -> Account:
    """The customer's ticket, and somebody who works at the desk."""
    file_ticket(desk.services, desk.customer, subject="Checkout fails")
    return build_staff(desk.services)


def ask(browser: Browser, address: str = KIM, page: str = TICKET) -> Page:
    form = browser.open(page).form(f"{page}/copy/ask")
    form.fields["address"] = address
    return browser.send(form)


def mails_to(services: Services, email: str) -> list[OutboxMessage]:
    """All mails to an address, with those of the events so far."""
    for row in stored(services, OutboxMessage):
        if row.channel == fanout.CHANNEL and row.state == "due":
            fanout.fan_out(services, row, NOW)
            with services.write.begin() as database:
                database.get_one(OutboxMessage, row.id).state = "sent"
    return [row for row in stored(services, OutboxMessage) if row.channel == "mail" and row.recipient == email]


def link_to(services: Services, email: str = KIM) -> str:
    """The path of the newest link by which an address answers."""
    return urlsplit(mails_to(services, email)[-1].payload["link"]).path


def answer(desk: Desk, said: str, path: str, **typed: str) -> Page:
    """What somebody without an account sees after pressing one of the buttons."""
    visitor = desk.visitor()
    form = visitor.open(path).form(path)
    form.fields |= typed
    return visitor.send(form, button=("answer", said))


def put_in_copy(services: Services, email: str = KIM) -> Account:
    """Somebody outside who has agreed to be in copy of the first ticket."""
    customer = stored(services, Account)[0]
    copy_invitations.ask(services, customer.id, 1, email, NOW)
    copy_invitations.agree(services, link_to(services, email).rpartition("/")[2], "Kim Lund", NOW)
    return next(account for account in stored(services, Account) if account.email == email)


def last_mail(services: Services, email: str = KIM) -> Mail:
    return compose(services, mails_to(services, email)[-1], services.policy)


def test_who_agrees_by_mail_gets_the_mails_and_who_is_only_asked_gets_none(
    desk: Desk, ada: Browser, ticket: Account
) -> None:
    services = desk.services
    page = ask(ada)
    assert "We ask this address by mail. It gets nothing else until it agrees." in page.text
    assert "kim@agency.example waiting for confirmation" in page.text
    assert "Ada Martin asked somebody by mail to be in copy." in page.text
    replies.reply_as_staff(services, ticket.id, 1, written("Which browser?"), "waiting", NOW)
    assert [mail.kind for mail in mails_to(services, KIM)] == ["copy-asked"]

    path = link_to(services)
    assert "wants to keep kim@agency.example in copy of SUP-1001" in desk.visitor().open(path).text
    # Looking changed nothing, and neither does the page say a word of the conversation.
    assert "Which browser?" not in desk.visitor().open(path).text
    assert stored(services, Watcher) == []
    page = answer(desk, "agree", path, name="Kim Lund")
    assert page.heading == "You are in copy"
    replies.reply_as_staff(services, ticket.id, 1, written("And when?", "message 2"), "waiting", NOW)
    assert [mail.kind for mail in mails_to(services, KIM)] == ["copy-asked", "replied"]
    page = ada.open(TICKET)
    assert "Kim Lund by mail only" in page.text
    assert "Kim Lund agreed by mail to be in copy." in page.text
    # The link worked once.
    assert desk.visitor().open(path).status == 410
    with pytest.raises(LinkGone):
        copy_invitations.agree(services, path.rpartition("/")[2], "", NOW)


def test_the_question_says_who_asks_and_nothing_of_the_conversation(desk: Desk, ticket: Account) -> None:
    replies.reply_as_staff(desk.services, ticket.id, 1, written("Which browser?"), "waiting", NOW)
    copy_invitations.ask(desk.services, desk.customer.id, 1, KIM, NOW)
    asked = last_mail(desk.services)
    assert asked.subject == "Ada Martin wants to keep you in copy of SUP-1001: Checkout fails"
    for words in ("Which browser?", "Put a book", "/support/tickets/"):
        assert words not in asked.text + asked.html


def test_an_outside_person_sees_no_page_of_the_ticket_and_is_sent_to_none(desk: Desk, ticket: Account) -> None:
    put_in_copy(desk.services)
    kim = desk.browser_of(KIM)
    assert kim.open(TICKET).status == 404
    assert "SUP-1001" not in kim.open("/support/tickets").text
    for then in ("waiting", "closed"):
        replies.reply_as_staff(desk.services, ticket.id, 1, written("Hello", then), then, NOW)  # type: ignore[arg-type]
        mail = last_mail(desk.services)
        assert "/support/tickets/" not in mail.text + mail.html
        assert "/support/account" not in mail.text + mail.html
        assert "The ticket's page is for the people of its project." in mail.text


def test_no_note_and_no_answer_of_colleagues_goes_out(desk: Desk, ticket: Account) -> None:
    put_in_copy(desk.services)
    replies.add_note(desk.services, ticket.id, 1, written("A secret note", "note"), NOW)
    replies.reply_as_customer(desk.services, desk.customer.id, 1, written("Firefox", "firefox"), NOW)
    assert [mail.kind for mail in mails_to(desk.services, KIM)] == ["copy-asked"]
    replies.reply_as_staff(desk.services, ticket.id, 1, written("Thanks", "thanks"), "open", NOW)
    mail = last_mail(desk.services)
    assert "A secret note" not in mail.text + mail.html


def test_their_answer_by_mail_joins_the_ticket_and_is_marked(desk: Desk, ada: Browser, ticket: Account) -> None:
    services = reading_mail(desk.services)
    put_in_copy(services)
    replies.reply_as_staff(services, ticket.id, 1, written("Which browser?"), "waiting", NOW)
    mails_to(services, KIM)
    reply_to, answered = sent_to(services, KIM, "replied")
    receive(services, build_mail("Firefox.", sender=KIM, to=reply_to, In_Reply_To=answered), "pipe", LATER)
    # The same name at our own address alone: anybody can write that.
    forged = build_mail("Close it.", sender=KIM, subject="Re: SUP-1001", message_id="<two@agency.example>")
    receive(services, forged, "pipe", LATER)
    worker.run_once(services, lambda: LATER)
    assert outcomes(services) == [("added", ""), ("held", "copy-not-confirmed")]
    assert [(one.body, one.from_copy) for one in stored(services, Message)] == [
        ("Which browser?", False),
        ("Firefox.", True),
    ]
    assert "Kim Lund In copy" in ada.open(TICKET).text
    with pytest.raises(NotPermitted):
        replies.reply_as_customer(services, stored(services, Watcher)[0].account_id, 1, written("x", "x"), LATER)


def test_their_answer_after_they_left_is_held(desk: Desk, ticket: Account) -> None:
    services = reading_mail(desk.services)
    kim = put_in_copy(services)
    replies.reply_as_staff(services, ticket.id, 1, written("Which browser?"), "waiting", NOW)
    mails_to(services, KIM)
    reply_to, _answered = sent_to(services, KIM, "replied")
    watching.remove_watcher(services, desk.customer.id, 1, kim.id, NOW)
    receive(services, build_mail("Firefox.", sender=KIM, to=reply_to), "pipe", LATER)
    receive(services, build_mail("New.", sender=KIM, message_id="<two@agency.example>"), "pipe", LATER)
    worker.run_once(services, lambda: LATER)
    assert outcomes(services) == [("held", "not-permitted"), ("held", "no-project")]


def test_a_link_expires_and_can_be_withdrawn(desk: Desk, ada: Browser) -> None:
    ask(ada)
    path = link_to(desk.services)
    desk.clock.now += copy_invitations.LIFETIME + timedelta(minutes=1)
    ada = desk.browser_of("ada@shop.example")
    assert desk.visitor().open(path).status == 410
    assert KIM not in ada.open(TICKET).text
    assert retention.prune_copy_invitations(desk.services, desk.clock.now) == 1
    page, path = ask(ada), link_to(desk.services)
    page = ada.send(page.form(f"{TICKET}/copy/withdraw"))
    assert "This address isn't asked any more." in page.text
    assert stored(desk.services, CopyInvitation) == []
    assert desk.visitor().open(path).status == 410
    assert [event.kind for event in stored(desk.services, Event)][-1] == "copy-withdrawn"


def test_the_mail_of_a_withdrawn_question_is_not_sent(desk: Desk) -> None:
    copy_invitations.ask(desk.services, desk.customer.id, 1, KIM, NOW)
    copy_invitations.withdraw(desk.services, desk.customer.id, 1, KIM, NOW)
    assert mails_to(desk.services, KIM) == []


@pytest.mark.parametrize("token", ["nonsense", "WyJhIiwiYiJd.signature"])
def test_a_link_that_we_did_not_make_does_nothing(desk: Desk, token: str) -> None:
    copy_invitations.ask(desk.services, desk.customer.id, 1, KIM, NOW)
    assert desk.visitor().open(f"/support/in-copy/{token}").status == 410
    with pytest.raises(LinkGone):
        copy_invitations.decline(desk.services, token, NOW, never=True)
    assert stored(desk.services, CopyRefusal) == []


def test_who_never_wants_to_be_asked_is_not_until_they_say_otherwise(desk: Desk, ada: Browser) -> None:
    ask(ada)
    path = link_to(desk.services)
    page = answer(desk, "never", path)
    assert page.heading == "We don't ask you again"
    assert "Somebody who was asked doesn't want to be in copy." in ada.open(TICKET).text
    page = ask(ada, " Kim@AGENCY.example ")
    assert "Whoever has this address doesn't want to be asked by us" in page.text
    # What was typed is still there.
    assert page.form(f"{TICKET}/copy/ask").fields["address"] == " Kim@AGENCY.example "
    assert KIM not in str([row.__dict__ for row in stored(desk.services, CopyRefusal)])
    page = answer(desk, "again", path)
    assert (page.status, page.heading) == (200, "People can ask you again")
    assert KIM in page.text
    assert "waiting for confirmation" in ask(ada).text


def test_who_declines_can_be_asked_again(desk: Desk, ada: Browser) -> None:
    ask(ada)
    assert answer(desk, "decline", link_to(desk.services)).heading == "You are not in copy"
    assert "waiting for confirmation" in ask(ada).text


def test_nobody_can_be_buried_in_questions(desk: Desk, ada: Browser) -> None:
    for number in range(2, 5):
        file_ticket(desk.services, desk.customer, submission=f"form-{number}", subject=f"Number {number}")
    for number in range(1, 4):
        assert "waiting for confirmation" in ask(ada, page=f"/support/tickets/SUP-100{number}").text
    assert "Too many addresses were asked lately." in ask(ada, page="/support/tickets/SUP-1004").text
    assert len(mails_to(desk.services, KIM)) == 3
    assert KIM not in str([row.key for row in stored(desk.services, RateCounter)])
    # Asked once more while it waits, no second mail goes out.
    copy_invitations.ask(desk.services, desk.customer.id, 1, KIM, NOW)
    assert len(mails_to(desk.services, KIM)) == 3


def test_so_many_addresses_of_a_ticket_and_no_more(desk: Desk) -> None:
    put_in_copy(desk.services)
    for number in range(copy_invitations.MOST_OF_A_TICKET - 1):
        copy_invitations.ask(desk.services, desk.customer.id, 1, f"person{number}@agency.example", NOW)
    with pytest.raises(copy_invitations.TooManyInCopy):
        copy_invitations.ask(desk.services, desk.customer.id, 1, "one.more@agency.example", NOW)
    copy_invitations.withdraw(desk.services, desk.customer.id, 1, "person0@agency.example", NOW)
    copy_invitations.ask(desk.services, desk.customer.id, 1, "one.more@agency.example", NOW)


def test_an_address_that_mail_does_not_reach_is_not_asked_again(desk: Desk, ada: Browser) -> None:
    ask(ada)
    receive(desk.services, bounce().replace(b"Ada@shop.example", b"Kim@agency.example"), "pipe", NOW)
    worker.run_once(desk.services, desk.clock)
    assert "kim@agency.example We can't reach this address by mail" in ada.open(TICKET).text
    page = ask(ada)
    assert "We can't reach this address by mail: a mail to it came back." in page.text
    assert len(mails_to(desk.services, KIM)) == 1


@pytest.mark.parametrize("typed", ["", "nonsense", "kim@agency.example, lee@agency.example", "a" * 300])
def test_what_is_no_address_comes_back_as_it_was_typed(desk: Desk, ada: Browser, typed: str) -> None:
    page = ask(ada, typed)
    assert page.one("p", id="copy-address-error").text.startswith("Error: ")
    assert page.form(f"{TICKET}/copy/ask").fields["address"] == typed[:254]
    assert stored(desk.services, CopyInvitation) == []


def test_an_address_beyond_ascii_is_the_one_that_it_is(desk: Desk) -> None:
    copy_invitations.ask(desk.services, desk.customer.id, 1, "Kim@Bücher.example", NOW)
    (asked,) = stored(desk.services, CopyInvitation)
    assert asked.email == "kim@bücher.example"
    assert b"To: kim@xn--bcher-kva.example" in build(last_mail(desk.services, asked.email))


def test_a_colleague_s_address_puts_the_colleague_in_copy_at_once(desk: Desk, ada: Browser) -> None:
    bea = build_account(desk.services, "bea@shop.example", name="Bea Lund")
    projects.add_member(desk.services, bea.email, "shop", NOW)
    page = ask(ada, "bea@shop.example")
    assert "Your colleague is in copy, and is told by mail." in page.text
    assert [mail.kind for mail in mails_to(desk.services, bea.email)] == ["in-copy"]


def test_strangers_may_ask_nobody(desk: Desk) -> None:
    eve = build_customer(desk.services, "eve@elsewhere.example", "elsewhere")
    with pytest.raises(NotPermitted):
        copy_invitations.ask(desk.services, eve.id, 1, KIM, NOW)
    kim = put_in_copy(desk.services)
    # Whoever is in copy by an address doesn't act on the ticket's page either.
    with pytest.raises(NotPermitted):
        copy_invitations.ask(desk.services, kim.id, 1, "lee@agency.example", NOW)


def test_staff_ask_too_also_of_a_closed_ticket(desk: Desk, ticket: Account) -> None:
    triage.close(desk.services, ticket.id, 1, NOW)
    sam = desk.browser_of(ticket.email)
    page = ask(sam, page="/support/desk/SUP-1001")
    assert "waiting for confirmation" in page.text
    assert "asked somebody by mail to be in copy" in page.text
    assert "Sam Rivera wants to keep you in copy" in last_mail(desk.services).subject


def test_a_disabled_account_gets_no_mails(desk: Desk, ticket: Account) -> None:
    put_in_copy(desk.services)
    accounts.disable_account(desk.services, KIM, NOW)
    replies.reply_as_staff(desk.services, ticket.id, 1, written("Which browser?"), "waiting", NOW)
    assert [mail.kind for mail in mails_to(desk.services, KIM)] == ["copy-asked"]


def test_a_merge_takes_them_along(desk: Desk, ada: Browser, ticket: Account) -> None:
    put_in_copy(desk.services)
    copy_invitations.ask(desk.services, desk.customer.id, 1, "lee@agency.example", NOW)
    file_ticket(desk.services, desk.customer, subject="Another", submission="form-2")
    triage.merge(desk.services, ticket.id, 1, "SUP-1002", NOW)
    replies.reply_as_staff(desk.services, ticket.id, 2, written("Solved"), "open", NOW)
    assert [mail.kind for mail in mails_to(desk.services, KIM)] == ["copy-asked", "closed", "replied"]
    page = ada.open("/support/tickets/SUP-1002")
    assert "Kim Lund by mail only" in page.text
    assert "lee@agency.example waiting for confirmation" in page.text
    answer(desk, "agree", link_to(desk.services, "lee@agency.example"))
    assert "lee@agency.example by mail only" in ada.open("/support/tickets/SUP-1002").text
    # By the link of a mail about the duplicate, too, all of it ends.
    closed = next(mail for mail in mails_to(desk.services, KIM) if mail.kind == "closed")
    stop = compose(desk.services, closed, desk.services.policy).unsubscribe_url
    desk.visitor().post(urlsplit(stop).path, {"List-Unsubscribe": "One-Click"}, {})
    replies.reply_as_staff(desk.services, ticket.id, 2, written("Again", "again"), "open", NOW)
    assert [mail.kind for mail in mails_to(desk.services, KIM)].count("replied") == 0


# Leaving by the link in a mail


def in_copy_by_name(desk: Desk) -> Account:
    bea = build_account(desk.services, "bea@shop.example", name="Bea Lund")
    projects.add_member(desk.services, bea.email, "shop", NOW)
    watching.add_watcher(desk.services, desk.customer.id, 1, bea.id, NOW)
    return bea


@pytest.mark.parametrize("outside", [True, False])
def test_one_click_in_a_mail_program_leaves_at_once(desk: Desk, ada: Browser, ticket: Account, outside: bool) -> None:
    services = replace(desk.services, settings=replace(desk.services.settings, base_url="https://help.example"))
    person = put_in_copy(services) if outside else in_copy_by_name(desk)
    replies.reply_as_staff(services, ticket.id, 1, written("Which browser?"), "waiting", NOW)
    mail = last_mail(services, person.email)
    headers = build(mail).decode()
    assert f"List-Unsubscribe: <{mail.unsubscribe_url}>" in headers
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in headers
    assert f"Leave: {mail.unsubscribe_url}" in mail.text
    path = urlsplit(mail.unsubscribe_url).path
    # A mail scanner only looks.
    page = desk.visitor().open(path)
    assert page.heading == "Leave SUP-1001"
    assert stored(services, Watcher)[0].left_at is None
    # As a mail program sends it: no cookie, no form's token, from anywhere (RFC 8058).
    answered = desk.visitor().post(path, {"List-Unsubscribe": "One-Click"}, {"Sec-Fetch-Site": "cross-site"})
    assert (answered.status, answered.heading) == (200, "You are no longer in copy")
    # The mail that waited isn't sent either, and no later one is written.
    assert "replied" not in [one.kind for one in mails_to(services, person.email)]
    replies.reply_as_staff(services, ticket.id, 1, written("And when?", "message 2"), "waiting", NOW)
    assert "replied" not in [one.kind for one in mails_to(services, person.email)]
    page = ada.open(TICKET)
    assert f"{person.name} left, and is no longer in copy." in page.text
    assert f"No longer in copy: {person.name}" in page.text
    # Once more changes nothing.
    desk.visitor().post(path, {"List-Unsubscribe": "One-Click"}, {})
    assert [event.kind for event in stored(services, Event)].count("watcher-removed") == 1


def test_who_has_written_and_left_gets_no_mails_until_they_write_again(desk: Desk, ticket: Account) -> None:
    services, bea = desk.services, in_copy_by_name(desk)
    replies.reply_as_customer(services, bea.id, 1, written("Same here", "bea 1"), NOW)
    watching.remove_watcher(services, bea.id, 1, bea.id, NOW)
    replies.reply_as_staff(services, ticket.id, 1, written("Which browser?"), "waiting", NOW)
    assert [mail.kind for mail in mails_to(services, bea.email)] == ["in-copy"]
    replies.reply_as_customer(services, bea.id, 1, written("Firefox", "bea 2"), NOW)
    replies.reply_as_staff(services, ticket.id, 1, written("Thanks", "thanks"), "waiting", NOW)
    assert [mail.kind for mail in mails_to(services, bea.email)] == ["in-copy", "replied"]
    assert last_mail(services, bea.email).unsubscribe_url == ""


def test_who_left_can_be_put_in_copy_again(desk: Desk, ticket: Account) -> None:
    services, kim = desk.services, put_in_copy(desk.services)
    watching.remove_watcher(services, desk.customer.id, 1, kim.id, NOW)
    assert copy_invitations.ask(services, desk.customer.id, 1, KIM, NOW)
    copy_invitations.agree(services, link_to(services).rpartition("/")[2], "", NOW)
    replies.reply_as_staff(services, ticket.id, 1, written("Which browser?"), "waiting", NOW)
    assert mails_to(services, KIM)[-1].kind == "replied"
