"""Whatever is refused for files, for room or for lack of a disk: the text stays, and so do the good files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from formapp.app import create_app
from formapp.models import Attachment, RateCounter
from formapp.services import Services, make_services
from formapp.web.rate_limits import RateLimits
from tests.builders import Clock, build_customer, build_settings, build_staff, file_ticket, keep_file, stored
from tests.web.attaching import LOG, attachments, form_with, kept_names, sentence_at_files, upload, waiting
from tests.web.conftest import Desk, filled, locked, ticket_form_of
from tests.web.page import BOUNDARY, Browser, Form, Page, part

MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
OWN = {"Sec-Fetch-Site": "same-origin"}
END = f"--{BOUNDARY}--\r\n".encode()


class Body:
    """A request's body that is made while it is read; ``length`` bytes of a file between two pieces."""

    def __init__(self, head: bytes, length: int, tail: bytes) -> None:
        self._pieces = self._made(head, length, tail)
        self._rest = b""

    def _made(self, head: bytes, length: int, tail: bytes) -> Iterator[bytes]:
        yield head
        for _ in range(length // 1_000_000):
            yield b"x" * 1_000_000
        yield tail

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def send_body(browser: Browser, body: Body, length: int | None) -> Page:
    """POST the form; without a length as with chunks, of which the server finds the end."""
    answer = browser.client.open(
        "/support/tickets",
        method="POST",
        base_url=browser.origin,
        input_stream=BytesIO(),
        content_type=MULTIPART,
        environ_overrides={
            "wsgi.input": body,
            "wsgi.input_terminated": length is None,
            "CONTENT_LENGTH": "" if length is None else str(length),
        },
        headers=OWN,
        buffered=True,
    )
    return Page(answer, "/support/tickets")


def text_parts(*names: str) -> bytes:
    return b"".join(part(name, filled()[name].encode()) for name in names or filled())


def file_head(name: str) -> bytes:
    return part("files", b"", name)[:-2]


@pytest.mark.parametrize("told", [True, False], ids=["with a length", "without a length"])
@pytest.mark.parametrize("megabytes", [12, 60])
def test_a_file_that_is_far_too_large_is_refused_by_itself(
    desk: Desk, ada: Browser, megabytes: int, told: bool
) -> None:
    head = (
        text_parts("project", "subject", "url", "description") + part("files", LOG, "good.log") + file_head("dump.log")
    )
    tail = b"\r\n" + part("priority", b"high") + END
    size = megabytes * 1_000_000
    page = send_body(ada, Body(head, size, tail), len(head) + size + len(tail) if told else None)
    assert page.status == 422
    assert "“dump.log” is larger than 10 MB" in sentence_at_files(page)
    form = page.form("/support/tickets")
    assert {name: form.fields[name] for name in filled()} == filled()
    assert kept_names(page) == ["good.log"]
    assert (desk.stored(), waiting(desk)) == ([], 1)


@pytest.mark.parametrize("told", [True, False], ids=["with a length", "without a length"])
def test_beyond_all_bounds_the_form_comes_back_with_what_had_come(desk: Desk, ada: Browser, told: bool) -> None:
    head = (
        text_parts("project", "subject", "url", "description") + part("files", LOG, "good.log") + file_head("disk.log")
    )
    page = send_body(ada, Body(head, 130_000_000, END), len(head) + 130_000_000 + len(END) if told else None)
    assert page.status == 413
    assert "Not sent yet: this is more than the form accepts" in page.text
    form = page.form("/support/tickets")
    assert form.fields["description"] == filled()["description"]
    assert kept_names(page) == ["good.log"]
    form.fields["priority"] = "high"
    assert ada.send(form).heading == "Your ticket is sent"
    assert attachments(desk) == [("good.log", len(LOG))]


def test_a_text_beyond_all_bounds_costs_no_other_word_with_or_without_a_length(ada: Browser) -> None:
    for told in (True, False):
        head = (
            text_parts("project", "subject")
            + f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="description"'.encode()
        )
        head += b"\r\n\r\n"
        tail = b"\r\n" + part("priority", b"high") + END
        page = send_body(ada, Body(head, 3_000_000, tail), len(head) + 3_000_000 + len(tail) if told else None)
        fields = page.form("/support/tickets").fields
        assert (page.status, fields["subject"], fields["priority"]) == (413, filled()["subject"], "high")
        assert len(fields["description"]) > 900_000


def test_a_form_that_breaks_off_leaves_no_row_and_no_file(desk: Desk, ada: Browser) -> None:
    head = text_parts() + part("files", LOG, "good.log") + file_head("half.log") + b"half of"
    for told in (len(head), len(head) + 500, None):
        page = send_body(ada, Body(head, 0, b""), told)
        assert (page.status, page.heading) == (400, "We couldn't read that")
    assert (desk.stored(), waiting(desk)) == ([], 0)
    assert [path for path in Path(desk.services.settings.var, "files").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--",
        END,
        b"no multipart at all",
        f"--{BOUNDARY}\r\nContent-Disposition: attachment\r\n\r\nx\r\n".encode() + END,
        f"--{BOUNDARY}\r\n\r\nx\r\n".encode() + END,
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="\xe9"\r\n\r\nx\r\n'.encode("latin-1") + END,
        part("file", b"x", "a.log")[:-2] + part("subject", b"cut through"),
    ],
)
def test_a_damaged_form_is_answered_in_words(desk: Desk, ada: Browser, body: bytes) -> None:
    page = ada.post("/support/tickets", body, {**OWN, "Content-Type": MULTIPART})
    assert page.status in {400, 422}
    assert (desk.stored(), waiting(desk)) == ([], 0)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=ä"]
)
def test_a_form_without_a_boundary_is_answered_in_words(ada: Browser, kind: str) -> None:
    page = ada.post("/support/tickets", text_parts() + END, {**OWN, "Content-Type": kind})
    assert page.status == 400


def test_a_form_of_too_many_parts_is_not_read(desk: Desk, ada: Browser) -> None:
    body = part("files", LOG, "good.log") + part("x", b"y") * 2000 + END
    page = ada.post("/support/tickets", body, {**OWN, "Content-Type": MULTIPART})
    assert page.status == 400
    assert waiting(desk) == 0


def test_files_sent_where_none_are_taken_are_let_go(desk: Desk, ada: Browser) -> None:
    page = ada.open("/support/account")
    body = part("csrf_token", b"x") + part("files", LOG, "good.log") + END
    ada.post("/support/sign-out", body, {**OWN, "Content-Type": MULTIPART})
    assert waiting(desk) == 0
    assert page.status == 200


@contextmanager
def store_fails(desk: Desk) -> Iterator[None]:
    """A file store that takes nothing and gives nothing, as on a full or broken disk."""
    folder = Path(desk.services.settings.var, "files")
    folder.mkdir(exist_ok=True)
    away = folder.rename(folder.with_name("files-away"))
    folder.write_text("no folder any more")
    yield
    folder.unlink()
    away.rename(folder)


def test_where_files_cannot_be_stored_the_ticket_goes_without_them(desk: Desk, ada: Browser) -> None:
    with store_fails(desk):
        again = ada.send(form_with(ada, ("good.log", LOG)))
        assert again.status == 503
        assert "“good.log” was not attached: we can't store files just now. Send without it" in sentence_at_files(again)
        form = again.form("/support/tickets")
        assert {name: form.fields[name] for name in filled()} == filled()
        assert ada.send(form).heading == "Your ticket is sent"
    assert desk.stored() == [filled()]


def test_where_the_store_is_out_of_reach_kept_files_stay_in_the_form(desk: Desk, ada: Browser) -> None:
    form = form_with(ada)
    form.kept = [keep_file(desk.services)]
    with store_fails(desk):
        form.chosen = [("another.log", LOG)]
        assert ada.send(form).form("/support/tickets").kept == form.kept
        form.chosen = []
        again = ada.send(form)
        assert again.status == 503
        assert "Not sent yet: we can't reach our file store right now" in again.text
        assert kept_names(again) == ["A file that you attached"]
        assert desk.stored() == []
    assert ada.send(again.form("/support/tickets")).heading == "Your ticket is sent"
    assert attachments(desk) == [("error.log", 19)]


def test_where_the_store_is_out_of_reach_a_reply_stays_too(desk: Desk, ada: Browser) -> None:
    build_staff(desk.services)
    sam = desk.browser_of("sam@platform.example")
    ada.send(ticket_form_of(ada))
    for browser, ticket in ((ada, "/support/tickets/SUP-1001"), (sam, "/support/desk/SUP-1001")):
        page = browser.open(ticket)
        form = Form(page, next(form for form in page.all("form") if form["action"] == f"{ticket}/reply"))
        form.fields |= {"body": "See the file.", "then": "open"}
        form.kept = [keep_file(desk.services)]
        with store_fails(desk):
            again = browser.send(form)
        assert again.status == 503
        assert "Not sent yet: we can't reach our file store right now" in again.text
        found = Form(again, next(form for form in again.all("form") if form["action"] == f"{ticket}/reply"))
        assert (found.fields["body"], found.kept) == ("See the file.", form.kept)


def test_while_the_database_is_locked_files_are_kept_with_the_text(desk: Desk, ada: Browser) -> None:
    with locked(desk):
        page = ada.send(form_with(ada, ("good.log", LOG)))
    assert page.status == 503
    assert kept_names(page) == ["good.log"]
    form = page.form("/support/tickets")
    assert {name: form.fields[name] for name in filled()} == filled()
    assert ada.send(form).heading == "Your ticket is sent"
    assert attachments(desk) == [("good.log", len(LOG))]


def test_while_the_database_is_locked_a_file_can_be_uploaded_and_removed(desk: Desk, ada: Browser) -> None:
    with locked(desk):
        status, told = upload(ada, "good.log", LOG)
        assert (status, told["name"], told["size_words"]) == (201, "good.log", "37 bytes")
        again = ada.send(form_with(ada, ("wrong.log", LOG)), button=("remove_file", told["token"]))
        assert again.form("/support/tickets").fields["description"] == filled()["description"]
        assert kept_names(again) == ["wrong.log"]


def test_with_a_full_disk_the_text_and_its_files_wait_in_the_page(desk: Desk, ada: Browser) -> None:
    """The database may not grow any more; what is deleted again is the file that was kept."""
    with desk.services.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    page = ada.send(form_with(ada, ("good.log", LOG), description="long words " * 1500))
    assert (page.status, kept_names(page)) == (503, ["good.log"])
    assert "Not sent yet: we can't reach our records right now" in page.text
    assert page.form("/support/tickets").fields["description"] == ("long words " * 1500)
    with desk.services.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert ada.send(page.form("/support/tickets")).heading == "Your ticket is sent"
    assert attachments(desk) == [("good.log", len(LOG))]


def test_without_any_database_the_form_comes_back_with_its_files(tmp_path: Path, clock: Clock) -> None:
    services = make_services(build_settings(tmp_path / "nowhere"))
    lost = Browser(create_app(services=services, clock=clock).test_client())
    form = form_with(lost, ("good.log", LOG), email="ada@shop.example")
    page = lost.send(form)
    assert (page.status, kept_names(page)) == (503, ["good.log"])
    assert page.form("/support/tickets").fields["description"] == filled()["description"]


def desk_with(services: Services, clock: Clock, *, uploads_an_hour: int) -> Desk:
    limits = RateLimits(services, clock, uploads_an_hour=uploads_an_hour)
    return Desk(create_app(services=services, clock=clock, limits=limits), services, clock, build_customer(services))


def test_a_network_that_sends_too_many_files_waits_and_nothing_typed_is_lost(
    sqlite_services: Services, clock: Clock
) -> None:
    desk = desk_with(sqlite_services, clock, uploads_an_hour=3)
    ada = desk.browser_of("ada@shop.example")
    assert [upload(ada, f"{number}.log", LOG)[0] for number in range(4)] == [201, 201, 201, 429]
    again = ada.send(form_with(ada, ("good.log", LOG)))
    assert again.status == 429
    assert "too many files came from your network within an hour" in sentence_at_files(again)
    assert again.form("/support/tickets").fields["description"] == filled()["description"]
    desk.clock.now += timedelta(hours=1)
    assert upload(ada, "good.log", LOG)[0] == 201


def test_the_files_of_one_form_count_one_by_one(sqlite_services: Services, clock: Clock) -> None:
    desk = desk_with(sqlite_services, clock, uploads_an_hour=2)
    ada = desk.browser_of("ada@shop.example")
    again = ada.send(form_with(ada, ("one.log", LOG), ("two.log", LOG), ("three.log", LOG)))
    assert (again.status, kept_names(again)) == (429, ["one.log", "two.log"])
    assert "“three.log” was not attached: too many files came from your network" in sentence_at_files(again)
    assert desk.stored() == []
    assert ada.send(again.form("/support/tickets")).heading == "Your ticket is sent"


def test_large_files_count_by_their_megabytes_and_refused_ones_count_too(
    sqlite_services: Services, clock: Clock
) -> None:
    desk = desk_with(sqlite_services, clock, uploads_an_hour=13)
    ada = desk.browser_of("ada@shop.example")
    sizes = (999_999, 10_000_001, 1, 1)
    assert [upload(ada, "x.log", b"x" * size)[0] for size in sizes] == [201, 422, 201, 429]


def test_too_many_tickets_within_an_hour_wait_with_their_files_kept(sqlite_services: Services, clock: Clock) -> None:
    customer = build_customer(sqlite_services)
    app = create_app(
        services=sqlite_services, clock=clock, limits=RateLimits(sqlite_services, clock, tickets_an_hour=1)
    )
    desk = Desk(app, sqlite_services, clock, customer)
    ada = desk.browser_of("ada@shop.example")
    file_ticket(sqlite_services, customer, clock.now, submission="earlier", subject="An earlier ticket")
    refused = ada.send(form_with(ada, ("good.log", LOG)))
    assert (refused.status, kept_names(refused)) == (429, ["good.log"])
    clock.now += timedelta(hours=1, seconds=1)
    assert ada.send(refused.form("/support/tickets")).heading == "Your ticket is sent"
    assert attachments(desk) == [("good.log", len(LOG))]


def test_uploads_are_counted_by_all_workers_together_and_name_nobody(services: Services, clock: Clock) -> None:
    one, other = (RateLimits(services, clock, uploads_an_hour=10) for _ in range(2))
    one.count_uploads("192.0.2.1", 6)
    other.count_uploads("192.0.2.1", 4)
    assert (one.uploads_left("192.0.2.1"), one.uploads_left("192.0.2.2")) == (0, 10)
    assert not any("192" in row.key for row in stored(services, RateCounter))
    clock.now += timedelta(hours=1)
    assert other.uploads_left("192.0.2.1") == 10


def test_where_uploads_cannot_be_counted_they_are_let_through_and_logged_once(
    sqlite_services: Services, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = desk_with(sqlite_services, clock, uploads_an_hour=2)
    browser = desk.visitor()
    with locked(desk):
        assert [upload(browser, f"{number}.log", LOG)[0] for number in range(3)] == [201, 201, 201]
    assert capsys.readouterr().out.count('"what": "counting uploads"') == 3
    assert upload(browser, "counted.log", LOG)[0] == 201
    nowhere = create_app(services=make_services(build_settings(Path(desk.services.settings.var, "nowhere"))))
    assert upload(Browser(nowhere.test_client()), "good.log", LOG)[0] == 201
    assert capsys.readouterr().out.count('"failure"') == 1


def test_where_not_even_the_form_reaches_the_database_counting_costs_no_second_wait(
    desk: Desk, ada: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    form = form_with(ada, ("good.log", LOG))
    with locked(desk):
        assert ada.send(form).status == 503
    assert capsys.readouterr().out.count('"failure"') == 1


def test_an_uploaded_file_is_told_and_can_be_attached_once(desk: Desk, ada: Browser) -> None:
    status, told = upload(ada, ".env", b"TOKEN=x")
    assert (status, told["name"], told["size"], bool(told["warning"])) == (201, ".env", 7, True)
    form = form_with(ada)
    form.kept = [told["token"]]
    ada.send(form)
    assert attachments(desk) == [(".env", 7)]


@pytest.mark.parametrize(
    ("name", "content", "status", "sentence"),
    [
        ("logo.svg", b"<svg/>", 422, "an SVG drawing"),
        ("empty.log", b"", 422, "is empty"),
        ("", b"", 422, "Choose a file"),
        ("large.log", b"x" * 10_000_001, 422, "larger than 10 MB"),
    ],
)
def test_a_refused_upload_is_told_in_a_sentence(
    desk: Desk, ada: Browser, name: str, content: bytes, status: int, sentence: str
) -> None:
    found, told = upload(ada, name, content)
    assert (found, list(told)) == (status, ["error"])
    assert sentence in told["error"]
    assert waiting(desk) == 0


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_an_upload_from_elsewhere_is_refused_unread(desk: Desk, ada: Browser, headers: dict[str, str]) -> None:
    status, told = upload(ada, "good.log", LOG, **(headers or {"Accept": "*/*"}))
    assert (status, told["error"]) == (403, "Files can be sent from this site's own pages only")
    assert waiting(desk) == 0
    refused = ada.answer("POST", "/support/files/remove", b"token=x", headers)
    assert refused.status_code == 403


def test_an_upload_without_room_is_told_with_its_status(desk: Desk, ada: Browser) -> None:
    with store_fails(desk):
        status, told = upload(ada, "good.log", LOG)
    assert (status, "we can't store files just now" in told["error"]) == (507, True)


def test_a_waiting_file_is_forgotten_and_an_attached_one_stays(desk: Desk, ada: Browser) -> None:
    _, told = upload(ada, "wrong.log", LOG)
    answer = ada.answer("POST", "/support/files/remove", f"token={told['token']}".encode(), OWN)
    assert (answer.status_code, waiting(desk)) == (204, 0)
    ada.send(form_with(ada, ("good.log", LOG)))
    (key,) = (row.key for row in stored(desk.services, Attachment))
    assert ada.answer("POST", "/support/files/remove", f"token={key}".encode(), OWN).status_code == 204
    assert ada.answer("GET", "/support/tickets/SUP-1001/files/1").get_data() == LOG


@pytest.mark.parametrize("token", [b"", b"x", b"..%2F..%2Fdesk.sqlite3", b"%00", b"%ff" * 50])
def test_an_odd_token_forgets_nothing(ada: Browser, token: bytes) -> None:
    assert ada.answer("POST", "/support/files/remove", b"token=" + token, OWN).status_code == 204
