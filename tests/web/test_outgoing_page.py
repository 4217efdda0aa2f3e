"""What went wrong on its way out: staff see why, and send it once more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formapp import failed_work, worker
from formapp.models import OutboxMessage
from formapp.notifications import outbox, webhooks
from formapp.notifications.outbox import SENT, Outcome
from formapp.notifications.webhooks.delivery import deliver
from formapp.notifications.webhooks.endpoints import add_endpoint, disable, enable
from formapp.notifications.webhooks.log import deliveries
from tests.builders import NOW, build_staff, file_ticket, stored, write_mail
from tests.web.conftest import Desk
from tests.web.page import Browser, Page

OUTGOING = "/support/desk/outgoing"
NOBODY = Outcome(sent=False, error="550 <no> such user", permanent=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def sam(desk: Desk) -> Browser:
    return desk.browser_of(build_staff(desk.services).email)


def refuse_mails(desk: Desk) -> None:
    """A round of a worker whose mail server knows none of the recipients."""

    def send(message: OutboxMessage) -> Outcome:
        return NOBODY if message.channel == "mail" else worker.send(desk.services, message, desk.clock)

    outbox.send_due(desk.services, send, desk.clock, only=OutboxMessage.channel != webhooks.CHANNEL)


def sent(desk: Desk) -> list[int]:
    """The numbers of the mails and webhooks that go out now, to a world that takes everything."""
    numbers: list[int] = []

    def send(message: OutboxMessage) -> Outcome:
        numbers.append(message.id)
        return SENT

    outbox.send_due(desk.services, send, desk.clock)
    return numbers


def fail_webhooks(desk: Desk) -> None:
    """A round of a worker for which no receiver's name leads anywhere."""

    def send(message: OutboxMessage) -> Outcome:
        return deliver(desk.services, message, desk.clock, resolve=lambda *_: ())

    outbox.send_due(desk.services, send, desk.clock, only=OutboxMessage.channel == webhooks.CHANNEL)


def items(page: Page) -> list[str]:
    """The words of each message that can be sent again."""
    cards = [item for item in page.all("li") if any(button.inside(item) for button in page.all("button"))]
    return [" ".join(card.text.split()) for card in cards]


def build_endpoint(desk: Desk) -> int:
    """An endpoint at a public address, for which nothing waits yet; its number."""
    number, _ = add_endpoint(desk.services, "https://hooks.example/in", NOW, resolve=lambda *_: ["93.184.216.34"])
    return number


def test_nothing_that_went_wrong_is_said_plainly(sam: Browser) -> None:
    page = sam.open(OUTGOING)
    assert "None. Everything was delivered, or is on its way." in page.text
    assert "No webhooks." in page.text


def test_a_mail_that_was_given_up_shows_its_reason_and_is_sent_once_more(desk: Desk, sam: Browser) -> None:
    file_ticket(desk.services, desk.customer)
    refuse_mails(desk)
    page = sam.open(OUTGOING)
    to_sam, to_ada = items(page)
    assert to_ada == (
        "Mail: Ticket received To ada@shop.example SUP-1001 Given up Tue 24 Nov, 15:00 Paris time "
        "550 <no> such user Send again: Mail: Ticket received to ada@shop.example"
    )
    assert to_sam.startswith("Mail: New ticket, to staff To sam@platform.example SUP-1001")
    (mail,) = [one for one in stored(desk.services, OutboxMessage) if one.recipient == "ada@shop.example"]
    page = sam.send(page.form(f"{OUTGOING}/{mail.id}/replay"))
    assert (page.url, page.heading) == (OUTGOING, "Outgoing")
    assert "The message is being sent again, with the same id." in page.one("div", role="status").text
    assert len(items(page)) == 1
    assert sent(desk) == [mail.id]


def test_other_work_that_was_given_up_is_shown_and_tried_again(desk: Desk, sam: Browser) -> None:
    file_ticket(desk.services, desk.customer)
    for _ in range(failed_work.MOST_TRIES):
        failed_work.put_off(desk.services, "notices", 1, 1, OSError("<secret>"), NOW)
    page = sam.open(OUTGOING)
    (words,) = items(page)
    assert words.startswith(
        "Warnings of its deadlines SUP-1001 Failing since Tue 24 Nov, 15:00 Paris time "
        "Given up Tue 24 Nov, 15:00 Paris time The system refused a file or a process that it needs (OSError"
    )
    assert words.endswith("Try again: Warnings of its deadlines, SUP-1001")
    form = page.form(f"{OUTGOING}/work/1/again")
    page = sam.send(form)
    assert "It is being tried again." in page.one("div", role="status").text
    assert items(page) == []
    refused = sam.send(form)
    assert refused.status == 422
    assert "This has not been given up" in refused.one("div", role="alert").text


def test_the_second_of_two_who_send_it_again_is_told(desk: Desk, sam: Browser) -> None:
    number = write_mail(desk.services)
    refuse_mails(desk)
    form = sam.open(OUTGOING).form(f"{OUTGOING}/{number}/replay")
    sam.send(form)
    page = sam.send(form)
    assert page.status == 422
    assert "This message was not given up: it was sent, or is on its way" in page.one("div", role="alert").text
    assert sent(desk) == [number]


def test_what_was_given_up_is_read_page_by_page(desk: Desk, sam: Browser) -> None:
    for number in range(51):
        write_mail(desk.services, f"person{number}@shop.example")
    refuse_mails(desk)
    page = sam.open(OUTGOING)
    assert len(items(page)) == 50
    page = sam.open(page.one("a", rel="next")["href"])
    assert [words for words in items(page) if "person0@shop.example" in words] == items(page)
    page = sam.open(next(link["href"] for link in page.all("a") if link.text == "First page"))
    assert "person50@shop.example" in items(page)[0]


def test_an_endpoint_s_log_shows_each_try_and_sends_once_more(desk: Desk, sam: Browser) -> None:
    number = build_endpoint(desk)
    file_ticket(desk.services, desk.customer)
    refuse_mails(desk)
    page = sam.open(OUTGOING)
    assert "https://hooks.example/in Gets all events of all tickets On" in page.text
    page = sam.open(page.one("a", href=f"{OUTGOING}/endpoints/{number}")["href"])
    assert page.heading == f"Webhook {number} https://hooks.example/in"
    (words,) = items(page)
    assert words == "ticket.created SUP-1001 On its way Send again: ticket.created of SUP-1001"
    (waiting,) = deliveries(desk.services, number)

    fail_webhooks(desk)
    (words,) = items(sam.open(page.url))
    assert words.startswith("ticket.created SUP-1001 On its way; next attempt Tue 24 Nov, 15:0")
    assert "1 attempt to deliver ticket.created of SUP-1001 Tue 24 Nov, 15:00 Paris time: " in words
    (tried,) = deliveries(desk.services, number)[0].attempts
    assert f"{tried.error}, {tried.duration_ms} ms" in words
    assert "Failing since Tue 24 Nov, 15:00 Paris time; nothing is sent before " in sam.open(page.url).text
    desk.clock.now += MINUTE
    page = sam.send(sam.open(page.url).form(f"{OUTGOING}/{waiting.id}/replay"))
    assert page.url == f"{OUTGOING}/endpoints/{number}"
    assert "is being sent again" in page.one("div", role="status").text
    assert sent(desk) == [waiting.id]
    assert "Delivered, Tue 24 Nov, 15:01 Paris time" in items(sam.open(page.url))[0]


def test_an_endpoint_that_is_switched_off_says_so_and_sends_nothing(desk: Desk, sam: Browser) -> None:
    number = build_endpoint(desk)
    file_ticket(desk.services, desk.customer)
    refuse_mails(desk)
    disable(desk.services, number, NOW)
    page = sam.open(f"{OUTGOING}/endpoints/{number}")
    assert "Switched off since Tue 24 Nov, 15:00 Paris time: by hand" in page.text
    assert f"formapp webhook enable {number}" in page.text
    (given_up,) = deliveries(desk.services, number)
    refused = sam.send(page.form(f"{OUTGOING}/{given_up.id}/replay"))
    assert refused.status == 422
    assert refused.heading == page.heading
    assert "The endpoint is switched off: by hand. Switch it on first" in refused.one("div", role="alert").text

    # From the list of what failed the answer stays on that list.
    listed = sam.open(OUTGOING)
    assert any("Webhook: ticket.created To https://hooks.example/in" in words for words in items(listed))
    assert sam.send(listed.form(f"{OUTGOING}/{given_up.id}/replay")).heading == "Outgoing"
    enable(desk.services, number)
    assert sam.send(listed.form(f"{OUTGOING}/{given_up.id}/replay")).status == 200
    assert given_up.id in sent(desk)


def test_a_delivered_message_can_be_sent_again_too(desk: Desk, sam: Browser) -> None:
    number = build_endpoint(desk)
    file_ticket(desk.services, desk.customer)
    refuse_mails(desk)
    assert deliveries(desk.services, number)[0].id in sent(desk)
    (delivered,) = deliveries(desk.services, number)
    sam.send(sam.open(f"{OUTGOING}/endpoints/{number}").form(f"{OUTGOING}/{delivered.id}/replay"))
    assert sent(desk) == [delivered.id]


@pytest.mark.parametrize("number", ["0", "-1", "99", "9" * 30, "١", "x"])
def test_an_odd_number_is_a_page_that_is_not_there(sam: Browser, number: str) -> None:
    own = {"Origin": sam.origin}
    body = f"made_for={sam.mark()}".encode()
    assert sam.answer("POST", f"{OUTGOING}/{number}/replay", body, own).status_code == 404
    assert sam.open(f"{OUTGOING}/endpoints/{number}").status == 404
    if number != "99":
        assert sam.open(f"{OUTGOING}?before={number}").status == 404
