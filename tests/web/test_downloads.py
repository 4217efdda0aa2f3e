"""A file comes out as it went in, under its own name, to those who may see its ticket and to nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.http import parse_options_header

from formapp.attachments import jobs as attachment_jobs
from formapp.models import Attachment
from formapp.tickets import replies
from formapp.tickets.replies import MessageInput
from formapp.web.tickets.attachments import disposition
from tests.attachments.odd_files import ODD_FILES, OddFile, picture
from tests.builders import NOW, build_account, build_project, build_staff, file_ticket, keep_file, stored
from tests.web.attaching import LOG, attached_names
from tests.web.conftest import Desk
from tests.web.page import Browser

FILE = "/support/tickets/SUP-1001/files/1"
AT_THE_DESK = "/support/desk/SUP-1001/files/1"


@pytest.fixture
def sent(desk: Desk) -> Desk:
    """A desk with a ticket that has a log."""
    file_ticket(desk.services, desk.customer, files=(keep_file(desk.services, "shop.log", LOG),))
    return desk


@pytest.fixture
def sam(desk: Desk) -> Browser:
    build_staff(desk.services)
    return desk.browser_of("sam@platform.example")


@pytest.fixture
def stranger(desk: Desk) -> Browser:
    build_account(desk.services, "cleo@museum.example")
    build_project(desk.services, "museum", "cleo@museum.example", name="City Museum")
    return desk.browser_of("cleo@museum.example")


def change(desk: Desk, **values: Any) -> None:
    with desk.services.write.begin() as database:
        database.execute(update(Attachment).values(**values))


@pytest.mark.usefixtures("sent")
def test_a_file_is_saved_and_never_shown_on_this_origin(ada: Browser) -> None:
    answer = ada.answer("GET", FILE)
    assert answer.get_data() == LOG
    headers = dict(answer.headers)
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Length"] == str(len(LOG))
    assert headers["Content-Disposition"] == "attachment; filename=shop.log"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.usefixtures("sent")
def test_the_head_of_a_file_has_its_length_and_no_body(ada: Browser) -> None:
    answer = ada.answer("HEAD", FILE)
    assert (answer.headers["Content-Length"], answer.get_data()) == (str(len(LOG)), b"")


@pytest.mark.usefixtures("sent")
def test_permission_is_asked_each_time(
    desk: Desk, ada: Browser, sam: Browser, stranger: Browser, visitor: Browser
) -> None:
    assert [browser.answer("GET", FILE).status_code for browser in (ada, stranger, visitor)] == [200, 404, 303]
    assert sam.answer("GET", FILE).headers["Location"] == "/support/desk/SUP-1001"
    desks = [browser.answer("GET", AT_THE_DESK).status_code for browser in (sam, ada, stranger, visitor)]
    assert desks == [200, 404, 404, 303]
    page = ada.open("/support/account")
    ada.send(page.form("/support/sign-out"))
    assert ada.answer("GET", FILE).status_code == 303
    assert len(desk.tickets()) == 1


@pytest.mark.usefixtures("sent")
def test_a_file_of_another_ticket_is_not_found_through_ones_own(desk: Desk, stranger: Browser) -> None:
    cleo = desk.browser_of("cleo@museum.example")
    museum = build_account(desk.services, "mia@museum.example")
    build_project(desk.services, "archive", "mia@museum.example", "cleo@museum.example", name="Archive")
    file_ticket(desk.services, museum, project="archive", submission="form-2")
    assert cleo.answer("GET", "/support/tickets/SUP-1002").status_code == 200
    assert stranger.answer("GET", "/support/tickets/SUP-1002/files/1").status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "2", "01", "1.0", "x", "١", "9" * 30, "%00", "1%20"])
@pytest.mark.usefixtures("sent")
def test_an_odd_number_of_a_file_is_a_page_that_is_not_there(ada: Browser, number: str) -> None:
    for path in (f"/support/tickets/SUP-1001/files/{number}", f"/support/tickets/SUP-1001/files/{number}/preview"):
        assert ada.open(path).status == 404


def test_a_file_of_a_note_never_reaches_a_customer(sent: Desk, ada: Browser, sam: Browser) -> None:
    account = build_account(sent.services, "nora@platform.example", is_staff=True)
    token = keep_file(sent.services, "case-17.png", picture("PNG")())
    note = MessageInput("Between us.", "note-1", files=(token,))
    replies.add_note(sent.services, account.id, sent.tickets()[0].id, note, NOW)
    attachment_jobs.run_due(sent.services, sent.clock)
    for path in ("/support/tickets/SUP-1001/files/2", "/support/tickets/SUP-1001/files/2/preview"):
        assert ada.answer("GET", path).status_code == 404
    assert attached_names(ada.open("/support/tickets/SUP-1001")) == ["shop.log"]
    assert "case-17" not in ada.open("/support/tickets/SUP-1001").html
    assert attached_names(sam.open("/support/desk/SUP-1001")) == ["shop.log", "case-17.png"]
    for path in ("/support/desk/SUP-1001/files/2", "/support/desk/SUP-1001/files/2/preview"):
        assert sam.answer("GET", path).status_code == 200


@pytest.mark.parametrize("odd", [odd for odd in ODD_FILES if not odd.refused], ids=lambda odd: odd.label)
def test_the_header_names_every_file_right_and_is_one_line_of_ascii(odd: OddFile) -> None:
    name_of = name_in(disposition(odd.kept_as))
    assert name_of == odd.kept_as


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("shop.log", "attachment; filename=shop.log"),
        ("my log.txt", 'attachment; filename="my log.txt"'),
        ("café.log", "attachment; filename=cafe.log; filename*=UTF-8''caf%C3%A9.log"),
        ("決済.log", "attachment; filename=file.log; filename*=UTF-8''%E6%B1%BA%E6%B8%88.log"),
        ('a"b.log', "attachment; filename=a_b.log; filename*=UTF-8''a%22b.log"),
        ("a%41.log", "attachment; filename=a_41.log; filename*=UTF-8''a%2541.log"),
        ("a\r\nSet-Cookie: x.log", "attachment; filename=\"a__Set-Cookie_ x.log\"; filename*=UTF-8''"),
    ],
)
def test_names_in_the_header(name: str, header: str) -> None:
    assert disposition(name).startswith(header)
    assert disposition(name).isascii()
    assert disposition(name).isprintable()


def name_in(header: str) -> str:
    """The file name as a reader of the header finds it who knows RFC 8187."""
    assert header.isascii()
    assert header.isprintable()
    kind, words = parse_options_header(header)
    assert kind == "attachment"
    return words["filename"]


def test_a_picture_has_its_preview_beside_the_original(desk: Desk, ada: Browser) -> None:
    shot = picture("PNG")()
    file_ticket(desk.services, desk.customer, files=(keep_file(desk.services, "error.png", shot),))
    assert ada.open("/support/tickets/SUP-1001").all("img", alt="Preview of error.png") == []
    assert ada.answer("GET", f"{FILE}/preview").status_code == 404
    attachment_jobs.run_due(desk.services, desk.clock)
    image = ada.open("/support/tickets/SUP-1001").one("img", alt="Preview of error.png")
    answer = ada.answer("GET", image["src"])
    assert (answer.mimetype, answer.get_data()[8:12]) == ("image/webp", b"WEBP")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert ada.answer("GET", FILE).get_data() == shot


@pytest.mark.parametrize(
    ("scan", "status", "on_ticket", "on_page"),
    [
        ("pending", 409, "We are checking it for malware", "This file is being checked"),
        ("failed", 409, "We couldn’t check it for malware yet", "This file isn't checked yet"),
        ("infected", 403, "We found malware in it, so you can’t open it", "This file can't be opened"),
    ],
)
def test_a_file_that_was_not_found_clean_is_not_given_out_and_says_so(
    sent: Desk, ada: Browser, sam: Browser, scan: str, status: int, on_ticket: str, on_page: str
) -> None:
    change(sent, scan=scan)
    for browser, ticket, file in (
        (ada, "/support/tickets/SUP-1001", FILE),
        (sam, "/support/desk/SUP-1001", AT_THE_DESK),
    ):
        shown = browser.open(ticket)
        assert on_ticket in shown.text
        assert shown.all("a", download="") == []
        page = browser.open(file)
        assert (page.status, page.heading) == (status, on_page)
        assert page.one("a", class_="support-button")["href"] == ticket
        assert LOG.decode() not in page.html


def test_a_clean_file_is_given_out(sent: Desk, ada: Browser) -> None:
    change(sent, scan="clean")
    assert ada.answer("GET", FILE).get_data() == LOG


def test_a_file_that_the_store_has_lost_is_said_in_words(sent: Desk, ada: Browser) -> None:
    (key,) = (row.key for row in stored(sent.services, Attachment))
    Path(sent.services.settings.var, "files", key[:2], key).unlink()
    page = ada.open(FILE)
    assert (page.status, page.heading) == (503, "We can't reach this file right now")
