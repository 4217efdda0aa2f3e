"""What the guide should have answered: its pages by the tickets that they caused, for staff."""

from __future__ import annotations

import re
from datetime import date

from flask import Blueprint, request
from werkzeug.wrappers import Response

from formapp.tickets import guide_gaps, reports
from formapp.tickets.guide_gaps import MOST_REASONS, GuideGap
from formapp.translation import gettext as _
from formapp.web.context import web
from formapp.web.desk.report_presenter import MONTHS_OFFERED, month_words
from formapp.web.feedback import link_to
from formapp.web.layout.page import page
from formapp.web.session_cookie import own_account_id

blueprint = Blueprint("gaps", __name__)

MONTHS_AT_FIRST = 3
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@blueprint.get("/desk/guide")
def show() -> Response:
    """The pages with tickets and answers since the beginning of a month."""
    desk = web()
    current = reports.this_month(desk.services, desk.clock())
    typed = request.args.get("since", "")
    match = _MONTH.fullmatch(typed) if typed.isascii() else None
    since = date(int(match[1]), int(match[2]), 1) if match else reports.months_back(current, MONTHS_AT_FIRST - 1)
    gaps = guide_gaps.guide_gaps(desk.services, own_account_id(), since)
    months = sorted({reports.months_back(current, count) for count in range(MONTHS_OFFERED)} | {since}, reverse=True)
    return page(
        "guide-gaps.html",
        422 if typed and match is None else 200,
        assets=("support-desk.css", "support-reports.css"),
        gaps=[(gap, link_to(gap.page), place_words(gap)) for gap in gaps],
        offered=[(f"{month:%Y-%m}", month_words(month)) for month in months],
        since=f"{since:%Y-%m}",
        most=MOST_REASONS,
        error=_("Choose a month from the list") if typed and match is None else "",
    )


def place_words(gap: GuideGap) -> str:
    """Where a page is written, as its writer's editor takes it: "docs/help.md:12"; empty where it isn't known."""
    return f"{gap.file}:{gap.line}" if gap.file else ""
