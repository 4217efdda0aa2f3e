"""Something else answers in the desk's place: a proxy, a page to sign in on, a host without a desk. Nothing is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from formapp.demo import company as demo
from tests.browser.conftest import Desk, OpenPage, Watch
from tests.browser.forms import attach, expect_sent, files_of, fill, send, stored
from tests.browser.test_uploads import chosen, files, listed

pytestmark = pytest.mark.browser

NEW = "/support/tickets/new"
LOG = ("server.log", b"14:05 Error 502\n")
HTML = {"content_type": "text/html", "body": "<!doctype html><title>Not yours</title><h1>Something else</h1>"}
Answer = Callable[[Route], None]
# What web servers, sign-in pages and networks put in the place of an answer.
FOREIGN: dict[str, Answer] = {
    "413 of a web server": lambda route: route.fulfill(status=413, **HTML),
    "422 in HTML": lambda route: route.fulfill(status=422, **HTML),
    "502 of a web server": lambda route: route.fulfill(status=502, **HTML),
    "504 of a web server": lambda route: route.fulfill(status=504, **HTML),
    "200 of a captive portal": lambda route: route.fulfill(status=200, **HTML),
    "201 without a token": lambda route: route.fulfill(status=201, json={}),
    "200 that is JSON": lambda route: route.fulfill(status=200, json={"signed_in_as": "x", "closures": None}),
    "401 of a sign-in proxy": lambda route: route.fulfill(status=401, json={"error": "sign in"}),
    "403 of a firewall": lambda route: route.fulfill(status=403, **HTML),
    "a list": lambda route: route.fulfill(status=200, json=["something", "else"]),
}
AWAY = "Not sent yet: we can't reach the help desk. Trying again in 10 seconds."
STRANGER = "Not sent yet: another page answers in place of the help desk, often one to sign in on."
NOWHERE = "This form can't be sent from here: there is no help desk at this address."


@pytest.fixture
def form(open_page: OpenPage, desk: Desk, watch: Watch) -> Page:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    desk.sign_in(page)
    page.goto(NEW)
    fill(page)
    return page


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_no_desk_has_answered_for_stays_chosen(form: Page, kind: str) -> None:
    form.route("**/support/files", FOREIGN[kind])
    attach(form, LOG)
    expect(files(form).get_by_role("status")).to_contain_text("“server.log”")
    expect(listed(form)).to_have_text(["server.log"])
    expect(files(form).get_by_role("progressbar")).to_have_count(0)
    assert chosen(form) == ["server.log"]


def test_what_a_web_server_finds_too_large_holds_the_form_until_it_is_removed(form: Page, desk: Desk) -> None:
    form.route("**/support/files", FOREIGN["413 of a web server"])
    attach(form, LOG)
    expect(files(form).get_by_role("status")).to_have_text(
        "“server.log” isn't attached: it is too large for the web server in front of the help desk. "
        f"Compress it, or remove it and email it to {desk.services.policy.contact_email}."
    )
    send(form)
    expect(form.get_by_text("Not sent yet: a file is too large for the web server")).to_be_visible()
    expect(form.get_by_role("link", name="Send by email")).to_be_visible()
    assert form.url.endswith(NEW)
    form.get_by_role("button", name="Remove server.log").click()
    send(form)
    expect_sent(form)
    assert files_of(desk, stored(desk)) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (FOREIGN["502 of a web server"], AWAY),
        (FOREIGN["200 of a captive portal"], STRANGER),
        (FOREIGN["401 of a sign-in proxy"], STRANGER),
        (lambda route: route.fulfill(status=302, headers={"Location": "https://login.invalid/"}), STRANGER),
        (lambda route: route.fulfill(status=404, **HTML), NOWHERE),
    ],
    ids=["502", "portal", "401", "redirect to sign in", "404"],
)
def test_only_the_desk_s_own_word_lets_the_form_go(form: Page, desk: Desk, answer: Answer, said: str) -> None:
    form.route("**/healthz", answer)
    send(form)
    expect(form.get_by_role("status").filter(has_text=said)).to_be_visible()
    expect(form.get_by_role("link", name="Send by email")).to_be_visible()
    assert form.url.endswith(NEW)
    form.unroute("**/healthz")
    form.get_by_role("button", name="Try now").click()
    expect_sent(form)
    stored(desk)


@pytest.mark.parametrize("kind", FOREIGN)
def test_whatever_answers_the_scripts_the_guide_s_form_keeps_what_is_typed(
    open_page: OpenPage, watch: Watch, kind: str
) -> None:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    for address in ("**/support/*.json*", "**/support-closures.json"):
        page.route(address, FOREIGN[kind])
    page.goto("/file-a-ticket/")
    page.get_by_label("Subject").fill("Typed meanwhile")
    # Kept once it is known that nobody is.
    page.wait_for_function("() => Object.values(localStorage).some((text) => text.includes('Typed meanwhile'))")
    page.unroute_all()
    page.get_by_label("Description").fill("It says 502.")
    page.get_by_role("radio", name="High").check()
    page.get_by_label("Email address").fill(demo.CUSTOMER)
    send(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")


@pytest.mark.parametrize("status", [404, 410])
def test_a_guide_without_a_desk_says_so_before_anybody_types(
    open_page: OpenPage, desk: Desk, watch: Watch, status: int
) -> None:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    page.route("**/support/**", lambda route: route.fulfill(status=status, **HTML))
    page.goto("/file-a-ticket/")
    notice = page.get_by_role("alert").filter(has_text=NOWHERE)
    expect(notice.get_by_role("link", name=desk.services.policy.contact_email)).to_be_visible()


def test_a_desk_that_is_only_away_is_no_reason_to_turn_people_off(open_page: OpenPage, watch: Watch) -> None:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    page.route("**/support/**", FOREIGN["502 of a web server"])
    with page.expect_response("**/healthz"):
        page.goto("/file-a-ticket/")
    expect(page.get_by_text("Saved in this browser as you type.")).to_be_visible()
    expect(page.locator("[data-elsewhere]")).to_be_hidden()
