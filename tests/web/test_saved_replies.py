"""Saved replies on their page and in the composer, without script: what is typed always comes back."""

from __future__ import annotations

import pytest

from formapp.accounts.accounts import find_account_by_email
from formapp.models import Attachment, Message, SavedReply
from formapp.tickets import saved_replies, triage
from tests.builders import NOW, file_ticket, stored
from tests.web.conftest import Desk, follow_newest_link, locked
from tests.web.deskforms import TICKET, form_of, messages
from tests.web.page import Browser, Form, Page

REPLIES = "/support/desk/saved-replies"
SAM, KIM = "sam@platform.example", "kim@platform.example"
STRANGE = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}


def save(desk: Desk, body: str, name: str = "Greeting", *, owner: str = SAM, shared: bool = False) -> None:
    account = find_account_by_email(desk.services, owner)
    assert account
    saved_replies.add_reply(desk.services, account.id, name, body, NOW, shared=shared)


def inserting(page: Page, number: int = 1, **changes: str) -> Form:
    """The composer with a saved reply chosen, and its Insert button pressed."""
    return form_of(page, "insert", saved_reply=str(number), **changes)


def body_of(page: Page) -> str:
    return page.one("textarea", id="message-body").text.removeprefix("\n")


@pytest.mark.usefixtures("kim")
def test_a_reply_is_saved_changed_shared_and_deleted(desk: Desk, sam: Browser) -> None:
    page = sam.open(REPLIES)
    assert "No replies are saved yet." in page.text
    assert "{due} the date of the next promise" in page.text
    form = page.form(REPLIES)
    form.fields |= {"name": "Greeting", "body": "Dear {name},\n\n<b>{{x}}</b>"}
    page = sam.send(form)
    assert "The reply Greeting is saved." in page.text
    assert "Dear {name}, <b>{{x}}</b>" in page.text
    assert "Greeting" not in desk.browser_of(KIM).open(REPLIES).text
    form = page.form(f"{REPLIES}/1")
    form.fields |= {"body": "Dear {nmae}", "shared": "yes", "name": "Hello"}
    page = sam.send(form)
    assert page.status == 422
    assert "There is no field {nmae}. Did you mean {name}?" in page.one("p", id="body-1-error").text
    form = page.form(f"{REPLIES}/1")
    assert {"name": "Hello", "body": "Dear {nmae}", "shared": "yes"}.items() <= form.fields.items()
    form.fields["body"] = "Dear {name}"
    assert "The reply Hello is saved." in sam.send(form).text
    seen = desk.browser_of(KIM).open(REPLIES)
    assert "Hello Shared by Sam Rivera Dear {name}" in seen.text
    assert not seen.all("form", action=f"{REPLIES}/1")
    page = sam.open(REPLIES)
    assert "Delete “Hello” for everybody at the desk? It can’t be undone." in page.text
    assert "The reply Hello is deleted." in sam.send(page.form(f"{REPLIES}/1/delete")).text
    assert stored(desk.services, SavedReply) == []
    assert "already deleted" in sam.send(page.form(f"{REPLIES}/1/delete")).text


def test_what_was_typed_for_a_reply_comes_back(desk: Desk, sam: Browser) -> None:
    save(desk, "Hello")
    form = sam.open(REPLIES).form(REPLIES)
    form.fields |= {"name": "greeting", "body": "Hi\0 {name}", "shared": "yes"}
    page = sam.send(form)
    form = page.form(REPLIES)
    assert (page.status, form.fields["name"]) == (422, "greeting")
    assert form.fields["body"] == "Hi\N{REPLACEMENT CHARACTER} {name}"
    form.fields["body"] = "Hi {name}"
    page = sam.send(form)
    assert "You have a saved reply of this name already" in page.one("p", id="name-0-error").text
    # Somebody deletes what is being changed.
    page = sam.open(REPLIES)
    saved_replies.delete_reply(desk.services, 2, 1)
    form = page.form(f"{REPLIES}/1")
    form.fields["body"] = "A better text"
    page = sam.send(form)
    assert "This saved reply is no longer there. You can save it as a new one" in page.text
    assert page.form(REPLIES).fields["body"] == "A better text"


def test_a_reply_is_inserted_after_what_is_written_and_nothing_is_sent(desk: Desk, sam: Browser) -> None:
    assert "saved-reply" not in sam.open(TICKET).html
    save(desk, "Dear {name}, {reference} is solved by {due}. {{name}}")
    form = inserting(sam.open(TICKET), body="Looked into it.\n")
    form.attach("notes.txt", b"Seen at 14:00\n")
    page = sam.send(form)
    text = "Dear Ada Martin, SUP-1001 is solved by Tuesday 24 November, 16:00 Paris time. {name}"
    assert (page.status, body_of(page)) == (200, f"Looked into it.\n\n{text}")
    assert stored(desk.services, Message) == []
    # The file is still there, and a second text comes after the first.
    page = sam.send(inserting(page))
    assert "notes.txt" in page.text
    assert body_of(page) == f"Looked into it.\n\n{text}\n\n{text}"
    page = sam.send(form_of(page, "reply", body="Done"))
    assert messages(desk) == [("reply", "Done")]
    assert [file.name for file in stored(desk.services, Attachment)] == ["notes.txt"]


def test_what_is_inserted_into_a_note_stays_a_note(desk: Desk, sam: Browser) -> None:
    save(desk, "Ask {name}")
    page = sam.send(inserting(sam.open(TICKET), kind="note"))
    assert page.one("input", id="kind-note").attributes.keys() >= {"checked"}
    sam.send(form_of(page, "note"))
    assert messages(desk) == [("note", "Ask Ada Martin")]


@pytest.mark.usefixtures("kim")
@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ("", "Choose a saved reply"),
        *((chosen, "This saved reply is no longer there. Choose another one") for chosen in ("2", "99", "x", "1" * 30)),
    ],
)
def test_without_a_reply_that_is_there_the_text_stays(desk: Desk, sam: Browser, chosen: str, sentence: str) -> None:
    save(desk, "Hello")
    save(desk, "Secret", "Hers", owner=KIM)
    page = sam.send(form_of(sam.open(TICKET), "insert", saved_reply=chosen, body="Typed"))
    assert page.status == 422
    assert sentence in page.one("p", id="saved-reply-error").text
    assert body_of(page) == "Typed"


def test_a_merged_ticket_offers_no_replies_and_loses_no_text(desk: Desk, sam: Browser) -> None:
    file_ticket(desk.services, desk.customer, submission="2", subject="Again")
    save(desk, "Hello {name}")
    form = inserting(sam.open(TICKET), body="Typed")
    triage.merge(desk.services, 2, 1, "SUP-1002", NOW)
    page = sam.send(form)
    assert page.status == 422
    assert "SUP-1001 was merged into SUP-1002. Reply there instead" in page.text
    assert body_of(page) == "Typed"
    assert "saved-reply" not in sam.open(TICKET).html


@pytest.mark.usefixtures("kim")
def test_script_gets_the_filled_text_and_only_of_what_one_sees(desk: Desk, sam: Browser) -> None:
    save(desk, "Dear {name}")
    save(desk, "Hers", "Hers", owner=KIM)
    answer = sam.answer("GET", f"{TICKET}/saved-replies/1")
    assert answer.json == {"text": "Dear Ada Martin"}
    assert answer.headers["Cache-Control"] == "private, no-store"
    for number in ("2", "99", "x"):
        assert sam.answer("GET", f"{TICKET}/saved-replies/{number}").status_code == 404


def test_signed_out_the_text_waits_as_what_it_was(desk: Desk, sam: Browser) -> None:
    save(desk, "Hello")
    form = inserting(sam.open(TICKET), body="He is rude", kind="note")
    sam.send(sam.open("/support/account").form("/support/sign-out"))
    page = sam.send(form)
    form = page.form("/support/sign-in")
    form.fields["email"] = SAM
    sam.send(form)
    page = follow_newest_link(sam)
    assert body_of(page) == "He is rude"
    assert "checked" in page.one("input", id="kind-note").attributes


def test_from_elsewhere_or_while_others_write_the_text_stays(desk: Desk, sam: Browser) -> None:
    save(desk, "Hello")
    form = inserting(sam.open(TICKET), body="Typed")
    del form.fields["csrf_token"]
    page = sam.send(form, headers=STRANGE)
    assert "press Insert once more to insert the saved reply" in page.text
    assert body_of(page) == "Typed"
    form = inserting(page)
    with locked(desk):
        # It only reads.
        page = sam.send(form)
    assert body_of(page) == "Typed\n\nHello"


def test_without_records_the_text_stands_by_a_button_that_inserts_and_never_sends(desk: Desk, sam: Browser) -> None:
    save(desk, "Hello")
    form = inserting(sam.open(TICKET), body="Typed", kind="note")
    with desk.services.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE saved_replies RENAME TO gone")
    page = sam.send(form)
    assert (page.status, "we can't reach our records right now" in page.text) == (503, True)
    form = page.form(f"{TICKET}/insert")
    assert [button.text for button in page.all("button") if button.inside(form.element)] == ["Insert"]
    with desk.services.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO saved_replies")
    page = sam.send(form)
    assert body_of(page) == "Typed\n\nHello"
    assert "checked" in page.one("input", id="kind-note").attributes
    assert messages(desk) == []
