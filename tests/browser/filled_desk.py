"""A desk on which every page has something to show, for walks over its pages."""

from __future__ import annotations

from datetime import timedelta

from formapp import failed_work
from formapp.accounts.accounts import find_account_by_email
from formapp.actors import OPERATOR
from formapp.demo import company as demo
from formapp.hours import closures
from formapp.models import OutboxMessage
from formapp.notifications import fanout, outbox, webhooks
from formapp.notifications.outbox import Outcome
from formapp.notifications.webhooks.delivery import deliver
from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.tickets import bulk, page_feedback, replies, saved_replies, saved_views, triage
from tests.browser.conftest import Desk
from tests.builders import REASON, file_ticket, written


def fill_desk(desk: Desk) -> None:
    """A ticket with a conversation, and something for every page of staff."""
    customer = find_account_by_email(desk.services, demo.CUSTOMER)
    assert customer
    answers = {"need": "broken", "environment": "production", "impact": "degraded", "workaround": "none"}
    file_ticket(desk.services, customer, desk.clock(), answers=answers)
    fill_staff_pages(desk)
    write_on_the_ticket(desk)


def fill_staff_pages(desk: Desk) -> None:
    """A ticket missed and one due soon, a closure, an endpoint that can't be reached, a mail that failed."""
    services, now = desk.services, desk.clock()
    customer = find_account_by_email(services, demo.CUSTOMER)
    assert customer
    for hours, priority in ((-30, "high"), (-23, "high"), (0, "low")):
        at = now + timedelta(hours=hours)
        file_ticket(services, customer, at, subject=f"Order {-hours} fails", priority=priority, submission=f"{hours}")
    sam = find_account_by_email(services, "sam@platform.example")
    assert sam
    bulk.change_all(services, sam.id, [2, 3], "tag", "payments", now)
    saved_views.add_view(services, sam.id, "Late", "is:overdue", now, shared=True)
    body = "Dear {name},\n\n{reference} is solved: {due}"
    saved_replies.add_reply(services, sam.id, "Promise", body, now, shared=True)
    for number in range(5):
        words = {"subject": f"Receipt {number} is missing", "submission": f"receipt-{number}", "priority": "critical"}
        file_ticket(services, customer, now - timedelta(days=3), **words)
        later = now - timedelta(days=3, minutes=-30 * number)
        replies.reply_as_staff(services, sam.id, 5 + number, written("Sent", f"sent-{number}"), "closed", later)
    closures.add_closure(services, OPERATOR, now + timedelta(days=3), now + timedelta(days=4), "Moving", now)
    add_endpoint(services, "https://hooks.example/support", now, resolve=lambda *_: ["93.184.216.34"])
    for _ in range(failed_work.MOST_TRIES):
        failed_work.put_off(services, "notices", 1, 1, OSError("no space left"), now)
    outbox.send_due(services, lambda message: send_in_vain(desk, message), desk.clock)


def send_in_vain(desk: Desk, message: OutboxMessage) -> Outcome:
    if message.channel == "mail":
        return Outcome(sent=False, error="550 no such user", permanent=True)
    if message.channel == webhooks.CHANNEL:
        return deliver(desk.services, message, desk.clock, resolve=lambda *_: ())
    return fanout.fan_out(desk.services, message, desk.clock())


def write_on_the_ticket(desk: Desk) -> None:
    """A conversation with everything that Markdown may hold, a note, and a corrected answer."""
    services, now = desk.services, desk.clock()
    customer, sam = (find_account_by_email(services, email) for email in (demo.CUSTOMER, "sam@platform.example"))
    assert customer
    assert sam
    rich = (
        "Which **one**?\n\n# Steps\n\n1. Open\n2. Pay\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncurl\n```"
    )
    replies.add_note(services, sam.id, 1, written("Asked the _network_ people"), now)
    replies.reply_as_staff(services, sam.id, 1, written(rich), "waiting", now)
    replies.reply_as_customer(services, customer.id, 1, written("See https://shop.example/cart"), now)
    down = {"need": "broken", "environment": "production", "impact": "down", "workaround": "none"}
    triage.correct_answers(services, sam.id, 1, down, now, seen=99, reason=REASON)
    replies.render_new(services, lambda: now)
    page_feedback.give_feedback(services, "/ticket-priority/", "The telephone number", now, helpful=False)
