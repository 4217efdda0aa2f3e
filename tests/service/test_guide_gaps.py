"""What the guide should have answered: what readers say of its pages, which page staff name, what both come to."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from formapp import audit
from formapp.actors import OPERATOR
from formapp.errors import TextRefused
from formapp.models import Event, NamedPage, PageFeedback, Ticket
from formapp.operations import retention
from formapp.operations.person.erase import erase_person
from formapp.services import Services
from formapp.tickets import guide_gaps, guide_pages, page_feedback, replies, triage
from formapp.tickets.guide_pages import UnknownPage
from formapp.widgets.built_site import PAGES_FILE, GuidePage, pages_text
from tests.builders import NOW, build_customer, build_services, build_staff, file_ticket, stored, written

SINCE = date(2026, 11, 1)
HELP = GuidePage("/help/", "Getting help", "docs/help.md", 6)
BILLS = GuidePage("/bills/", "Bills", "docs/bills.md", 1)


@pytest.fixture
def services(tmp_path: Path) -> Services:
    """A desk that knows two pages of its guide, with Ada's two tickets: from the help page, and from no page."""
    site = tmp_path / "site"
    site.mkdir()
    (site / PAGES_FILE).write_text(pages_text([HELP, BILLS]))
    services = build_services(tmp_path, site_dir=site)
    ada = build_customer(services)
    build_staff(services)
    file_ticket(services, ada, submission="1", page="/help/#pay")
    file_ticket(services, ada, submission="2", subject="Where is my bill?")
    return services


def kinds(services: Services, number: int) -> list[tuple[str, object]]:
    return [
        (event.kind, event.details.get("page"))
        for event in stored(services, Event)
        if event.ticket_id == number and event.kind in {"closed", "page-named"}
    ]


def staff_of(services: Services) -> int:
    return triage.staff_accounts(services)[0].id


def test_an_answer_is_kept_with_its_page_and_day_and_nothing_of_its_giver(services: Services) -> None:
    token = page_feedback.give_feedback(services, "/help/#pay", " Where do I pay?\r\n ", NOW, helpful=False)
    page_feedback.give_feedback(services, "/bills/", " \n", NOW, helpful=True)
    with pytest.raises(TextRefused, match="goes with a no alone"):
        page_feedback.give_feedback(services, "/bills/", "typed beside a yes", NOW, helpful=True)
    told = [(row.page, row.helpful, row.because, row.day) for row in stored(services, PageFeedback)]
    assert told == [("/help/", False, "Where do I pay?", NOW.date()), ("/bills/", True, "", NOW.date())]
    assert set(PageFeedback.__table__.columns.keys()) == {"id", "page", "helpful", "because", "day"}
    given = page_feedback.given_feedback(services, token)
    assert given is not None
    assert (given.page, given.because) == ("/help/", "Where do I pay?")
    assert page_feedback.given_feedback(services, token + "x") is None
    assert page_feedback.given_feedback(services, "1") is None


@pytest.mark.parametrize("page", ["", "/nowhere/", "//elsewhere.example/", "https://elsewhere.example/", "/help/\0"])
def test_nothing_is_said_of_a_page_that_the_guide_has_not(services: Services, page: str) -> None:
    with pytest.raises(UnknownPage):
        page_feedback.give_feedback(services, page, "", NOW, helpful=True)
    assert stored(services, PageFeedback) == []


def test_a_reason_has_its_bounds(services: Services) -> None:
    page_feedback.give_feedback(services, "/help/", "x" * 1_000, NOW, helpful=False)
    for typed in ("x" * 1_001, "a\0b"):
        with pytest.raises(TextRefused) as refused:
            page_feedback.give_feedback(services, "/help/", typed, NOW, helpful=False)
        assert refused.value.field == "because"
    assert len(stored(services, PageFeedback)) == 1


def test_where_the_desk_knows_no_pages_any_path_will_do(tmp_path: Path) -> None:
    services = build_services(tmp_path)
    assert guide_pages.checked_page(services, "/anything/#there") == "/anything/"
    for typed in ("Getting help", "//elsewhere.example"):
        with pytest.raises(UnknownPage):
            guide_pages.checked_page(services, typed)


def test_closing_may_name_the_page_by_path_or_by_title(services: Services) -> None:
    me = staff_of(services)
    triage.close(services, me, 1, NOW, guide_page="getting HELP")
    replies.reply_as_staff(services, me, 2, written("Look there"), "closed", NOW, guide_page="/bills/")
    assert [kinds(services, number) for number in (1, 2)] == [
        [("closed", None), ("page-named", ["", "/help/"])],
        [("closed", None), ("page-named", ["", "/bills/"])],
    ]
    assert {row.ticket_id: row.page for row in stored(services, NamedPage)} == {1: "/help/", 2: "/bills/"}


def test_a_page_that_is_not_there_closes_nothing_and_sends_nothing(services: Services) -> None:
    me = staff_of(services)
    with pytest.raises(UnknownPage, match="There is no page “/nowhere/” in the guide"):
        triage.close(services, me, 1, NOW, guide_page="/nowhere/")
    with pytest.raises(UnknownPage):
        replies.reply_as_staff(services, me, 1, written("Look there"), "closed", NOW, guide_page="/nowhere/")
    assert stored(services, Ticket)[0].state == "open"
    assert replies.messages_of(services, 1, with_notes=True) == ()


def test_a_customer_who_closes_names_nothing(services: Services) -> None:
    ada = stored(services, Ticket)[0].account_id
    triage.close(services, ada, 1, NOW, guide_page="/help/")
    assert stored(services, NamedPage) == []


def test_it_may_be_named_later_otherwise_and_taken_back(services: Services) -> None:
    me = staff_of(services)
    for typed in ("/help/", "/help/", "/bills/", " "):
        guide_pages.name_page(services, me, 1, typed, NOW, seen=1)
    assert [page for _kind, page in kinds(services, 1)] == [["", "/help/"], ["/help/", "/bills/"], ["/bills/", ""]]
    assert guide_pages.named_page(services, 1) == ""


def test_pages_are_listed_by_the_tickets_that_they_caused(services: Services) -> None:
    me = staff_of(services)
    guide_pages.name_page(services, me, 1, "/help/", NOW, seen=9)
    guide_pages.name_page(services, me, 2, "/help/", NOW, seen=9)
    for because in ("Where do I pay?", ""):
        page_feedback.give_feedback(services, "/help/", because, NOW, helpful=False)
    page_feedback.give_feedback(services, "/bills/", "", NOW, helpful=True)
    first, second = guide_gaps.guide_gaps(services, me, SINCE)
    assert (first.page, first.title, first.file, first.line) == ("/help/", "Getting help", "docs/help.md", 6)
    # Ticket 1 came from the page on which it is named: it is one ticket.
    assert (first.tickets, first.sent_from, first.named) == (2, 1, 2)
    assert (first.helpful, first.not_helpful, first.reasons) == (0, 2, ("Where do I pay?",))
    assert (second.page, second.tickets, second.helpful) == ("/bills/", 0, 1)
    assert guide_gaps.guide_gaps(services, OPERATOR, NOW.date() + timedelta(days=1)) == ()


def test_a_page_whose_link_for_help_was_pressed_counts_and_not_that_of_the_form(services: Services) -> None:
    asked = {"page": "/bills/#due", "title": "Bills", "section": "Due"}
    ben = build_customer(services, "ben@shop.example", "other")
    sent = {"project": "other", "page": "/file-a-ticket/", "written_from": asked}
    file_ticket(services, ben, submission="3", subject="When?", **sent)
    found = {gap.page: gap.sent_from for gap in guide_gaps.guide_gaps(services, OPERATOR, SINCE)}
    assert found == {"/help/": 1, "/bills/": 1}


def test_a_duplicate_counts_with_the_ticket_it_was_merged_into(services: Services) -> None:
    me = staff_of(services)
    file_ticket(services, build_customer(services, "bo@shop.example", "other"), submission="3", project="other")
    file_ticket(
        services, triage.staff_ticket(services, me, "SUP-1001").reporter, submission="4", subject="Again", page="/help/"
    )
    triage.merge(services, me, 4, "SUP-1001", NOW)
    assert [(gap.page, gap.tickets) for gap in guide_gaps.guide_gaps(services, me, SINCE)] == [("/help/", 1)]


def test_only_the_newest_reasons_are_told(services: Services) -> None:
    for number in range(guide_gaps.MOST_REASONS + 1):
        page_feedback.give_feedback(services, "/help/", f"Reason {number}", NOW, helpful=False)
    gap = guide_gaps.guide_gaps(services, OPERATOR, SINCE)[0]
    assert (gap.not_helpful, len(gap.reasons), gap.reasons[0]) == (21, 20, "Reason 20")


def test_answers_go_after_their_time_and_a_page_with_its_ticket(services: Services) -> None:
    page_feedback.give_feedback(services, "/help/", "Old", NOW - timedelta(days=366), helpful=False)
    page_feedback.give_feedback(services, "/help/", "New", NOW - timedelta(days=364), helpful=False)
    assert retention.prune_feedback(services, NOW) == 1
    assert [row.because for row in stored(services, PageFeedback)] == ["New"]


def test_erasing_takes_name_and_address_out_of_reasons(services: Services) -> None:
    page_feedback.give_feedback(services, "/help/", "Write to ada@shop.example, says Ada Martin", NOW, helpful=False)
    guide_pages.name_page(services, staff_of(services), 1, "/help/", NOW, seen=9)
    erase_person(services, "ada@shop.example", audit.Origin(None, "test"), NOW)
    reason = stored(services, PageFeedback)[0].because
    assert "Ada" not in reason
    assert "ada@" not in reason
    # What staff found missing in the guide is about the guide; the history no longer says it of this ticket.
    assert guide_pages.named_page(services, 1) == "/help/"
    assert kinds(services, 1)[0] == ("page-named", None)


def test_a_broken_list_of_pages_is_no_list(services: Services) -> None:
    assert [page.path for page in guide_pages.known_pages(services)] == ["/bills/", "/help/"]
    folder = services.settings.site_dir
    assert folder is not None
    for text in ("half", json.dumps({"pages": [{"path": "/x/"}]}), json.dumps([1])):
        (folder / PAGES_FILE).write_text(text)
        assert guide_pages.known_pages(services) == ()
