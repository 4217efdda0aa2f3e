"""Files go with a ticket through the plain form: what is good is kept whatever happens, and nothing twice."""

from __future__ import annotations

import pytest

from formapp.accounts.projects import close_project
from formapp.app import create_app
from formapp.models import Message
from formapp.tickets.triage import close
from formapp.web.rate_limits import RateLimits
from tests.attachments.odd_files import ODD_FILES, OddFile
from tests.attachments.photos import SECRETS, photo
from tests.builders import NOW, Clock, build_customer, build_services, build_staff, keep_file, stored
from tests.web.attaching import LOG, attached_names, attachments, form_with, kept_names, sentence_at_files, waiting
from tests.web.conftest import Desk, filled, follow_newest_link, ticket_form_of
from tests.web.page import Browser, Form, Page

NO_WORD = {"Content-Type": ""}
TICKET = "/support/tickets/SUP-1001"


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk that takes any number of tickets, for all the odd files."""
    services = build_services(tmp_path_factory.mktemp("patient"))
    customer, clock = build_customer(services), Clock()
    limits = RateLimits(services, clock, tickets_an_hour=10_000)
    return Desk(create_app(services=services, clock=clock, limits=limits), services, clock, customer)


@pytest.fixture(scope="module")
def sender(patient: Desk) -> Browser:
    return patient.browser_of("ada@shop.example")


@pytest.mark.parametrize("odd", ODD_FILES, ids=lambda odd: odd.label)
def test_every_odd_file_gets_its_answer_through_the_plain_form(patient: Desk, sender: Browser, odd: OddFile) -> None:
    content, before = odd.content(), waiting(patient)
    form = form_with(sender, (odd.raw_name, content), subject=odd.label)
    # Photos go as they are where the box is unticked.
    del form.fields["clean"]
    answer = sender.send(form)
    if odd.refused:
        assert answer.status == 422
        assert odd.refused in sentence_at_files(answer)
        assert answer.form("/support/tickets").fields["description"] == filled()["description"]
        assert waiting(patient) == before
        return
    assert answer.heading == "Your ticket is sent"
    ticket = answer.url.removesuffix("/sent")
    page = sender.open(ticket)
    assert attached_names(page) == [odd.kept_as]
    link = page.one("a", download="")["href"]
    assert sender.answer("GET", link).get_data() == content


def test_several_files_go_along_two_of_one_name_too(desk: Desk, ada: Browser) -> None:
    ada.send(form_with(ada, ("a.log", b"first"), ("a.log", b"second"), ("b.csv", b"x;y")))
    assert attachments(desk) == [("a.log", 5), ("a.log", 6), ("b.csv", 3)]
    assert waiting(desk) == 0
    page = ada.open(TICKET)
    links = [link["href"] for link in page.all("a", download="")]
    assert [ada.answer("GET", link).get_data() for link in links] == [b"first", b"second", b"x;y"]


def test_the_limits_stand_beside_the_field_before_anything_is_chosen(ada: Browser) -> None:
    page = ada.open("/support/tickets/new")
    hint = page.one("p", id="ticket-files-hint").text
    assert hint.startswith("Up to 10 files, 10 MB each, 25 MB in all: .log, .txt")
    assert page.one("input", id="ticket-files")["aria-describedby"] == "ticket-files-hint"
    assert page.form("/support/tickets").element["enctype"] == "multipart/form-data"


def test_a_refused_file_costs_neither_the_text_nor_the_good_files(desk: Desk, ada: Browser) -> None:
    again = ada.send(form_with(ada, ("good.log", LOG), ("logo.svg", b"<svg/>"), ("fine.txt", b"fine")))
    assert again.status == 422
    assert "“logo.svg”" in sentence_at_files(again)
    assert again.one("a", href="#ticket-files").text == sentence_at_files(again)
    assert kept_names(again) == ["good.log", "fine.txt"]
    form = again.form("/support/tickets")
    assert {name: form.fields[name] for name in filled()} == filled()
    assert ada.send(form).heading == "Your ticket is sent"
    assert [name for name, _ in attachments(desk)] == ["good.log", "fine.txt"]


def test_each_refused_file_has_a_sentence_of_its_own(ada: Browser) -> None:
    again = ada.send(form_with(ada, ("a.exe", b"MZ"), ("b.html", b"<p>"), ("c.log", b"")))
    links = [link.text for link in again.all("a", href="#ticket-files")]
    assert [name in sentence for name, sentence in zip(("a.exe", "b.html", "c.log"), links, strict=True)] == [True] * 3


def test_an_error_at_a_field_keeps_the_files(desk: Desk, ada: Browser) -> None:
    again = ada.send(form_with(ada, ("good.log", LOG), subject=""))
    assert kept_names(again) == ["good.log"]
    form = again.form("/support/tickets")
    form.fields["subject"] = "Checkout fails"
    form.attach("more.log", b"more")
    ada.send(form)
    assert [name for name, _ in attachments(desk)] == ["good.log", "more.log"]


def test_remove_takes_one_file_away_and_nothing_else(desk: Desk, ada: Browser) -> None:
    again = ada.send(form_with(ada, ("wrong.log", LOG), ("right.log", LOG), subject=""))
    wrong = again.form("/support/tickets").kept[0]
    removed = ada.send(again.form("/support/tickets"), button=("remove_file", wrong))
    assert (removed.status, kept_names(removed)) == (200, ["right.log"])
    assert "wrong.log is removed" in removed.text
    form = removed.form("/support/tickets")
    assert form.fields["description"] == filled()["description"]
    assert desk.services.files.metadata(wrong) is None
    assert desk.stored() == []


def test_help_with_the_priority_keeps_the_files(ada: Browser) -> None:
    answers = "need=broken&environment=production&impact=down&workaround=none"
    chosen = ada.send(form_with(ada, ("good.log", LOG)), button=("use_answers", answers))
    assert kept_names(chosen) == ["good.log"]


def test_a_warning_stands_beside_a_file_that_often_holds_secrets(ada: Browser) -> None:
    again = ada.send(form_with(ada, (".env", b"PASSWORD=x"), subject=""))
    assert kept_names(again) == [".env"]
    assert any("password" in warning.text.lower() for warning in again.all("p", class_="support-warning"))


def test_files_survive_signing_in(desk: Desk, visitor: Browser) -> None:
    told = visitor.send(form_with(visitor, ("good.log", LOG), email="ada@shop.example"))
    assert told.heading == "Check your mail"
    kept = follow_newest_link(visitor)
    assert kept_names(kept) == ["good.log"]
    assert visitor.send(kept.form("/support/tickets")).heading == "Your ticket is sent"
    assert attachments(desk) == [("good.log", len(LOG))]


def test_files_survive_a_missing_address(visitor: Browser) -> None:
    again = visitor.send(form_with(visitor, ("good.log", LOG), email=""))
    assert kept_names(again) == ["good.log"]


def test_files_survive_a_session_that_ended_elsewhere(desk: Desk, ada: Browser) -> None:
    form = form_with(ada, ("good.log", LOG))
    phone = desk.browser_of("ada@shop.example")
    phone.send(phone.open("/support/account").form("/support/sign-out"), button=("everywhere", "yes"))
    again = ada.send(form)
    assert kept_names(again) == ["good.log"]
    fields = again.form("/support/tickets")
    fields.fields["email"] = "ada@shop.example"
    ada.send(fields)
    kept = follow_newest_link(ada)
    ada.send(kept.form("/support/tickets"))
    assert attachments(desk) == [("good.log", len(LOG))]


def test_files_survive_a_changed_secret_and_one_more_press(
    desk: Desk, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = form_with(ada, ("good.log", LOG))
    monkeypatch.setattr(desk.app, "secret_key", "another secret that is long enough too")
    asked = ada.send(form, headers={"Origin": "null"})
    assert "Press Send ticket once more" in asked.text
    assert kept_names(asked) == ["good.log"]
    assert desk.stored() == []
    assert ada.send(asked.form("/support/tickets")).heading == "Your ticket is sent"
    assert attachments(desk) == [("good.log", len(LOG))]


def test_without_an_active_project_the_page_names_the_files_that_were_not_sent(desk: Desk, ada: Browser) -> None:
    form = form_with(ada, ("good.log", LOG))
    close_project(desk.services, "shop", NOW)
    page = ada.send(form)
    assert page.heading == "You need an active project"
    assert "good.log" in page.text


def test_sending_the_same_files_again_is_the_same_ticket(desk: Desk, ada: Browser) -> None:
    """Without script a resend brings the files anew."""
    form = form_with(ada, ("good.log", LOG))
    assert ada.send(form).url == ada.send(form).url == f"{TICKET}/sent"
    assert attachments(desk) == [("good.log", len(LOG))]


def test_pressing_twice_with_kept_files_is_one_ticket(desk: Desk, ada: Browser) -> None:
    form = ada.send(form_with(ada, ("good.log", LOG), subject="")).form("/support/tickets")
    form.fields["subject"] = "Checkout fails"
    assert ada.send(form).url == ada.send(form).url == f"{TICKET}/sent"
    assert attachments(desk) == [("good.log", len(LOG))]


def test_another_file_under_a_used_id_is_shown_again_and_can_be_added_as_a_reply(desk: Desk, ada: Browser) -> None:
    form = form_with(ada, ("good.log", LOG))
    ada.send(form)
    form.fields["description"] = "It fails for guests, too."
    form.chosen = [("guests.log", b"guest 17")]
    told = ada.send(form)
    assert told.status == 422
    assert "SUP-1001 was already sent with this form" in told.text
    assert kept_names(told) == ["guests.log"]
    button = told.one("button", name="add_to")
    assert (button["form"], button.text) == ("ticket", "Add this to SUP-1001")
    added = ada.send(told.form("/support/tickets"), button=("add_to", "SUP-1001"))
    assert added.url == f"{TICKET}#newest"
    assert [message.body for message in stored(desk.services, Message)] == ["It fails for guests, too."]
    assert attached_names(added) == ["good.log", "guests.log"]
    assert len(desk.stored()) == 1


def test_what_is_added_says_what_else_was_new_and_twice_is_once(desk: Desk, ada: Browser) -> None:
    form = form_with(ada)
    ada.send(form)
    form.fields |= {"subject": "Login fails", "url": "https://shop.example/login", "description": "Since noon."}
    again = ada.send(form).form("/support/tickets")
    for _ in range(2):
        ada.send(again, button=("add_to", "SUP-1001"))
    bodies = [message.body for message in stored(desk.services, Message)]
    assert bodies == ["Login fails\n\nhttps://shop.example/login\n\nSince noon."]


def test_adding_with_a_refused_file_sends_nothing_and_offers_it_again(desk: Desk, ada: Browser) -> None:
    form = form_with(ada, ("good.log", LOG))
    ada.send(form)
    form.fields["description"] = "It fails for guests, too."
    again = ada.send(form).form("/support/tickets")
    again.attach("logo.svg", b"<svg/>")
    told = ada.send(again, button=("add_to", "SUP-1001"))
    assert "“logo.svg”" in sentence_at_files(told)
    assert told.one("button", name="add_to")["value"] == "SUP-1001"
    assert stored(desk.services, Message) == []
    assert ada.send(told.form("/support/tickets"), button=("add_to", "SUP-1001")).url == f"{TICKET}#newest"
    assert [message.body for message in stored(desk.services, Message)] == ["It fails for guests, too."]


def test_a_closed_ticket_opens_again_for_what_is_added(desk: Desk, ada: Browser) -> None:
    form = form_with(ada)
    ada.send(form)
    close(desk.services, desk.customer.id, 1, desk.clock())
    form.fields["description"] = "It fails again."
    ada.send(ada.send(form).form("/support/tickets"), button=("add_to", "SUP-1001"))
    assert [ticket.state for ticket in desk.tickets()] == ["open"]


def test_a_ticket_of_others_takes_no_reply_from_the_form(desk: Desk, ada: Browser) -> None:
    again = ada.send(form_with(ada, ("good.log", LOG)), button=("add_to", "SUP-1001"))
    assert again.status == 422
    assert kept_names(again) == ["good.log"]
    assert stored(desk.services, Message) == []


def test_a_file_beyond_the_number_is_refused_by_itself(desk: Desk, ada: Browser) -> None:
    again = ada.send(form_with(ada, *((f"{number}.log", LOG) for number in range(12))))
    assert again.status == 422
    assert "“10.log” was not attached: up to 10 files can be attached" in sentence_at_files(again)
    assert len(kept_names(again)) == 10
    assert waiting(desk) == 10
    ada.send(again.form("/support/tickets"))
    assert len(attachments(desk)) == 10


def test_a_file_beyond_the_sum_is_refused_by_itself(desk: Desk, ada: Browser) -> None:
    nine = b"x" * 9_000_000
    again = ada.send(form_with(ada, ("a.log", nine), ("b.log", nine), ("c.log", nine), ("d.log", b"small")))
    assert "“c.log” was not attached: with it the files would be 27 MB; up to 25 MB" in sentence_at_files(again)
    assert kept_names(again) == ["a.log", "b.log", "d.log"]
    assert waiting(desk) == 3


def test_a_token_that_nobody_knows_is_said_at_the_field(desk: Desk, ada: Browser) -> None:
    form = form_with(ada)
    form.kept = ["A" * 43, "../../etc/passwd", ""]
    again = ada.send(form)
    assert again.status == 422
    assert sentence_at_files(again)
    assert again.form("/support/tickets").kept == []
    assert ada.send(again.form("/support/tickets")).heading == "Your ticket is sent"
    assert attachments(desk) == []


def test_a_file_goes_with_one_ticket_only(desk: Desk, ada: Browser) -> None:
    token = keep_file(desk.services)
    first, second = form_with(ada), form_with(ada, subject="Another thing")
    first.kept = second.kept = [token]
    ada.send(first)
    again = ada.send(second)
    assert "was sent before" in sentence_at_files(again)
    assert again.form("/support/tickets").kept == []
    assert len(attachments(desk)) == 1


def test_a_form_as_urlencoded_text_carries_kept_files_too(desk: Desk, ada: Browser) -> None:
    token = keep_file(desk.services)
    sent = ada.post("/support/tickets", {**filled(), "file": token}, {"Sec-Fetch-Site": "same-origin"})
    assert sent.heading == "Your ticket is sent"
    assert attachments(desk) == [("error.log", 19)]


def reply_form(page: Page, kind: str = "reply") -> Form:
    side = "desk" if "/support/desk/" in page.url else "tickets"
    return page.form(f"/support/{side}/SUP-1001/{kind}")


def test_files_go_with_replies_of_both_sides_and_stand_at_their_message(desk: Desk, ada: Browser) -> None:
    build_staff(desk.services)
    sam = desk.browser_of("sam@platform.example")
    ada.send(ticket_form_of(ada))
    form = reply_form(ada.open(TICKET))
    form.fields["body"] = "Here is the log."
    form.attach("shop.log", LOG)
    assert attached_names(ada.send(form)) == ["shop.log"]
    form = reply_form(sam.open("/support/desk/SUP-1001"))
    form.fields |= {"body": "Try these settings.", "then": "waiting"}
    form.attach("nginx.conf", b"server {}")
    sam.send(form)
    page = ada.open(TICKET)
    messages = [
        page.all("li", class_=kind)[0] for kind in ("support-message", "support-message support-message--staff")
    ]
    shown = [[name.text for name in page.all("bdi") if name.inside(message)] for message in messages]
    assert shown == [["Ada Martin", "shop.log"], ["Sam Rivera", "nginx.conf"]]
    assert attached_names(sam.open("/support/desk/SUP-1001")) == ["shop.log", "nginx.conf"]


@pytest.mark.parametrize("kind", ["reply", "note"])
def test_a_refused_file_of_a_staff_text_keeps_the_rest(desk: Desk, ada: Browser, kind: str) -> None:
    build_staff(desk.services)
    sam = desk.browser_of("sam@platform.example")
    ada.send(ticket_form_of(ada))
    form = reply_form(sam.open("/support/desk/SUP-1001"), kind)
    form.fields |= {"body": "See the files.", "then": "open"}
    form.attach("good.log", LOG)
    form.attach("logo.svg", b"<svg/>")
    again = sam.send(form)
    assert again.status == 422
    assert "“logo.svg”" in sentence_at_files(again, "message")
    form = reply_form(again, kind)
    assert (form.fields["body"], len(form.kept)) == ("See the files.", 1)
    removed = sam.send(form, button=("remove_file", form.kept[0]))
    assert (removed.status, reply_form(removed, kind).fields["body"]) == (200, "See the files.")
    assert reply_form(removed, kind).kept == []
    sam.send(reply_form(again, kind))
    # It was removed meanwhile; the text is still there, and says so.
    assert stored(desk.services, Message) == []


def test_a_refused_file_of_a_customers_reply_keeps_the_rest(ada: Browser) -> None:
    ada.send(ticket_form_of(ada))
    form = reply_form(ada.open(TICKET))
    form.fields["body"] = "See the files."
    form.attach("good.log", LOG)
    form.attach("logo.svg", b"<svg/>")
    again = ada.send(form)
    assert again.one("a", href="#reply-files").text == sentence_at_files(again, "reply")
    assert kept_names(again) == ["good.log"]
    page = ada.send(reply_form(again))
    assert attached_names(page) == ["good.log"]


def test_signed_out_meanwhile_a_reply_waits_with_its_files(desk: Desk, ada: Browser) -> None:
    ada.send(ticket_form_of(ada))
    form = reply_form(ada.open(TICKET))
    form.fields["body"] = "Here is the log."
    form.attach("shop.log", LOG)
    phone = desk.browser_of("ada@shop.example")
    phone.send(phone.open("/support/account").form("/support/sign-out"), button=("everywhere", "yes"))
    asked = ada.send(form)
    asked_form = asked.form("/support/sign-in")
    asked_form.fields["email"] = "ada@shop.example"
    ada.send(asked_form)
    kept = follow_newest_link(ada)
    assert kept_names(kept) == ["shop.log"]
    assert attached_names(ada.send(reply_form(kept))) == ["shop.log"]


def test_photos_lose_their_details_where_the_box_is_ticked_as_it_is_at_first(ada: Browser) -> None:
    form = form_with(ada, ("shop.jpg", photo("JPEG")), ("app.log", LOG))
    assert form.fields["clean"] == "1"
    assert ada.send(form).heading == "Your ticket is sent"
    links = [link["href"] for link in ada.open(TICKET).all("a", download="")]
    cleaned, log = (ada.answer("GET", link).get_data() for link in links)
    assert [secret for secret in SECRETS if secret in cleaned] == []
    assert log == LOG


def test_a_photo_that_cannot_be_cleaned_is_named_and_goes_where_the_box_is_unticked(desk: Desk, ada: Browser) -> None:
    damaged = photo("JPEG")[:400]
    again = ada.send(form_with(ada, ("shop.jpg", damaged), ("app.log", LOG)))
    assert again.status == 422
    assert "can't be taken out of “shop.jpg”" in sentence_at_files(again)
    assert kept_names(again) == ["app.log"]
    form = again.form("/support/tickets")
    del form.fields["clean"]
    # A mistake elsewhere leaves the box as it was.
    form.fields["subject"] = ""
    again = ada.send(form)
    assert "clean" not in again.form("/support/tickets").fields
    form = again.form("/support/tickets")
    form.fields["subject"] = "Checkout fails"
    form.attach("shop.jpg", damaged)
    assert ada.send(form).heading == "Your ticket is sent"
    assert [name for name, _ in attachments(desk)] == ["app.log", "shop.jpg"]


def test_the_box_stands_in_replies_and_on_the_desk_too(desk: Desk, ada: Browser) -> None:
    ada.send(form_with(ada))
    form = ada.open(TICKET).form(f"{TICKET}/reply")
    form.fields["body"] = "As asked"
    form.attach("shop.jpg", photo("JPEG"))
    ada.send(form)
    sam = desk.browser_of(build_staff(desk.services).email)
    form = sam.open("/support/desk/SUP-1001").form("/support/desk/SUP-1001/note")
    form.fields["body"] = "See this"
    form.attach("note.jpg", photo("JPEG"))
    sam.send(form)
    links = [link["href"] for link in sam.open("/support/desk/SUP-1001").all("a", download="")]
    assert len(links) == 2
    for link in links:
        content = sam.answer("GET", link).get_data()
        assert [secret for secret in SECRETS if secret in content] == []
