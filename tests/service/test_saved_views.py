"""Saved views of the queue, and how many tickets each view holds."""

from __future__ import annotations

import pytest

from formapp.accounts import accounts
from formapp.errors import NotFound, TextRefused
from formapp.services import Services
from formapp.tickets import saved_views, tags, triage, view_counts
from formapp.tickets.search import Filters, SearchRefused, parse_search
from formapp.tickets.view_counts import ViewCount
from tests.builders import NOW, build_customer, build_staff, file_ticket


def names(services: Services, viewer_id: int) -> list[str]:
    return [view.name for view in saved_views.views_for(services, viewer_id)]


def test_a_view_is_one_s_own_or_everybody_s(services: Services) -> None:
    sam, kim = build_staff(services), build_staff(services, "kim@platform.example", name="Kim")
    view = saved_views.add_view(services, sam.id, " My  payments", "TAG:Payments is:overdue", NOW, shared=False)
    assert view.search == "tag:payments is:overdue"
    saved_views.add_view(services, kim.id, "late ones", "is:overdue", NOW, shared=True)
    assert (names(services, sam.id), names(services, kim.id)) == (["late ones", "My payments"], ["late ones"])
    with pytest.raises(NotFound):
        saved_views.change_view(services, kim.id, view.id, "Hers", shared=False)
    saved_views.change_view(services, sam.id, view.id, "Payments", shared=True)
    assert names(services, kim.id) == ["late ones", "Payments"]
    with pytest.raises(NotFound):
        saved_views.delete_view(services, kim.id, view.id)
    # Of a colleague who has left the shared views are everybody's.
    accounts.disable_account(services, sam.email, NOW)
    assert saved_views.delete_view(services, kim.id, view.id) == "Payments"
    assert names(services, kim.id) == ["late ones"]


def test_the_number_of_a_deleted_view_is_never_given_again(services: Services) -> None:
    """Its address may be kept somewhere, and must not open what somebody else has saved since."""
    sam = build_staff(services)
    view = saved_views.add_view(services, sam.id, "Payments", "tag:payments", NOW, shared=True)
    saved_views.delete_view(services, sam.id, view.id)
    assert saved_views.add_view(services, sam.id, "Late", "is:overdue", NOW, shared=True).id > view.id


def test_a_view_has_a_name_of_its_own_and_a_search_that_is_one(sqlite_services: Services) -> None:
    services = sqlite_services
    sam = build_staff(services)
    first = saved_views.add_view(services, sam.id, "Été", "is:overdue", NOW, shared=False)
    second = saved_views.add_view(services, sam.id, "Winter", "", NOW, shared=False)
    with pytest.raises(saved_views.NameTaken):
        saved_views.add_view(services, sam.id, "ÉTÉ", "", NOW, shared=False)
    with pytest.raises(saved_views.NameTaken):
        saved_views.change_view(services, sam.id, second.id, "été", shared=False)
    assert saved_views.change_view(services, sam.id, first.id, "ÉTÉ", shared=False) == "ÉTÉ"
    for name in ("", "\u200b", "x" * 41):
        with pytest.raises(TextRefused):
            saved_views.add_view(services, sam.id, name, "", NOW, shared=False)
    with pytest.raises(SearchRefused):
        saved_views.add_view(services, sam.id, "Red", "colour:red", NOW, shared=False)
    for number in range(saved_views.MOST_VIEWS - 2):
        saved_views.add_view(services, sam.id, f"View {number}", "", NOW, shared=False)
    with pytest.raises(saved_views.TooManyViews):
        saved_views.add_view(services, sam.id, "One more", "", NOW, shared=False)


def test_views_are_counted_up_to_ninety_nine(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, sam = build_customer(services), build_staff(services)
    for number in range(1, 8):
        priority = "low" if number > 5 else "high"
        file_ticket(services, ada, subject=f"Number {number}", submission=f"{number}", priority=priority)
    triage.assign(services, sam.id, 1, sam.email, NOW, seen=9)
    for number in (1, 2, 3):
        tags.add_tag(services, sam.id, number, "payments", NOW)
    triage.close(services, sam.id, 3, NOW)

    def counts(*searches: str) -> list[ViewCount | None]:
        wanted = [parse_search(text) for text in searches]
        return view_counts.count_views(services, wanted, sam.id, NOW)

    assert counts("", "assignee:me", "assignee:unassigned", "tag:payments", "status:any tag:payments") == [
        *(ViewCount(6, True), ViewCount(1, True), ViewCount(5, True), ViewCount(2, True), ViewCount(3, True))
    ]
    assert counts("priority:high assignee:unassigned", "project:shop priority:low", "number") == [
        *(ViewCount(3, True), ViewCount(2, True), None)
    ]
    monkeypatch.setattr(view_counts, "MOST_COUNTED", 3)
    assert counts("", "priority:high assignee:unassigned", "project:shop") == [
        *(ViewCount(3, False), ViewCount(3, True), ViewCount(3, False))
    ]
    # Where looking further would take long, what is known is a bound from below.
    monkeypatch.setattr(view_counts, "MOST_LOOKED_AT", 2)
    (count,) = counts("project:shop priority:low")
    assert count is not None
    assert not count.exact
    assert count.number <= 2
    assert Filters() == parse_search("")
