"""Forms of the policy's own on the desk: shown, filled, refused, filed, read and found, without a line of script."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from formapp.incoming_mail import processing
from formapp.models import Draft, OutboxMessage, Ticket
from formapp.operations.doctor.search import words_as_written
from formapp.tickets.drafts import save_draft
from tests.builders import NOW, build_account, build_policy, build_project, file_ticket, stored
from tests.web.conftest import Desk, follow_newest_link
from tests.web.page import Browser, Form
from tests.web.test_guests import confirmation

FORM = "/support/tickets/new?form=launch-date"
LAUNCH = {
    "project": "shop",
    "subject": "The autumn campaign",
    "field-launch_date": "2026-12-24",
    "field-launch_environment": "other",
    "field-launch_other": "Blue-green 7",
}
# The chooser's answers that count on a launch of which support had been told.
PREVENTED = {"need": "broken", "environment": "nonproduction", "claim": "launch", "team-workaround": "none"}


def launch_form_of(browser: Browser, **changes: str) -> Form:
    form = browser.open(FORM).form("/support/tickets")
    form.fields |= {**LAUNCH, **{name.replace("__", "-"): value for name, value in changes.items()}}
    return form


def newest(desk: Desk) -> Ticket:
    return stored(desk.services, Ticket)[-1]


def answers_of(ticket: Ticket) -> dict[str, str]:
    return {one["field"]: one["value"] for one in ticket.form_answers}


def test_a_form_of_the_policy_is_filed_with_its_answers_as_evidence_which_both_sides_read(
    desk: Desk, ada: Browser, sam: Browser
) -> None:
    page = ada.open(FORM)
    assert page.heading == "Register a launch date"
    assert "We treat this as Low. Answer as soon as we can" in page.text
    assert "Only if you answered “Another one” to “Which environment do you launch from?”." in page.text
    assert {field.get("name") for field in page.all("input", "textarea")} & {
        "url",
        "description",
        "files",
        "priority",
    } == set()
    assert ada.send(launch_form_of(ada)).heading == "Your ticket is sent"
    ticket = newest(desk)
    assert (ticket.form, ticket.priority, ticket.url, ticket.policy_version) == (
        "launch-date",
        "low",
        "",
        build_policy().version,
    )
    assert answers_of(ticket) == {
        "launch_date": "2026-12-24",
        "launch_environment": "other",
        "launch_other": "Blue-green 7",
    }
    assert ticket.form_answers[0] == {
        "field": "launch_date",
        "kind": "date",
        "label": "Planned date",
        "value": "2026-12-24",
        "words": "24 December 2026",
    }
    for one in (ada.open(f"/support/tickets/{ticket.reference}"), sam.open(f"/support/desk/{ticket.reference}")):
        terms = dict(zip((dt.text for dt in one.all("dt")), (dd.text.strip() for dd in one.all("dd")), strict=True))
        assert terms["Planned date"] == "24 December 2026"
        assert terms["Which environment do you launch from?"] == "Another one"
        assert terms["Name of the environment"] == "Blue-green 7"
        # The description that was made of them isn't said twice.
        assert one.text.count("24 December 2026") == 1
    mail = next(
        row for row in stored(desk.services, OutboxMessage) if row.kind == "received" and row.ticket_id == ticket.id
    )
    assert (
        "Planned date: 24 December 2026\nWhich environment do you launch from?: Another one"
        in mail.payload["description"]
    )


def test_staff_find_a_ticket_by_what_its_form_holds_and_the_index_is_of_one_piece(
    desk: Desk, ada: Browser, sam: Browser
) -> None:
    ada.send(launch_form_of(ada))
    reference = newest(desk).reference
    for words in ("blue-green", "2026-12-24", '"24 December 2026"'):
        assert reference in sam.open(f"/support/desk/?search={words}").text
    assert reference not in sam.open("/support/desk/?search=blue-red").text
    assert list(words_as_written(desk.services, NOW)) == []


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("launch_date", "", "Enter an answer to “Planned date”"),
        ("launch_date", "Christmas", "“Planned date” must be a real date, such as 2026-12-24"),
        ("launch_date", "2026-02-30", "“Planned date” must be a real date, such as 2026-12-24"),
        ("launch_date", "24/12/2026", "“Planned date” must be a real date, such as 2026-12-24"),
        ("launch_date", "2026-11-23", "“Planned date” must be 24 November 2026 or later"),
        ("launch_environment", "", "Choose an answer to “Which environment do you launch from?”"),
        ("launch_environment", "moon", "Choose an answer to “Which environment do you launch from?” from the list"),
        ("launch_other", "", "Enter an answer to “Name of the environment”"),
        ("launch_other", "\u200b", "Enter an answer to “Name of the environment”"),
        ("launch_other", "x" * 10_000, "Name of the environment must be 100 characters or less. It is 9,900 too long"),
    ],
)
def test_odd_input_comes_back_filled_with_a_sentence_at_its_field(
    desk: Desk, ada: Browser, field: str, typed: str, sentence: str
) -> None:
    if field == "launch_environment":
        sent = launch_form_of(ada, field__launch_other="")
        sent.fields[f"field-{field}"] = typed
    else:
        sent = launch_form_of(ada, **{f"field__{field}": typed})
    again = ada.send(sent)
    assert again.status == 422
    assert again.title.startswith("Error: Register a launch date")
    element = f"ticket-field-{field}{'-0' if field == 'launch_environment' else ''}"
    assert again.one("a", href=f"#{element}").text == sentence
    assert again.one("input", id=element)
    kept = again.form("/support/tickets").fields
    assert kept["subject"] == LAUNCH["subject"]
    if field != "launch_environment":
        assert kept[f"field-{field}"] == typed
        assert kept["field-launch_environment"] == "other"
    assert stored(desk.services, Ticket) == []


def test_what_is_not_asked_is_not_required_and_does_not_count(desk: Desk, ada: Browser) -> None:
    """Without script a field of another answer stands there too; the server judges its condition."""
    form = launch_form_of(ada, field__launch_environment="staging", field__launch_other="x" * 10_000)
    assert ada.send(form).heading == "Your ticket is sent"
    assert answers_of(newest(desk)) == {"launch_date": "2026-12-24", "launch_environment": "staging"}


def test_the_same_form_twice_is_one_ticket_and_another_answer_another(desk: Desk, ada: Browser) -> None:
    form = launch_form_of(ada)
    first, again = ada.send(form), ada.send(form)
    assert first.text == again.text
    form.fields["field-launch_date"] = "2026-12-31"
    changed = ada.send(form)
    assert "was already sent with this form" in changed.text
    assert changed.form("/support/tickets").fields["field-launch_date"] == "2026-12-31"
    assert len(stored(desk.services, Ticket)) == 1


def test_added_to_the_ticket_that_the_form_has_sent_before_its_answers_are_in_the_reply(
    desk: Desk, ada: Browser
) -> None:
    form = launch_form_of(ada)
    ada.send(form)
    form.fields["field-launch_date"] = "2026-12-31"
    changed = ada.send(form)
    reference = newest(desk).reference
    ticket = ada.send(changed.form("/support/tickets"), button=("add_to", reference))
    assert "Planned date: 31 December 2026" in ticket.text


def test_signed_out_the_answers_wait_behind_the_link(desk: Desk, visitor: Browser) -> None:
    form = launch_form_of(visitor, project="Riverside Shop")
    form.fields["email"] = "ada@shop.example"
    assert visitor.send(form).heading == "Check your mail"
    (draft,) = stored(desk.services, Draft)
    assert draft.fields["field-launch_date"] == "2026-12-24"
    kept = follow_newest_link(visitor)
    again = kept.form("/support/tickets")
    assert {name: again.fields[name] for name in LAUNCH} == LAUNCH
    assert again.fields["form"] == "launch-date"
    assert visitor.send(again).heading == "Your ticket is sent"
    assert answers_of(newest(desk))["launch_other"] == "Blue-green 7"


def test_what_is_missing_of_a_saved_form_leads_to_its_field(desk: Desk, ada: Browser) -> None:
    saved = {**LAUNCH, "form": "launch-date", "field-launch_date": "soon", "field-launch_environment": ""}
    token = save_draft(desk.services, desk.customer.id, saved, NOW)
    page = ada.open(f"/support/tickets/new?draft={token}")
    assert page.one("a", href="#ticket-field-launch_date").text.startswith("“Planned date” must be a real date")
    assert page.one("a", href="#ticket-field-launch_environment-0")
    assert page.one("input", name="field-launch_date")["value"] == "soon"


def test_a_foreign_page_s_form_is_asked_for_once_more_with_all_that_it_held(desk: Desk, ada: Browser) -> None:
    form = launch_form_of(ada)
    form.fields.pop("csrf_token", "")
    asked = ada.send(form, headers={"Origin": "https://guide.example", "Sec-Fetch-Site": "cross-site"})
    assert stored(desk.services, Ticket) == []
    again = asked.form("/support/tickets")
    assert {name: again.fields[name] for name in LAUNCH} == LAUNCH
    assert ada.send(again).heading == "Your ticket is sent"


def test_a_form_that_is_gone_comes_back_as_a_ticket_with_what_was_typed(desk: Desk, ada: Browser) -> None:
    form = launch_form_of(ada)
    form.fields["form"] = "moon-landing"
    again = ada.send(form)
    assert again.status == 422
    assert "Not sent yet: this form no longer exists" in again.text
    kept = again.form("/support/tickets").fields
    assert "launch_date: 2026-12-24" in kept["description"]
    assert "launch_other: Blue-green 7" in kept["description"]
    assert kept["subject"] == LAUNCH["subject"]
    assert stored(desk.services, Ticket) == []


def test_an_answer_to_what_the_form_no_longer_asks_stands_in_the_ticket_all_the_same(desk: Desk, ada: Browser) -> None:
    form = launch_form_of(ada)
    form.fields["field-rocket"] = "Ariane 6"
    ada.send(form)
    assert newest(desk).description.endswith("rocket: Ariane 6")
    assert "Ariane 6" in ada.open(f"/support/tickets/{newest(desk).reference}").text


def test_the_address_fills_any_field_and_what_cannot_be_used_is_named(ada: Browser) -> None:
    page = ada.open(
        f"{FORM}&subject=Winter+sale&launch_date=2026-12-24&launch_environment=other&launch_other=Blue&url=x"
    )
    fields = page.form("/support/tickets").fields
    assert (fields["subject"], fields["field-launch_date"], fields["field-launch_environment"]) == (
        "Winter sale",
        "2026-12-24",
        "other",
    )
    assert fields["field-launch_other"] == "Blue"
    assert page.all("div", id="notice") == []
    query = f"launch_date=2020-01-01&launch_environment=moon&launch_other={'x' * 2_000}&subject={'y' * 2_000}"
    bad = ada.open(f"{FORM}&{query}")
    assert bad.one("div", id="notice").text.strip() == (
        "We ignored what the address of this page says for: Subject, Planned date, Which environment do you launch "
        "from?, Name of the environment."
    )
    fields = bad.form("/support/tickets").fields
    assert (fields["subject"], fields["field-launch_date"], fields["field-launch_other"]) == ("", "", "")
    assert "field-launch_environment" not in fields


def test_the_ticket_form_is_filled_by_its_address_too_and_an_unknown_form_is_named(ada: Browser) -> None:
    query = "subject=Broken&description=It+is+red&url=https://shop.example/pay"
    fields = ada.open(f"/support/tickets/new?{query}").form("/support/tickets").fields
    assert (fields["subject"], fields["description"], fields["url"]) == (
        "Broken",
        "It is red",
        "https://shop.example/pay",
    )
    page = ada.open("/support/tickets/new?form=lunch-date&url=javascript:alert(1)")
    assert "We ignored what the address of this page says for: the form, URL." in page.text
    assert page.heading == "Open a ticket"
    assert page.one("a", href="/support/tickets/new?form=launch-date").text == "Register a launch date"


def test_without_a_project_what_was_typed_is_shown_with_its_labels(desk: Desk) -> None:
    build_account(desk.services, "new@shop.example", name="Nia New")
    browser = desk.browser_of("new@shop.example")
    token = save_draft(
        desk.services, stored(desk.services, type(desk.customer))[-1].id, {**LAUNCH, "form": "launch-date"}, NOW
    )
    page = browser.open(f"/support/tickets/new?draft={token}")
    assert "Planned date" in page.text
    assert "2026-12-24" in page.text


def test_a_guest_s_form_reaches_staff_with_its_answers_and_becomes_its_ticket(
    desk: Desk, visitor: Browser, sam: Browser
) -> None:
    form = launch_form_of(visitor, project="Riverside Shop")
    form.fields["email"] = "lee@shop.example"
    visitor.send(form)
    confirm = confirmation(visitor)
    visitor.send(confirm.form(confirm.url))
    processing.process_next(desk.services, desk.clock)
    held = sam.open("/support/desk/mail/1")
    assert "24 December 2026" in held.text
    accept = held.form("/support/desk/mail/1/accept")
    accept.fields["project"] = "shop"
    assert "The mail is added to SUP-100" in sam.send(accept).text
    assert answers_of(newest(desk))["launch_date"] == "2026-12-24"


def test_staff_read_beside_the_answer_what_the_desk_knew_of_the_launch(desk: Desk, ada: Browser, sam: Browser) -> None:
    ada.send(launch_form_of(ada))
    registered = newest(desk).reference
    build_project(desk.services, "intranet", "ada@shop.example", name="Riverside Intranet")
    day = timedelta(days=1)

    def told(now_in_days: int, project: str = "shop") -> list[str]:
        now = NOW + now_in_days * day
        file_ticket(
            desk.services, desk.customer, now, project=project, answers=PREVENTED, submission=f"{project} {now_in_days}"
        )
        page = sam.open(f"/support/desk/{newest(desk).reference}")
        return [one.text for one in page.all("p", class_="support-registered")]

    said = f"A launch on 24 December 2026 was registered on 24 November 2026 ({registered})."
    # 24 December is 30 days after the filing's day.
    assert told(26) == [f"{said} When this ticket was sent, that was too far away to count."]
    assert told(27) == [said]
    assert told(30) == [said]
    assert told(31) == [f"{said} The date had passed. It counts if the launch had not happened."]
    assert told(27, "intranet") == ["No launch was registered for this project before this ticket was sent."]
    assert newest(desk).registrations == []
    file_ticket(desk.services, desk.customer, NOW + 27 * day, subject="Other", submission="none of that")
    assert newest(desk).registrations is None
    assert sam.open(f"/support/desk/{newest(desk).reference}").all("p", class_="support-registered") == []


def test_the_third_day_ends_at_midnight_where_support_is(desk: Desk, ada: Browser) -> None:
    ada.send(launch_form_of(ada))
    # 23:30 UTC on the 20th is the 21st in Paris, three calendar days before the 24th.
    midnight = NOW.replace(month=12, day=20, hour=23, minute=30)
    for minutes, counts in ((0, True), (-60, False)):
        at = midnight + timedelta(minutes=minutes)
        file_ticket(desk.services, desk.customer, at, answers=PREVENTED, subject=f"{minutes}", submission=f"{minutes}")
        (known,) = newest(desk).registrations or []
        assert (known["date"], known["counts"]) == (date(2026, 12, 24).isoformat(), counts)


def test_what_was_registered_later_was_not_known(desk: Desk, ada: Browser, sam: Browser) -> None:
    ticket = file_ticket(desk.services, desk.customer, answers=PREVENTED, submission="before")
    desk.clock.now = NOW + timedelta(hours=1)
    ada.send(launch_form_of(ada))
    page = sam.open(f"/support/desk/{ticket.ticket.reference}")
    assert "No launch was registered for this project before this ticket was sent." in page.text


def test_an_answer_that_staff_correct_is_judged_by_what_was_known_when_the_ticket_was_sent(
    desk: Desk, ada: Browser, sam: Browser
) -> None:
    ada.send(launch_form_of(ada, field__launch_date="2026-11-26"))
    filed = file_ticket(desk.services, desk.customer, NOW + timedelta(hours=1), submission="later")
    page = sam.open(f"/support/desk/{filed.ticket.reference}")
    form = page.form(f"/support/desk/{filed.ticket.reference}/answers")
    form.fields |= {f"answer-{name}": option for name, option in PREVENTED.items()} | {"reason": "They told us."}
    corrected = sam.send(form)
    assert "A launch on 26 November 2026 was registered on 24 November 2026" in corrected.text
    early = file_ticket(desk.services, desk.customer, NOW - timedelta(hours=1), subject="Early", submission="early")
    form = sam.open(f"/support/desk/{early.ticket.reference}").form(f"/support/desk/{early.ticket.reference}/answers")
    form.fields |= {f"answer-{name}": option for name, option in PREVENTED.items()} | {"reason": "They told us."}
    assert "No launch was registered for this project before this ticket was sent." in sam.send(form).text
