"""Fields of a policy's own: what each kind takes, when the chooser's answer asks for one, how it is shown and kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from werkzeug.datastructures import MultiDict

from formapp.errors import TextRefused
from formapp.form_fields import clean_value
from formapp.forms import TicketForm, ticket_form
from formapp.widgets.form import render_form
from supportpolicy import Choice, FormDefinition, FormField, Policy, bounds
from supportpolicy.languages import in_language
from tests.builders import build_policy
from tests.reading import Page

TODAY = date(2026, 11, 24)
NUMBER = FormField("amount", "number", "Orders lost", least="0", most="1000")
DAY = FormField("day", "date", "Day", least="2026-01-01", most="today")
LONG = FormField("story", "long-text", "Story", required=False, most="500")
KIND = FormField("kind", "choice", "Kind", choices=(Choice("a", "Apples", "Red ones"), Choice("b", "Bananas")))
DOWN = FormField("since", "text", "Since when?", most="20", shown_when=(("impact", ("down", "slow")),))


@pytest.mark.parametrize(
    ("field", "typed", "stored"),
    [
        (NUMBER, " 12 ", "12"),
        (NUMBER, "3,5", "3.5"),
        (NUMBER, "1e2", "100"),
        (NUMBER, "-0.5", "“Orders lost” must be 0 or more"),
        (NUMBER, "1000.01", "“Orders lost” must be 1000 or less"),
        (NUMBER, "a few", "“Orders lost” must be a number, such as 12 or 3.5"),
        (NUMBER, "NaN", "“Orders lost” must be a number, such as 12 or 3.5"),
        (NUMBER, "1e999999999", "“Orders lost” must be a number, such as 12 or 3.5"),
        (NUMBER, "١٢", "“Orders lost” must be a number, such as 12 or 3.5"),
        (NUMBER, "9" * 10_000, "“Orders lost” must be a number, such as 12 or 3.5"),
        (NUMBER, "", "Enter an answer to “Orders lost”"),
        (DAY, "2026-11-24", "2026-11-24"),
        (DAY, "2026-11-25", "“Day” must be 24 November 2026 or earlier"),
        (DAY, "2025-12-31", "“Day” must be 1 January 2026 or later"),
        (DAY, "20261124", "“Day” must be a real date, such as 2026-12-24"),
        (DAY, "2026-W48-2", "“Day” must be a real date, such as 2026-12-24"),
        (LONG, "", ""),
        (LONG, " two\r\nlines ", "two\nlines"),
        (LONG, "x" * 501, "Story must be 500 characters or less. It is 1 too long"),
        (LONG, "a\0b", "The text holds a NUL character, which can't be stored. Remove it and send again"),
        (KIND, "b", "b"),
        (KIND, "c", "Choose an answer to “Kind” from the list"),
    ],
)
def test_each_kind_takes_what_it_is_for_and_says_what_it_does_not(field: FormField, typed: str, stored: str) -> None:
    try:
        said = clean_value(field, typed, TODAY)
    except TextRefused as refused:
        said = refused.message
    assert said == stored


@pytest.fixture
def policy() -> Policy:
    """The project's own with a form that asks for the priority, and for more when the chooser says so."""
    form = FormDefinition("incident", "Report an incident", fields=(KIND, NUMBER, DAY, LONG, DOWN))
    return replace(build_policy(), forms=(form,))


def incident(policy: Policy, **typed: str) -> TicketForm:
    fields = {"form": "incident", "project": "shop", "subject": "Down", "description": "It is", "priority": "high"}
    own = {"field-kind": "a", "field-amount": "12", "field-day": "2026-11-24"}
    sent = MultiDict({**fields, **own, **{name.replace("__", "-"): value for name, value in typed.items()}})
    return ticket_form(policy, sent, projects=[("shop", "Riverside Shop")], today=TODAY)


def test_a_field_depends_on_an_answer_to_the_chooser(policy: Policy) -> None:
    assert incident(policy).validate()
    asked = incident(policy, answers="need=broken&environment=production&impact=down")
    assert not asked.validate()
    assert asked["field-since"].errors == ["Enter an answer to “Since when?”"]
    assert incident(policy, answers="impact=data", field__since="x" * 10_000).validate()
    assert incident(policy, answers="impact=slow", field__since="noon").validate()


def test_what_is_missing_is_said_by_the_name_that_the_form_gives_it(policy: Policy) -> None:
    form = replace(policy.forms[0], subject="What is down?")
    asked = incident(replace(policy, forms=(form,)), subject="")
    assert not asked.validate()
    assert asked.subject.errors == ["Enter an answer to “What is down?”"]


def words_of(page: Page) -> str:
    return " ".join(page.one("support-form").text.split())


def test_the_form_shows_each_kind_with_label_hint_and_condition_in_words(policy: Policy) -> None:
    form = incident(policy, field__day="tomorrow", field__kind="", answers="impact=down")
    form.validate()
    page = Page(render_form(policy, form, action="/support/tickets", embedded=False))
    assert page.one("input", id="ticket-field-kind-0")["type"] == "radio"
    assert page.one("textarea", id="ticket-field-story")["name"] == "field-story"
    # A browser's field for dates would show nothing of it.
    day = page.one("input", id="ticket-field-day")
    assert (day["type"], day["value"]) == ("text", "tomorrow")
    assert page.one("a", href="#ticket-field-kind-0").text == "Choose an answer to “Kind”"
    words = words_of(page)
    assert ("Story (optional)" in words, "Red ones" in words) == (True, True)
    answers = "“The site is down” or “Load times are unacceptable” to “What does it do to production?”"
    assert f"Only if you answered {answers}." in words
    assert "data-asked" in page.one("div", data_field="field-since").attributes
    ids = [element["id"] for element in page.elements if element.get("id")]
    assert len(ids) == len(set(ids))


def test_the_same_in_german(policy: Policy) -> None:
    with in_language("de"):
        form = incident(policy.translated("de"))
        words = words_of(Page(render_form(policy.translated("de"), form, action="/support/tickets", embedded=False)))
    assert "Story (freiwillig)" in words
    assert "Nur wenn Sie so geantwortet haben: " in words
    assert "Only if" not in words


def test_no_field_of_a_policy_can_have_a_name_that_a_form_or_its_address_has() -> None:
    """Those of the form of somebody whom nobody knows, and what the pages put beside them."""
    declared = set(ticket_form(build_policy()).data) | {
        "made_for",
        "promised",
        "csrf_token",
        "clean",
        "section",
        "version",
    }
    assert declared <= bounds.TAKEN_NAMES
