"""Tickets of the made-up company, at every state, so that the pages of a new installation have something to show."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from formapp.models import Account, reference_of
from formapp.services import Services
from formapp.tickets import create, replies, triage
from formapp.tickets.replies import MessageInput, NextState
from formapp.tickets.ticket_input import TicketInput

ADA, BEN, CLEO = "ada@shop.example", "ben@shop.example", "cleo@museum.example"
SAM = "sam@platform.example"
HOUR = timedelta(hours=1)
BROKEN = {"need": "broken", "environment": "production"}


def add_demo_tickets(services: Services, now: datetime) -> None:
    """File the demo's tickets, each as long before ``now`` as its story needs; the people are there already."""
    with services.read() as database:
        people = {email: number for number, email in database.execute(select(Account.id, Account.email)).all()}
    stories = _Stories(services, people)
    _missed(stories, now - 96 * HOUR)
    _solved(stories, now - 30 * HOUR)
    _waiting(stories, now - 26 * HOUR)
    _critical(stories, now - 2 * HOUR)
    _new(stories, now - HOUR)


class _Stories:
    """Files and writes in the name of the demo's people."""

    def __init__(self, services: Services, people: dict[str, int]) -> None:
        self.services = services
        self._people = people

    def file(self, email: str, sent: TicketInput, at: datetime) -> int:
        return create.create_ticket(self.services, self._people[email], sent, at).ticket.id

    def ask(self, ticket: int, email: str, body: str, at: datetime) -> None:
        written = MessageInput(body, f"demo-{ticket}-{at.isoformat()}")
        replies.reply_as_customer(self.services, self._people[email], ticket, written, at)

    def answer(self, ticket: int, body: str, then: NextState, at: datetime) -> None:
        written = MessageInput(body, f"demo-{ticket}-{at.isoformat()}")
        replies.reply_as_staff(self.services, self.sam, ticket, written, then, at)

    def note(self, ticket: int, body: str, at: datetime) -> None:
        replies.add_note(self.services, self.sam, ticket, MessageInput(body, f"demo-{ticket}-note"), at)

    @property
    def sam(self) -> int:
        """The number of the one who works at the desk."""
        return self._people[SAM]


def _sent(project: str, subject: str, description: str, priority: str, *, url: str = "", **answers: str) -> TicketInput:
    return TicketInput(
        project, subject, url, description, priority, answers, submission=subject, page="/file-a-ticket/"
    )


def _missed(stories: _Stories, at: datetime) -> None:
    """Nobody has answered: the queue shows by how much it was missed."""
    description = "1. Open any picture of the new exhibition.\n2. Press Enlarge.\n\nNothing happens, in any browser."
    stories.file(CLEO, _sent("museum", "Pictures can't be enlarged", description, "high"), at)


def _solved(stories: _Stories, at: datetime) -> None:
    description = "A new colleague joins us on Monday. What do you need from us?"
    ticket = stories.file(BEN, _sent("shop", "How do we add a colleague?", description, "low", need="question"), at)
    stories.answer(ticket, "Their name and address is all. Shall they see every project?", "waiting", at + HOUR)
    stories.ask(ticket, BEN, "Only the shop. She is mia@shop.example.", at + 2 * HOUR)
    stories.answer(ticket, "Done. She can sign in now, with a link to that address.", "closed", at + 3 * HOUR)


def _waiting(stories: _Stories, at: datetime) -> None:
    """An answer was corrected, and so the priority."""
    chosen = {**BROKEN, "impact": "other", "severity": "major"}
    description = 'Searching for "Zoë" finds nothing, "Zoe" finds her books.'
    sent = _sent("shop", "Search finds nothing for names with accents", description, "high", **chosen)
    ticket = stories.file(ADA, sent, at)
    corrected = {**chosen, "severity": "minor"}
    why = "Searching without accents finds her, so there is a way around it."
    triage.correct_answers(stories.services, stories.sam, ticket, corrected, at + HOUR, seen=1, reason=why)
    stories.answer(ticket, "We can see it. Which of these searches fail?\n\n- Zoë\n- zoë", "waiting", at + HOUR)


def _critical(stories: _Stories, at: datetime) -> None:
    """Answered in time, with a note and a duplicate; the clock for the solution runs."""
    chosen = {**BROKEN, "impact": "task", "workaround": "none"}
    url = "https://www.riverside.example/checkout"
    description = (
        "1. Put a book into the cart.\n2. Choose Pay by card and press Pay.\n\n"
        "Expected: the receipt. Instead:\n\nError 502: upstream closed the connection"
    )
    sent = _sent("shop", "Checkout shows an error after Pay", description, "critical", url=url, **chosen)
    ticket = stories.file(ADA, sent, at)
    minute = timedelta(minutes=1)
    triage.assign(stories.services, stories.sam, ticket, SAM, at + 5 * minute, seen=1)
    stories.note(ticket, "The payment gateway answers slowly since this morning. I have asked them.", at + 8 * minute)
    stories.answer(ticket, "Thank you, we see it too. Does *every* payment fail?", "waiting", at + 12 * minute)
    stories.ask(ticket, ADA, "Every card. Vouchers work.", at + 30 * minute)
    again = _sent("shop", "Can't pay", "Paying by card shows an error.", "critical", url=url)
    double = stories.file(BEN, again, at + 35 * minute)
    triage.merge(stories.services, stories.sam, double, reference_of(ticket), at + 40 * minute)


def _new(stories: _Stories, at: datetime) -> None:
    description = "The nightly copy of the database to staging sometimes stops halfway. The log says only “timeout”."
    chosen = {"need": "broken", "environment": "nonproduction", "claim": "neither", "effect": "flaky"}
    stories.file(ADA, _sent("intranet", "The copy to staging stops halfway", description, "normal", **chosen), at)
