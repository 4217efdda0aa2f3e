"""The page of reports: its table, its plots, its files."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from formapp.tickets import replies
from tests.builders import NOW, build_staff, file_ticket, written
from tests.web.conftest import Desk
from tests.web.page import Browser

REPORTS = "/support/desk/reports"


@pytest.fixture
def sam(desk: Desk) -> Browser:
    """Staff at a desk with six tickets of high priority answered within half an hour, and a single one of low."""
    staff = build_staff(desk.services)
    for number in range(1, 7):
        words = {"subject": f"Number {number}", "submission": f"{number}", "page": "/help/" if number > 1 else ""}
        file_ticket(desk.services, desk.customer, NOW, **words)
        later = NOW + timedelta(minutes=30)
        replies.reply_as_staff(desk.services, staff.id, number, written("Yes", f"r{number}"), "open", later)
    file_ticket(desk.services, desk.customer, NOW, subject="Low", submission="low", priority="low", page="/help/")
    desk.clock.now = NOW + timedelta(hours=1)
    return desk.browser_of("sam@platform.example")


def test_the_table_is_the_plot_in_words(sam: Browser) -> None:
    page = sam.open(REPORTS)
    assert (page.heading, page.form(REPORTS).fields) == ("Reports", {"from": "2026-06", "to": "2026-11"})
    rows = [" ".join(row.text.split()) for row in page.all("tr")]
    assert rows[1:4] == ["November 2026", "High 6 6 of 6 (100 %) none 30 min 30 min", "Low fewer than 5"]
    assert rows[5:] == ["/help/ 6", "Pages with fewer than 5 tickets, together fewer than 5"]
    plots = [plot["aria-label"] for plot in page.all("svg", role="img")]
    (words,) = plots
    assert words.startswith("First answers. 6 promises were kept and 0 missed.")
    assert "Solutions Nothing to draw: no month has 5 promises" in " ".join(page.text.split())
    labels = [label.text for label in page.all("text")]
    assert "100 %" in labels
    assert "rests on fewer than 5 tickets is not shown" in page.text


def test_the_files_hold_the_same_figures(sam: Browser) -> None:
    links = [link["href"] for link in sam.open(f"{REPORTS}?from=2026-11").all("a", download="")]
    promises, pages = (
        list(csv.reader(io.StringIO(sam.answer("GET", link).get_data().decode("utf-8-sig"), newline="")))
        for link in links
    )
    assert promises[1:] == [
        ["2026-11", "high", "6", "6", "0", "", "", "0.50", "0.50"],
        ["2026-11", "low", "<5", "", "", "", "", "", ""],
    ]
    assert pages[1:] == [["/help/", "6"], ["(pages with fewer than 5 tickets)", "<5"]]
    disposition = sam.answer("GET", links[0]).headers["Content-Disposition"]
    assert disposition == "attachment; filename=promises-2026-11-2026-11.csv"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("from=2026-11&to=2026-10", "Choose a last month that is not before the first"),
        ("from=2024-01&to=2026-11", "Choose 24 months at most"),
        ("from=tomorrow", "Choose months from the lists"),
        ("from=2026-13", "Choose months from the lists"),
        ("from=٢٠٢٦-11", "Choose months from the lists"),
    ],
)
def test_months_that_make_no_period_get_their_sentence(sam: Browser, query: str, sentence: str) -> None:
    page = sam.open(f"{REPORTS}?{query}")
    assert (page.status, page.title) == (422, "Error: Reports – Support")
    assert sentence in page.text
    assert sam.open(f"{REPORTS}.csv?{query}").status == 422


def test_months_without_tickets_say_so(sam: Browser) -> None:
    assert "No tickets were opened in these months." in sam.open(f"{REPORTS}?from=2026-01&to=2026-02").text
