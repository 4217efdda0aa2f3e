"""The staff's day at the queue: what is due next, finding a ticket, and taking a list along."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from formapp.app import create_app
from formapp.models import Account
from formapp.operations import policy_in_use
from formapp.tickets import replies, triage
from tests.builders import (
    NOW,
    POLICY,
    Clock,
    build_account,
    build_customer,
    build_project,
    build_services,
    build_settings,
    build_staff,
    file_ticket,
    written,
)
from tests.reading import Element
from tests.web.conftest import Desk
from tests.web.page import Browser, Form, Page, references

QUEUE = "/support/desk/"
WHOSE = "Riverside Shop Ada Martin"
HOUR = timedelta(hours=1)


@pytest.fixture
def sam_account(desk: Desk) -> Account:
    return build_staff(desk.services)


@pytest.fixture
def sam(desk: Desk, sam_account: Account) -> Browser:
    """The browser of somebody who works at the desk."""
    return desk.browser_of(sam_account.email)


@pytest.fixture
def full(desk: Desk) -> Desk:
    """A desk with one ticket missed, one due soon, one for later and one without a date."""
    for number, (subject, priority, hours) in enumerate(
        (
            ("Colours are off", "low", 0),
            ("Checkout fails", "critical", 0),
            ("Search is slow", "high", -18),
            ("Report is late", "normal", 0),
        )
    ):
        file_ticket(
            desk.services, desk.customer, NOW + hours * HOUR, subject=subject, priority=priority, submission=f"{number}"
        )
    desk.clock.now = NOW + timedelta(hours=1, minutes=40)
    return desk


def rows(page: Page) -> list[str]:
    """The words of each row of the queue."""
    return [" ".join(row.text.split()) for row in page.all("tr")[1:]]


def filters_of(page: Page) -> Element:
    """The disclosure of the filters, within the form that searches."""
    form = page.one("form", role="search")
    return next(one for one in page.all("details") if one.inside(form))


def sift(page: Page, **changes: str) -> Form:
    """The queue's form, changed as a person would."""
    form = page.form(QUEUE)
    form.fields |= changes
    return form


def show(browser: Browser, form: Form) -> Page:
    """Press the form's button: a GET with its fields."""
    return browser.open(f"{QUEUE}?{urlencode(form.fields)}")


@pytest.mark.usefixtures("full")
def test_signing_in_leads_staff_to_what_is_due_next(sam: Browser) -> None:
    assert sam.steps[-1] == (200, QUEUE)
    page = sam.open("/support/")
    assert (page.url, page.title, page.heading) == (QUEUE, "Queue – Support", "Queue")
    assert rows(page) == [
        f"Missed by 40 min Answer was due Tue 24 Nov, 16:00 Checkout fails SUP-1002 {WHOSE} Critical Unassigned",
        f"20 min left Answer due Tue 24 Nov, 17:00 Search is slow SUP-1003 {WHOSE} High Unassigned",
        f"14 h 20 min left Answer due Thu 26 Nov, 15:00 Report is late SUP-1004 {WHOSE} Normal Unassigned",
        f"No fixed time Colours are off SUP-1001 {WHOSE} Low Unassigned",
    ]
    assert "What is due next comes first." in page.text
    assert "All times are Paris time." in page.text


def test_the_tabs_are_those_of_the_desk_and_lead_to_one_s_own_tickets_too(full: Desk, sam: Browser) -> None:
    build_project(full.services, "own", "sam@platform.example", name="Our own")
    tabs = [
        link for link in sam.open(QUEUE).all("a") if link["href"].startswith("/support/") and link.parent.tag == "li"
    ]
    names = ["Queue", "Mail", "My tickets", "Reports", "Saved replies", "Guide", "Closures", "Outgoing", "Audit log"]
    names.append("Account settings")
    assert [tab.text for tab in tabs][:10] == names
    assert [tab.text for tab in tabs if tab.get("aria-current")] == ["Queue", "Open 4"]
    # What stands behind "More" comes out of it where one is on it.
    tabs = [link for link in sam.open("/support/desk/closures").all("a") if link.parent.tag == "li"]
    assert [tab.text for tab in tabs][:5] == ["Queue", "Mail", "My tickets", "Closures", "Reports"]
    assert sam.open("/support/tickets").heading == "My tickets"
    customer = full.browser_of("ada@shop.example")
    assert customer.open("/support/").url == "/support/tickets"
    assert "Queue" not in customer.open("/support/tickets").text


def test_the_ready_made_views_lead_to_their_tickets(full: Desk, sam: Browser, sam_account: Account) -> None:
    triage.assign(full.services, sam_account.id, 3, sam_account.email, full.clock(), seen=1)
    replies.reply_as_staff(full.services, sam_account.id, 4, written("Which?"), "waiting", full.clock())
    triage.close(full.services, sam_account.id, 1, full.clock())
    for view, found in (
        ("Open 2", ["SUP-1002", "SUP-1003"]),
        ("Mine 1", ["SUP-1003"]),
        ("Unassigned 1", ["SUP-1002"]),
        ("Overdue 1", ["SUP-1002"]),
        ("Waiting 1", ["SUP-1004"]),
        ("Closed", ["SUP-1001"]),
    ):
        page = sam.open(next(link["href"] for link in sam.open(QUEUE).all("a") if link.text == view))
        assert references(page) == found, view
        assert [link.text for link in page.all("a", aria_current="page")] == ["Queue", view]
        assert "open" not in filters_of(page).attributes
    assert "Waiting for the customer" in rows(sam.open(f"{QUEUE}?search=status:waiting"))[0]
    assert rows(sam.open(f"{QUEUE}?search=status:closed"))[0].startswith("Closed Tue 24 Nov, 16:40 Colours")


@pytest.mark.usefixtures("full")
def test_a_filter_and_the_search_say_the_same_and_stay_in_step(sam: Browser) -> None:
    page = show(sam, sift(sam.open(QUEUE), priority="high", assignee="unassigned"))
    assert references(page) == ["SUP-1003"]
    assert page.one("input", id="search")["value"] == "priority:high assignee:unassigned"
    assert parse_qs(urlsplit(page.url).query) == {"search": ["priority:high assignee:unassigned"]}

    # One changes the words, and a choice stays as it is: the words count.
    page = show(sam, sift(page, search="priority:critical checkout"))
    assert references(page) == ["SUP-1002"]
    assert page.form(QUEUE).fields["priority"] == "critical"
    assert page.form(QUEUE).fields["assignee"] == ""

    # One changes a choice: it counts, and the words stay.
    page = show(sam, sift(page, status="waiting", overdue="yes", priority=""))
    assert page.one("input", id="search")["value"] == "status:waiting is:overdue checkout"
    assert "checked" in page.one("input", name="overdue").attributes
    assert "open" in filters_of(page).attributes
    form = page.form(QUEUE)
    del form.fields["overdue"]
    assert show(sam, form).one("input", id="search")["value"] == "status:waiting checkout"


@pytest.mark.usefixtures("full")
def test_all_that_a_search_names_can_be_chosen(sam: Browser) -> None:
    """Though no list has it: a colleague who left, a project that is misspelt."""
    page = sam.open(f"{QUEUE}?search=project:museum assigned:gone@platform.example")
    assert page.form(QUEUE).fields["project"] == "museum"
    assert page.form(QUEUE).fields["assignee"] == "gone@platform.example"
    assert "No tickets match." in page.text
    assert show(sam, page.form(QUEUE)).one("input", id="search")["value"] == page.one("input", id="search")["value"]
    names = [option.text for option in page.all("option")]
    assert "Sam Rivera" in names
    assert "Riverside Shop" in names


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("search", "sentence"),
    [
        ("colour:red shop", "“colour:” is not known. Use status:, priority:, project:, assignee:, tag: or is:overdue."),
        ("status:lost", "“status:lost” is not known."),
        ("is:late", "“is:late” is not known. Use is:overdue"),
        ("a\0b", "The text holds a NUL character"),
        ("x" * 501, "The search must be 500 characters or less"),
    ],
)
def test_a_search_that_can_t_be_understood_gets_its_sentence_and_is_kept(
    sam: Browser, search: str, sentence: str
) -> None:
    form = sift(sam.open(f"{QUEUE}?search=priority:high"), search=search, status="waiting")
    page = show(sam, form)
    assert (page.status, page.title) == (422, "Error: Queue – Support")
    assert sentence in page.one("p", id="search-error").text
    field = page.one("input", id="search")
    assert (field["aria-invalid"], field["aria-describedby"]) == ("true", "search-error")
    assert field["value"] == search.replace("\0", "\N{REPLACEMENT CHARACTER}")
    assert not page.all("table")
    # What was chosen beside it stays, and counts once the search is mended.
    mended = show(sam, sift(page, search="priority:high"))
    assert mended.one("input", id="search")["value"] == "status:waiting priority:high"


def test_a_long_queue_is_read_page_by_page(desk: Desk, sam: Browser) -> None:
    for number in range(101):
        at = NOW - number * timedelta(minutes=1)
        file_ticket(desk.services, desk.customer, at, subject=f"Order {number} fails", submission=f"{number}")
    page = sam.open(f"{QUEUE}?search=project:shop")
    seen: list[str] = []
    assert "First page" not in page.text
    for size in (50, 50, 1):
        assert len(rows(page)) == size
        seen += references(page)
        following = [link["href"] for link in page.all("a", rel="next")]
        assert bool(following) is (size == 50)
        page = sam.open(following[0]) if following else page
    assert seen == [f"SUP-{1000 + number}" for number in range(101, 0, -1)]
    first = sam.open(next(link["href"] for link in page.all("a") if link.text == "First page"))
    assert references(first) == seen[:50]


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("key", ["x", "1", "20260101T000000000000.9999999999", "-1.-1", "٣.٤", "9" * 400])
def test_an_odd_page_key_is_a_page_that_is_not_there(sam: Browser, key: str) -> None:
    assert sam.open(f"{QUEUE}?after={key}").heading == "Page not found"


def test_a_list_is_taken_along_as_a_file_that_runs_no_formula(full: Desk, sam: Browser) -> None:
    nasty = '=HYPERLINK("http://x.example","Zoë")'
    file_ticket(full.services, full.customer, subject=nasty, priority="low", submission="nasty")
    page = sam.open(f"{QUEUE}?search=priority:low")
    link = page.one("a", download="")
    answer = sam.answer("GET", link["href"])
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=tickets-2026-11-24.csv"
    lines = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))
    assert [line[0] for line in lines] == ["Reference", "SUP-1001", "SUP-1005"]
    assert lines[2][1] == f"'{nasty}"
    assert answer.get_data().startswith(b"\xef\xbb\xbf"), "spreadsheets read the letters of all languages"


@pytest.mark.usefixtures("full")
def test_a_file_of_a_search_that_can_t_be_understood_leads_to_its_sentence(sam: Browser) -> None:
    page = sam.open("/support/desk/tickets.csv?search=colour:red")
    assert (page.status, page.one("input", id="search")["value"]) == (422, "colour:red")


@pytest.mark.usefixtures("full")
def test_the_file_comes_in_pieces(sam: Browser) -> None:
    answer = sam.client.get("/support/desk/tickets.csv", base_url=sam.origin)
    pieces = list(answer.iter_encoded())
    answer.close()
    assert answer.is_streamed
    assert [piece.count(b"\n") for piece in pieces] == [0, 1, 4]


def test_words_on_a_ticket_are_shown_as_words(desk: Desk, sam: Browser) -> None:
    build_account(desk.services, "eve@shop.example", name="<b>Eve</b>")
    file_ticket(desk.services, desk.customer, subject="<script>alert(1)</script>")
    page = sam.open(f"{QUEUE}?search=<script>")
    assert "<script>alert(1)</script>" in rows(page)[0]
    assert page.one("input", id="search")["value"] == "<script>"
    assert "<script>alert" not in page.html


def test_staff_read_that_the_policy_file_was_edited_since_the_desk_took_it_up(tmp_path: Path, clock: Clock) -> None:
    original = tmp_path / "policy.yml"
    original.write_bytes(POLICY.read_bytes())
    settings = build_settings(tmp_path, policy=original)
    services = build_services(tmp_path, policy=policy_in_use.take(settings))
    desk = Desk(create_app(services=services, clock=clock), services, clock, build_customer(services))
    build_staff(services)
    sam = desk.browser_of("sam@platform.example")
    told = "The policy file is not what the desk runs by. policy.yml was edited"
    assert told not in sam.open("/support/desk/").text
    original.write_text(original.read_text("utf-8") + "\n# A note\n", "utf-8")
    page = sam.open("/support/desk/")
    assert told in page.text
    assert "formapp reload" in page.text
    policy_in_use.take(settings)
    assert told not in sam.open("/support/desk/").text
    original.unlink()
    assert told in sam.open("/support/desk/").text
    services.database.engine.dispose()
