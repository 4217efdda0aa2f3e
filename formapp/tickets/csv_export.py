"""The list of tickets as a file for spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from formapp.actors import require_staff
from formapp.models import Ticket
from formapp.services import Services
from formapp.tickets.search import Filters, find_page
from formapp.tickets.status import STAFF_LABELS
from formapp.tickets.tags import tags_of

COLUMNS = (
    "Reference",
    "Subject",
    "Project",
    "Priority",
    "Status",
    "Reporter",
    "Assignee",
    "Opened (UTC)",
    "Response due (UTC)",
    "Answered (UTC)",
    "Resolution due (UTC)",
    "Closed (UTC)",
    "Tags",
)
# A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Where the comma is for decimals, spreadsheets cut a line at semicolons, whatever stands in quotation marks.
_CUT_BEFORE_FORMULA = re.compile(r'([;\t]["\s]*)(?=[=+\-@＝＋－＠])')


def csv_rows(services: Services, filters: Filters, viewer_id: int, now: datetime) -> Iterator[str]:
    """All tickets of the filters as CSV (RFC 4180), for staff, read and handed out some hundred lines at a time.

    Raises NotPermitted at once, before any line is asked for.
    """
    with services.read() as database:
        require_staff(database, viewer_id)
    return _csv_lines(services, filters, viewer_id, now)


def _csv_lines(services: Services, filters: Filters, viewer_id: int, now: datetime) -> Iterator[str]:
    yield csv_line(COLUMNS)
    after = ""
    while True:
        page = find_page(services, filters, viewer_id, now, after, size=500)
        tagged = tags_of(services, [ticket.id for ticket in page.tickets])
        yield "".join(csv_line((*_cells(ticket), " ".join(tagged[ticket.id]))) for ticket in page.tickets)
        after = page.next_key
        if not after:
            return


def _cells(ticket: Ticket) -> tuple[str, ...]:
    times = (ticket.opened_at, ticket.response_due_at, ticket.answered_at, ticket.resolution_due_at, ticket.closed_at)
    return (
        ticket.reference,
        ticket.subject,
        ticket.project.name,
        ticket.priority,
        STAFF_LABELS[ticket.state],
        ticket.reporter.name,
        ticket.assignee.name if ticket.assignee else "",
        *(f"{time:%Y-%m-%d %H:%M}" if time else "" for time in times),
    )


def csv_line(cells: Sequence[str]) -> str:
    """One line of a file for spreadsheets, whose cells none of them reckons with."""
    text = io.StringIO()
    csv.writer(text).writerow(map(_as_text, cells))
    return text.getvalue()


def _as_text(cell: str) -> str:
    """A cell that no spreadsheet reckons with."""
    whole = f"'{cell}" if cell.startswith(_FORMULA) else cell
    return _CUT_BEFORE_FORMULA.sub(r"\1'", whole)
