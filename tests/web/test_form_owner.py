"""Each form is compared with who sends it: another person's page asks for one more press, and says what that does."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from itsdangerous import URLSafeSerializer

from formapp.accounts.projects import add_member
from formapp.hours.closures import upcoming_closures
from formapp.models import Account, Message, SignedInSession, Ticket
from tests.builders import NOW, REASON, build_account, build_staff, file_ticket, stored
from tests.web.conftest import Desk, filled, ticket_form_of
from tests.web.page import Browser, Form, Page

OWN = {"Sec-Fetch-Site": "same-origin"}
TICKET, DESK = "/support/tickets/SUP-1001", "/support/desk/SUP-1001"
ADA = "Ada Martin (ada@shop.example)"
BEN = "Ben Okafor (ben@shop.example)"
SAM, KIM = "Sam Rivera (sam@platform.example)", "Kim Adeyemi (kim@platform.example)"


@pytest.fixture
def ben(desk: Desk) -> Browser:
    """Ada's colleague."""
    build_account(desk.services, "ben@shop.example", name="Ben Okafor")
    add_member(desk.services, "ben@shop.example", "shop", NOW)
    return desk.browser_of("ben@shop.example")


@pytest.fixture
def her_colleague(desk: Desk, kim: Account) -> Browser:
    """Sam's colleague."""
    return desk.browser_of(kim.email)


def form_on(page: Page, path: str) -> Form:
    """The first form of a page with this action."""
    if any(urlsplit(button.get("formaction", "")).path == path for button in page.all("button")):
        return page.form(path)
    return Form(page, next(form for form in page.all("form") if urlsplit(form["action"]).path == path))


def author_of(desk: Desk) -> str:
    with desk.services.read() as database:
        (ticket,) = stored(desk.services, Ticket)
        author = database.get(Account, ticket.account_id)
    assert author is not None
    return author.email


# The ticket form


def test_a_form_says_whom_it_was_made_for(ada: Browser, visitor: Browser) -> None:
    assert f"Sending as {ADA}" in ada.open("/support/tickets/new").text
    assert "made_for" not in ticket_form_of(visitor).fields
    ada.send(ticket_form_of(ada))
    page = ada.open(TICKET)
    assert f"Sending as {ADA}" in page.text
    assert f"Signed in as {ADA}" in page.one("nav", aria_label="Your account").text
    assert {Form(page, form).fields["made_for"] for form in page.all("form") if form["method"] == "post"} == {
        ada.mark()
    }


def test_opened_as_ada_and_sent_as_ben_it_asks_and_then_files_as_ben(desk: Desk, ada: Browser, ben: Browser) -> None:
    asked = ben.send(ticket_form_of(ada))
    assert asked.status == 422
    assert f"Press Send ticket once more to send it as {BEN}" in asked.text
    assert f"This page was made for {ADA}. You are now signed in as {BEN}." in asked.text
    form = asked.form("/support/tickets")
    assert {name: form.fields[name] for name in filled()} == filled()
    assert desk.stored() == []
    assert ben.send(form).heading == "Your ticket is sent"
    assert (desk.stored(), author_of(desk)) == ([filled()], "ben@shop.example")


def forged(desk: Desk) -> dict[str, str]:
    """Marks that we never made for anybody, by what is wrong with them."""
    ours, theirs = (URLSafeSerializer(key, salt="made for") for key in (desk.services.settings.secret_key, "x" * 40))
    mark = str(ours.dumps(1))
    return {
        "of another secret": str(theirs.dumps(1)),
        "of another purpose": str(URLSafeSerializer(desk.services.settings.secret_key, salt="another").dumps(1)),
        "cut": mark[:-1],
        "for another number": str(ours.dumps(2)).split(".")[0] + "." + mark.split(".")[1],
        "no number": str(ours.dumps("1")),
        "of an account that never was": str(ours.dumps(999)),
        "a number alone": "1",
        "odd": "\0\N{SNOWMAN}.",
        "long": "A" * 10_000,
    }


FORGED = (
    "of another secret", "of another purpose", "cut", "for another number", "no number",
    "of an account that never was", "a number alone", "odd", "long",
)  # fmt: skip


@pytest.mark.parametrize("mark", FORGED)
def test_a_forged_mark_is_nobody_s_and_tells_no_name(desk: Desk, ada: Browser, mark: str) -> None:
    asked = ada.send(ticket_form_of(ada, made_for=forged(desk)[mark]))
    assert asked.status == 422
    assert f"We couldn't tell whom this page was made for. You are now signed in as {ADA}." in asked.text
    assert desk.stored() == []
    assert ada.send(asked.form("/support/tickets")).heading == "Your ticket is sent"


@pytest.mark.parametrize(("email", "asks"), [("Ada@Shop.example ", False), ("ben@shop.example", True), ("ben", True)])
def test_the_guide_s_form_is_whose_address_is_typed_into_it(desk: Desk, ada: Browser, email: str, asks: bool) -> None:
    """It is built before anybody reads it, and without script it learns of nobody."""
    answer = ada.post("/support/tickets", filled(email=email), OWN)
    assert answer.heading == ("Open a ticket" if asks else "Your ticket is sent")
    if asks:
        assert f"This form was filled in for {email}. You are now signed in as {ADA}." in answer.text
        assert ada.send(answer.form("/support/tickets")).heading == "Your ticket is sent"
    assert author_of(desk) == "ada@shop.example"


def test_the_draft_of_a_page_of_ada_s_is_not_ben_s_to_drop(desk: Desk, ada: Browser, ben: Browser) -> None:
    fields = filled(email="ada@shop.example")
    desk.visitor().post("/support/tickets", fields, OWN)
    inbox = ada.open("/support/inbox")
    mail = ada.open(next(link["href"] for link in inbox.all("a") if link["href"].startswith("/support/inbox/")))
    link = next(link["href"] for link in mail.all("a") if "/support/sign-in/" in link["href"])
    opened = ada.open(link.removeprefix(ada.origin))
    filled_again = ada.send(opened.form(opened.url))
    address = filled_again.url
    assert filled_again.form("/support/tickets").fields["description"] == fields["description"]

    theirs = ben.open(address)
    assert "It opens only for the address that it was saved with" in theirs.text
    assert theirs.form("/support/tickets").fields["description"] == ""
    assert desk.visitor().open(address).heading == "Sign in"
    # Ben presses Ada's page, and has a ticket of his own; her draft is still hers.
    ben.send(ben.send(filled_again.form("/support/tickets")).form("/support/tickets"))
    assert author_of(desk) == "ben@shop.example"
    assert ada.open(address).form("/support/tickets").fields["description"] == fields["description"]


# Texts on a ticket


def test_a_reply_of_ada_s_page_is_ben_s_after_one_more_press(desk: Desk, ada: Browser, ben: Browser) -> None:
    file_ticket(desk.services, desk.customer)
    form = form_on(ada.open(TICKET), f"{TICKET}/reply")
    form.fields["body"] = "It fails in Firefox"
    asked = ben.send(form)
    assert asked.status == 422
    assert f"Not sent yet: press Send reply once more to send it to SUP-1001 as {BEN}" in asked.text
    assert f"This page was made for {ADA}. You are now signed in as {BEN}." in asked.text
    assert stored(desk.services, Message) == []
    ben.send(asked.form(f"{TICKET}/reply"))
    (message,) = stored(desk.services, Message)
    assert (message.body, message.account_id) == ("It fails in Firefox", 2)


@pytest.mark.parametrize("who", ["a stranger", "staff"])
def test_who_may_not_reply_there_gets_the_text_to_copy_and_nothing_of_the_ticket(
    desk: Desk, ada: Browser, who: str
) -> None:
    file_ticket(desk.services, desk.customer)
    build_staff(desk.services)
    build_account(desk.services, "cleo@museum.example", name="Cleo Lindqvist")
    other = desk.browser_of("sam@platform.example" if who == "staff" else "cleo@museum.example")
    form = form_on(ada.open(TICKET), f"{TICKET}/reply")
    form.fields["body"] = "It fails in Firefox"
    told = other.send(form)
    assert (told.status, told.heading) == (422, "Not sent: somebody else is signed in")
    assert f"This page was made for {ADA}." in told.text
    assert told.one("textarea", id="body").text.strip() == "It fails in Firefox"
    assert told.all("button", type="submit") == []
    assert "Checkout fails" not in told.text
    assert stored(desk.services, Message) == []


@pytest.mark.parametrize(
    ("act", "button", "would"), [("reply", "Send reply", "send"), ("note", "Add internal note", "add")]
)
def test_staff_texts_ask_too(
    desk: Desk, sam: Browser, her_colleague: Browser, act: str, button: str, would: str
) -> None:
    form = form_on(sam.open(DESK), f"{DESK}/{act}")
    form.fields["body"] = "Look at the logs"
    asked = her_colleague.send(form)
    assert f"press {button} once more to {would} it to SUP-1001 as {KIM}" in asked.text
    assert stored(desk.services, Message) == []
    her_colleague.send(form_on(asked, f"{DESK}/{act}"))
    assert [message.body for message in stored(desk.services, Message)] == ["Look at the logs"]


@pytest.mark.parametrize("mark", [*FORGED, "missing"])
def test_a_reply_without_a_mark_of_ours_asks_and_loses_nothing(desk: Desk, ada: Browser, mark: str) -> None:
    file_ticket(desk.services, desk.customer)
    form = form_on(ada.open(TICKET), f"{TICKET}/reply")
    form.fields["body"] = "It fails in Firefox"
    if mark == "missing":
        del form.fields["made_for"]
    else:
        form.fields["made_for"] = forged(desk)[mark]
    asked = ada.send(form)
    assert (asked.status, asked.form(f"{TICKET}/reply").fields["body"]) == (422, "It fails in Firefox")
    assert "We couldn't tell whom this page was made for" in asked.text
    assert stored(desk.services, Message) == []
    ada.send(asked.form(f"{TICKET}/reply"))
    assert len(stored(desk.services, Message)) == 1


# Everything else that acts


def test_closing_from_ada_s_page_names_what_ben_would_do(desk: Desk, ada: Browser, ben: Browser) -> None:
    file_ticket(desk.services, desk.customer)
    asked = ben.send(ada.open(TICKET).form(f"{TICKET}/close"))
    assert (asked.status, asked.heading) == (422, "Press Close ticket once more")
    assert f"This page was made for {ADA}. You are now signed in as {BEN}." in asked.text
    assert f"Press Close ticket once more to close SUP-1001 as {BEN}." in asked.text
    assert stored(desk.services, Ticket)[0].state == "open"
    ben.send(asked.form(f"{TICKET}/close"))
    assert stored(desk.services, Ticket)[0].state == "closed"


def facts(desk: Desk) -> tuple[object, ...]:
    ticket = stored(desk.services, Ticket)[0]
    closures = [one.note for one in upcoming_closures(desk.services, desk.clock())]
    return ticket.assignee_id, ticket.priority, ticket.state, ticket.merged_into_id, closures


ACTS = {
    "assign": ({"assignee": "sam@platform.example"}, "Assign", "assign SUP-1001 to sam@platform.example"),
    "answers": (
        {"answer-workaround": "holds", "answer-severity": "minor", "reason": REASON},
        "Save answers",
        "save these answers of SUP-1001",
    ),
    "close": ({}, "Close without a reply", "close SUP-1001"),
    "merge": ({"into": "SUP-1002"}, "Merge", "merge SUP-1001 into SUP-1002"),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("whose", ["a colleague's", "nobody's"])
def test_what_staff_do_asks_names_it_and_is_done_by_one_more_press(
    desk: Desk, sam: Browser, her_colleague: Browser, act: str, whose: str
) -> None:
    file_ticket(desk.services, desk.customer, submission="form-2", subject="The same again")
    changes, button, would = ACTS[act]
    form = form_on(sam.open(DESK), f"{DESK}/{act}")
    form.fields |= changes
    if whose == "nobody's":
        del form.fields["made_for"]
    before = facts(desk)
    asked = her_colleague.send(form)
    assert asked.heading == f"Press {button} once more"
    assert f"Press {button} once more to {would} as {KIM}." in asked.text
    first = f"This page was made for {SAM}." if whose == "a colleague's" else "We couldn't tell whom"
    assert first in asked.text
    assert facts(desk) == before
    assert her_colleague.send(asked.form(f"{DESK}/{act}")).status == 200
    assert facts(desk) != before


def test_unassigning_and_closures_are_named_too(desk: Desk, sam: Browser, her_colleague: Browser) -> None:
    form = form_on(sam.open(DESK), f"{DESK}/assign")
    form.fields["assignee"] = ""
    assert f"once more to make SUP-1001 unassigned as {KIM}." in her_colleague.send(form).text

    path = "/support/desk/closures"
    form = sam.open(path).form(path)
    form.fields |= {"start": "2026-12-24T12:00", "end": "2026-12-28T09:00", "note": "so long " * 20}
    assert f"the closure “{'so long ' * 12}so…” as {KIM}." in her_colleague.send(form).text
    form.fields["note"] = "Winter {break}"
    asked = her_colleague.send(form)
    assert f"Press Announce closure once more to announce the closure “Winter {{break}}” as {KIM}." in asked.text
    assert her_colleague.send(asked.form(path)).status == 200
    page = sam.open(path)
    cancel = next(form["action"] for form in page.all("form") if form["action"].endswith("/cancel"))
    asked = her_colleague.send(page.form(cancel))
    assert f"Press Cancel closure once more to cancel the closure “Winter {{break}}” as {KIM}." in asked.text
    assert len(facts(desk)[-1]) == 1  # type: ignore[arg-type]
    her_colleague.send(asked.form(cancel))
    assert facts(desk)[-1] == []


def test_signing_out_on_ada_s_page_asks_whether_ben_means_himself(desk: Desk, ada: Browser, ben: Browser) -> None:
    form = ada.open("/support/account").form("/support/sign-out")
    asked = ben.send(form, button=("everywhere", "yes"))
    assert asked.heading == "Press Sign out everywhere once more"
    assert f"once more to sign you out on all your devices as {BEN}." in asked.text
    assert len(stored(desk.services, SignedInSession)) == 2
    assert "signed out on all your devices" in ben.send(asked.form("/support/sign-out")).text
    assert len(stored(desk.services, SignedInSession)) == 1


def test_who_may_not_act_there_learns_nothing_by_a_page_of_somebody_else(sam: Browser, ada: Browser) -> None:
    for act in ACTS:
        assert ada.send(form_on(sam.open(DESK), f"{DESK}/{act}")).status == 404
