"""Reports for staff: promises kept and missed, times of first answers, pages that tickets came from."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from formapp.errors import UseCaseError
from formapp.tickets import reports
from formapp.tickets.csv_export import csv_line
from formapp.tickets.report_figures import FEWEST
from formapp.tickets.reports import PeriodRefused, Report
from formapp.translation import gettext as _
from formapp.web.context import web
from formapp.web.desk.report_presenter import (
    csv_rows,
    offered_months,
    pages_csv_rows,
    present_months,
    present_pages,
    present_plots,
)
from formapp.web.layout.page import page
from formapp.web.session_cookie import own_account_id
from formapp.when import zone_words

blueprint = Blueprint("reports", __name__)

MONTHS_AT_FIRST = 6
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@blueprint.get("/desk/reports")
def show() -> Answer:
    """The report of the chosen months."""
    desk = web()
    current = reports.this_month(desk.services, desk.clock())
    first, last, error = reports.months_back(current, MONTHS_AT_FIRST - 1), current, ""
    found: Report | None = None
    try:
        first, last = _period(first, last)
        found = reports.report(desk.services, own_account_id(), first, last, desk.clock())
    except UseCaseError as refused:
        error = refused.message
    return page(
        "reports.html",
        422 if error else 200,
        assets=("support-desk.css", "support-reports.css"),
        months=present_months(desk.services, found) if found else [],
        plots=present_plots(found) if found else [],
        pages=present_pages(desk.services, found) if found else [],
        offered=offered_months(current, (first, last)),
        first=f"{first:%Y-%m}",
        last=f"{last:%Y-%m}",
        fewest=FEWEST,
        zone=zone_words(desk.services.policy.calendar.zone),
        error=error,
    )


@blueprint.get("/desk/reports.csv")
def export() -> Answer:
    """A table of the report as a file for spreadsheets; months that can't be reported on are said on the page."""
    desk, wants_pages = web(), request.args.get("table") == "pages"
    current = reports.this_month(desk.services, desk.clock())
    try:
        first, last = _period(reports.months_back(current, MONTHS_AT_FIRST - 1), current)
        found = reports.report(desk.services, own_account_id(), first, last, desk.clock())
    except UseCaseError:
        chosen = {name: request.args.get(name, "") for name in ("from", "to")}
        return redirect(f"{url_for('reports.show')}?{urlencode(chosen)}", 303)
    rows = pages_csv_rows(found) if wants_pages else csv_rows(found)
    # Without the mark spreadsheets misread letters beyond ASCII.
    answer = Response("\ufeff" + "".join(csv_line(row) for row in rows), mimetype="text/csv")
    name = f"{'pages' if wants_pages else 'promises'}-{first:%Y-%m}-{last:%Y-%m}.csv"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _period(first: date, last: date) -> tuple[date, date]:
    """The months of the address, or these. Raises PeriodRefused."""
    return _month("from", first), _month("to", last)


def _month(name: str, otherwise: date) -> date:
    typed = request.args.get(name, "")
    if not typed:
        return otherwise
    match = _MONTH.fullmatch(typed) if typed.isascii() else None
    if match is None:
        raise PeriodRefused(_("Choose months from the lists"))
    return date(int(match[1]), int(match[2]), 1)
