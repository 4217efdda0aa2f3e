"""Staff announce a closure and take it back: the guide says so at once, and promises already given stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from formapp.app import create_app
from formapp.hours.closures import upcoming_closures
from formapp.widgets import CLOSURES_FILE
from tests.builders import NOW, Clock, build_customer, build_services, build_staff, file_ticket
from tests.web.conftest import Desk
from tests.web.page import Browser, Form, Page

CLOSURES = "/support/desk/closures"
BREAK = {"start": "2026-12-24T12:00", "end": "2026-12-28T09:00", "note": "Winter break"}
SAID = "Support is closed from Thursday 24 December, 12:00 to Monday 28 December, 09:00 Paris time: Winter break"


@pytest.fixture
def beside(tmp_path: Path) -> Desk:
    """A desk with the guide's folder beside it."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<!doctype html><title>Guide</title><h1>Guide</h1>")
    services, clock = build_services(tmp_path, site_dir=site), Clock()
    return Desk(create_app(services=services, clock=clock), services, clock, build_customer(services))


@pytest.fixture
def sam(beside: Desk) -> Browser:
    return beside.browser_of(build_staff(beside.services).email)


def told(desk: Desk) -> list[str]:
    """What the guide's pages read of closures."""
    folder = desk.services.settings.site_dir
    assert folder is not None
    path = folder / CLOSURES_FILE
    return [row["words"] for row in json.loads(path.read_text("utf-8"))["closures"]] if path.exists() else []


def filled(page: Page, **changes: str) -> Form:
    form = page.form(CLOSURES)
    form.fields |= {**BREAK, **changes}
    return form


def test_a_closure_is_announced_and_the_guide_says_so_at_once(beside: Desk, sam: Browser) -> None:
    page = sam.open(CLOSURES)
    assert "No closures are announced." in page.text
    page = sam.send(filled(page))
    assert (page.status, page.url, page.heading) == (200, CLOSURES, "Closures")
    assert page.one("div", role="status").text.strip() == f"Announced. {SAID}"
    assert [item.text.strip() for item in page.all("p") if item.parent.tag == "li"] == [SAID]
    assert told(beside) == [SAID]
    (made,) = upcoming_closures(beside.services, NOW)
    assert (made.starts_at.isoformat(), made.created_at) == ("2026-12-24T11:00:00+00:00", NOW)
    # The form is empty again, and what was said is said once.
    assert page.form(CLOSURES).fields["note"] == ""
    assert not sam.open(CLOSURES).all("div", role="status")


def test_a_closure_is_taken_back_and_given_promises_stay(beside: Desk, sam: Browser) -> None:
    page = sam.send(filled(sam.open(CLOSURES), start="2026-11-24T15:30", end="2026-11-25T12:00"))
    before = file_ticket(beside.services, beside.customer).ticket.response_due_at
    assert (
        page.one("button", type="submit", class_="support-button support-button--quiet").text
        == "Cancel closure: Winter break"
    )
    page = sam.send(page.form(f"{CLOSURES}/1/cancel"))
    assert "The closure is cancelled. Tickets that were sent before now keep their dates." in page.text
    assert "No closures are announced." in page.text
    assert told(beside) == []
    (ticket,) = beside.tickets()
    assert ticket.response_due_at == before


def test_two_who_take_it_back_at_once_are_both_told_that_it_is_gone(sam: Browser) -> None:
    page = sam.send(filled(sam.open(CLOSURES)))
    for words in ("The closure is cancelled.", "This closure was already cancelled."):
        assert words in sam.send(page.form(f"{CLOSURES}/1/cancel")).text


def test_pressing_twice_announces_once(beside: Desk, sam: Browser) -> None:
    page = sam.open(CLOSURES)
    sam.send(filled(page))
    assert "This closure is announced already." in sam.send(filled(page)).one("div", role="status").text
    assert len(upcoming_closures(beside.services, NOW)) == 1


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        (
            {"start": "", "end": " ", "note": "\u200b"},
            {
                "start": "Enter when the closure starts",
                "end": "Enter when support opens again",
                "note": "Enter what people will read, for example “Moving to a new office”",
            },
        ),
        (
            {"start": "tomorrow", "end": "2026-12-28"},
            {
                "start": 'The start must be a date and a time, as in 2026-12-24T12:00, not "tomorrow"',
                "end": 'The end must be a date and a time, as in 2026-12-24T12:00, not "2026-12-28"',
            },
        ),
        ({"end": "2026-12-24T12:00"}, {"end": "The end must come after the start"}),
        (
            {"start": "2026-11-20T09:00", "end": "2026-11-24T14:59"},
            {"end": "The end must be in the future: a closure never changes what has passed"},
        ),
        ({"end": "2099-01-01T00:00"}, {"end": "Support must open again within ten years"}),
        ({"start": "2027-03-28T02:30", "end": "2027-03-29T09:00"}, {"start": "There is no 02:30 on that day"}),
        ({"note": "x" * 201}, {"note": "The text must be 200 characters or less"}),
        ({"start": "٢٠٢٦-12-24T12:00"}, {"start": "The start must be a date and a time"}),
    ],
)
def test_each_mistake_has_its_sentence_at_its_field_and_the_text_is_kept(
    beside: Desk, sam: Browser, changes: dict[str, str], sentences: dict[str, str]
) -> None:
    page = sam.send(filled(sam.open(CLOSURES), **changes))
    assert (page.status, page.title) == (422, "Error: Closures – Support")
    for name, typed in {**BREAK, **changes}.items():
        field = page.one("input", id=name)
        assert field["value"] == typed.strip()
        assert (field.get("aria-invalid") == "true") is (name in sentences)
    for name, sentence in sentences.items():
        assert sentence in page.one("p", id=f"{name}-error").text
        assert sentence in page.one("a", href=f"#{name}").text
    assert upcoming_closures(beside.services, NOW) == ()
    assert told(beside) == []


def test_what_a_date_field_can_t_show_stays_in_a_plain_one(sam: Browser) -> None:
    page = sam.send(filled(sam.open(CLOSURES), start="24 December"))
    assert [page.one("input", id=name)["type"] for name in ("start", "end")] == ["text", "datetime-local"]


@pytest.mark.parametrize("number", ["0", "-1", "9" * 30, "١", "x"])
def test_an_odd_number_is_a_page_that_is_not_there(sam: Browser, number: str) -> None:
    own = {"Origin": sam.origin}
    body = f"made_for={sam.mark()}".encode()
    assert sam.answer("POST", f"{CLOSURES}/{number}/cancel", body, own).status_code == 404


def test_a_guide_that_can_t_be_written_doesn_t_stop_an_announcement(desk: Desk) -> None:
    """The desk without a guide beside it."""
    sam = desk.browser_of(build_staff(desk.services).email)
    assert SAID in sam.send(filled(sam.open(CLOSURES))).text
