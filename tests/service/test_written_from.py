"""Where a ticket was written from: bounded, and only ever a path of our own, whoever wrote the address."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from formapp.models import Ticket
from formapp.services import Services
from formapp.tickets.written_from import pages_in, written_from_in
from tests.builders import build_customer, file_ticket, stored

WHOLE = {
    "page": "/2.1/ticket-priority/#high",
    "title": "Ticket priority",
    "section": "High",
    "version": "2.1",
}


def test_what_a_page_says_of_itself_is_stored_with_the_ticket(services: Services) -> None:
    shown = {"/refunds/": "Refunds"}
    file_ticket(services, build_customer(services), written_from=WHOLE, pages_shown=shown)
    (ticket,) = stored(services, Ticket)
    assert (ticket.written_from, ticket.pages_shown) == (WHOLE, shown)


def test_a_ticket_of_no_page_says_so(services: Services) -> None:
    file_ticket(services, build_customer(services))
    (ticket,) = stored(services, Ticket)
    assert (ticket.written_from, ticket.pages_shown) == ({}, {})


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "/a b/",
        '/"onclick=',
        "/a?next=//evil.example",
        "/a\n/",
        f"/{'a' * 500}/",
        "",
    ],
)
def test_what_is_no_path_of_ours_is_nothing(services: Services, path: str) -> None:
    """With all that was said beside it, whether it comes by the form or by the use case's own door."""
    assert written_from_in(urlencode({**WHOLE, "page": path})) == {}
    assert pages_in(urlencode({path: "A page"})) == {}
    file_ticket(services, build_customer(services), written_from={**WHOLE, "page": path}, pages_shown={path: "A page"})
    (ticket,) = stored(services, Ticket)
    assert (ticket.written_from, ticket.pages_shown) == ({}, {})


def test_texts_are_bounded_and_those_that_are_none_are_left_out() -> None:
    said = written_from_in(urlencode({**WHOLE, "title": "x" * 9_000, "section": "a" * 300, "more": "y"}))
    # Of so long an address the end is cut off.
    assert set(said) == {"page", "title"}
    assert len(said["title"]) == 200
    assert written_from_in(urlencode({**WHOLE, "section": "\u200b", "title": "a\0b", "version": "v" * 90})) == {
        "page": WHOLE["page"],
        "version": "v" * 50,
    }
    assert written_from_in("page=%FF&title=%FF") == {}
    assert written_from_in("&".join(f"page=/{number}/" for number in range(60))) == {}


def test_at_most_five_pages_are_kept_each_once() -> None:
    many = [("/1/", "One"), ("/1/", "One again"), *((f"/{number}/", "A page") for number in range(2, 9))]
    kept = dict.fromkeys(["/2/", "/3/", "/4/", "/5/"], "A page")
    assert pages_in(urlencode(many)) == {"/1/": "One again", **kept}
    assert pages_in(urlencode({"/1/": "\u200b"})) == {"/1/": "/1/"}


def test_a_missing_address_stands_for_itself() -> None:
    assert written_from_in("missing=/old/page/&version=2.1") == {"missing": "/old/page/", "version": "2.1"}
    assert written_from_in("missing=//evil.example/") == {}
