"""From the form to a filed ticket, as people go the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formapp.accounts.projects import close_project
from tests.builders import NOW, build_account, build_project, file_ticket
from tests.web.conftest import Desk, filled, follow_newest_link, ticket_form_of
from tests.web.page import Browser, references


def test_a_signed_in_person_files_a_ticket_and_reads_by_when_we_answer(desk: Desk, ada: Browser) -> None:
    sent = ada.send(ticket_form_of(ada))
    assert sent.heading == "Your ticket is sent"
    assert "You hear from us by Wednesday 25 November, 15:00 Paris time" in sent.text
    assert ada.steps[-2:] == [(303, "/support/tickets"), (200, "/support/tickets/SUP-1001/sent")]
    assert desk.stored() == [filled()]


def test_the_confirmation_names_the_instant_for_the_readers_own_clock(ada: Browser) -> None:
    sent = ada.send(ticket_form_of(ada))
    assert sent.one("time")["datetime"] == "2026-11-25T14:00:00+00:00"
    assert sent.one("support-time")["data-zone"] == "Europe/Paris"


def test_a_critical_ticket_is_promised_a_solution_too(ada: Browser) -> None:
    sent = ada.send(ticket_form_of(ada, priority="critical"))
    assert "You hear from us by Tuesday 24 November, 16:00 Paris time" in sent.text
    assert "solve it by Tuesday 24 November, 19:00 Paris time" in sent.text


def test_best_effort_names_no_instant(ada: Browser) -> None:
    sent = ada.send(ticket_form_of(ada, priority="low"))
    assert "Low tickets have no fixed time" in sent.text
    assert sent.all("time") == []


def test_signed_out_the_ticket_is_kept_and_one_press_from_sent_after_the_link(desk: Desk, visitor: Browser) -> None:
    told = visitor.send(ticket_form_of(visitor, email="ada@shop.example", project="riverside shop"))
    assert told.heading == "Check your mail"
    assert "Your ticket is saved but not sent yet. A link in the mail signs you in." in told.text
    assert "ada@shop.example" not in told.url
    assert desk.stored() == []
    again = follow_newest_link(visitor).form("/support/tickets")
    assert {name: again.fields[name] for name in filled()} == filled()
    assert visitor.send(again).heading == "Your ticket is sent"
    assert desk.stored() == [filled()]


def test_the_kept_ticket_is_gone_once_it_is_sent(visitor: Browser) -> None:
    visitor.send(ticket_form_of(visitor, email="ada@shop.example", project="shop"))
    kept = follow_newest_link(visitor)
    visitor.send(kept.form("/support/tickets"))
    again = visitor.open(kept.url)
    assert "Your saved ticket is no longer here" in again.text


def test_a_project_typed_by_a_name_that_is_not_ones_own_is_said_at_the_field(visitor: Browser) -> None:
    visitor.send(ticket_form_of(visitor, email="ada@shop.example", project="Rverside Shop"))
    kept = follow_newest_link(visitor)
    assert "You can't open a ticket for a project “Rverside Shop”" in kept.text
    assert kept.form("/support/tickets").fields["description"] == filled()["description"]


def test_with_a_single_project_a_blank_one_is_clear(desk: Desk, ada: Browser) -> None:
    assert ada.send(ticket_form_of(ada, project="")).heading == "Your ticket is sent"
    assert desk.stored() == [filled()]


def test_with_two_projects_one_must_be_chosen(desk: Desk, ada: Browser) -> None:
    build_project(desk.services, "intranet", "ada@shop.example", name="Riverside Intranet")
    again = ada.send(ticket_form_of(ada, project=""))
    assert (again.status, again.title.split(" – ")[0]) == (422, "Error: Open a ticket")
    assert "Choose a project" in again.text
    assert desk.stored() == []


def test_an_error_keeps_every_character_and_leads_to_the_field(desk: Desk, ada: Browser) -> None:
    odd = '  <b>&amp;"quotes"\'\n\n\tzażółć 漢字 🙂 </textarea><script>alert(1)</script>'
    again = ada.send(ticket_form_of(ada, subject="", description=odd))
    assert again.title.startswith("Error: ")
    assert again.one("a", href="#ticket-subject").text == "Enter a subject"
    assert again.form("/support/tickets").fields["description"].strip() == odd.strip()
    assert again.all("script", src="") == []
    assert desk.stored() == []


def test_the_address_prefills_the_form_from_the_chooser(visitor: Browser) -> None:
    query = "priority=critical&need=broken&environment=production&impact=down&workaround=none&unknown=1"
    form = visitor.open(f"/support/tickets/new?{query}").form("/support/tickets")
    assert form.fields["priority"] == "critical"
    assert form.fields["answers"] == "need=broken&environment=production&impact=down&workaround=none"


def test_using_the_choosers_answer_selects_the_priority_and_sends_nothing(desk: Desk, ada: Browser) -> None:
    form = ticket_form_of(ada, priority="low", subject="")
    answers = "need=broken&environment=production&impact=down&workaround=none"
    chosen = ada.send(form, button=("use_answers", answers))
    assert chosen.status == 200
    again = chosen.form("/support/tickets")
    assert (again.fields["priority"], again.fields["answers"]) == ("critical", answers)
    assert again.fields["description"] == filled()["description"]
    assert "Critical is chosen" in chosen.text
    assert desk.stored() == []


def test_answers_that_lead_nowhere_say_so(ada: Browser) -> None:
    form = ticket_form_of(ada, priority="low")
    chosen = ada.send(form, button=("use_answers", "need=banana"))
    assert "These answers no longer lead to a priority" in chosen.text
    assert chosen.form("/support/tickets").fields["priority"] == "low"


def test_the_answers_and_the_page_travel_as_evidence(desk: Desk, ada: Browser) -> None:
    form = ticket_form_of(ada, priority="critical")
    answers = "need=broken&environment=production&impact=down&workaround=none"
    form.fields |= {"answers": answers, "page": "/file-a-ticket/"}
    ada.send(form)
    ticket = desk.tickets()[0]
    assert (ticket.rule, ticket.page) == ("production-down", "/file-a-ticket/")
    shown = ada.open("/support/tickets/SUP-1001")
    assert "Is there a way around it for now? No" in shown.text


def test_without_an_active_project_the_page_says_what_to_do(desk: Desk) -> None:
    build_account(desk.services, "lone@shop.example")
    lone = desk.browser_of("lone@shop.example")
    page = lone.open("/support/tickets/new")
    assert page.heading == "You need an active project"
    assert "support@platform.example" in page.text
    assert page.status == 200


def test_what_was_typed_is_kept_when_the_last_project_has_ended(desk: Desk, ada: Browser) -> None:
    form = ticket_form_of(ada)
    close_project(desk.services, "shop", NOW)
    page = ada.send(form)
    assert page.heading == "You need an active project"
    assert filled()["subject"] in page.text
    assert "Expected: a receipt. Seen: Error 502." in page.text
    assert desk.stored() == []


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_form_without_an_id_gets_one_from_the_server(ada: Browser, visitor: Browser, signed_in: bool) -> None:
    browser = ada if signed_in else visitor
    first = browser.open("/support/tickets/new").form("/support/tickets").fields["submission"]
    second = browser.open("/support/tickets/new").form("/support/tickets").fields["submission"]
    assert len(first) >= 16
    assert first != second


def test_sending_the_same_form_again_shows_the_same_ticket(desk: Desk, ada: Browser) -> None:
    form = ticket_form_of(ada)
    assert ada.send(form).url == ada.send(form).url == "/support/tickets/SUP-1001/sent"
    assert len(desk.stored()) == 1


def test_a_used_form_with_another_text_says_so_and_files_after_one_more_press(ada: Browser) -> None:
    form = ticket_form_of(ada)
    ada.send(form)
    form.fields["description"] = "Now the login fails as well."
    told = ada.send(form)
    assert told.status == 422
    assert "SUP-1001 was already sent with this form" in told.text
    assert told.one("a", href="/support/tickets/SUP-1001").text == "See SUP-1001"
    again = told.form("/support/tickets")
    assert again.fields["description"] == "Now the login fails as well."
    assert again.fields["submission"] != form.fields["submission"]
    assert ada.send(again).url == "/support/tickets/SUP-1002/sent"


def test_the_list_says_in_words_where_each_ticket_stands(desk: Desk, ada: Browser) -> None:
    assert "You have no tickets yet" in ada.open("/support/tickets").text
    ada.send(ticket_form_of(ada, subject="Checkout fails"))
    ada.send(ticket_form_of(ada, subject="A small wish", priority="low"))
    listed = ada.open("/support/tickets")
    assert "Waiting for us, answer due Wed 25 Nov, 15:00 Paris time" in listed.text
    assert "Waiting for us, answered as soon as we can" in listed.text
    desk.clock.now = NOW.replace(day=27)
    assert "Waiting for us, answer was due Wed 25 Nov, 15:00 Paris time" in ada.open("/support/tickets").text


def test_a_long_list_is_read_page_by_page_to_its_oldest_ticket(desk: Desk, ada: Browser) -> None:
    for number in range(52):
        at = NOW + timedelta(minutes=number // 2)
        file_ticket(desk.services, desk.customer, at, subject=f"Number {number}", submission=f"form-{number}")
    first = ada.open("/support/tickets")
    older = ada.open(first.one("a", rel="next")["href"])
    listed = [*references(first), *references(older)]
    assert listed == [f"SUP-{number}" for number in range(1052, 1000, -1)]
    assert (len(references(first)), older.all("a", rel="next")) == (50, [])
    assert next(link for link in older.all("a") if link.text == "First page")["href"] == "/support/tickets"
    assert "There are no older tickets" in ada.open("/support/tickets?before=SUP-1001").text
    for odd in ("SUP-9999", "1001", "-1", "SUP-١٠٠١"):
        assert ada.open(f"/support/tickets?before={odd}").status == 404


def test_a_ticket_explains_its_date(ada: Browser) -> None:
    ada.send(ticket_form_of(ada, priority="normal"))
    page = ada.open("/support/tickets/SUP-1001")
    assert "Why this date for the answer?" in page.text
    rows = [" ".join(row.text.split()) for row in page.all("tr")]
    assert rows == [
        "When Counted",
        "Tue 24 Nov, 15:00 – 17:00 Support is open 2 h",
        "Tue 24 Nov, 17:00 – Wed 25 Nov, 09:00 Support is closed –",
        "Wed 25 Nov, 09:00 – 17:00 Support is open 8 h",
        "Wed 25 Nov, 17:00 – Thu 26 Nov, 09:00 Support is closed –",
        "Thu 26 Nov, 09:00 – 15:00 Support is open 6 h",
        "Total 16 h",
    ]


def test_a_signed_in_person_finds_three_tabs(ada: Browser) -> None:
    for path, tab in (
        ("/support/projects", "Projects"),
        ("/support/tickets", "Support tickets"),
        ("/support/account", "Account settings"),
    ):
        page = ada.open(path)
        tabs = [link for link in page.all("a") if link.inside(page.one("nav", aria_label="Your account"))]
        assert [link.text for link in tabs] == ["Projects", "Support tickets", "Account settings"]
        assert [link.text for link in tabs if link.get("aria-current") == "page"] == [tab]
    assert "Plan: Standard" in ada.open("/support/projects").text
    assert "ada@shop.example" in ada.open("/support/account").text


def test_the_guides_form_learns_who_is_signed_in(visitor: Browser, ada: Browser) -> None:
    assert visitor.json("/support/form-context.json") == {
        "signed_in_as": "",
        "sending_as": "",
        "made_for": "",
        "projects": [],
    }
    assert ada.json("/support/form-context.json") == {
        "signed_in_as": "ada@shop.example",
        "sending_as": "Ada Martin (ada@shop.example)",
        "made_for": ada.mark(),
        "projects": [{"key": "shop", "name": "Riverside Shop"}],
    }
    headers = ada.answer("GET", "/support/form-context.json").headers
    assert headers["Cache-Control"] == "no-store"
    assert "Cookie" in headers["Vary"]


def test_from_a_page_that_promised_something_else_it_is_filed_once_its_sender_has_seen_what_counts(
    desk: Desk, ada: Browser
) -> None:
    form = ticket_form_of(ada)
    form.fields["promised"] = form.fields["promised"].replace("high=business-days.1", "high=business-hours.3")
    shown = ada.send(form)
    assert "Press Send ticket once more: our promise for High has changed" in shown.text
    assert desk.stored() == []
    again = shown.form("/support/tickets")
    assert {name: again.fields[name] for name in filled()} == filled()
    assert ada.send(again).heading == "Your ticket is sent"
    assert desk.stored() == [filled()]


def test_another_priority_s_other_promise_holds_nobody_up(desk: Desk, ada: Browser) -> None:
    form = ticket_form_of(ada)
    form.fields["promised"] = form.fields["promised"].replace("critical=elapsed.1", "critical=elapsed.2")
    assert ada.send(form).heading == "Your ticket is sent"
    assert desk.stored() == [filled()]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("shop.example/pay", "https://shop.example/pay"),
        ("shop.example:8443?a=b", "https://shop.example:8443?a=b"),
        ("bücher.example", "https://bücher.example"),
        ("http://shop.example/pay", "http://shop.example/pay"),
    ],
)
def test_an_address_as_browsers_show_it_gets_its_scheme(desk: Desk, ada: Browser, typed: str, stored: str) -> None:
    ada.send(ticket_form_of(ada, url=typed))
    assert [ticket["url"] for ticket in desk.stored()] == [stored]


@pytest.mark.parametrize("typed", ["shop", "shop example", "javascript:alert(1)", "//shop.example", "ada@shop.example"])
def test_what_is_no_address_gets_none(desk: Desk, ada: Browser, typed: str) -> None:
    page = ada.send(ticket_form_of(ada, url=typed))
    assert (page.status, desk.stored()) == (422, [])
