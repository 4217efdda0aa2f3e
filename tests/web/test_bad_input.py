"""Bad input gets a plain sentence where it happened, and nothing typed is lost."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from formapp.accounts.projects import close_project
from tests.builders import NOW, build_account, build_project
from tests.web.conftest import Desk, filled, ticket_form_of
from tests.web.page import Browser, Page

OWN = {"Sec-Fetch-Site": "same-origin"}
REPLACED = "\N{REPLACEMENT CHARACTER}"


def sentence_at(page: Page, field: str) -> str:
    return " ".join(page.one("p", id=f"ticket-{field}-error").text.split()).removeprefix("Error: ")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("project", "no-such", "You can't open a ticket for a project “no-such”. Choose a project from"),
        ("project", "museum", "You can't open a ticket for a project “museum”. Choose a project from"),
        ("priority", "urgent", "This priority no longer exists. Choose another one"),
        ("priority", "", "Choose a priority"),
        ("subject", "", "Enter a subject"),
        ("subject", " \t ", "Enter a subject"),
        ("subject", "\u200b\u2060\ufeff", "Enter a subject"),
        ("subject", "x" * 201, "Subject must be 200 characters or less"),
        ("description", "", "Enter a description"),
        ("description", "\u200b", "Enter a description"),
        ("description", "x" * 20_001, "Description must be 20,000 characters or less"),
        ("description", "🙂" * 20_001, "Description must be 20,000 characters or less"),
        ("description", "x" * 700_000, "Description must be 20,000 characters or less"),
        ("url", "ftp://files.example", "Enter a URL that starts with http:// or https://"),
        ("url", "javascript:alert(1)", "Enter a URL that starts with http:// or https://"),
        ("url", "https://", "Enter a URL that starts with http:// or https://"),
        ("url", "https://shop.example/" + "x" * 1980, "URL must be 2,000 characters or less"),
    ],
    ids=lambda value: value if len(value) < 30 else value[:12],
)
def test_what_cannot_be_taken_is_said_at_its_field_and_kept(
    desk: Desk, ada: Browser, field: str, value: str, sentence: str
) -> None:
    build_account(desk.services, "cleo@museum.example")
    build_project(desk.services, "museum", "cleo@museum.example", name="City Museum")
    build_project(desk.services, "intranet", "ada@shop.example", name="Riverside Intranet")
    again = ada.send(ticket_form_of(ada, **{field: value}))
    assert again.status == 422
    assert sentence_at(again, field).startswith(sentence)
    fields = again.form("/support/tickets").fields
    assert all(fields[name] == typed for name, typed in filled().items() if name != field)
    if field not in {"project", "priority"}:
        assert fields[field].strip() == value.strip()
    assert desk.stored() == []


def test_the_longest_texts_are_taken(desk: Desk, ada: Browser) -> None:
    longest = {"subject": "é" * 200, "description": "🙂" * 20_000, "url": "https://shop.example/".ljust(2000, "x")}
    assert ada.send(ticket_form_of(ada, **longest)).heading == "Your ticket is sent"
    assert desk.stored() == [filled(**longest)]


def test_a_foreign_and_an_unknown_project_cannot_be_told_apart(desk: Desk, ada: Browser) -> None:
    build_account(desk.services, "cleo@museum.example")
    build_project(desk.services, "museum", "cleo@museum.example", name="City Museum")
    sentences = {
        sentence_at(ada.send(ticket_form_of(ada, project=key)), "project").replace(key, "-")
        for key in ("museum", "no-such")
    }
    assert len(sentences) == 1


def test_a_project_that_ended_meanwhile_can_no_longer_be_chosen(desk: Desk, ada: Browser) -> None:
    build_project(desk.services, "intranet", "ada@shop.example", name="Riverside Intranet")
    form = ticket_form_of(ada)
    close_project(desk.services, "shop", NOW)
    again = ada.send(form)
    assert sentence_at(again, "project")
    assert again.form("/support/tickets").fields["description"] == filled()["description"]


def body_of(**raw: bytes) -> bytes:
    """A form's body with these fields as raw, already encoded bytes."""
    fields = {name: quote(value).encode() for name, value in filled().items()} | raw
    return b"&".join(name.encode() + b"=" + value for name, value in fields.items())


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"Fails%FFhere", f"Fails{REPLACED}here"),
        (b"Fails\xffhere", f"Fails{REPLACED}here"),
        (b"%ED%A0%80 half a character", f"{REPLACED * 3} half a character"),
        (b"%ED%A0%BD%ED%B8%80", REPLACED * 6),
        (b"caf%E9 in Latin-1", f"caf{REPLACED} in Latin-1"),
    ],
    ids=["a wrong byte", "a wrong byte, not encoded", "half a surrogate pair", "a pair, each by itself", "Latin-1"],
)
@pytest.mark.parametrize("field", ["subject", "description"])
def test_bytes_that_are_no_text_are_shown_as_such_and_the_rest_is_kept(
    desk: Desk, ada: Browser, field: str, raw: bytes, shown: str
) -> None:
    again = ada.post("/support/tickets", body_of(**{field: raw}), OWN)
    assert again.status == 422
    assert "contains bytes that aren't text" in sentence_at(again, field)
    fields = again.form("/support/tickets").fields
    assert fields == {**fields, **filled(**{field: shown})}
    assert desk.stored() == []
    fields[field] = "Corrected"
    assert ada.post("/support/tickets", fields, OWN).heading == "Your ticket is sent"


@pytest.mark.parametrize("field", ["subject", "description"])
def test_a_nul_is_refused_at_its_field_and_the_text_kept(desk: Desk, ada: Browser, field: str) -> None:
    again = ada.post("/support/tickets", body_of(**{field: b"before%00after"}), OWN)
    assert "NUL" in sentence_at(again, field)
    text = again.form("/support/tickets").fields[field]
    assert text.startswith("before")
    assert text.endswith("after")
    assert "\0" not in again.html
    assert desk.stored() == []


@pytest.mark.parametrize("field", ["project", "priority", "submission", "answers", "page", "draft", "csrf_token"])
@pytest.mark.parametrize("raw", [b"%00", b"%ED%A0%80", b"%FF", b"x" * 5000])
def test_odd_hidden_values_break_nothing(ada: Browser, field: str, raw: bytes) -> None:
    page = ada.post("/support/tickets", body_of(**{field: raw}), OWN)
    assert page.status in {200, 422}
    if page.status == 422:
        assert page.form("/support/tickets").fields["description"] == filled()["description"]


def test_forged_fields_are_ignored(desk: Desk, ada: Browser) -> None:
    build_account(desk.services, "cleo@museum.example")
    form = ticket_form_of(ada)
    forged = {"status": "closed", "state": "closed", "account_id": "2", "id": "7", "created_at": "1999-01-01"}
    form.fields |= {**forged, "opened_at": "1999-01-01", "response_due_at": "1999-01-01", "policy_version": "0" * 64}
    form.fields["email"] = "cleo@museum.example"
    ada.send(form)
    ticket = desk.tickets()[0]
    assert (ticket.id, ticket.state, ticket.account_id) == (1, "open", desk.customer.id)
    assert ticket.opened_at == desk.clock.now
    assert ticket.policy_version == desk.services.policy.version


def test_a_field_that_comes_twice_counts_once(desk: Desk, ada: Browser) -> None:
    ada.post("/support/tickets", body_of() + b"&subject=Another&priority=low", OWN)
    assert desk.stored() == [filled()]


@pytest.mark.parametrize("body", [b"", b"&&&", b"=x&=y", b"%", b"subject", b"subject=%", b"a" * 100])
def test_an_empty_or_cut_off_form_is_answered_with_the_form(ada: Browser, body: bytes) -> None:
    page = ada.post("/support/tickets", body, OWN)
    assert page.status == 422
    assert sentence_at(page, "description") == "Enter a description"


def test_signed_out_the_missing_address_is_said_at_its_field(desk: Desk, visitor: Browser) -> None:
    again = visitor.send(ticket_form_of(visitor, email=""))
    assert sentence_at(again, "email") == "Enter your email address"
    assert again.form("/support/tickets").fields["description"] == filled()["description"]
    assert "No mail yet" in visitor.open("/support/inbox").text
    assert desk.stored() == []


def test_when_the_session_ended_meanwhile_the_form_asks_for_an_address_and_keeps_the_text(
    desk: Desk, ada: Browser
) -> None:
    form = ticket_form_of(ada)
    phone = desk.browser_of("ada@shop.example")
    phone.send(phone.open("/support/account").form("/support/sign-out"), button=("everywhere", "yes"))
    again = ada.send(form)
    assert sentence_at(again, "email") == "Enter your email address"
    fields = again.form("/support/tickets")
    assert fields.fields["description"] == filled()["description"]
    fields.fields["email"] = "ada@shop.example"
    assert ada.send(fields).heading == "Check your mail"


def test_a_form_beyond_all_bounds_comes_back_with_what_is_read_of_it(desk: Desk, ada: Browser) -> None:
    page = ada.send(ticket_form_of(ada, description="x" * 1_200_000))
    assert page.status == 413
    assert "Not sent yet: this is more than the form accepts" in page.text
    assert "To get back everything you typed, press Back in your browser" in page.text
    fields = page.form("/support/tickets").fields
    assert (fields["subject"], fields["priority"]) == (filled()["subject"], filled()["priority"])
    assert 900_000 < len(fields["description"]) < 1_000_000
    assert desk.stored() == []


def test_a_form_of_too_many_fields_is_not_read(ada: Browser) -> None:
    page = ada.post("/support/tickets", b"&".join(b"f%d=1" % number for number in range(2000)), OWN)
    assert (page.status, page.heading) == (400, "We couldn't read that")


def test_a_form_sent_as_multipart_is_read_too(desk: Desk, ada: Browser) -> None:
    multipart = "multipart/form-data"
    answer = ada.client.post(
        "/support/tickets", base_url=ada.origin, headers=OWN, data=filled(), content_type=multipart
    )
    assert answer.status_code == 303
    assert desk.stored() == [filled()]


def test_odd_addresses_of_the_form_are_taken_calmly(visitor: Browser) -> None:
    for query in (
        "priority=urgent",
        "need=banana&environment=",
        "need=" + "x" * 3000,
        "%FF=%FF",
    ):
        page = visitor.open(f"/support/tickets/new?{query}")
        assert page.status == 200
        assert page.form("/support/tickets").fields.get("priority", "") == ""


@pytest.mark.parametrize("query", ["draft=x", "draft=%00%FF"])
def test_an_odd_draft_leads_a_visitor_to_sign_in_and_a_person_to_an_empty_form(
    visitor: Browser, ada: Browser, query: str
) -> None:
    assert visitor.open(f"/support/tickets/new?{query}").heading == "Sign in"
    page = ada.open(f"/support/tickets/new?{query}")
    assert "Your saved ticket is no longer here" in page.text
    assert page.form("/support/tickets").fields["description"] == ""
