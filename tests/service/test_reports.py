"""Reports: the figures against an example worked out by hand, and what is read for them from a desk's tickets."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from formapp.actors import OPERATOR
from formapp.hours import closures
from formapp.services import Services
from formapp.tickets import replies, reports, triage
from formapp.tickets.report_figures import (
    FEW,
    AnswerTimes,
    MonthRow,
    OpenHours,
    PageRow,
    Promises,
    TicketFacts,
    Verdict,
    month_rows,
    page_counts,
    percentile,
    sums_by_month,
)
from formapp.tickets.reports import PeriodRefused
from tests.builders import REASON, build_customer, build_staff, file_ticket, written

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
HOUR = timedelta(hours=1)


def facts(
    month: date = NOVEMBER,
    priority: str = "high",
    response: Verdict = "kept",
    resolution: Verdict = "",
    hours: float | None = 1,
    page: str = "",
) -> TicketFacts:
    answer = None if hours is None else hours * HOUR
    return TicketFacts(month, priority, response, resolution, answer, page)


def test_the_figures_are_those_worked_out_by_hand() -> None:
    """Ten tickets: eight answers in time, one late, one not yet; six solutions decided; nine times of answers."""
    times = [1, 1, 2, 2, 3, 4, 5, 6, 40]
    solved: list[Verdict] = ["kept"] * 5 + ["missed"] + [""] * 4
    group = [
        facts(response="missed" if place == 8 else "kept", resolution=solved[place], hours=hours)
        for place, hours in enumerate(times)
    ]
    group.append(facts(response="", hours=None))
    # Sorted, the fifth of nine is 3 hours; nine tenths of nine are 8.1, so the ninth: 40 hours.
    assert month_rows(group) == (
        MonthRow(NOVEMBER, "high", 10, Promises(8, 1), Promises(5, 1), AnswerTimes(3 * HOUR, 40 * HOUR)),
    )
    assert Promises(8, 1).share == 88
    assert Promises(999, 1).share == 99, "never rounded up to all of them"


@pytest.mark.parametrize(("percent", "hours"), [(1, 1), (50, 5), (90, 9), (91, 10), (100, 10)])
def test_a_percentile_is_one_of_the_times(percent: int, hours: int) -> None:
    assert percentile([hour * HOUR for hour in range(10, 0, -1)], percent) == hours * HOUR


def test_fewer_than_five_are_not_told_and_are_in_no_sum() -> None:
    rows = month_rows([*[facts()] * 5, *[facts(priority="low")] * 4, facts(OCTOBER)])
    assert [(row.month, row.priority, row.tickets, row.response, row.answers) for row in rows] == [
        (OCTOBER, "high", FEW, FEW, FEW),
        (NOVEMBER, "high", 5, Promises(5, 0), AnswerTimes(HOUR, HOUR)),
        (NOVEMBER, "low", FEW, FEW, FEW),
    ]
    assert {row.resolution for row in rows} == {None}
    assert sums_by_month(rows, "response") == {OCTOBER: Promises(0, 0), NOVEMBER: Promises(5, 0)}


def test_enough_tickets_with_too_few_decided_tell_their_number_alone() -> None:
    (row,) = month_rows([*[facts(response="", hours=None)] * 4, facts()])
    assert (row.tickets, row.response, row.answers) == (5, FEW, FEW)


def test_pages_with_few_tickets_are_counted_together() -> None:
    many = [facts(page="/a/")] * 6 + [facts(page="/b/")] * 7
    counted = page_counts([*many, *[facts(page="/c/")] * 4, facts(page="/d/")])
    assert counted.rows == (PageRow("/b/", 7), PageRow("/a/", 6))
    assert (counted.pages, counted.others) == (2, 5)
    assert page_counts([*many, *[facts(page="/c/")] * 4]).others == FEW, "of one page the sum is its own count"
    assert page_counts(many).others is None


def test_open_time_is_what_lies_in_the_open_stretches() -> None:
    nine, five = datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 24, 16, tzinfo=UTC)
    day = timedelta(days=1)
    hours = OpenHours([(nine, five), (nine + day, five + day)])
    assert hours.between(nine - HOUR, nine + HOUR) == HOUR
    assert hours.between(nine + HOUR, five + HOUR) == 7 * HOUR
    assert hours.between(five - HOUR, nine + day + HOUR) == 2 * HOUR
    assert hours.between(five + HOUR, five + 2 * HOUR) == timedelta()
    assert hours.between(nine - day, nine + 3 * day) == 16 * HOUR


def local(day: int, hour: int, month: int = 11) -> datetime:
    """An hour in Paris in winter, where support is open from 9 to 17 on working days."""
    return datetime(2026, month, day, hour - 1, tzinfo=UTC)


def test_a_report_tells_what_happened_at_the_desk(services: Services) -> None:
    ada, sam = build_customer(services), build_staff(services)
    closures.add_closure(services, OPERATOR, local(20, 9), local(20, 17), "Works outing", local(2, 9))
    # Six of high priority, sent on a Monday at 15:00: answered after 1, 1, 1 and 2 open hours; two answered on the
    # next days, after 2 + 1 and 2 + 8 + 1 open hours.
    for number, answered in enumerate((local(16, 16), local(16, 16), local(16, 16), local(16, 17))):
        file_ticket(services, ada, local(16, 15), subject=f"Number {number}", submission=f"{number}", page="/help/")
        replies.reply_as_staff(services, sam.id, number + 1, written("Yes", f"r{number}"), "closed", answered)
    for number, answered in ((5, local(17, 10)), (6, local(18, 10))):
        file_ticket(services, ada, local(16, 15), subject=f"Number {number}", submission=f"{number}", page="/help/")
        replies.reply_as_staff(services, sam.id, number, written("Yes", f"r{number}"), "open", answered)
    # A duplicate doesn't count, nor what was sent before the month began in Paris.
    file_ticket(services, ada, local(16, 15), subject="Again", submission="again", page="/help/")
    triage.merge(services, sam.id, 7, "SUP-1001", local(16, 16))
    file_ticket(services, ada, datetime(2026, 10, 31, 22, 30, tzinfo=UTC), subject="Before", submission="before")

    found = reports.report(services, sam.id, NOVEMBER, NOVEMBER, local(19, 9))
    (row,) = found.rows
    assert (row.month, row.priority, row.tickets) == (NOVEMBER, "high", 6)
    # High: an answer within a business day, which is eight open hours.
    assert row.response == Promises(5, 1)
    assert row.answers == AnswerTimes(HOUR, 11 * HOUR)
    assert found.pages.rows == (PageRow("/help/", 6),)
    both = reports.report(services, sam.id, OCTOBER, NOVEMBER, local(19, 9))
    assert [(one.month, one.tickets) for one in both.rows] == [(OCTOBER, FEW), (NOVEMBER, 6)]


def test_closures_and_the_time_in_which_a_ticket_was_closed_count_for_nobody(sqlite_services: Services) -> None:
    services = sqlite_services
    ada, sam = build_customer(services), build_staff(services)
    closures.add_closure(services, OPERATOR, local(17, 9), local(17, 17), "Works outing", local(2, 9))
    for number in range(1, 6):
        file_ticket(services, ada, local(16, 16), subject=f"Number {number}", submission=f"{number}")
        # Closed from 16:00 on Wednesday to 9:00 on Thursday.
        triage.close(services, ada.id, number, local(18, 16))
        triage.reopen(services, ada.id, number, local(19, 9))
        replies.reply_as_staff(services, sam.id, number, written("Yes", f"r{number}"), "open", local(19, 10))
    (row,) = reports.report(services, sam.id, NOVEMBER, NOVEMBER, local(20, 9)).rows
    # An hour on Monday, none on Tuesday, seven on Wednesday, one on Thursday.
    assert row.answers == AnswerTimes(9 * HOUR, 9 * HOUR)


def test_a_promise_that_was_missed_stays_so_whatever_the_priority_becomes(sqlite_services: Services) -> None:
    services = sqlite_services
    ada, sam = build_customer(services), build_staff(services)
    broken = {"need": "broken", "environment": "production", "impact": "down", "workaround": "none"}
    for number in range(1, 6):
        file_ticket(
            services,
            ada,
            local(16, 10),
            subject=f"{number}",
            submission=f"{number}",
            priority="critical",
            answers=broken,
        )
        better = {**broken, "workaround": "holds", "severity": "minor"}
        triage.correct_answers(services, sam.id, number, better, local(16, 15), seen=99, reason=REASON)
        replies.reply_as_staff(services, sam.id, number, written("Yes", f"r{number}"), "open", local(16, 16))
    (row,) = reports.report(services, sam.id, NOVEMBER, NOVEMBER, local(19, 9)).rows
    assert row.priority != "critical"
    assert row.response == Promises(0, 5)


def test_a_period_has_an_order_and_an_end(sqlite_services: Services) -> None:
    services = sqlite_services
    sam = build_staff(services)
    with pytest.raises(PeriodRefused):
        reports.report(services, sam.id, DECEMBER, NOVEMBER, local(19, 9))
    with pytest.raises(PeriodRefused):
        reports.report(services, sam.id, date(2024, 11, 1), NOVEMBER, local(19, 9))
    assert reports.report(services, sam.id, date(2024, 12, 1), NOVEMBER, local(19, 9)).rows == ()
    assert reports.months_back(NOVEMBER, 11) == date(2025, 12, 1)
    assert reports.month_after(DECEMBER) == date(2027, 1, 1)
