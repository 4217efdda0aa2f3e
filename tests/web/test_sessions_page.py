"""People see where they are signed in, and sign out single browsers or all others."""

from __future__ import annotations

import pytest

from formapp.accounts import magic_links, sessions
from formapp.models import OutboxMessage, SignedInSession
from formapp.tokens import hash_token
from formapp.web.account.browser_name import browser_name
from formapp.web.session_cookie import COOKIE
from tests.builders import build_account, stored
from tests.web.conftest import Desk, filled
from tests.web.page import Browser, Page

SESSIONS = "/support/account/sessions"
END, OTHERS = f"{SESSIONS}/end", f"{SESSIONS}/end-others"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"


def sign_in(desk: Desk, agent: str, email: str = "ada@shop.example", browser: Browser | None = None) -> Browser:
    """A browser of this name in which the person has signed in."""
    browser = browser or desk.visitor()
    link = magic_links.create_link(desk.services, email, desk.clock()).removeprefix(browser.origin)
    browser.send(browser.open(link).form(link), headers={"Origin": browser.origin, "User-Agent": agent})
    return browser


def listed(page: Page) -> list[str]:
    return [" ".join(heading.text.split()) for heading in page.all("h2")]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X) AppleWebKit Chrome/140 Safari/537.36 OPR/120", "Opera on Mac"),
        ("Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28 Chrome/130 Safari", "Samsung Internet on Android"),
        ("Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) CriOS/140.0 Mobile Safari/604.1", "Chrome on iPad"),
        ("Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome on ChromeOS"),
        ("Something (Windows)", "A browser on Windows"),
        ("Firefox/140.0", "Firefox"),
        ("curl/8.0", ""),
        ("", ""),
        ("<script>" * 1000, ""),
    ],
)  # fmt: skip
def test_a_browser_is_named_in_a_few_words(agent: str, name: str) -> None:
    assert browser_name(agent) == name


def test_each_session_is_told_with_its_browser_place_and_times(desk: Desk) -> None:
    laptop = sign_in(desk, FIREFOX)
    sign_in(desk, SAFARI)
    sign_in(desk, "curl/8.0")
    page = laptop.open(SESSIONS)
    assert page.heading == "Where you are signed in"
    assert listed(page)[0] == "Firefox on Linux This browser"
    assert sorted(listed(page)[1:]) == ["A browser that we don't know", "Safari on iPhone"]
    assert "Signed in Tue 24 Nov, 15:00 Paris time From 127.0.0.1 Last used Tue 24 Nov, 15:00 Paris time" in page.text
    assert page.one("a", href="/support/account", aria_current="page")
    assert laptop.open("/support/account").one("a", href=SESSIONS)


def test_one_browser_is_signed_out_and_the_others_stay(desk: Desk) -> None:
    laptop, phone = sign_in(desk, FIREFOX), sign_in(desk, SAFARI)
    form = laptop.open(SESSIONS).form(END)
    page = laptop.send(form)
    assert "That browser is signed out." in page.text
    assert listed(page) == ["Firefox on Linux This browser"]
    assert page.all("form", action=OTHERS) == []
    assert phone.open("/support/account").heading == "Sign in"
    assert "That browser was signed out before." in laptop.send(form).text


def test_another_person_s_session_is_answered_as_one_that_isn_t_there(desk: Desk, ada: Browser) -> None:
    build_account(desk.services, "ben@shop.example")
    ben = desk.browser_of("ben@shop.example")
    here = sign_in(desk, FIREFOX)
    form = here.open(SESSIONS).form(END)
    cookie = ben.client.get_cookie(COOKIE, domain="127.0.0.1")
    assert cookie is not None
    pages = []
    for key in (hash_token(cookie.value), "0" * 64, "", "x", "a\0b"):
        form.fields["session"] = key
        page = here.send(form)
        pages.append((here.steps[-2:], page.status, page.text))
    assert len({str(page) for page in pages}) == 1
    assert "That browser was signed out before." in pages[0][2]
    assert ben.open("/support/account").heading == "Account settings"
    assert ada.open("/support/account").heading == "Account settings"


def test_all_others_are_signed_out_with_the_links_that_could_sign_in_again(desk: Desk) -> None:
    laptop, phone, tablet = (sign_in(desk, agent) for agent in (FIREFOX, SAFARI, SAFARI))
    link = magic_links.create_link(desk.services, "ada@shop.example", desk.clock()).removeprefix(laptop.origin)
    page = laptop.send(laptop.open(SESSIONS).form(OTHERS))
    assert "All your other browsers are signed out." in page.text
    assert listed(page) == ["Firefox on Linux This browser"]
    assert [one.open("/support/account").heading for one in (phone, tablet)] == ["Sign in", "Sign in"]
    assert desk.visitor().open(link).status == 410


def test_this_browser_is_signed_out_from_the_list_too(desk: Desk) -> None:
    laptop, phone = sign_in(desk, FIREFOX), sign_in(desk, SAFARI)
    out = laptop.send(laptop.open(SESSIONS).form("/support/sign-out"))
    assert "You are signed out." in out.text
    assert phone.open("/support/account").heading == "Account settings"


# Signing in, and what goes with it


def test_signing_in_again_in_a_browser_ends_its_older_session(desk: Desk) -> None:
    build_account(desk.services, "ben@shop.example", name="Ben Okafor")
    browser, elsewhere = sign_in(desk, FIREFOX), sign_in(desk, SAFARI)
    older = browser.client.get_cookie(COOKIE, domain="127.0.0.1")
    assert older is not None
    link = magic_links.create_link(desk.services, "ben@shop.example", desk.clock()).removeprefix(browser.origin)
    assert "Ada Martin (ada@shop.example) is signed in here now, and is signed out" in browser.open(link).text
    sign_in(desk, FIREFOX, "ben@shop.example", browser)
    assert sessions.signed_in_by(desk.services, older.value, desk.clock()) is None
    assert "ben@shop.example" in browser.open("/support/account").text
    assert elsewhere.open("/support/account").heading == "Account settings"
    assert len(stored(desk.services, SignedInSession)) == 2


def test_signing_out_everywhere_ends_outstanding_links(desk: Desk, ada: Browser) -> None:
    link = magic_links.create_link(desk.services, "ada@shop.example", desk.clock()).removeprefix(ada.origin)
    ada.send(ada.open("/support/account").form("/support/sign-out"), button=("everywhere", "yes"))
    assert desk.visitor().open(link).status == 410


def test_the_page_after_signing_out_tells_script_whose_drafts_go(ada: Browser) -> None:
    mark = ada.mark()
    page = ada.send(ada.open("/support/account").form("/support/sign-out"))
    left = page.one("support-left")
    assert (left["data-account"], left["data-email"]) == (mark, "ada@shop.example")
    assert any("support-left" in script.get("src", "") for script in page.all("script"))
    again = ada.open("/support/sign-in")
    assert again.all("support-left") == []
    assert not any("support-left" in script.get("src", "") for script in again.all("script"))


def test_a_ticket_behind_a_link_that_a_sibling_ended_is_not_lost(desk: Desk, visitor: Browser) -> None:
    """Two forms filled signed out are two links; the first signs in, and the second still leads to its ticket."""
    for subject in ("First", "Second"):
        fields = filled(email="ada@shop.example", subject=subject)
        visitor.post("/support/tickets", fields, {"Sec-Fetch-Site": "same-origin"})
    first, second = (
        str(mail.payload["link"]).removeprefix(visitor.origin) for mail in stored(desk.services, OutboxMessage)
    )
    opened = visitor.send(visitor.open(first).form(first))
    assert opened.form("/support/tickets").fields["subject"] == "First"
    opened = visitor.open(second)
    assert opened.form("/support/tickets").fields["subject"] == "Second"

    build_account(desk.services, "ben@shop.example")
    for stranger in (desk.visitor(), desk.browser_of("ben@shop.example")):
        gone = stranger.open(second)
        assert (gone.status, gone.heading) == (410, "This link no longer works")
        assert "What you saved with it is still here." in gone.text
        assert "Second" not in gone.text


def test_a_ticket_behind_a_link_that_came_too_late_is_a_new_link_away(desk: Desk, visitor: Browser) -> None:
    fields = filled(email="ada@shop.example")
    visitor.post("/support/tickets", fields, {"Sec-Fetch-Site": "same-origin"})
    (mail,) = stored(desk.services, OutboxMessage)
    desk.clock.now += magic_links.LIFETIME
    gone = visitor.open(str(mail.payload["link"]).removeprefix(visitor.origin))
    assert gone.status == 410
    form = visitor.open(gone.one("a", class_="support-button")["href"]).form("/support/sign-in")
    form.fields["email"] = "ada@shop.example"
    visitor.send(form)
    link = str(stored(desk.services, OutboxMessage)[-1].payload["link"]).removeprefix(visitor.origin)
    opened = visitor.send(visitor.open(link).form(link))
    assert opened.form("/support/tickets").fields["description"] == fields["description"]
