"""Saved replies: texts with fields that are checked when they are saved and filled for a ticket when they are used."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formapp.accounts import accounts
from formapp.audit import Origin
from formapp.errors import NotFound, TextRefused, TicketMerged
from formapp.models import Account, SavedReply
from formapp.operations.person import erase
from formapp.services import Services
from formapp.tickets import replies, saved_replies, triage
from formapp.tickets.reply_fields import FIELDS, check_fields, fill_fields
from tests.builders import NOW, build_account, build_customer, build_staff, file_ticket, stored, written

BY_OPERATOR = Origin(None, "formapp")
ALL = "Dear {name},\n\n{reference} ({subject}): we solve it by {due}."


def names(services: Services, viewer_id: int) -> list[str]:
    return [reply.name for reply in saved_replies.replies_for(services, viewer_id)]


def save(services: Services, account: Account, body: str, name: str = "Greeting", *, shared: bool = False) -> int:
    """The number of a new saved reply."""
    saved_replies.add_reply(services, account.id, name, body, NOW, shared=shared)
    return max(reply.id for reply in stored(services, SavedReply))


def test_a_saved_reply_is_one_s_own_or_everybody_s(services: Services) -> None:
    sam, kim = build_staff(services), build_staff(services, "kim@platform.example", name="Kim")
    own = save(services, sam, "Hello {name}", " My  greeting")
    save(services, kim, "Bye", "late", shared=True)
    assert (names(services, sam.id), names(services, kim.id)) == (["late", "My greeting"], ["late"])
    with pytest.raises(NotFound):
        saved_replies.change_reply(services, kim.id, own, "Hers", "Hers", shared=False)
    assert saved_replies.change_reply(services, sam.id, own, "Greeting", "Hi {name}", shared=True) == "Greeting"
    assert names(services, kim.id) == ["Greeting", "late"]
    with pytest.raises(NotFound):
        saved_replies.delete_reply(services, kim.id, own)
    # Of a colleague who has left the shared ones are everybody's.
    accounts.disable_account(services, sam.email, NOW)
    assert saved_replies.delete_reply(services, kim.id, own) == "Greeting"
    assert names(services, kim.id) == ["late"]


def test_no_other_is_found_under_the_number_of_one_that_is_deleted(services: Services) -> None:
    sam = build_staff(services)
    gone = save(services, sam, "Hello")
    saved_replies.delete_reply(services, sam.id, gone)
    assert save(services, sam, "Bye") != gone


def test_a_saved_reply_has_a_name_of_its_own_and_a_text(sqlite_services: Services) -> None:
    services = sqlite_services
    sam = build_staff(services)
    first, second = save(services, sam, "One", "Été"), save(services, sam, "Two", "Winter")
    with pytest.raises(saved_replies.NameTaken):
        save(services, sam, "Three", "ÉTÉ")
    with pytest.raises(saved_replies.NameTaken):
        saved_replies.change_reply(services, sam.id, second, "été", "Two", shared=False)
    assert saved_replies.change_reply(services, sam.id, first, "ÉTÉ", "One", shared=False) == "ÉTÉ"
    for name, body, field in (
        *((name, "Text", "name") for name in ("", "\u200b", "x" * 61)),
        *(("Name", body, "body") for body in ("", " \n\u200b", "x" * 5_001, "a\0b")),
    ):
        with pytest.raises(TextRefused) as refused:
            save(services, sam, body, name)
        assert refused.value.field == field
    for number in range(saved_replies.MOST_REPLIES - 2):
        save(services, sam, "Text", f"Reply {number}")
    with pytest.raises(saved_replies.TooManyReplies):
        save(services, sam, "Text", "One more")
    assert len(stored(services, SavedReply)) == saved_replies.MOST_REPLIES


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("Dear {nmae}", "There is no field {nmae}. Did you mean {name}?"),
        ("{ Reference }", "There is no field {Reference}. Did you mean {reference}?"),
        ("{}", "There is no field {}. The fields are {name}, {reference}, {subject}, {due}. For"),
        ("a { color: red }", "There is no field {color: red}. The fields are"),
        (f"{{{'x' * 50}}}", f"There is no field {{{'x' * 40}…}}. The fields are"),
        ("{name!r}", "There is no field {name!r}. Did you mean {name}?"),
        ("Fine\nif (a) {", "A brace stands alone in line 2. For a brace itself write {{ or }}"),
        ("}", "A brace stands alone in line 1."),
        ("{{{name}", ""),
        ("{na{me}}", "A brace stands alone in line 1."),
    ],
)
def test_a_field_that_is_not_there_is_refused_by_its_name(sqlite_services: Services, body: str, sentence: str) -> None:
    sam = build_staff(sqlite_services)
    if not sentence:
        check_fields(body)
        return
    with pytest.raises(TextRefused) as refused:
        save(sqlite_services, sam, body)
    assert refused.value.message.startswith(sentence)
    assert refused.value.field == "body"
    assert stored(sqlite_services, SavedReply) == []


def test_braces_and_values_stand_as_they_are() -> None:
    values = dict.fromkeys(FIELDS, "{due} {{x}} \\1 **b**")
    assert fill_fields("{{name}} {{{name}}} }}{{ {subject}", values) == (
        "{name} {{due} {{x}} \\1 **b**} }{ {due} {{x}} \\1 **b**"
    )


def test_the_fields_are_filled_with_the_ticket_s_facts(services: Services) -> None:
    ada, sam = build_customer(services), build_staff(services)
    file_ticket(services, ada, subject="Fails {name} *often*", priority="critical")
    number = save(services, sam, ALL)

    def filled(minutes: int = 0) -> str:
        return saved_replies.filled_reply(services, sam.id, 1, number, NOW + timedelta(minutes=minutes))

    start = "Dear Ada Martin,\n\nSUP-1001 (Fails {name} *often*): we solve it by "
    assert filled() == f"{start}Tuesday 24 November, 16:00 Paris time."
    # What has passed isn't promised again.
    assert filled(60) == f"{start}as soon as we can."
    replies.reply_as_staff(services, sam.id, 1, written("Looking"), "open", NOW)
    assert filled() == f"{start}Tuesday 24 November, 19:00 Paris time."
    replies.reply_as_staff(services, sam.id, 1, written("Which one?"), "waiting", NOW)
    assert filled() == f"{start}as soon as we can."
    accounts.choose_language(services, ada.id, "de")
    assert "as soon as we can" not in filled()
    replies.reply_as_customer(services, ada.id, 1, written("That one"), NOW)
    assert filled().startswith("Dear Ada Martin")
    assert "Dienstag, 24. November, 19:00" in filled()


def test_a_reply_that_one_does_not_see_fills_nothing(services: Services) -> None:
    ada, sam = build_customer(services), build_staff(services)
    kim = build_staff(services, "kim@platform.example", name="Kim")
    for number in (1, 2):
        file_ticket(services, ada, subject=f"Number {number}", submission=f"{number}")
    own, shared = save(services, sam, "Own"), save(services, sam, "Shared", "Other", shared=True)
    assert saved_replies.filled_reply(services, kim.id, 1, shared, NOW) == "Shared"
    for number in (own, 99):
        with pytest.raises(saved_replies.ReplyGone):
            saved_replies.filled_reply(services, kim.id, 1, number, NOW)
    with pytest.raises(NotFound):
        saved_replies.filled_reply(services, kim.id, 99, shared, NOW)
    triage.merge(services, sam.id, 1, "SUP-1002", NOW)
    with pytest.raises(TicketMerged, match="SUP-1002"):
        saved_replies.filled_reply(services, kim.id, 1, shared, NOW)


def test_with_its_owner_a_saved_reply_goes_and_of_others_the_customer_s_name(services: Services) -> None:
    ada, sam = build_customer(services), build_staff(services)
    file_ticket(services, ada)
    save(services, sam, "Ask Ada Martin (ada@shop.example), {name}", shared=True)
    erase.erase_person(services, ada.email, BY_OPERATOR, NOW)
    (kept,) = stored(services, SavedReply)
    assert "Ada Martin" not in kept.body
    assert "ada@shop.example" not in kept.body
    check_fields(kept.body)
    # A name that is a field's takes the field along; nothing goes out for it.
    build_account(services, "due@shop.example", name="Due")
    due = save(services, sam, "By {due}", "Promise")
    erase.erase_person(services, "due@shop.example", BY_OPERATOR, NOW)
    with pytest.raises(TextRefused, match=r"There is no field \{") as refused:
        saved_replies.filled_reply(services, sam.id, 1, due, NOW)
    assert refused.value.field == "saved_reply"
    erase.erase_person(services, sam.email, BY_OPERATOR, NOW)
    assert stored(services, SavedReply) == []
