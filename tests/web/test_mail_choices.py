"""Choosing one's mails on the account page, and stopping them by a mail's link, with and without a mail program."""

from __future__ import annotations

from formapp import worker
from formapp.accounts.mail_preferences import choose_mails, mail_choices
from formapp.models import Account
from formapp.notifications.unsubscribing import Subscription, unsubscribe_url
from tests.builders import file_ticket
from tests.web.conftest import Desk
from tests.web.page import Browser

ONE_CLICK = b"List-Unsubscribe=One-Click"


def link_of(desk: Desk, account: Account, reason: str) -> str:
    url = unsubscribe_url(desk.services.settings, Subscription(account.id, reason))
    return url.removeprefix("http://127.0.0.1:8000")


def test_a_customer_chooses_among_tickets_and_sees_what_is_always_sent(desk: Desk, ada: Browser) -> None:
    page = ada.open("/support/account")
    form = page.form("/support/account/mails")
    assert form.fields["customer_mails"] == "own"
    assert "Always sent: sign-in links, the confirmation of each ticket" in page.text
    assert "At the desk" not in page.text
    form.fields["customer_mails"] = "projects"
    saved = ada.send(form)
    assert "Your choice of mails is saved." in saved.text
    assert saved.form("/support/account/mails").fields["customer_mails"] == "projects"
    assert mail_choices(desk.services, desk.customer.id).customer_mails == "projects"


def test_staff_choose_occasions(sam: Browser) -> None:
    form = sam.open("/support/account").form("/support/account/mails")
    assert "customer_mails" not in form.fields
    assert {name for name in form.fields if name.startswith("mails_")} == {
        *("mails_new", "mails_assigned", "mails_mentioned", "mails_due")
    }
    del form.fields["mails_new"]
    form = sam.send(form).form("/support/account/mails")
    assert {name for name in form.fields if name.startswith("mails_")} == {
        *("mails_assigned", "mails_mentioned", "mails_due")
    }
    form.fields["mails_new"] = "yes"
    assert "mails_new" in sam.send(form).form("/support/account/mails").fields


def test_a_choice_that_there_is_not_is_named(desk: Desk, ada: Browser) -> None:
    form = ada.open("/support/account").form("/support/account/mails")
    form.fields["customer_mails"] = "everything"
    page = ada.send(form)
    assert page.status == 422
    assert page.title.startswith("Error: ")
    assert "Choose which tickets you get mails about" in page.text
    assert mail_choices(desk.services, desk.customer.id).customer_mails == "own"


def test_the_link_of_a_mail_asks_then_stops_and_says_how_to_change_it_back(desk: Desk, visitor: Browser) -> None:
    choose_mails(desk.services, desk.customer.id, "projects", frozenset())
    page = visitor.open(link_of(desk, desk.customer, "project"))
    assert page.heading == "Stop these mails"
    assert mail_choices(desk.services, desk.customer.id).customer_mails == "projects", "looking changes nothing"
    done = visitor.send(page.form())
    assert (done.status, done.heading) == (200, "These mails are stopped")
    assert "ada@shop.example" in done.text
    assert any(link["href"] == "/support/account#mails" for link in done.all("a"))
    assert mail_choices(desk.services, desk.customer.id).customer_mails == "own"
    assert visitor.open(page.url).heading == "These mails are stopped"


def test_a_mail_program_stops_them_with_one_post_from_anywhere(desk: Desk, visitor: Browser, kim: Account) -> None:
    """RFC 8058: without cookies, from no page of ours, as either kind of form; the answer is no redirect."""
    part = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    for reason, body, headers in (
        ("new", ONE_CLICK, {}),
        ("due", part, {"Content-Type": "multipart/form-data; boundary=x"}),
    ):
        elsewhere = {**headers, "Origin": "https://mail.elsewhere.example", "Sec-Fetch-Site": "cross-site"}
        answer = visitor.answer("POST", link_of(desk, kim, reason), body, elsewhere)
        assert (answer.status_code, answer.headers.get("Location")) == (200, None)
    assert mail_choices(desk.services, kim.id).staff_mails == {"mails_assigned", "mails_mentioned"}


def test_a_press_for_somebody_else_works_whoever_is_signed_in(desk: Desk, ada: Browser, kim: Account) -> None:
    """The mail was forwarded to nobody: a browser may be another person's, and the link alone decides."""
    page = ada.open(link_of(desk, kim, "new"))
    assert kim.email in page.text
    assert ada.send(page.form("/support/unsubscribe/" + page.url.rpartition("/")[2])).status == 200
    assert "mails_new" not in mail_choices(desk.services, kim.id).staff_mails
    assert mail_choices(desk.services, desk.customer.id).customer_mails == "own"


def test_a_link_that_was_cut_off_says_so_and_leads_to_the_settings(desk: Desk, visitor: Browser, kim: Account) -> None:
    link = link_of(desk, kim, "new")[:-2]
    for page in (visitor.open(link), visitor.post(link, ONE_CLICK, {})):
        assert (page.status, page.heading) == (410, "This link no longer works")
        assert any(one["href"] == "/support/account#mails" for one in page.all("a"))
    assert "mails_new" in mail_choices(desk.services, kim.id).staff_mails


def test_a_mail_that_is_answered_in_the_inbox_leads_to_both(desk: Desk, visitor: Browser, kim: Account) -> None:
    """What the mail says is what the pages do."""
    file_ticket(desk.services, desk.customer)
    worker.run_once(desk.services, desk.clock)
    inbox = visitor.open("/support/inbox")
    shown = [visitor.open(one["href"]) for one in inbox.all("a") if one["href"].startswith("/support/inbox/")]
    (mail,) = [page for page in shown if kim.email in page.text]
    (stop,) = [one["href"] for one in mail.all("a") if "/support/unsubscribe/" in one["href"]]
    assert visitor.open(stop.removeprefix(visitor.origin)).heading == "Stop these mails"
