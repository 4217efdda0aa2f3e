"""The desk speaks its reader's language: the account's own choice, then the browser's, else English."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from formapp import failed_work
from formapp.accounts.accounts import choose_language, invite, set_manages_people
from formapp.accounts.address_changes import ask_to_change_address
from formapp.accounts.projects import add_member, close_project
from formapp.hours.closures import add_closure
from formapp.incoming_mail import processing, receive
from formapp.models import Account, OutboxMessage, Ticket
from formapp.notifications import outbox
from formapp.notifications.email.compose import compose
from formapp.notifications.outbox import Outcome
from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.services import Services
from formapp.tickets import replies, triage
from formapp.worker import run_once
from supportpolicy.languages import LANGUAGES, PSEUDO_LANGUAGE, current_language
from tests.builders import NOW, build_account, build_project, build_staff, file_ticket, keep_file, stored, written
from tests.pseudo import not_translated
from tests.web.conftest import DOWN, Desk, follow_newest_link, ticket_form_of
from tests.web.deskforms import TICKET, form_of
from tests.web.page import Browser, Page

GERMAN = "de-AT,de;q=0.9,en;q=0.5"
OWN = {"Sec-Fetch-Site": "same-origin"}
TOKEN = "0" * 43


def in_browser_of(browser: Browser, languages: str) -> Browser:
    """The same browser, which asks for pages in these languages."""
    browser.languages = languages
    return browser


def mails_to(services: Services, recipient: str) -> list[tuple[str, str]]:
    """Subject and text of each mail to this address, the oldest first."""
    rows = [row for row in stored(services, OutboxMessage) if row.channel == "mail" and row.recipient == recipient]
    return [(mail.subject, mail.text) for mail in (compose(services, row, services.policy) for row in rows)]


# Which language


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        (GERMAN, "de"),
        ("nl,fr;q=0.4", "fr"),
        ("es;q=0.2,ar;q=0.9", "ar"),
        ("nl", "en"),
        ("de;q=0", "en"),
        ("", "en"),
        ("*", "en"),
        ("x" * 5000, "en"),
    ],
)
def test_a_page_speaks_the_first_of_the_browsers_languages_that_we_know(
    visitor: Browser, asked: str, spoken: str
) -> None:
    page = visitor.open("/support/sign-in", **{"Accept-Language": asked})
    direction = "rtl" if spoken == "ar" else "ltr"
    assert (page.one("html").get("lang"), page.one("html").get("dir")) == (spoken, direction)
    content = next(one for one in page.all("div") if "support-app" in one.classes)
    assert (content["lang"], content["dir"]) == (spoken, direction)
    assert "Accept-Language" in page.headers["Vary"]


def test_no_request_leaves_its_language_behind(visitor: Browser) -> None:
    visitor.open("/support/sign-in", **{"Accept-Language": GERMAN})
    assert current_language() == "en"
    assert visitor.open("/support/sign-in").heading == "Sign in"


def test_who_has_chosen_a_language_reads_it_in_any_browser(desk: Desk, ada: Browser) -> None:
    in_browser_of(ada, "fr")
    page = ada.open("/support/account")
    assert page.heading == "Paramètres du compte"
    chosen = [one for one in page.all("option") if "selected" in one.attributes]
    assert [(one["value"], one.text) for one in chosen] == [("fr", "Français")]
    form = page.form("/support/account/language")
    form.fields["language"] = "es"
    saved = ada.send(form)
    assert saved.one("p", role="status").text == "El idioma está guardado."
    assert saved.heading == "Ajustes de la cuenta"
    assert in_browser_of(ada, "de").open("/support/tickets").heading == "Mis tickets"
    form.fields["language"] = "tlh"
    refused = ada.send(form)
    assert refused.status == 422
    assert "Elija un idioma de la lista" in refused.one("p", id="language-error").text
    assert [account.language for account in stored(desk.services, Account)] == ["es"]


def test_a_page_without_a_database_speaks_the_browsers_language(desk: Desk, visitor: Browser) -> None:
    desk.services.database.engine.dispose()
    page = in_browser_of(visitor, GERMAN).open("/support/nothing-here")
    assert (page.status, page.heading) == (404, "Seite nicht gefunden")


def test_what_programs_read_is_of_no_readers_language(desk: Desk, ada: Browser) -> None:
    choose_language(desk.services, desk.customer.id, "de")
    english = ada.json("/support/dates.json")["support"]
    assert english == desk.visitor().json("/support/dates.json")["support"]
    asked = json.dumps(ada.json("/support/dates.json?language=ar"), ensure_ascii=False)
    assert "بتوقيت باريس" in asked
    assert ada.json("/support/dates.json?language=tlh")["support"] == english
    assert "Support is open" in ada.answer("GET", "/support/hours.ics").text


def test_the_forms_script_is_answered_in_the_language_of_its_page(desk: Desk) -> None:
    file_ticket(desk.services, desk.customer)
    add_member(desk.services, build_account(desk.services, "ben@shop.example").email, "shop", NOW)
    ben, address = desk.browser_of("ben@shop.example"), "/support/similar.json?project=shop&subject=Checkout+fails"
    assert "gerade eben etwas Ähnliches" in json.dumps(ben.json(f"{address}&language=de"), ensure_ascii=False)
    assert "just now" in json.dumps(ben.json(address))


# A German customer


def test_a_german_customer_is_answered_in_german_while_staff_read_english(desk: Desk, visitor: Browser) -> None:
    sam = desk.browser_of(build_staff(desk.services).email)
    in_browser_of(visitor, GERMAN)
    form = ticket_form_of(visitor, subject="Kasse geht nicht")
    assert form.fields["language"] == "de"
    form.fields |= {"email": "ada@shop.example", "description": ""}
    again = visitor.send(form)
    assert "Geben Sie eine Beschreibung ein" in again.text
    form = again.form("/support/tickets")
    form.fields["description"] = "Fehler 502."
    asked = visitor.send(form)
    assert asked.heading == "Sehen Sie in Ihr Postfach"

    # A machine in an internet café: the form says what its writer reads.
    in_browser_of(visitor, "en")
    page = follow_newest_link(visitor)
    subject, text = mails_to(desk.services, "ada@shop.example")[-1]
    assert subject == "Ihr Anmeldelink für den Support"
    assert "Der Link funktioniert einmal, innerhalb von 15 Minuten." in text
    assert page.heading == "One step left: your ticket is not sent yet"
    sent = visitor.send(page.form("/support/tickets"))

    assert sent.heading == "Ihr Ticket ist gesendet"
    assert "Dienstag, 24. November" in sent.text or "Mittwoch, 25. November" in sent.text
    (ticket,) = stored(desk.services, Ticket)
    assert (ticket.language, stored(desk.services, Account)[0].language) == ("de", "de")

    answer = form_of(sam.open(TICKET), "reply", body="We are at it.", then="waiting")
    assert "Your reply is sent." in sam.send(answer).text
    run_once(desk.services, desk.clock)
    subject, text = mails_to(desk.services, "ada@shop.example")[-2]
    assert subject == "[SUP-1001] Kasse geht nicht"
    assert "Wir haben Ihr Ticket SUP-1001." in text
    assert "Sie hören von uns bis Mittwoch, 25. November, 15:00 Uhr (Ortszeit Paris). Unsere Zusage für Hoch" in text
    _, text = mails_to(desk.services, "ada@shop.example")[-1]
    assert "Sam Rivera hat auf SUP-1001 geantwortet:" in text
    assert "Wir warten auf Ihre Antwort. Bis dahin steht unsere Uhr still." in text
    _, text = mails_to(desk.services, "sam@platform.example")[-1]
    assert "Ada Martin sent a ticket for Riverside Shop." in text

    assert "Wartet auf Sie" in visitor.open("/support/tickets").text
    staff = sam.open(TICKET)
    assert "Written in German" in staff.text
    assert "Status: open → waiting for the customer" in staff.text
    # A colleague's choice isn't overwritten by the next form.
    file_ticket(desk.services, desk.customer, submission="form-2", language="fr")
    assert stored(desk.services, Account)[0].language == "de"


@pytest.mark.parametrize("code", ["", "tlh", "en-XA", "d" * 500, "\0"])
def test_a_form_in_no_language_of_ours_says_nothing_of_its_writer(desk: Desk, ada: Browser, code: str) -> None:
    form = ticket_form_of(ada, language=code)
    assert ada.send(form).status == 200
    assert [ticket.language for ticket in stored(desk.services, Ticket)] == [""]
    assert stored(desk.services, Account)[0].language is None


def test_who_is_unknown_is_told_so_in_the_language_of_the_form(desk: Desk, visitor: Browser) -> None:
    form = ticket_form_of(visitor, email="who@nowhere.example", language="fr")
    visitor.send(form)
    in_browser_of(visitor, "es")
    form = visitor.open("/support/sign-in").form("/support/sign-in")
    form.fields["email"] = "who@nowhere.example"
    visitor.send(form)
    subjects = [subject for subject, _ in mails_to(desk.services, "who@nowhere.example")]
    assert subjects == ["Confirmez votre adresse pour envoyer votre ticket", "No conocemos esta dirección"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_names_its_language_and_direction(desk: Desk, language: str) -> None:
    choose_language(desk.services, desk.customer.id, language)
    file_ticket(desk.services, desk.customer)
    row = next(row for row in stored(desk.services, OutboxMessage) if row.kind == "received")
    html = compose(desk.services, row, desk.services.policy).html
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in html
    assert row.message_id == "<SUP-1001.1.received@127.0.0.1>"


# Nothing is left in English


def read(page: Page) -> list[str]:
    """What can be read on a page, or is read out."""
    for unread in page.all("script", "style", "template"):
        unread.clear()
    names = ("alt", "aria-label", "placeholder", "title", "data-own-time", "data-own-day")
    attributes = [element[name] for element in page.elements for name in names if element.get(name)]
    # What machines said is quoted as they said it, and so are commands, keys, addresses and a language's own name.
    for element in page.elements:
        is_quoted = (
            element.get("lang") == "en"
            or element.tag in {"code", "kbd"}
            or (element.tag == "option" and element.get("lang"))
        )
        if is_quoted or element.text.startswith("http"):
            element.clear()
    return [page.title, page.text, *attributes]


# What the test's own people typed, what names things for machines, and the words of the address in use.
DATA = (
    "The name hooks.example can't be found",
    "ticket.created",
    "ticket.closed",
    "ticket.reopened",
    "ticket.due_soon",
    "ticket.missed",
    "ticket.priority_changed",
    *("Ada Martin", "Sam Rivera", "Kim Adeyemi", "Riverside Shop", "Harbour", "Standard", "Paris"),
    *(
        "ada@shop.example",
        "sam@platform.example",
        "kim@platform.example",
        "gone@nowhere.example",
        "who@nowhere.example",
    ),
    *("support@platform.example", "https://shop.example/checkout", "https://hooks.example/in", "127.0.0.1"),
    *("http://127.0.0.1:8000", "/file-a-ticket/", "Checkout fails", "Another one", "Put a book into the cart."),
    *("Press Pay.", "Expected: a receipt. Seen: Error 502.", "Please try again.", "It is mended.", "error.log"),
    *("Moving house", "A question", "Hello there", "Chrome", "Linux", "root", "ticket.opened", "ticket.replied"),
    *(
        "elsewhere",
        ":late",
        "German",
        "tickets.show",
        ": shop",
        "harbour",
        "nothing",
        "nobody",
        "email,name,project",
        "email,project",
    ),
    *("“A B”", '"A B"', "who,shop", "ada@shop.example,elsewhere", '"who"', "people.disable"),
    *("A B", "who", "CSV", "shop"),
    "“shop”",
)


def walk(desk: Desk) -> Iterator[Page]:
    """The pages of somebody who is signed out, of a customer and of staff, with their mistakes and errors."""
    services, clock = desk.services, desk.clock
    kim, sam_account = build_staff(services, "kim@platform.example", name="Kim Adeyemi"), build_staff(services)
    visitor = in_browser_of(desk.visitor(), PSEUDO_LANGUAGE)
    yield visitor.open("/support/sign-in")
    yield visitor.send(visitor.open("/support/sign-in").form("/support/sign-in"))
    form = visitor.open("/support/sign-in").form("/support/sign-in")
    form.fields["email"] = "who@nowhere.example"
    yield visitor.send(form)
    yield visitor.open("/support/tickets/new")
    yield visitor.send(visitor.open("/support/tickets/new").form("/support/tickets"))
    form = ticket_form_of(visitor, email="ada@shop.example")
    yield visitor.send(form)
    yield visitor.post("/support/tickets", form.fields, {})
    yield visitor.post("/support/sign-out", {}, {})
    yield visitor.post("/support/account/sessions/end", {}, {})
    yield visitor.open(f"/support/sign-in/{TOKEN}")
    yield visitor.open("/support/inbox")
    yield visitor.open("/support/inbox/1")
    yield visitor.post("/support/tickets/SUP-1001/reply", {"body": "Hello there"}, OWN)
    yield visitor.post("/support/tickets/SUP-1001/reply", {"body": "Hello there"}, {})

    ada = in_browser_of(desk.browser_of("ada@shop.example"), PSEUDO_LANGUAGE)
    for path in ("account", "account/sessions", "projects", "tickets", "tickets/new", "nothing-here", "tickets/SUP-1"):
        yield ada.open(f"/support/{path}")
    critical = file_ticket(
        services, desk.customer, priority="critical", answers=DOWN, page="/file-a-ticket/", language="de",
        files=(keep_file(services),),
    )  # fmt: skip
    with services.write.begin() as database:
        database.execute(update(Account).values(language=PSEUDO_LANGUAGE))
    low = file_ticket(services, desk.customer, subject="Another one", priority="low", submission="form-2")
    third = file_ticket(services, desk.customer, subject="A question", submission="form-3")
    ticket = f"/support/tickets/{critical.ticket.reference}"
    yield ada.open("/support/tickets")
    yield ada.open(f"{ticket}/sent")
    yield ada.open(f"/support/tickets/{low.ticket.reference}/sent")
    yield ada.send(ada.open(ticket).form(f"{ticket}/reply"))
    form = ada.open(ticket).form(f"{ticket}/reply")
    form.fields["body"] = "Hello there"
    yield ada.post(f"{ticket}/reply", form.fields, {})
    clock.now += timedelta(hours=3)
    replies.reply_as_staff(services, sam_account.id, 1, written("Please try again.\nIt is mended."), "waiting", clock())
    yield ada.open(ticket)
    triage.close(services, desk.customer.id, 2, clock())
    triage.merge(services, sam_account.id, 3, "SUP-1001", clock(), seen=9)
    for reference in (low.ticket.reference, third.ticket.reference):
        yield ada.open(f"/support/tickets/{reference}")
    yield ada.open("/support/tickets")
    again = ticket_form_of(ada)
    again.fields |= {"submission": "form-2", "language": PSEUDO_LANGUAGE}
    yield ada.send(again)
    wrong = ticket_form_of(ada, url="nowhere", subject="x" * 2000)
    wrong.fields["project"] = "elsewhere"
    yield ada.send(wrong)

    in_browser_of(ada, PSEUDO_LANGUAGE)
    sam = in_browser_of(desk.browser_of(sam_account.email), PSEUDO_LANGUAGE)
    add_endpoint(services, "https://hooks.example/in", clock(), resolve=lambda *_: ["93.184.216.34"])
    run_once(services, clock)
    outbox.send_due(services, lambda _: Outcome(sent=False, error="550 no", permanent=True), clock)
    for _ in range(failed_work.MOST_TRIES):
        failed_work.put_off(services, "rendering", 1, 1, OSError(), clock())
    build_project(services, "harbour", name="Harbour")
    add_closure(
        services, sam_account.id, clock() + timedelta(days=1), clock() + timedelta(days=2), "Moving house", clock()
    )
    mail = b"From: who@nowhere.example\r\nTo: support@platform.example\r\nSubject: Hello there\r\n\r\nHello there\r\n"
    receive.receive(services, mail, "pipe", clock())
    processing.process_next(services, clock)
    triage.assign(services, kim.id, 1, "sam@platform.example", clock(), seen=99)
    triage.correct_answers(services, kim.id, 1, {"need": "question"}, clock(), seen=99, reason="Hello there")
    for path in (
        *("", "?search=status:any", "?search=status:closed", "?search=nothing-like-it", "?search=is:late", "SUP-1001"),
        *("SUP-1002", "SUP-1003", "closures", "outgoing", "outgoing/endpoints/1", "audit", "audit?person=x", "mail"),
        *("mail?show=all", "mail/1"),
    ):
        yield sam.open(f"/support/desk/{path}")
    yield sam.send(sam.open("/support/desk/closures").form("/support/desk/closures"))
    page = sam.open(TICKET)
    yield sam.send(form_of(page, "reply"))
    yield sam.send(form_of(page, "merge", into="SUP-1001"))
    replies.reply_as_customer(services, desk.customer.id, 1, written("Hello there"), clock())
    yield sam.send(form_of(page, "close"))
    yield sam.post(f"{TICKET}/assign", {"assignee": ""}, {})
    yield from walk_people(desk, sam)
    close_project(services, "shop", clock())
    yield ada.open("/support/tickets/new")
    yield ada.open("/support/projects")
    yield ada.send(ada.open("/support/account").form("/support/sign-out"))


def walk_people(desk: Desk, sam: Browser) -> Iterator[Page]:
    """The pages of people and projects, with their mistakes, for Sam who may now manage them."""
    set_manages_people(desk.services, "sam@platform.example", True, desk.clock())
    invite(desk.services, "ada@shop.example", desk.clock())
    here = "/support/desk"
    for path in (
        "people",
        "people?search=nobody",
        "people/add",
        "people/import",
        "people/2",
        "projects",
        "projects/add",
    ):
        yield sam.open(f"{here}/{path}")
    for path in ("projects", "projects/add", "projects?search=nothing"):
        yield sam.open(f"{here}/{path}")
    for form, fields in (
        (f"{here}/people/add", {"email": "who"}),
        (f"{here}/people/import", {"table": "email,project\nwho,shop\nada@shop.example,elsewhere"}),
        (f"{here}/projects/add", {"key": "A B"}),
    ):
        filled_form = sam.open(form).form(form)
        filled_form.fields |= fields
        yield sam.send(filled_form)
    for act, fields in (
        ("name", {"name": ""}),
        ("address", {"email": "who@nowhere.example"}),
        ("address/cancel", {}),
        ("projects", {"project": "harbour"}),
        ("projects/harbour/take-out", {}),
        ("staff/end", {}),
        ("staff", {}),
        ("disable", {}),
        ("enable", {}),
    ):
        form = sam.open(f"{here}/people/2").form(f"{here}/people/2/{act}")
        form.fields |= fields
        yield sam.send(form)
    project = f"{here}/projects/harbour"
    for act, fields in (
        ("", {"plan": ""}),
        ("/members", {"email": "who@nowhere.example"}),
        ("/close", {}),
        ("/reopen", {}),
    ):
        form = sam.open(project).form(f"{project}{act}")
        form.fields |= fields
        yield sam.send(form)
    new = ask_to_change_address(desk.services, "kim@platform.example", "who@nowhere.example", desk.clock())
    assert new
    link = next(row.payload["link"] for row in stored(desk.services, OutboxMessage)[::-1] if "link" in row.payload)
    path = str(link).removeprefix(sam.origin)
    yield sam.open(path)
    yield sam.send(sam.open(path).form(path))
    yield sam.open(path)
    yield sam.post(f"{here}/people/2/disable", {}, {})


REFERENCES = tuple(
    f"{path}SUP-{1000 + ticket}" for path in ("/support/tickets/", "/support/desk/", "") for ticket in range(1, 9)
)


def test_no_page_and_no_mail_of_the_desk_has_a_sentence_left_in_english(desk: Desk) -> None:
    kinds = sorted((f".{kind}" for kind in desk.services.policy.form.attachments.kinds), key=len, reverse=True)
    data = (*REFERENCES, "/support/sign-in", "/support/desk/mail", "/support/account#mails", *DATA, *kinds)
    left = []
    for page in walk(desk):
        assert page.one("html").get("lang") == PSEUDO_LANGUAGE, page.url
        words = [word for text in read(page) for word in not_translated(text, *data)]
        left += [f"{page.url} ({page.status}): {words}"] if words else []
    mails = [row for row in stored(desk.services, OutboxMessage) if row.channel == "mail"]
    assert {row.kind for row in mails} >= {"link", "received", "replied", "closed", "staff-new", "unknown-address"}
    for row in mails:
        row.payload = {**row.payload, "language": PSEUDO_LANGUAGE, "link": "http://127.0.0.1:8000"}
        mail = compose(desk.services, row, desk.services.policy)
        words = not_translated(f"{mail.subject}\n{mail.text}", *filter(None, [mail.unsubscribe_url]), *data)
        left += [f"{row.kind}: {words}"] if words else []
    assert left == []
