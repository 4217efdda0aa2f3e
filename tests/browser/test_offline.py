"""The line is dead or the desk is down when Send is pressed: nothing is lost, and it is sent once it can be."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from formapp.demo import company as demo
from formapp.services import Services, utc_now
from tests.browser.conftest import Desk, OpenPage, Watch, let_pages_be_exchanged
from tests.browser.forms import DESCRIPTION, SUBJECT, all_stored, attach, expect_sent, files_of, fill, send, stored
from tests.builders import POLICY, REPOSITORY, Clock, build_services

pytestmark = pytest.mark.browser

NEW = "/support/tickets/new"
LOG = b"14:05 Error 502\n"
NOT_SENT = "Not sent yet: we can't reach the help desk. Trying again in {} seconds."


class KilledDesk:
    """A desk in a process of its own, which can be killed and started anew on the same port."""

    def __init__(self, folder: Path, guide: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.services: Services = build_services(folder, base_url=self.address)
        demo.add_demo(self.services, utc_now())
        settings = self.services.settings
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FORMAPP_")},
            "FORMAPP_BASE_URL": self.address,
            "FORMAPP_DATABASE_URL": settings.database_url,
            "FORMAPP_POLICY": str(POLICY),
            "FORMAPP_SECRET_KEY": settings.secret_key,
            "FORMAPP_SITE_DIR": str(guide),
            "FORMAPP_VAR": str(settings.var),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        serve = [sys.executable, "-m", "formapp", "serve", "--port", str(self.port), "--workers", "1", "--no-worker"]
        self._process = subprocess.Popen(
            serve, cwd=REPOSITORY, env=self._environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        until = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, "the desk ended by itself"
            assert time.monotonic() < until, "the desk doesn't answer"
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill it and its workers at once, as a power cut does."""
        if self._process is not None:
            os.killpg(self._process.pid, 9)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False


@pytest.fixture
def killed(tmp_path: Path, built_guide: Path) -> Iterator[KilledDesk]:
    desk = KilledDesk(tmp_path, built_guide)
    desk.start()
    yield desk
    desk.kill()
    desk.services.database.engine.dispose()


def test_the_desk_is_killed_between_typing_and_sending(killed: KilledDesk, chromium: Browser) -> None:
    """It ends with one ticket that holds every character and every file."""
    desk = Desk(killed.address, killed.services, Clock(utc_now()))
    context = chromium.new_context(base_url=killed.address)
    page = context.new_page()
    desk.sign_in(page)
    page.goto(NEW)
    fill(page)
    attach(page, ("kept.log", LOG))
    expect(page.get_by_text("“kept.log” is attached.")).to_be_visible()

    killed.kill()
    attach(page, ("late.log", LOG * 1000))
    expect(page.get_by_text("“late.log” can't be uploaded now. It goes along when you send the form.")).to_be_visible()
    page.get_by_label("Description").press("ControlOrMeta+End")
    page.keyboard.type("\nand typed while nobody listened")
    send(page)
    expect(page.get_by_text(NOT_SENT.format(10))).to_be_visible()
    expect(page.get_by_label("Subject")).to_have_value(SUBJECT)
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text(NOT_SENT.format(20))).to_be_visible()
    assert page.url == f"{killed.address}{NEW}"

    killed.start()
    page.get_by_role("button", name="Try now").click()
    expect_sent(page)
    ticket = stored(desk)
    assert (ticket.subject, ticket.description) == (SUBJECT, f"{DESCRIPTION}\nand typed while nobody listened")
    assert sorted(files_of(desk, ticket)) == [("kept.log", LOG), ("late.log", LOG * 1000)]
    context.close()


def test_killed_once_it_had_stored_the_ticket_sending_again_shows_that_one(
    killed: KilledDesk, chromium: Browser
) -> None:
    """The answer is lost after the commit: the browser shows its own error, the draft comes back, one ticket."""
    desk = Desk(killed.address, killed.services, Clock(utc_now()))
    context = chromium.new_context(base_url=killed.address)
    page = context.new_page()
    desk.sign_in(page)
    page.goto(NEW)
    fill(page)
    attach(page, ("kept.log", LOG))
    expect(page.get_by_text("“kept.log” is attached.")).to_be_visible()
    page.route("**/support/tickets", lambda route: (route.fetch(max_redirects=0), route.abort())[1])
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/support/tickets")):
        send(page)
    assert stored(desk).subject == SUBJECT
    page.unroute("**/support/tickets")
    page.goto(NEW)
    expect(page.get_by_text("What you typed before is back.")).to_be_visible()
    send(page)
    expect_sent(page)
    assert files_of(desk, stored(desk)) == [("kept.log", LOG)]
    context.close()


@pytest.fixture
def away(open_page: OpenPage, desk: Desk, watch: Watch) -> Page:
    """A filled form in a browser that has just lost its line."""
    watch.expected = ("Failed to load resource",)
    page = open_page()
    desk.sign_in(page)
    page.goto(NEW)
    fill(page)
    page.context.set_offline(True)
    return page


def test_it_is_sent_by_itself_once_the_line_is_back(away: Page, desk: Desk) -> None:
    submission = away.locator("[name=submission]").input_value()
    send(away)
    expect(away.get_by_role("status").filter(has_text=NOT_SENT.format(10))).to_be_visible()
    expect(away.get_by_role("button", name="Send ticket")).to_be_enabled()
    away.context.set_offline(False)
    expect_sent(away)
    assert stored(desk).submission == submission


def test_the_pauses_grow_and_typing_puts_the_next_try_off(away: Page, desk: Desk, watch: Watch) -> None:
    # The driver's clock complains about the timers that the page takes back.
    watch.expected = (*watch.expected, "executing a cancelled action")
    away.clock.install()
    send(away)
    for pause in (10, 20, 40, 80, 160, 300, 300):
        expect(away.get_by_text(NOT_SENT.format(pause))).to_be_visible()
        away.clock.run_for(pause * 1000 - 1000)
        expect(away.get_by_text(NOT_SENT.format(pause))).to_be_visible()
        if pause == 40:
            away.get_by_label("Subject").press("End")
            away.keyboard.type("!")
            away.clock.run_for(pause * 1000 - 1000)
            expect(away.get_by_text(NOT_SENT.format(pause))).to_be_visible()
        away.clock.run_for(1001)
    away.context.set_offline(False)
    expect_sent(away)
    assert stored(desk).subject == f"{SUBJECT}!"


def test_it_can_be_copied_or_mailed_instead(away: Page, desk: Desk) -> None:
    away.context.grant_permissions(["clipboard-read", "clipboard-write"])
    send(away)
    away.get_by_role("button", name="Copy as text").click()
    expect(away.get_by_text("Copied.")).to_be_visible()
    copied = away.evaluate("() => navigator.clipboard.readText()")
    assert f"subject: {SUBJECT}\n\ndescription: {DESCRIPTION}\n\npriority: high" in copied
    address = urlsplit(away.get_by_role("link", name="Send by email").get_attribute("href") or "")
    assert (address.scheme, unquote(address.path)) == ("mailto", desk.services.policy.contact_email)
    said = parse_qs(address.query)
    assert said["subject"] == [SUBJECT]
    assert DESCRIPTION in said["body"][0]
    # A plus would stand in the mail as a plus.
    assert "+" not in address.query


def test_a_long_text_is_mailed_as_far_as_mail_programs_take_it_and_copied_whole(away: Page) -> None:
    away.get_by_label("Description").fill("x" * 19_000)
    send(away)
    address = away.get_by_role("link", name="Send by email").get_attribute("href") or ""
    assert 1_500 < len(address) < 2_000
    assert "x" * 19_000 in away.get_by_label("Your text, for copying").input_value()


def test_a_desk_that_takes_the_question_and_never_answers_is_out_of_reach(
    open_page: OpenPage, desk: Desk, watch: Watch
) -> None:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    # The form gives the desk eight seconds; a test needn't.
    page.add_init_script("""
      const wait = AbortSignal.timeout;
      AbortSignal.timeout = (milliseconds) => { window.given = milliseconds; return wait.call(AbortSignal, 200); };
    """)
    desk.sign_in(page)
    page.goto(NEW)
    fill(page)
    page.route("**/healthz", lambda _route: None)
    send(page)
    expect(page.get_by_text(NOT_SENT.format(10))).to_be_visible()
    assert page.evaluate("window.given") == 8000


def test_a_proxy_without_its_desk_counts_as_out_of_reach(open_page: OpenPage, desk: Desk, watch: Watch) -> None:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    desk.sign_in(page)
    page.goto(NEW)
    fill(page)
    page.route("**/healthz", lambda route: route.fulfill(status=502, body="Bad Gateway"))
    send(page)
    expect(page.get_by_text(NOT_SENT.format(10))).to_be_visible()
    page.unroute("**/healthz")
    send(page)
    expect_sent(page)
    assert stored(desk).subject == SUBJECT


@pytest.fixture
def left(open_page: OpenPage, desk: Desk, watch: Watch) -> Page:
    """The guide's form, filled, while the desk is out of reach; the theme can exchange the page under it."""
    watch.expected = ("Failed to load resource",)
    page = open_page()
    let_pages_be_exchanged(page, desk)
    desk.sign_in(page)
    with page.expect_response("**/sitemap.xml"):
        page.goto("/file-a-ticket/")
    # Once the script knows who is signed in.
    page.locator("select[name=project]").wait_for()
    fill(page)
    page.evaluate("() => { window.first = true; }")
    return page


def leave(page: Page) -> None:
    page.get_by_role("link", name="Ticket priority").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ticket priority")
    assert page.evaluate("() => window.first"), "the whole page was loaded anew"


def test_a_form_that_was_left_tries_no_more(left: Page) -> None:
    left.route("**/healthz", lambda route: route.abort())
    send(left)
    expect(left.get_by_text(NOT_SENT.format(10))).to_be_visible()
    leave(left)
    asked: list[str] = []
    # What the new page asks for itself is of no matter.
    left.wait_for_load_state("networkidle")
    left.on("request", lambda request: asked.append(request.url))
    left.evaluate("() => dispatchEvent(new Event('online'))")
    # Something that is asked for after it, so that it would have been seen.
    left.evaluate("() => fetch('/support/policy.json')")
    assert [urlsplit(url).path for url in asked] == ["/support/policy.json"]


def test_a_form_that_was_left_while_it_was_being_sent_takes_nobody_away(left: Page, desk: Desk) -> None:
    held: list[Route] = []
    left.route("**/healthz", lambda route: held.append(route))
    with left.expect_request("**/healthz"):
        send(left)
    leave(left)
    address = left.url
    with left.expect_response("**/healthz"):
        held[0].continue_()
    left.evaluate("() => fetch('/support/policy.json')")
    expect(left.get_by_role("heading", level=1)).to_contain_text("Ticket priority")
    assert left.url == address
    assert all_stored(desk) == ()
