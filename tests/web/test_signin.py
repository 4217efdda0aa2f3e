"""Signing in by a link that works once, and out so that the cookie is dead."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from formapp.accounts import magic_links
from formapp.accounts.accounts import disable_account
from formapp.accounts.magic_links import create_link
from formapp.app import create_app
from formapp.models import OutboxMessage
from formapp.notifications import outbox
from formapp.web.account.sign_in import safe_path
from formapp.web.session_cookie import COOKIE
from tests.builders import Clock, build_customer, build_services, build_staff, stored, write_mail
from tests.web.conftest import Desk, follow_newest_link
from tests.web.page import Browser


def link_for(desk: Desk, email: str = "ada@shop.example") -> str:
    return create_link(desk.services, email, desk.clock()).removeprefix("http://127.0.0.1:8000")


def ask_for_link(browser: Browser, email: str, path: str = "/support/sign-in") -> None:
    form = browser.open(path).form("/support/sign-in")
    form.fields["email"] = email
    assert browser.send(form).heading == "Check your mail"


def test_a_link_from_the_mail_signs_in_after_its_button(visitor: Browser) -> None:
    ask_for_link(visitor, "Ada@Shop.example ")
    assert follow_newest_link(visitor).heading == "My tickets"


def test_looking_at_a_link_uses_nothing_up(desk: Desk, visitor: Browser) -> None:
    link = link_for(desk)
    for _ in range(3):
        assert desk.visitor().answer("GET", link).status_code == 200
        assert desk.visitor().answer("HEAD", link).status_code == 200
    page = visitor.open(link)
    assert "You sign in as ada@shop.example" in page.text
    assert visitor.send(page.form(link)).heading == "My tickets"


def test_a_link_works_once(desk: Desk, visitor: Browser) -> None:
    link = link_for(desk)
    page = visitor.open(link)
    visitor.send(page.form(link))
    other = desk.visitor()
    gone = other.send(page.form(link))
    assert (gone.status, gone.heading) == (410, "This link no longer works")
    assert other.open("/support/account").heading == "Sign in"
    assert other.open(link).status == 410


def test_a_link_is_over_after_a_quarter_of_an_hour(desk: Desk, visitor: Browser) -> None:
    link = link_for(desk)
    desk.clock.now += timedelta(minutes=14)
    assert visitor.open(link).status == 200
    desk.clock.now += timedelta(minutes=1)
    assert visitor.open(link).status == 410


@pytest.mark.parametrize("token", ["x", "A" * 5000, "%F0%9F%99%82", "..", "%00"])
def test_an_odd_link_says_that_it_no_longer_works(visitor: Browser, token: str) -> None:
    assert visitor.open(f"/support/sign-in/{token}").status in {404, 410}


def test_an_unknown_address_gets_the_same_page(desk: Desk) -> None:
    pages = []
    for email in ("ada@shop.example", "who@nowhere.example"):
        browser = desk.visitor()
        form = browser.open("/support/sign-in").form("/support/sign-in")
        form.fields["email"] = email
        page = browser.send(form)
        pages.append((page.status, page.text.replace(email, "-")))
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("email", "sentence"),
    [("", "Enter your email address"), ("\u200b", "Enter your email address"), ("ada", "like name@example.com")],
)
def test_what_is_no_address_is_said_at_the_field(visitor: Browser, email: str, sentence: str) -> None:
    form = visitor.open("/support/sign-in").form("/support/sign-in")
    form.fields["email"] = email
    again = visitor.send(form)
    assert (again.status, again.title.startswith("Error: ")) == (422, True)
    assert sentence in again.text
    assert again.one("a", href="#email")


def test_a_page_that_needs_a_sign_in_is_where_one_comes_out(visitor: Browser) -> None:
    asked = visitor.open("/support/projects")
    assert asked.heading == "Sign in"
    form = asked.form("/support/sign-in")
    form.fields["email"] = "ada@shop.example"
    visitor.send(form)
    assert follow_newest_link(visitor).heading == "Projects"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/support/",
        "//evil.example/support/",
        "/support//evil.example",
        "/\\evil.example",
        "/support/\\evil",
        "/support/\n/x",
        "javascript:alert(1)",
        "/elsewhere",
        "/supporters/",
        "support/tickets",
        "/support/" + "x" * 2000,
        "",
    ],
)
def test_only_a_path_of_the_desk_is_gone_on_to(path: str) -> None:
    assert safe_path(path) == ""


def test_after_sign_out_the_old_cookie_is_dead(desk: Desk, ada: Browser) -> None:
    cookie = ada.client.get_cookie(COOKIE, "127.0.0.1")
    assert cookie is not None
    page = ada.open("/support/account")
    out = ada.send(page.form("/support/sign-out"))
    assert "You are signed out" in out.text
    thief = desk.visitor()
    thief.client.set_cookie(COOKIE, cookie.value, domain="127.0.0.1")
    assert thief.open("/support/account").heading == "Sign in"


def test_signing_out_everywhere_ends_the_other_browsers_too(desk: Desk, ada: Browser) -> None:
    phone = desk.browser_of("ada@shop.example")
    page = ada.open("/support/account")
    out = ada.send(page.form("/support/sign-out"), button=("everywhere", "yes"))
    assert "signed out on all your devices" in out.text
    assert phone.open("/support/account").heading == "Sign in"


def test_signing_out_here_leaves_the_other_browsers(desk: Desk, ada: Browser) -> None:
    phone = desk.browser_of("ada@shop.example")
    ada.send(ada.open("/support/account").form("/support/sign-out"))
    assert phone.open("/support/account").heading == "Account settings"


def test_a_disabled_account_is_out_at_once(desk: Desk, ada: Browser) -> None:
    disable_account(desk.services, "ada@shop.example", desk.clock())
    assert ada.open("/support/tickets").heading == "Sign in"


def test_on_https_each_cookie_is_secure_and_bound_to_this_host(tmp_path: Path, clock: Clock) -> None:
    services = build_services(tmp_path, base_url="https://help.example")
    customer = build_customer(services)
    desk = Desk(create_app(services=services, clock=clock), services, clock, customer)
    browser = Browser(desk.app.test_client(), "https://help.example")
    link = create_link(services, "ada@shop.example", clock()).removeprefix("https://help.example")
    asked = browser.answer("GET", link)
    used = browser.answer("POST", link, b"", {"Origin": "https://help.example"})
    cookies = [*asked.headers.getlist("Set-Cookie"), *used.headers.getlist("Set-Cookie")]
    assert {cookie.split("=")[0] for cookie in cookies} == {"__Host-support", "__Host-support-login"}
    for cookie in cookies:
        flags = {part.strip() for part in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= flags
        assert not any(flag.startswith("Domain") for flag in flags)
    assert asked.headers["Strict-Transport-Security"].startswith("max-age=")


def test_over_plain_http_cookies_are_still_hidden_from_script(desk: Desk, visitor: Browser) -> None:
    link = link_for(desk)
    used = visitor.answer("POST", link, b"", {"Origin": visitor.origin})
    signed = next(cookie for cookie in used.headers.getlist("Set-Cookie") if cookie.startswith("support-login="))
    assert "HttpOnly" in signed
    assert "SameSite=Lax" in signed
    assert "Secure" not in signed
    assert "Strict-Transport-Security" not in used.headers


def test_a_public_desk_shows_its_mails_to_nobody(tmp_path: Path, clock: Clock) -> None:
    """A forgotten mail server must not give everybody the sign-in links of staff."""
    services = build_services(tmp_path, base_url="https://help.example")
    assert not services.settings.shows_mails
    build_staff(services)
    client = create_app(services=services, clock=clock).test_client()
    form = {"email": "sam@platform.example"}
    assert client.post("/support/sign-in", data=form, headers={"Origin": "https://help.example"}).status_code == 303
    (mail,) = stored(services, OutboxMessage)
    assert mail.kind == "link"
    for path in ("/support/inbox", f"/support/inbox/{mail.id}"):
        assert client.get(path, base_url="https://help.example").status_code == 404
    assert "/support/inbox" not in client.get("/support/check-mail", base_url="https://help.example").text


def test_a_desk_on_this_machine_shows_its_mails_only_where_that_was_asked_for(tmp_path: Path, clock: Clock) -> None:
    services = build_services(tmp_path, dev_inbox=False)
    number = write_mail(services)
    reader = Browser(create_app(services=services, clock=clock).test_client())
    for path in ("/support/inbox", f"/support/inbox/{number}"):
        assert reader.answer("GET", path).status_code == 404
    assert "/support/inbox" not in reader.open("/support/check-mail").html


def test_the_inbox_says_of_a_link_that_was_sent_that_it_is_gone(desk: Desk, visitor: Browser) -> None:
    """Sent while a mail server was set, read when it isn't any more."""
    magic_links.request_link(desk.services, "ada@shop.example", desk.clock())
    assert outbox.send_due(desk.services, lambda _: outbox.SENT, desk.clock) == 1
    (mail,) = stored(desk.services, OutboxMessage)
    page = visitor.open(f"/support/inbox/{mail.id}")
    assert "Its link was taken out when it was sent" in page.text
    assert visitor.open("/support/inbox").status == 200


def test_the_inbox_says_of_a_mail_that_it_can_t_be_built(desk: Desk, visitor: Browser) -> None:
    number = write_mail(desk.services, "two@shop.example,three@shop.example")
    assert "(can't be built)" in visitor.open("/support/inbox").text
    assert visitor.open(f"/support/inbox/{number}").heading == "(can't be built)"
