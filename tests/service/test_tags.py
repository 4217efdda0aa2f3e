"""Tags on tickets: one word each, known while a ticket has it, found by the search, told in the history."""

from __future__ import annotations

import pytest

from formapp.errors import TextRefused
from formapp.models import Event, TicketTag
from formapp.services import Services
from formapp.tickets import search, tags, triage
from formapp.tickets.search import Filters, SearchRefused
from tests.builders import NOW, build_customer, build_staff, file_ticket, stored


@pytest.fixture
def sam(services: Services) -> int:
    """The account of somebody who works at a desk with three tickets."""
    ada = build_customer(services)
    for number in range(1, 4):
        file_ticket(services, ada, subject=f"Number {number}", submission=f"form-{number}")
    return build_staff(services).id


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        (" Payments ", "payments"),
        ("Friday  Release", "friday-release"),
        ("ÉTÉ", "été"),
        ("Straße", "straße"),
        ("４０４", "404"),
        ("الدفع", "الدفع"),
        ("v2.1_b", "v2.1_b"),
        ("-later-", "later"),
    ],
)
def test_a_tag_is_one_word_in_small_letters(typed: str, tag: str) -> None:
    assert tags.tag_of(typed) == tag
    assert search.parse_search(f'tag:"{typed}"').tags == (tag,)


@pytest.mark.parametrize("typed", ["", "  ", "--", "a,b", "a:b", 'a"b', "<b>", "x" * 41, "a\0b", "🙂", "\u200b"])
def test_what_is_no_word_is_refused_at_its_field(typed: str) -> None:
    with pytest.raises(TextRefused) as refused:
        tags.tag_of(typed)
    assert refused.value.field == "tag"


def test_tags_are_added_once_found_and_removed(services: Services, sam: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, tag in ((1, "Payments"), (1, "payments"), (1, "sso"), (2, "payments")):
        tags.add_tag(services, sam, number, tag, NOW)
    assert tags.tags_of(services, [1, 2, 3]) == {1: ("payments", "sso"), 2: ("payments",), 3: ()}
    assert tags.known_tags(services) == ("payments", "sso")

    def found(text: str) -> list[int]:
        filters = search.parse_search(text)
        assert search.parse_search(filters.as_search()) == filters
        return [ticket.id for ticket in search.find_page(services, filters, sam, NOW).tickets]

    assert found("tag:payments") == [1, 2]
    assert found("tag:PAYMENTS tag:sso") == [1]
    assert found("tag:payments number") == [2, 1]
    assert found("tag:nothing") == []
    # A tag of many tickets is looked for in another way.
    monkeypatch.setattr(search, "MOST_OF_A_RARE_TAG", 1)
    assert found("tag:payments") == [1, 2]
    assert found("tag:PAYMENTS tag:sso") == [1]
    assert found("tag:payments -number") == []
    tags.remove_tag(services, sam, 1, "sso", NOW)
    tags.remove_tag(services, sam, 1, "sso", NOW)
    assert tags.known_tags(services) == ("payments",)
    told = [(event.kind, event.details) for event in stored(services, Event) if event.ticket_id == 1]
    assert told[1:] == [("tagged", {"tag": "payments"}), ("tagged", {"tag": "sso"}), ("untagged", {"tag": "sso"})]


def test_a_ticket_has_twenty_tags_at_the_most(services: Services, sam: int) -> None:
    for number in range(tags.MOST_TAGS):
        tags.add_tag(services, sam, 1, f"tag{number}", NOW)
    with pytest.raises(tags.TooManyTags):
        tags.add_tag(services, sam, 1, "one-more", NOW)
    assert len(stored(services, TicketTag)) == tags.MOST_TAGS


def test_a_tag_that_somebody_adds_meanwhile_keeps_nobody_from_acting(services: Services, sam: int) -> None:
    kim = build_staff(services, "kim@platform.example", name="Kim")
    tags.add_tag(services, kim.id, 1, "payments", NOW)
    triage.assign(services, sam, 1, "sam@platform.example", NOW, seen=1)


def test_a_customer_can_not_search_by_tag() -> None:
    with pytest.raises(SearchRefused):
        search.parse_search("tag:payments", ("status", "priority", "project"))
    assert Filters(tags=("a",)).as_search() == "tag:a"
