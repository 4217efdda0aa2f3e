"""The forms of a ticket's page at the desk, and what they have changed."""

from __future__ import annotations

from urllib.parse import urlsplit

from formapp.models import Message, Ticket
from tests.builders import REASON, stored
from tests.web.conftest import Desk
from tests.web.page import Form, Page

TICKET = "/support/desk/SUP-1001"


def form_of(page: Page, act: str, reference: str = "SUP-1001", **changes: str) -> Form:
    form = page.form(f"/support/desk/{reference}/{act}")
    if act == "note" and "kind" in form.fields:
        # Chosen by its tab, as people do.
        form.fields["kind"] = "note"
    if act == "answers":
        # Staff say why; the stories are about the answers.
        form.fields["reason"] = form.fields["reason"] or REASON
    form.fields |= changes
    return form


def the_ticket(desk: Desk, number: int = 1) -> Ticket:
    return next(ticket for ticket in stored(desk.services, Ticket) if ticket.id == number)


def messages(desk: Desk) -> list[tuple[str, str]]:
    return [(message.kind, message.body) for message in stored(desk.services, Message)]


def history(page: Page) -> list[str]:
    section = next(one for one in page.all("section") if one.get("aria-labelledby") == "history-heading")
    return [" ".join(line.text.split()) for line in page.all("li") if line.parent and line.parent.parent is section]


def assigning(page: Page) -> Form:
    """The form that chooses the assignee; "Assign to me" is another with the same address."""
    select = page.one("select", id="assignee")
    return next(
        Form(page, form)
        for form in page.all("form")
        if urlsplit(form["action"]).path.endswith("/assign") and select.inside(form)
    )
