"""My tickets: what waits for its reader comes first, and what is new is marked until it was looked at."""

from __future__ import annotations

from formapp.accounts import projects
from formapp.models import TicketRead
from formapp.tickets import replies
from tests.builders import NOW, build_account, build_project, build_staff, file_ticket, stored, written
from tests.web.conftest import Desk
from tests.web.page import Browser, Page

LIST = "/support/tickets"


def titles(page: Page) -> list[str]:
    return [link.text for link in page.all("a") if link["href"].startswith("/support/tickets/SUP-")]


def test_what_waits_for_the_reader_comes_first(desk: Desk, ada: Browser) -> None:
    sam = build_staff(desk.services)
    for number in (1, 2, 3):
        file_ticket(desk.services, desk.customer, subject=f"Number {number}", submission=f"form-{number}")
    page = ada.open(LIST)
    assert titles(page) == ["Number 3", "Number 2", "Number 1"]
    assert "Waiting for you" not in page.text
    replies.reply_as_staff(desk.services, sam.id, 1, written("Which browser?"), "waiting", NOW)
    page = ada.open(LIST)
    assert titles(page) == ["Number 1", "Number 3", "Number 2"]
    assert [heading.text for heading in page.all("h2")] == ["Waiting for you", "All others, newest first"]
    # Where all of them wait there are no others.
    for number in (2, 3):
        replies.reply_as_staff(desk.services, sam.id, number, written(f"And {number}?"), "waiting", NOW)
    page = ada.open(LIST)
    assert [heading.text for heading in page.all("h2")] == ["Waiting for you"]
    assert titles(page) == ["Number 3", "Number 2", "Number 1"]


def test_new_messages_are_marked_until_they_were_looked_at(desk: Desk, ada: Browser) -> None:
    sam = build_staff(desk.services)
    file_ticket(desk.services, desk.customer)
    assert "new message" not in ada.open(LIST).text
    replies.reply_as_staff(desk.services, sam.id, 1, written("One"), "open", NOW)
    assert "1 new message" in ada.open(LIST).text
    replies.reply_as_staff(desk.services, sam.id, 1, written("Two"), "open", NOW)
    replies.add_note(desk.services, sam.id, 1, written("A note, which is no news to a customer"), NOW)
    page = ada.open(LIST)
    assert "2 new messages" in page.text
    (link,) = [one["href"] for one in page.all("a") if "SUP-1001" in one["href"]]
    assert link == f"{LIST}/SUP-1001#newest"
    ada.open(link)
    assert "new message" not in ada.open(LIST).text
    # One's own message is no news, a later answer is.
    replies.reply_as_customer(desk.services, desk.customer.id, 1, written("Mine"), NOW)
    assert "new message" not in ada.open(LIST).text
    replies.reply_as_staff(desk.services, sam.id, 1, written("Three"), "open", NOW)
    assert "1 new message" in ada.open(f"{LIST}?search=checkout").text


def test_what_a_colleague_reads_stays_new_to_others(desk: Desk, ada: Browser) -> None:
    sam, bea = build_staff(desk.services), build_account(desk.services, "bea@shop.example", name="Bea Lund")
    projects.add_member(desk.services, bea.email, "shop", NOW)
    file_ticket(desk.services, desk.customer)
    replies.reply_as_staff(desk.services, sam.id, 1, written("One"), "open", NOW)
    colleague = desk.browser_of("bea@shop.example")
    assert "new message" not in colleague.open(LIST).text, "it is somebody else's conversation"
    colleague.open(f"{LIST}/SUP-1001")
    assert "1 new message" in ada.open(LIST).text
    replies.reply_as_staff(desk.services, sam.id, 1, written("Two"), "open", NOW)
    assert "1 new message" in colleague.open(LIST).text
    assert "2 new messages" in ada.open(LIST).text


def test_looking_again_writes_nothing(desk: Desk, ada: Browser) -> None:
    file_ticket(desk.services, desk.customer)
    ada.open(f"{LIST}/SUP-1001")
    (mark,) = stored(desk.services, TicketRead)
    assert mark.message_id == 0
    with desk.services.write.begin() as writing:
        # Whoever only reads waits for nobody who writes.
        assert writing is not None
        assert ada.open(f"{LIST}/SUP-1001").status == 200


def test_a_project_leads_to_its_tickets(desk: Desk, ada: Browser) -> None:
    build_project(desk.services, "museum", "ada@shop.example", name="City Museum")
    file_ticket(desk.services, desk.customer)
    file_ticket(desk.services, desk.customer, project="museum", subject="Tickets sold twice", submission="form-2")
    page = ada.open("/support/projects")
    (link,) = [one for one in page.all("a") if one.text == "City Museum"]
    assert titles(ada.open(link["href"])) == ["Tickets sold twice"]
    form = ada.open("/support/tickets/new?project=museum").form("/support/tickets")
    assert form.fields["project"] == "museum"


def test_a_ticket_begins_with_its_newest_message(desk: Desk, ada: Browser) -> None:
    """Seen on a phone alone, where the message itself is screens below."""
    sam = build_staff(desk.services)
    file_ticket(desk.services, desk.customer)
    assert ada.open(f"{LIST}/SUP-1001").all("div", class_="support-newest") == []
    replies.reply_as_staff(desk.services, sam.id, 1, written("First\n\n" + "word " * 100), "open", NOW)
    replies.add_note(desk.services, sam.id, 1, written("Not for customers"), NOW)
    page = ada.open(f"{LIST}/SUP-1001")
    (newest,) = page.all("div", class_="support-newest")
    words = " ".join(newest.text.split())
    assert words.startswith("Sam Rivera Support")
    assert "First word word" in words
    assert words.endswith("… Read the newest message")
    assert page.html.index("support-newest") < page.html.index("What was sent") < page.html.index('id="newest"')
