"""Acting on several tickets in the queue, tags, and saved views: plain forms, as people press them."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from formapp.models import SavedView, Ticket
from formapp.tickets import replies, saved_views, tags, triage
from tests.builders import NOW, build_staff, file_ticket, stored, written
from tests.web.conftest import Desk
from tests.web.deskforms import form_of, history
from tests.web.page import Browser, Form, Page, references

QUEUE, BULK = "/support/desk/", "/support/desk/bulk"
KIM = "kim@platform.example"


@pytest.fixture
def full(desk: Desk) -> Desk:
    """A desk with three tickets and two people who work there."""
    build_staff(desk.services)
    build_staff(desk.services, KIM, name="Kim Adeyemi")
    for number in range(1, 4):
        file_ticket(desk.services, desk.customer, subject=f"Number {number}", submission=f"form-{number}")
    return desk


@pytest.fixture
def sam(full: Desk) -> Browser:
    return full.browser_of("sam@platform.example")


def press(browser: Browser, page: Page, act: str, *tickets: str, **fields: str) -> Page:
    """Select tickets, fill the form around the queue, press one of its buttons."""
    form = page.form(BULK)
    pairs = [(name, value) for name, value in {**form.fields, **fields}.items() if name != "ticket"]
    pairs += [("ticket", reference) for reference in tickets] + ([("change", act)] if act else [])
    return browser.post(BULK, urlencode(pairs).encode(), {"Content-Type": "application/x-www-form-urlencoded"})


def notice(page: Page) -> str:
    (found,) = [one for one in page.all("div") if "support-bulk-result" in one.get("class", "")]
    return " ".join(found.text.split())


def test_tickets_are_assigned_together_and_one_press_puts_them_back(full: Desk, sam: Browser) -> None:
    triage.assign(full.services, 2, 2, "sam@platform.example", NOW, seen=9)
    page = press(sam, sam.open(f"{QUEUE}?search=project:shop"), "assign", "SUP-1001", "SUP-1002", assignee=KIM)
    assert page.url.startswith(f"{QUEUE}?search=project:shop&done=")
    assert notice(page) == "2 tickets assigned to Kim Adeyemi. Undo"
    page = press(sam, page, "assign", "SUP-1002", "SUP-1003", assignee=KIM)
    assert notice(page) == "1 ticket assigned to Kim Adeyemi. Already assigned to Kim Adeyemi : SUP-1002 Undo".replace(
        " :", ":"
    )
    undo = next(form for form in page.all("form") if form.get("action", "").endswith("/undo"))
    page = sam.send(Form(page, undo))
    assert notice(page) == "Undone: 1 ticket is as it was."
    assert [ticket.assignee_id for ticket in stored(full.services, Ticket)] == [3, 3, None]


def test_closing_says_that_customers_are_told_and_so_does_its_undo(full: Desk, sam: Browser) -> None:
    page = press(sam, sam.open(QUEUE), "close", "SUP-1001", "SUP-1003")
    assert notice(page) == (
        "2 tickets closed. Their customers are told by mail. "
        "Undo Undo reopens them, and their customers are told so by mail."
    )
    full.clock.now = NOW
    triage.reopen(full.services, full.customer.id, 3, NOW)
    undo = next(form for form in page.all("form") if form.get("action", "").endswith("/undo"))
    page = sam.send(Form(page, undo))
    assert notice(page) == "Undone: 1 ticket is as it was. Changed since, so left as it is: SUP-1003"
    # Nobody else reads what Sam did.
    assert "support-bulk-result" not in full.browser_of(KIM).open(f"{QUEUE}?done=1").html


@pytest.mark.usefixtures("full")
def test_a_refused_form_comes_back_with_all_that_was_selected(sam: Browser) -> None:
    page = press(sam, sam.open(f"{QUEUE}?search=project:shop"), "tag", "SUP-1001", "SUP-1003", tag="a,b", assignee=KIM)
    assert page.status == 422
    assert "A tag has letters, digits, hyphens" in page.one("p", id="bulk-error").text
    boxes = page.all("input", type="checkbox", name="ticket")
    assert [box["value"] for box in boxes if "checked" in box.attributes] == ["SUP-1001", "SUP-1003"]
    form = page.form(BULK)
    assert (form.fields["tag"], form.fields["assignee"], form.fields["search"]) == ("a,b", KIM, "project:shop")
    assert page.one("input", id="bulk-tag")["aria-invalid"] == "true"
    assert "Select at least one ticket" in press(sam, page, "close").text
    assert "Choose what to do" in press(sam, page, "", "SUP-1001", tag=" ").text
    assert notice(press(sam, page, "", "SUP-1001", tag="later")) == "1 ticket tagged later. Undo", "Enter in the field"


@pytest.mark.usefixtures("full")
def test_a_tag_that_was_typed_stays_in_its_field_when_another_button_is_pressed(sam: Browser) -> None:
    page = press(sam, sam.open(QUEUE), "assign", "SUP-1001", assignee=KIM, tag="payments & more")
    assert notice(page).startswith("1 ticket assigned to Kim Adeyemi.")
    assert page.form(BULK).fields["tag"] == "payments & more"
    page = press(sam, page, "tag", "SUP-1001", tag="payments")
    assert page.form(BULK).fields["tag"] == ""


def test_without_script_a_link_selects_all_on_the_page(sam: Browser) -> None:
    page = sam.open(QUEUE)
    (link,) = [one for one in page.all("a") if one.text == "Select all on this page"]
    boxes = sam.open(link["href"]).all("input", type="checkbox", name="ticket")
    assert ["checked" in box.attributes for box in boxes] == [True] * 3
    rows = [row for row in page.all("tr") if row.get("data-ticket")]
    assert [row["data-ticket"] for row in rows] == references(page)
    # Each box is named by its ticket's link.
    named = [page.one("a", id=box["aria-labelledby"]).text for box in page.all("input", name="ticket")]
    assert named == ["Number 1", "Number 2", "Number 3"]


def test_a_tag_is_added_and_removed_on_the_ticket_s_page(full: Desk, sam: Browser) -> None:
    page = sam.open("/support/desk/SUP-1001")
    page = sam.send(form_of(page, "tag", tag="Friday Release"))
    assert "Tag friday-release added." in page.text
    assert history(page)[-1].endswith("Sam Rivera added the tag friday-release")
    assert references(sam.open(f"{QUEUE}?search=tag:friday-release")) == ["SUP-1001"]
    page = sam.send(form_of(page, "tag", tag="a,b"))
    assert "A tag has letters" in page.one("p", id="tag-error").text
    assert page.one("input", id="tag")["value"] == "a,b"
    assert "tag-error" not in sam.open("/support/desk/SUP-1001").html
    page = sam.send(form_of(page, "untag"))
    assert "Tag friday-release removed." in page.text
    assert tags.tags_of(full.services, [1]) == {1: ()}


def test_a_search_is_saved_shown_with_its_count_changed_and_deleted(full: Desk, sam: Browser) -> None:
    tags.add_tag(full.services, 2, 1, "payments", NOW)
    page = sam.open(f"{QUEUE}?search=tag:payments")
    form = page.form("/support/desk/views")
    form.fields |= {"name": "Payments", "shared": "yes"}
    page = sam.send(form)
    assert (page.url, references(page)) == (f"{QUEUE}?search=tag:payments", ["SUP-1001"])
    assert "Payments 1" in [link.text for link in page.all("a", aria_current="page")]
    assert "Save as a view" not in page.text
    assert "Payments 1" in full.browser_of(KIM).open(QUEUE).text

    page = sam.open("/support/desk/views")
    form = page.form("/support/desk/views/1")
    form.fields["name"] = " "
    page = sam.send(form)
    assert page.status == 422
    assert "Enter a name for the view" in page.one("p", id="name-1-error").text
    form = page.form("/support/desk/views/1")
    form.fields |= {"name": "Paying"}
    del form.fields["shared"]
    assert "The view Paying is saved." in sam.send(form).text
    assert "Paying" not in full.browser_of(KIM).open(QUEUE).text
    page = sam.send(sam.open("/support/desk/views").form("/support/desk/views/1/delete"))
    assert "The view Paying is deleted." in page.text
    assert stored(full.services, SavedView) == []


def test_a_name_that_is_taken_comes_back_with_its_search(full: Desk, sam: Browser) -> None:
    saved_views.add_view(full.services, 2, "Mine too", "is:overdue", NOW, shared=False)
    form = sam.open(f"{QUEUE}?search=status:waiting priority:high").form("/support/desk/views")
    form.fields["name"] = "mine TOO"
    page = sam.send(form)
    assert page.status == 422
    assert "You have a view of this name already" in page.text
    again = page.form("/support/desk/views")
    assert again.fields["search"] == "status:waiting priority:high"
    again.fields["name"] = "Other"
    assert sam.send(again).url == f"{QUEUE}?search=status:waiting+priority:high"


def test_what_a_colleague_did_since_the_page_was_shown_stays(full: Desk, sam: Browser) -> None:
    page = sam.open(QUEUE)
    full.clock.now = NOW.replace(minute=5)
    kim = next(number for number in (2, 3) if number != 2)
    replies.reply_as_staff(full.services, kim, 1, written("On it"), "open", full.clock.now)
    full.clock.now = NOW.replace(minute=6)
    page = press(sam, page, "close", "SUP-1001", "SUP-1002")
    assert "Changed by somebody else meanwhile, so left as it is: SUP-1001" in notice(page)
    assert [ticket.state for ticket in stored(full.services, Ticket)] == ["open", "closed", "open"]
