"""From the link in the mail to sent: what is missing, at the top, or nothing but one press."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from formapp.accounts import projects
from formapp.models import Draft, SignedInSession
from tests.builders import NOW, build_project, stored
from tests.web.conftest import Desk, filled
from tests.web.page import Browser, Page

EMAIL = "ada@shop.example"


def link_page(visitor: Browser, **changes: str) -> Page:
    """The page behind the link, after the guide's form was sent signed out."""
    fields = {**filled(), "project": "", "email": EMAIL, **changes}
    visitor.post("/support/tickets", fields, {"Sec-Fetch-Site": "same-origin"})
    return visitor.open(newest_link(visitor))


def newest_link(visitor: Browser) -> str:
    inbox = visitor.open("/support/inbox")
    mail = visitor.open(inbox.all("a", href=True)[-1]["href"])
    return next(
        path
        for link in mail.all("a", href=True)
        if (path := urlsplit(link["href"]).path).startswith("/support/sign-in/")
    )


def test_where_nothing_is_missing_the_sign_in_sends_the_ticket(desk: Desk, visitor: Browser) -> None:
    page = link_page(visitor)
    assert page.one("button", name="send").text == "Sign in and send the ticket"
    sent = visitor.send(page.form(page.url), button=("send", "yes"))
    assert urlsplit(sent.url).path == "/support/tickets/SUP-1001/sent"
    assert [ticket["subject"] for ticket in desk.stored()] == [filled()["subject"]]
    assert stored(desk.services, Draft) == []
    # The button once more, as by Back: the link is used, and nothing is sent twice.
    visitor.send(page.form(page.url), button=("send", "yes"))
    assert len(desk.stored()) == 1


def test_who_wants_to_read_it_first_may(desk: Desk, visitor: Browser) -> None:
    page = link_page(visitor)
    form = visitor.send(page.form(page.url))
    assert form.heading == "One step left: your ticket is not sent yet"
    assert "Nothing is missing." in form.text
    send = next(button for button in form.all("button") if button.get("form") == "ticket")
    assert send.text == "Send ticket"
    assert desk.stored() == []
    visitor.send(form.form("/support/tickets"))
    assert len(desk.stored()) == 1


def test_with_two_projects_the_page_says_that_one_is_to_be_chosen(desk: Desk, visitor: Browser) -> None:
    """Before the form, with the button; the form itself has no mistake yet."""
    build_project(desk.services, "museum", EMAIL, name="City Museum")
    page = link_page(visitor)
    assert page.all("button", name="send") == []
    form = visitor.send(page.form(page.url))
    assert form.heading == "One step left: your ticket is not sent yet"
    (link,) = [one for one in form.all("a") if one["href"] == "#ticket-project"]
    assert link.text == "Choose a project"
    assert "There is a problem" not in form.text
    assert form.html.index("Send ticket") < form.html.index('id="ticket-project"')
    done = form.form("/support/tickets")
    done.fields["project"] = "museum"
    visitor.send(done)
    assert [ticket["project"] for ticket in desk.stored()] == ["museum"]


def test_after_a_mistake_there_is_still_one_step_left(desk: Desk, visitor: Browser) -> None:
    build_project(desk.services, "museum", EMAIL, name="City Museum")
    page = link_page(visitor)
    form = visitor.send(page.form(page.url)).form("/support/tickets")
    form.fields |= {"project": "museum", "subject": ""}
    again = visitor.send(form)
    assert again.status == 422
    assert again.heading == "One step left: your ticket is not sent yet"
    assert "There is a problem" in again.text
    # A form that was never saved is one that is being opened.
    assert visitor.open("/support/tickets/new").heading == "Open a ticket"


@pytest.mark.parametrize("typed", ["Riverside Shop", "riverside shop ", "shop"])
def test_a_project_that_was_typed_by_its_name_is_meant(desk: Desk, visitor: Browser, typed: str) -> None:
    build_project(desk.services, "museum", EMAIL, name="City Museum")
    page = link_page(visitor, project=typed)
    visitor.send(page.form(page.url), button=("send", "yes"))
    assert [ticket["project"] for ticket in desk.stored()] == ["shop"]


def test_what_was_whole_when_the_link_was_opened_and_no_longer_is_comes_back_as_the_form(
    desk: Desk, visitor: Browser
) -> None:
    """Taken out of the project in between: nothing is sent, nothing is lost, and the person is signed in."""
    build_project(desk.services, "museum", EMAIL, name="City Museum")
    page = link_page(visitor, project="shop")
    projects.remove_member(desk.services, EMAIL, "shop", NOW)
    form = visitor.send(page.form(page.url), button=("send", "yes"))
    assert form.heading == "One step left: your ticket is not sent yet"
    assert form.form("/support/tickets").fields["subject"] == filled()["subject"]
    assert desk.stored() == []
    assert len(stored(desk.services, SignedInSession)) == 1


@pytest.mark.usefixtures("desk")
def test_a_link_without_a_ticket_behind_it_signs_in_and_no_more(visitor: Browser) -> None:
    form = visitor.open("/support/sign-in").form("/support/sign-in")
    form.fields["email"] = EMAIL
    visitor.send(form)
    page = visitor.open(newest_link(visitor))
    assert [button.text for button in page.one("main").find_all("button")] == ["Sign in"]
